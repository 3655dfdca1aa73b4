/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cbfs_content.h"
#include "base/cleanup.h"
#include "format/decompress.h"
#include <lz4.h>
#include <string.h>

/* LZ4 frame format, version 1.6. */
#define LZ4_MAGIC            0x184d2204u
#define LZ4_VERSION_MASK     0xc0u
#define LZ4_VERSION          0x40u
#define LZ4_INDEPENDENT      0x20u
#define LZ4_BLOCK_CHECKSUM   0x10u
#define LZ4_CONTENT_SIZE     0x08u
#define LZ4_RESERVED         0x03u /* and the dictionary's number */
#define LZ4_STORED_BLOCK     0x80000000u
#define LZ4_CONTENT_SIZE_LEN 8

static int damaged(const struct cbfs_file *file, struct error *error)
{
	return error_set(error, E_MALFORMED, file->name, "the %s data of %s is damaged: it does not give %zu bytes",
	                 cbfs_compression_name(file->compression), file->name, file->plain_size);
}

struct output {
	const struct cbfs_file *file;
	struct buffer bytes;
};

static int take(void *context, struct bytes piece, struct error *error)
{
	struct output *output = context;

	if (piece.size > output->file->plain_size - output->bytes.size)
		return damaged(output->file, error);
	buffer_append_bytes(&output->bytes, piece);
	return 0;
}

static bool read_frame_header(struct cursor *cursor)
{
	uint32_t magic = cursor_u32le(cursor);
	uint8_t flags = cursor_u8(cursor);

	(void)cursor_u8(cursor); /* the largest block */
	if (flags & LZ4_CONTENT_SIZE)
		(void)cursor_bytes(cursor, LZ4_CONTENT_SIZE_LEN);
	(void)cursor_u8(cursor); /* checksum of the header */
	return !cursor->failed && magic == LZ4_MAGIC && (flags & LZ4_VERSION_MASK) == LZ4_VERSION &&
	       (flags & LZ4_INDEPENDENT) && !(flags & (LZ4_BLOCK_CHECKSUM | LZ4_RESERVED));
}

/* Unpacks the blocks of a frame into the room of exactly the size that the file says. */
static bool unpack_frame(struct bytes data, uint8_t *room, size_t size)
{
	struct cursor cursor = cursor_make(data);
	size_t done = 0;

	if (!read_frame_header(&cursor))
		return false;
	for (;;) {
		uint32_t header = cursor_u32le(&cursor);
		struct bytes block = cursor_bytes(&cursor, header & ~LZ4_STORED_BLOCK);
		int got;

		if (cursor.failed)
			return false;
		if (header == 0)
			return done == size;
		if (header & LZ4_STORED_BLOCK) {
			if (block.size > size - done)
				return false;
			memcpy(room + done, block.data, block.size);
			done += block.size;
			continue;
		}
		got = LZ4_decompress_safe((const char *)block.data, (char *)room + done, (int)block.size,
		                          (int)(size - done));
		if (got < 0)
			return false;
		done += (size_t)got;
	}
}

static int unpack_lz4(const struct cbfs_file *file, struct buffer *content, struct error *error)
{
	CLEANUP_FREE uint8_t *room = malloc(file->plain_size + 1);

	if (!room)
		return error_set(error, E_MEMORY, file->name, "there is not enough memory to unpack %s", file->name);
	if (!unpack_frame(file->data, room, file->plain_size))
		return damaged(file, error);
	buffer_append(content, room, file->plain_size);
	return 0;
}

static int unpack_lzma(const struct cbfs_file *file, struct buffer *content, struct error *error)
{
	struct output output = {.file = file};
	size_t used;
	int r = decompress(COMPRESSION_LZMA, file->data, file->name, take, &output, &used, error);

	if (r == 0 && output.bytes.size != file->plain_size)
		r = damaged(file, error);
	if (r == 0)
		buffer_append_bytes(content, buffer_bytes(&output.bytes));
	buffer_clear(&output.bytes);
	return r;
}

int cbfs_content(const struct cbfs_file *file, struct buffer *content, struct error *error)
{
	int r = 0;

	if (file->plain_size > CBFS_CONTENT_LIMIT)
		return error_set(error, E_TOO_LARGE, file->name,
		                 "%s says that it has %zu bytes unpacked; at most %zu are read", file->name,
		                 file->plain_size, CBFS_CONTENT_LIMIT);
	switch (file->compression) {
	case CBFS_PLAIN:
		buffer_append_bytes(content, file->data);
		break;
	case CBFS_LZMA:
		r = unpack_lzma(file, content, error);
		break;
	case CBFS_LZ4:
		r = unpack_lz4(file, content, error);
		break;
	default:
		return error_set(error, E_UNSUPPORTED, file->name, "%s is compressed in a way that is not known (%u)",
		                 file->name, file->compression);
	}
	if (r == 0 && content->failed)
		return error_set(error, E_MEMORY, file->name, "there is not enough memory to unpack %s", file->name);
	return r;
}
