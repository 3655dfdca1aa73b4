/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a small FAT file system with a few files at its top ("Microsoft Extensible Firmware Initiative FAT32 File
 * System Specification" 1.03, FAT12): what every system reads without a word. Pure. */
#ifndef HEADS_FORMAT_FAT_H
#define HEADS_FORMAT_FAT_H

#include "base/bytes.h"
#include "base/error.h"

#define FAT_IMAGE_SIZE ((size_t)4 << 20) /* always: 2036 clusters of 2 KiB */
#define FAT_MAX_FILES  16

struct fat_file {
	const char *name; /* "owner.asc": one to eight and at most three of a-z, 0-9, "-" and "_" */
	struct bytes content;
};

/* label: at most 11 of A-Z, 0-9, "-" and space. serial: random. Appends FAT_IMAGE_SIZE bytes; files have no date.
 * Errors: -E_USAGE (a name, the label, too many files), -E_TOO_LARGE (they do not fit), -E_MEMORY. */
int fat_make(const char *label, uint32_t serial, const struct fat_file *files, size_t count, struct buffer *image,
             struct error *error);

#endif
