/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compressions that Linux knows for an initramfs (Linux, lib/decompress.c), unpacked piece by piece. Pure; the
 * caller bounds the output by what its sink accepts, and at most DECOMPRESS_MEMORY bytes are used for a window. */
#ifndef HEADS_FORMAT_DECOMPRESS_H
#define HEADS_FORMAT_DECOMPRESS_H

#include "base/bytes.h"
#include "base/error.h"

#define DECOMPRESS_MEMORY ((size_t)192 << 20)

enum compression {
	COMPRESSION_UNKNOWN,
	COMPRESSION_GZIP,
	COMPRESSION_BZIP2,
	COMPRESSION_XZ,
	COMPRESSION_LZMA, /* .lzma, "alone" */
	COMPRESSION_ZSTD,
	COMPRESSION_LZ4, /* the "legacy" frame of lz4 -l */
	COMPRESSION_LZO, /* as lzop writes it */
};

/* "gzip"; "unknown". */
const char *compression_name(enum compression compression);
/* By the first bytes, as the kernel does. */
enum compression compression_detect(struct bytes input);

/* Receives the next bytes of the output; an error ends the unpacking and is handed on. */
typedef int decompress_sink(void *context, struct bytes output, struct error *error);

/* Unpacks one compressed stream at the beginning of input. name is for sentences.
 *
 * ret_used  how many bytes of input the stream has
 * Errors    -E_MALFORMED (damaged, truncated), -E_UNSUPPORTED (unknown, or a variant that Linux does not read either),
 *           -E_TOO_LARGE (a window above DECOMPRESS_MEMORY), -E_MEMORY, those of sink. */
int decompress(enum compression compression, struct bytes input, const char *name, decompress_sink *sink, void *context,
               size_t *ret_used, struct error *error);

#endif
