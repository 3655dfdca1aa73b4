/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CBFS writer on a damaged region: an edit that succeeds reads back, one that fails has changed nothing, and no
 * other file changes. The first two bytes say what is done; the rest is the region. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "format/cbfs_write.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every file of the region but the one edited is in the other one, with its content. */
static void assert_kept(struct bytes before, struct bytes after, const char *edited)
{
	struct cbfs_file old, new;
	size_t position = 0, other = 0;

	while (cbfs_next(before, &position, &old, NULL) > 0) {
		if (strcmp(old.name, edited) == 0)
			continue;
		do
			if (cbfs_next(after, &other, &new, NULL) <= 0)
				abort();
		while (strcmp(new.name, edited) == 0);
		if (old.offset != new.offset || strcmp(old.name, new.name) != 0 || !bytes_equal(old.data, new.data))
			abort();
	}
}

static void assert_counts(struct bytes region)
{
	struct cbfs_space space;

	if (cbfs_space(region, &space, NULL) < 0 || space.used + space.free != region.size ||
	    space.largest > space.free)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes start = bytes_slice(bytes_make(data, size), 2, size);
	CLEANUP_FREE uint8_t *memory = malloc(start.size + 1);
	struct cbfs_region region = {memory, start.size};
	struct cbfs_new_file file = {.name = "edited"};
	struct cbfs_file found;
	struct error error;
	int r;

	digest_library_start();
	if (start.size == 0 || !memory)
		return 0;
	memcpy(memory, start.data, start.size);
	file.content = bytes_slice(start, 0, data[1] * (size_t)4);
	if (data[0] & 0x40)
		file.content_alignment = (size_t)1 << (data[0] >> 2 & 15);
	else
		file.header_alignment = (size_t)1 << (data[0] >> 2 & 15);
	if ((data[0] & 3) == 0)
		r = cbfs_add(&region, &file, &error);
	else if ((data[0] & 3) == 1)
		r = cbfs_remove(&region, file.name, &error);
	else
		r = cbfs_replace(&region, &file, &error);
	if (r < 0) {
		if (memcmp(memory, start.data, start.size) != 0)
			abort();
		return 0;
	}
	assert_kept(start, cbfs_region_bytes(&region), file.name);
	assert_counts(cbfs_region_bytes(&region));
	r = cbfs_find_file(cbfs_region_bytes(&region), file.name, &found, &error);
	if (r != ((data[0] & 3) == 1 ? -E_NOT_FOUND : 0) || (r == 0 && !bytes_equal(found.data, file.content)))
		abort();
	return 0;
}
