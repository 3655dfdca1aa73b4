/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The coreboot image: FMAP (regions) and CBFS (files in a region). Pure readers over borrowed bytes.
 * coreboot 4.15, src/commonlib/include/commonlib/bsd/cbfs_serialized.h and fmap_serialized.h. */
#ifndef HEADS_FORMAT_CBFS_H
#define HEADS_FORMAT_CBFS_H

#include "base/bytes.h"
#include "base/error.h"

#define CBFS_TYPE_RAW 0x50

struct cbfs_file {
	char name[128];
	uint32_t type;
	uint32_t compression; /* 0 none, 1 LZMA, 2 LZ4 */
	size_t offset;        /* of its header, from the start of the image */
	struct bytes data;    /* as stored */
};

/* Finds the region NAME ("COREBOOT") of the FMAP of an image. The region is borrowed from the image.
 * Errors: -E_MALFORMED (no FMAP, a region outside the image, a truncated image), -E_NOT_FOUND (no such region). */
int fmap_find(struct bytes image, const char *name, size_t *ret_offset, struct bytes *ret_region, struct error *error);

/* Walks the files of a CBFS region: *position starts at 0. Returns 1 with a file, 0 at the end, -E_MALFORMED.
 * Empty space is skipped. Work is linear in the size of the region. */
int cbfs_next(struct bytes region, size_t *position, struct cbfs_file *ret_file, struct error *error);
/* "raw", "stage", "simple elf", ... ; "0x%x" of unknown ones is up to the caller: NULL. */
const char *cbfs_type_name(uint32_t type);
/* "none", "lzma", "lz4", or "unknown". */
const char *cbfs_compression_name(uint32_t compression);

#endif
