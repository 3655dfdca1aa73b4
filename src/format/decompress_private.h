/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One unpacking, between decompress.c and the files of its formats. */
#ifndef HEADS_FORMAT_DECOMPRESS_PRIVATE_H
#define HEADS_FORMAT_DECOMPRESS_PRIVATE_H

#include "format/decompress.h"

struct decompression {
	struct bytes input;
	size_t used; /* bytes of input that are unpacked */
	const char *name;
	const char *format;
	decompress_sink *sink;
	void *context;
	uint8_t *room; /* for one piece of output */
	size_t room_size;
	struct error *error;
};

/* "the gzip data of NAME is damaged ...". Returns -E_MALFORMED. */
int decompress_damaged(struct decompression *job);
int decompress_no_memory(struct decompression *job);

int decompress_gzip(struct decompression *job);
int decompress_bzip2(struct decompression *job);
int decompress_xz(struct decompression *job);
int decompress_lzma(struct decompression *job);
int decompress_zstd(struct decompression *job);
int decompress_lz4(struct decompression *job);
int decompress_lzo(struct decompression *job);

#endif
