/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CBFS: the files in a region of a coreboot image. A pure reader over borrowed bytes; the writer is
 * format/cbfs_write.h. coreboot 4.15, src/commonlib/bsd/include/commonlib/bsd/cbfs_serialized.h. */
#ifndef HEADS_FORMAT_CBFS_H
#define HEADS_FORMAT_CBFS_H

#include "base/bytes.h"
#include "base/error.h"
#include "format/fmap.h"

#define CBFS_MAGIC       "LARCHIVE"
#define CBFS_HEADER_SIZE 24
#define CBFS_ALIGNMENT   64
#define CBFS_NAME_SIZE   232 /* coreboot reads 256 bytes of a header, 24 of them before the name */

#define CBFS_TYPE_DELETED 0x00000000u
#define CBFS_TYPE_RAW     0x50u
#define CBFS_TYPE_EMPTY   0xffffffffu

enum cbfs_compression { CBFS_PLAIN = 0, CBFS_LZMA = 1, CBFS_LZ4 = 2 };

#define CBFS_TAG_COMPRESSION 0x42435a4cu
#define CBFS_TAG_HASH        0x68736148u
#define CBFS_TAG_POSITION    0x42435350u
#define CBFS_TAG_ALIGNMENT   0x42434c41u

struct cbfs_file {
	char name[CBFS_NAME_SIZE];
	uint32_t type;
	uint32_t compression;    /* enum cbfs_compression, or a number that is not known */
	size_t plain_size;       /* of the content: data.size where it is not compressed */
	size_t offset;           /* of its header, from the start of the region */
	size_t data_end;         /* where its content ends, from the start of the region */
	size_t end;              /* where the next header may stand, from the start of the region */
	struct bytes attributes; /* as stored */
	struct bytes data;       /* as stored */
};

/* Where the files of an image lie: the area NAME of its FMAP ("COREBOOT"); where it has no FMAP, the area that an old
 * master header describes, or, of a region by itself, everything. Borrowed from the image.
 * Errors: -E_MALFORMED (nothing of that, an area outside the image), -E_NOT_FOUND (no such area). */
int cbfs_find(struct bytes image, const char *name, size_t *ret_offset, struct bytes *ret_region, struct error *error);

/* Walks the files of a CBFS region: *position starts at 0. Returns 1 with a file, 0 at the end, -E_MALFORMED.
 * Empty space is skipped. Work is linear in the size of the region. */
int cbfs_next(struct bytes region, size_t *position, struct cbfs_file *ret_file, struct error *error);
/* As cbfs_next, with the empty entries too (CBFS_TYPE_EMPTY, CBFS_TYPE_DELETED). */
int cbfs_next_entry(struct bytes region, size_t *position, struct cbfs_file *ret_file, struct error *error);
/* The first file NAME. Errors: -E_NOT_FOUND, -E_MALFORMED. */
int cbfs_find_file(struct bytes region, const char *name, struct cbfs_file *ret_file, struct error *error);
/* The next attribute of a file: *rest starts with file->attributes. False at the end. content is what follows tag and
 * length. */
bool cbfs_next_attribute(struct bytes *rest, uint32_t *ret_tag, struct bytes *ret_content);

/* "raw", "stage", "simple elf", ... ; "0x%x" of unknown ones is up to the caller: NULL. */
const char *cbfs_type_name(uint32_t type);
/* "none", "lzma", "lz4", or "unknown". */
const char *cbfs_compression_name(uint32_t compression);

#endif
