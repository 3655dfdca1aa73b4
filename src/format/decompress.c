/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/decompress.h"
#include "base/cleanup.h"
#include "format/decompress_private.h"
#include <string.h>

#define STREAM_ROOM ((size_t)64 << 10)
#define LZ4_ROOM    ((size_t)8 << 20)   /* the block size of the legacy frame */
#define LZO_ROOM    ((size_t)256 << 10) /* the largest block that Linux reads */

static const struct {
	const char *name, *magic;
	size_t magic_size;
	int (*run)(struct decompression *job);
	size_t room;
} formats[] = {
    [COMPRESSION_GZIP] = {"gzip", "\x1f\x8b", 2, decompress_gzip, STREAM_ROOM},
    [COMPRESSION_BZIP2] = {"bzip2", "BZ", 2, decompress_bzip2, STREAM_ROOM},
    [COMPRESSION_XZ] = {"xz", "\xfd\x37", 2, decompress_xz, STREAM_ROOM},
    [COMPRESSION_LZMA] = {"lzma", "\x5d\0", 2, decompress_lzma, STREAM_ROOM},
    [COMPRESSION_ZSTD] = {"zstd", "\x28\xb5", 2, decompress_zstd, STREAM_ROOM},
    [COMPRESSION_LZ4] = {"lz4", "\x02\x21", 2, decompress_lz4, LZ4_ROOM},
    [COMPRESSION_LZO] = {"lzo", "\x89\x4c", 2, decompress_lzo, LZO_ROOM},
};

const char *compression_name(enum compression compression)
{
	if (compression <= COMPRESSION_UNKNOWN || compression >= ARRAY_SIZE(formats))
		return "unknown";
	return formats[compression].name;
}

enum compression compression_detect(struct bytes input)
{
	for (size_t i = COMPRESSION_UNKNOWN + 1; i < ARRAY_SIZE(formats); i++)
		if (bytes_equal(bytes_slice(input, 0, formats[i].magic_size),
		                bytes_make(formats[i].magic, formats[i].magic_size)))
			return (enum compression)i;
	return COMPRESSION_UNKNOWN;
}

int decompress_damaged(struct decompression *job)
{
	return error_set(job->error, E_MALFORMED, job->name, "the %s data in %s is damaged or ends too early",
	                 job->format, job->name);
}

int decompress_no_memory(struct decompression *job)
{
	return error_set(job->error, E_MEMORY, job->name, "there is not enough memory to unpack the %s data in %s",
	                 job->format, job->name);
}

int decompress(enum compression compression, struct bytes input, const char *name, decompress_sink *sink, void *context,
               size_t *ret_used, struct error *error)
{
	struct decompression job = {.input = input, .name = name, .sink = sink, .context = context, .error = error};
	CLEANUP_FREE uint8_t *room = NULL;
	int r;

	if (compression <= COMPRESSION_UNKNOWN || compression >= ARRAY_SIZE(formats))
		return error_set(error, E_UNSUPPORTED, name, "%s is compressed in a way that Linux does not know",
		                 name);
	job.format = formats[compression].name;
	job.room_size = formats[compression].room;
	room = malloc(job.room_size);
	if (!room)
		return decompress_no_memory(&job);
	job.room = room;
	r = formats[compression].run(&job);
	if (r == 0)
		*ret_used = job.used;
	return r;
}
