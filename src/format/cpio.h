/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An initrd segment: an uncompressed newc archive of regular files (Linux, Documentation/driver-api/early-userspace/
 * buffer-format.rst). Only what a segment of ours holds can be written: files at the root of the initramfs, and files
 * in a directory there that the segment brings along, because an earlier segment could have made it a link (A13). Files
 * have mode 0400, directories 0755; owner root, no time. Pure. */
#ifndef HEADS_FORMAT_CPIO_H
#define HEADS_FORMAT_CPIO_H

#include "base/bytes.h"
#include "base/error.h"

#define CPIO_ALIGNMENT 4
#define CPIO_NAME_MAX  64

/* Appends one file to an archive that begins with the buffer. name: letters, digits, '.', '_' and '-', the first one a
 * letter. Errors: -E_USAGE (the name), -E_TOO_LARGE (content of 4 GiB and more), -E_MEMORY. */
int cpio_add(struct buffer *archive, const char *name, struct bytes content, struct error *error);
/* Appends a directory of the root: the kernel puts it in the place of a link, and leaves the content of one that is
 * there. Errors: as cpio_add. */
int cpio_add_directory(struct buffer *archive, const char *name, struct error *error);
/* As cpio_add, for directory "/" name. The directory has to be added first. */
int cpio_add_below(struct buffer *archive, const char *directory, const char *name, struct bytes content,
                   struct error *error);
/* Ends the archive. Its size is a multiple of CPIO_ALIGNMENT. Errors: -E_MEMORY. */
int cpio_end(struct buffer *archive, struct error *error);

#endif
