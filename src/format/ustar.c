/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/ustar.h"
#include <stdio.h>
#include <string.h>

#define BLOCK           512
#define NAME_SIZE       100
#define SIZE_OFFSET     124
#define SIZE_DIGITS     11
#define CHECKSUM_OFFSET 148
#define CHECKSUM_SIZE   8
#define TYPE_OFFSET     156
#define MAGIC_OFFSET    257
#define VERSION_OFFSET  263
#define PREFIX_OFFSET   345
#define SIZE_LIMIT      ((uint64_t)1 << 33)

/* Octal digits up to a space, a NUL, or the field's end; at least one. */
static bool read_octal(struct bytes field, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i = 0;

	while (i < field.size && field.data[i] >= '0' && field.data[i] <= '7')
		value = value * 8 + (uint64_t)(field.data[i++] - '0');
	if (i == 0 || (i < field.size && field.data[i] != ' ' && field.data[i] != '\0'))
		return false;
	*ret_value = value;
	return true;
}

/* The sum of the header's bytes, the checksum itself taken for spaces. */
static uint64_t checksum(const uint8_t *header)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= CHECKSUM_OFFSET && i < CHECKSUM_OFFSET + CHECKSUM_SIZE ? ' ' : header[i];
	return sum;
}

static int malformed(size_t position, const char *what, struct error *error)
{
	return error_set(error, E_MALFORMED, "archive", "the archive is damaged at byte %zu: %s", position, what);
}

int ustar_next(struct bytes archive, size_t *position, struct ustar_file *ret_file, struct error *error)
{
	struct bytes header = bytes_slice(archive, *position, BLOCK);
	uint64_t size, expected;
	size_t room;

	if (header.size < BLOCK)
		return malformed(*position, "it ends before its end mark", error);
	if (bytes_are_all(header, 0))
		return 0;
	if (!bytes_start_with(bytes_slice(header, MAGIC_OFFSET, 5), "ustar"))
		return malformed(*position, "there is no header of a file", error);
	if (!read_octal(bytes_slice(header, CHECKSUM_OFFSET, CHECKSUM_SIZE), &expected) ||
	    checksum(header.data) != expected)
		return malformed(*position, "the checksum of a header is wrong", error);
	if (!read_octal(bytes_slice(header, SIZE_OFFSET, SIZE_DIGITS + 1), &size))
		return malformed(*position, "the size of a file is no number", error);
	if ((header.data[TYPE_OFFSET] != '0' && header.data[TYPE_OFFSET] != '\0') || header.data[PREFIX_OFFSET] != 0)
		return error_set(error, E_UNSUPPORTED, "archive",
		                 "the archive holds something else than plain files with short names, at byte %zu",
		                 *position);
	room = archive.size - *position - BLOCK;
	if (size > room)
		return malformed(*position, "it ends within a file", error);
	memset(ret_file->name, 0, sizeof(ret_file->name));
	memcpy(ret_file->name, header.data, NAME_SIZE);
	ret_file->content = bytes_slice(archive, *position + BLOCK, (size_t)size);
	*position += BLOCK + ((size_t)size + BLOCK - 1) / BLOCK * BLOCK;
	return 1;
}

static void pad(struct buffer *archive)
{
	while (!archive->failed && archive->size % BLOCK != 0)
		buffer_append_byte(archive, 0);
}

static int memory(const struct buffer *archive, struct error *error)
{
	return archive->failed ? error_set(error, E_MEMORY, "archive", "there is not enough memory for the archive")
	                       : 0;
}

int ustar_add(struct buffer *archive, const char *name, struct bytes content, struct error *error)
{
	uint8_t header[BLOCK] = {0};
	struct bytes label = bytes_from_string(name);

	if (label.size == 0 || label.size > NAME_SIZE)
		return error_set(error, E_USAGE, name, "a file in an archive has a name of 1 to %d characters",
		                 NAME_SIZE);
	if (content.size >= SIZE_LIMIT)
		return error_set(error, E_TOO_LARGE, name, "%s is too large for an archive", name);
	memcpy(header, label.data, label.size);
	(void)snprintf((char *)header + 100, 8, "0000444");
	(void)snprintf((char *)header + 108, 8, "0000000");
	(void)snprintf((char *)header + 116, 8, "0000000");
	(void)snprintf((char *)header + SIZE_OFFSET, SIZE_DIGITS + 1, "%011llo", (unsigned long long)content.size);
	(void)snprintf((char *)header + 136, 12, "00000000000");
	header[TYPE_OFFSET] = '0';
	(void)snprintf((char *)header + MAGIC_OFFSET, sizeof("ustar"), "ustar");
	header[VERSION_OFFSET] = '0';
	header[VERSION_OFFSET + 1] = '0';
	(void)snprintf((char *)header + CHECKSUM_OFFSET, 7, "%06llo", (unsigned long long)checksum(header));
	header[CHECKSUM_OFFSET + 7] = ' ';
	buffer_append(archive, header, sizeof(header));
	buffer_append_bytes(archive, content);
	pad(archive);
	return memory(archive, error);
}

int ustar_end(struct buffer *archive, struct error *error)
{
	static const uint8_t zeros[2 * BLOCK];

	buffer_append(archive, zeros, sizeof(zeros));
	return memory(archive, error);
}
