/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lz4 and lzo: blocks behind their lengths, in the two containers that Linux reads (lib/decompress_unlz4.c and
 * lib/decompress_unlzo.c). */
#include "format/decompress_private.h"
#include <lz4.h>
#include <lzo/lzo1x.h>
#include <string.h>

#define LZ4_MAGIC 0x184c2102u

#define LZO_MAGIC         "\x89LZO\0\r\n\x1a\n"
#define LZO_MAGIC_SIZE    9
#define LZO_LEVEL_VERSION 0x0940 /* from here on the header has more fields */
#define LZO_ADLER32_PLAIN 0x0001u
#define LZO_ADLER32_PACK  0x0002u
#define LZO_EXTRA_FIELD   0x0040u
#define LZO_CRC32_PLAIN   0x0100u
#define LZO_CRC32_PACK    0x0200u
#define LZO_FILTER        0x0800u

static struct bytes left_of(const struct decompression *job)
{
	return bytes_slice(job->input, job->used, job->input.size);
}

static int give(struct decompression *job, const void *data, size_t size)
{
	return job->sink(job->context, bytes_make(data, size), job->error);
}

/* A length of zero is padding, and ends the data: nothing else could be put behind them. */
int decompress_lz4(struct decompression *job)
{
	int r = 0;

	while (r == 0) {
		struct cursor cursor = cursor_make(left_of(job));
		uint32_t size = cursor_u32le(&cursor);
		struct bytes block;
		int unpacked;

		if (cursor.failed || size == 0)
			return job->used > 4 ? 0 : decompress_damaged(job);
		if (size == LZ4_MAGIC) {
			job->used += 4;
			continue;
		}
		if (job->used == 0)
			return decompress_damaged(job);
		block = cursor_bytes(&cursor, size);
		if (cursor.failed || size > INT32_MAX)
			return decompress_damaged(job);
		unpacked =
		    LZ4_decompress_safe((const char *)block.data, (char *)job->room, (int)size, (int)job->room_size);
		if (unpacked < 0)
			return decompress_damaged(job);
		job->used += 4 + block.size;
		r = give(job, job->room, (size_t)unpacked);
	}
	return r;
}

static int read_lzo_header(struct decompression *job, uint32_t *ret_flags)
{
	struct cursor cursor = cursor_make(job->input);
	struct bytes magic = cursor_bytes(&cursor, LZO_MAGIC_SIZE);
	uint16_t version = cursor_u16be(&cursor);

	(void)cursor_u16be(&cursor); /* version of the library */
	if (version >= LZO_LEVEL_VERSION)
		(void)cursor_u16be(&cursor); /* version needed */
	(void)cursor_u8(&cursor);            /* method: all of them unpack alike */
	if (version >= LZO_LEVEL_VERSION)
		(void)cursor_u8(&cursor); /* level */
	*ret_flags = cursor_u32be(&cursor);
	if (*ret_flags & LZO_FILTER)
		(void)cursor_u32be(&cursor);
	(void)cursor_bytes(&cursor, 8); /* mode, time */
	if (version >= LZO_LEVEL_VERSION)
		(void)cursor_u32be(&cursor);                         /* the time's upper half */
	(void)cursor_bytes(&cursor, (size_t)cursor_u8(&cursor) + 4); /* name, check sum */
	if (cursor.failed || !bytes_equal(magic, bytes_make(LZO_MAGIC, LZO_MAGIC_SIZE)) ||
	    (*ret_flags & LZO_EXTRA_FIELD))
		return decompress_damaged(job);
	job->used = job->input.size - cursor.rest.size;
	return 0;
}

static size_t check_sums(uint32_t flags, bool packed)
{
	size_t size = 0;

	size += flags & LZO_ADLER32_PLAIN ? 4 : 0;
	size += flags & LZO_CRC32_PLAIN ? 4 : 0;
	size += packed && (flags & LZO_ADLER32_PACK) ? 4 : 0;
	size += packed && (flags & LZO_CRC32_PACK) ? 4 : 0;
	return size;
}

int decompress_lzo(struct decompression *job)
{
	uint32_t flags;
	int r = read_lzo_header(job, &flags);

	while (r == 0) {
		struct cursor cursor = cursor_make(left_of(job));
		uint32_t size = cursor_u32be(&cursor), packed_size;
		lzo_uint unpacked = job->room_size;
		struct bytes block;

		if (!cursor.failed && size == 0) {
			job->used += 4;
			return 0;
		}
		packed_size = cursor_u32be(&cursor);
		if (cursor.failed || size > job->room_size || packed_size > size || packed_size == 0)
			return decompress_damaged(job);
		(void)cursor_bytes(&cursor, check_sums(flags, packed_size < size));
		block = cursor_bytes(&cursor, packed_size);
		if (cursor.failed)
			return decompress_damaged(job);
		job->used = job->input.size - cursor.rest.size;
		if (packed_size == size) {
			r = give(job, block.data, block.size);
			continue;
		}
		if (lzo1x_decompress_safe(block.data, block.size, job->room, &unpacked, NULL) != LZO_E_OK ||
		    unpacked != size)
			return decompress_damaged(job);
		r = give(job, job->room, unpacked);
	}
	return r;
}
