/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file of a CBFS holds, unpacked where it is stored compressed. Pure. */
#ifndef HEADS_FORMAT_CBFS_CONTENT_H
#define HEADS_FORMAT_CBFS_CONTENT_H

#include "format/cbfs.h"

#define CBFS_CONTENT_LIMIT ((size_t)64 << 20)

/* Appends the content: LZMA with its 13-byte header, LZ4 in frames of independent blocks (as coreboot 4.15,
 * src/commonlib/lz4.c.inc), or what is stored. The checksums of a frame are not looked at, as in coreboot.
 * Errors: -E_MALFORMED (damaged, or of another size than the file's attribute says), -E_UNSUPPORTED (another
 * compression), -E_TOO_LARGE (more than CBFS_CONTENT_LIMIT), -E_MEMORY. */
int cbfs_content(const struct cbfs_file *file, struct buffer *content, struct error *error);

#endif
