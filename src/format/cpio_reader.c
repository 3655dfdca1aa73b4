/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cpio_reader.h"
#include "base/encode.h"
#include "format/cpio.h"
#include <string.h>
#include <sys/stat.h>

#define HEADER_SIZE 110
#define FIELD_SIZE  8
#define MAGIC_SIZE  6

/* Fields of the header, each eight hexadecimal digits, behind the magic number. */
enum field { FIELD_MODE = 1, FIELD_LINKS = 4, FIELD_FILE_SIZE = 6, FIELD_NAME_SIZE = 11 };

void cpio_reader_start(struct cpio_reader *reader)
{
	buffer_clear(&reader->held);
	reader->state = CPIO_HEADER;
	reader->skip = 0;
}

void cpio_reader_clear(struct cpio_reader *reader)
{
	buffer_clear(&reader->held);
}

bool cpio_reader_is_whole(const struct cpio_reader *reader)
{
	return reader->state == CPIO_ENDED ||
	       (reader->state == CPIO_HEADER && reader->held.size == 0 && reader->skip < CPIO_ALIGNMENT);
}

static size_t padding(uint64_t size)
{
	return (size_t)((CPIO_ALIGNMENT - size % CPIO_ALIGNMENT) % CPIO_ALIGNMENT);
}

static bool read_field(struct bytes header, enum field field, uint32_t *ret_value)
{
	uint8_t value[4];
	struct cursor cursor = cursor_make(bytes_make(value, sizeof(value)));

	if (!hex_decode(bytes_slice(header, MAGIC_SIZE + (size_t)field * FIELD_SIZE, FIELD_SIZE), value, sizeof(value)))
		return false;
	*ret_value = cursor_u32be(&cursor);
	return true;
}

static int take_header(struct cpio_reader *reader, struct error *error)
{
	struct bytes header = buffer_bytes(&reader->held);
	struct cpio_entry entry = {.path = reader->path};
	uint32_t name_size;

	if (!bytes_start_with(header, "070701") && !bytes_start_with(header, "070702"))
		return error_set(error, E_MALFORMED, "cpio archive",
		                 "the cpio archive holds something that is no newc header");
	if (!read_field(header, FIELD_MODE, &entry.mode) || !read_field(header, FIELD_LINKS, &entry.links) ||
	    !read_field(header, FIELD_FILE_SIZE, &entry.size) || !read_field(header, FIELD_NAME_SIZE, &name_size))
		return error_set(error, E_MALFORMED, "cpio archive",
		                 "a header of the cpio archive has a field that is no number");
	if (name_size == 0 || name_size > CPIO_PATH_MAX)
		return error_set(error, E_MALFORMED, "cpio archive",
		                 "a name in the cpio archive has %u bytes; 1 to %d are possible", name_size,
		                 CPIO_PATH_MAX);
	reader->entry = entry;
	reader->name_size = name_size;
	reader->state = CPIO_NAME;
	return 0;
}

/* The path without leading slash, "." and empty parts. False where a part is "..". */
static bool make_plain(const char *name, char *path)
{
	size_t used = 0;

	while (*name) {
		size_t part = strcspn(name, "/");

		if (part == 2 && strncmp(name, "..", 2) == 0)
			return false;
		if (part > 0 && !(part == 1 && name[0] == '.')) {
			if (used > 0)
				path[used++] = '/';
			memcpy(path + used, name, part);
			used += part;
		}
		name += part;
		if (*name == '/')
			name++;
	}
	path[used] = '\0';
	return true;
}

static bool is_wanted(const struct cpio_reader *reader)
{
	if (!S_ISREG(reader->entry.mode))
		return false;
	for (size_t i = 0; reader->wanted[i]; i++)
		if (strcmp(reader->wanted[i], reader->path) == 0)
			return true;
	return false;
}

/* The entry is complete; skip is what is left of it. */
static int finish(struct cpio_reader *reader, struct bytes content, uint64_t skip, struct error *error)
{
	reader->entry.content = content;
	reader->state = CPIO_HEADER;
	reader->skip = skip;
	return reader->take(reader->context, &reader->entry, error);
}

static int take_name(struct cpio_reader *reader, struct error *error)
{
	const char *name = (const char *)reader->held.data;
	size_t behind_name = padding(HEADER_SIZE + reader->name_size);
	uint64_t size = reader->entry.size;

	if (memchr(name, '\0', reader->name_size) != name + reader->name_size - 1)
		return error_set(error, E_MALFORMED, "cpio archive",
		                 "a name in the cpio archive does not end where its header says");
	if (strcmp(name, "TRAILER!!!") == 0) {
		reader->state = CPIO_ENDED;
		return 0;
	}
	if (!make_plain(name, reader->path))
		return error_set(error, E_MALFORMED, name, "the name %s in the cpio archive leads upwards", name);
	if (!is_wanted(reader) || size == 0)
		return finish(reader, BYTES_EMPTY, behind_name + size + padding(size), error);
	if (size > CPIO_KEPT_MAX)
		return error_set(error, E_TOO_LARGE, reader->path,
		                 "the file %s of the initrd has %u bytes; at most %zu are read", reader->path,
		                 reader->entry.size, CPIO_KEPT_MAX);
	reader->state = CPIO_CONTENT;
	reader->skip = behind_name;
	return 0;
}

static size_t piece_size(const struct cpio_reader *reader)
{
	switch (reader->state) {
	case CPIO_HEADER:
		return HEADER_SIZE;
	case CPIO_NAME:
		return reader->name_size;
	case CPIO_CONTENT:
	case CPIO_ENDED:
		break;
	}
	return reader->entry.size;
}

/* The piece is held in full. */
static int take_piece(struct cpio_reader *reader, struct error *error)
{
	int r;

	if (reader->state == CPIO_HEADER)
		r = take_header(reader, error);
	else if (reader->state == CPIO_NAME)
		r = take_name(reader, error);
	else
		r = finish(reader, buffer_bytes(&reader->held), padding(reader->entry.size), error);
	reader->held.size = 0;
	return r;
}

int cpio_reader_feed(struct cpio_reader *reader, struct bytes input, size_t *ret_used, struct error *error)
{
	struct bytes rest = input;
	int r = 0;

	while (r == 0 && rest.size > 0 && reader->state != CPIO_ENDED) {
		size_t size = rest.size;

		if (reader->skip > 0) {
			if (size > reader->skip)
				size = (size_t)reader->skip;
			reader->skip -= size;
		} else {
			size_t missing = piece_size(reader) - reader->held.size;

			if (size > missing)
				size = missing;
			buffer_append(&reader->held, rest.data, size);
			if (reader->held.failed)
				return error_set(error, E_MEMORY, "initrd",
				                 "there is not enough memory to read the initrd");
			if (size == missing)
				r = take_piece(reader, error);
		}
		rest = bytes_slice(rest, size, rest.size);
	}
	*ret_used = input.size - rest.size;
	return r;
}
