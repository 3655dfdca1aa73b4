/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/initrd.h"
#include "base/cleanup.h"
#include "format/cpio.h"
#include "format/cpio_reader.h"
#include <string.h>
#include <sys/stat.h>

static const char *const paths[INITRD_PATHS] = {
    [INITRD_KEY] = "secret.key",
    [INITRD_ETC] = "etc",
    [INITRD_CRYPTROOT] = "cryptroot",
    [INITRD_ETC_TAB] = "etc/crypttab",
    [INITRD_CRYPTROOT_TAB] = "cryptroot/crypttab",
    [INITRD_CRYPTROOT_RUN] = "scripts/local-top/cryptroot",
};
static const char *const wanted[] = {"etc/crypttab", "cryptroot/crypttab", NULL};

/* One initrd on its way through decompress and cpio_reader. */
struct reading {
	struct initrd *initrd;
	struct initrd_segment *segment;
	struct cpio_reader reader;
	const char *name;
	uint64_t limit;
};

const char *initrd_path_name(enum initrd_path path)
{
	return paths[path];
}

void initrd_clear(struct initrd *initrd)
{
	for (size_t i = 0; i < INITRD_PATHS; i++)
		buffer_clear(&initrd->found[i].content);
	*initrd = (struct initrd){0};
}

static void reading_clear(struct reading *reading)
{
	cpio_reader_clear(&reading->reader);
}

static enum initrd_type type_of(const struct cpio_entry *entry)
{
	/* The content of a file with several names comes with its last one. */
	if (S_ISREG(entry->mode) && (entry->links < 2 || entry->size > 0))
		return INITRD_FILE;
	return S_ISDIR(entry->mode) ? INITRD_DIRECTORY : INITRD_OTHER;
}

static int take_entry(void *context, const struct cpio_entry *entry, struct error *error)
{
	struct reading *reading = (struct reading *)context;

	reading->segment->entries++;
	for (size_t i = 0; i < INITRD_PATHS; i++) {
		struct initrd_found *found = &reading->initrd->found[i];

		if (strcmp(entry->path, paths[i]) != 0)
			continue;
		found->type = type_of(entry);
		buffer_clear(&found->content);
		buffer_append_bytes(&found->content, entry->content);
		if (found->content.failed)
			return error_set(error, E_MEMORY, reading->name, "there is not enough memory to read %s",
			                 reading->name);
	}
	return 0;
}

static int count_unpacked(struct reading *reading, size_t size, struct error *error)
{
	reading->initrd->unpacked += size;
	if (reading->initrd->unpacked > reading->limit)
		return error_set(error, E_TOO_LARGE, reading->name,
		                 "the initrd %s has more than %llu MiB when it is unpacked", reading->name,
		                 (unsigned long long)reading->limit >> 20);
	return 0;
}

static size_t count_zeros(struct bytes bytes)
{
	size_t size = 0;

	while (size < bytes.size && bytes.data[size] == 0)
		size++;
	return size;
}

/* Inside of compressed data: archives with zeros between them. */
static int take_unpacked(void *context, struct bytes output, struct error *error)
{
	struct reading *reading = (struct reading *)context;
	int r = count_unpacked(reading, output.size, error);

	while (r == 0 && output.size > 0) {
		size_t used;

		if (reading->reader.state == CPIO_ENDED) {
			used = count_zeros(output);
			if (used < output.size)
				cpio_reader_start(&reading->reader);
		} else {
			r = cpio_reader_feed(&reading->reader, output, &used, error);
		}
		if (r == 0)
			output = bytes_slice(output, used, output.size);
	}
	return r;
}

static int read_segment(struct reading *reading, struct bytes bytes, struct error *error)
{
	struct initrd_segment *segment = reading->segment;
	size_t used = 0;
	int r;

	cpio_reader_start(&reading->reader);
	segment->compressed = bytes.data[0] != '0' || segment->offset % CPIO_ALIGNMENT != 0;
	if (segment->compressed) {
		segment->compression = compression_detect(bytes);
		r = decompress(segment->compression, bytes, reading->name, take_unpacked, reading, &used, error);
	} else {
		r = cpio_reader_feed(&reading->reader, bytes, &used, error);
		if (r == 0)
			r = count_unpacked(reading, used, error);
	}
	if (r == 0 && !cpio_reader_is_whole(&reading->reader))
		return error_set(error, E_MALFORMED, reading->name,
		                 "an archive in %s ends in the middle of a file; is the file whole?", reading->name);
	segment->size = used;
	return r;
}

int initrd_read(struct bytes bytes, const char *name, uint64_t limit, struct initrd *initrd, struct error *error)
{
	CLEANUP(reading_clear) struct reading reading = {.initrd = initrd, .name = name, .limit = limit};
	size_t offset = count_zeros(bytes);
	int r = 0;

	reading.reader.wanted = wanted;
	reading.reader.take = take_entry;
	reading.reader.context = &reading;
	while (r == 0 && offset < bytes.size) {
		if (initrd->segment_count == INITRD_MAX_SEGMENTS)
			return error_set(error, E_TOO_LARGE, name, "the initrd %s has more than %d parts", name,
			                 INITRD_MAX_SEGMENTS);
		reading.segment = &initrd->segments[initrd->segment_count++];
		*reading.segment = (struct initrd_segment){.offset = offset};
		r = read_segment(&reading, bytes_slice(bytes, offset, bytes.size), error);
		offset += (size_t)reading.segment->size;
		offset += count_zeros(bytes_slice(bytes, offset, bytes.size));
	}
	return r;
}
