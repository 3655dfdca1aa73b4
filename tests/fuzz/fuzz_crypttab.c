/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypttab: an override of an override changes nothing more, and has as many lines. */
#include "base/cleanup.h"
#include "format/crypttab.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_lines(struct bytes text)
{
	struct crypttab_line line;
	size_t count = 0;

	while (crypttab_next(&text, &line))
		count++;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct crypttab_disk disks[] = {
	    {.uuid = "aa", .label = "b c", .partuuid = "d", .path = "/dev/vda2"}};
	CLEANUP(buffer_clear) struct buffer once = {0}, twice = {0};
	struct bytes text = bytes_make(data, size);
	bool found[1] = {false};

	if (crypttab_override(text, disks, 1, "/secret.key", &once, found, NULL) < 0)
		return 0;
	if (count_lines(text) != count_lines(buffer_bytes(&once)))
		abort();
	if (once.size > CRYPTTAB_MAX_SIZE)
		return 0;
	if (crypttab_override(buffer_bytes(&once), disks, 1, "/secret.key", &twice, found, NULL) < 0 ||
	    !bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)))
		abort();
	return 0;
}
