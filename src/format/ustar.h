/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tar archive of plain files (POSIX.1-2017, pax, "ustar Interchange Format"), as `tar --format=ustar` writes it: what
 * an update package is. Regular files under short names alone; links, directories and extensions are refused. Pure. */
#ifndef HEADS_FORMAT_USTAR_H
#define HEADS_FORMAT_USTAR_H

#include "base/bytes.h"
#include "base/error.h"

#define USTAR_NAME_SIZE 101 /* with the NUL */

struct ustar_file {
	char name[USTAR_NAME_SIZE];
	struct bytes content; /* borrowed from the archive */
};

/* Walks an archive: *position starts at 0. Returns 1 with a file, 0 at its end (the first block of zeros), -E_MALFORMED
 * (not a ustar header, a wrong checksum, or the archive ends within a file), -E_UNSUPPORTED (no regular file, or a long
 * name). Work is linear in the number of files. */
int ustar_next(struct bytes archive, size_t *position, struct ustar_file *ret_file, struct error *error);
/* Appends a file (mode 0444, owner root, no time). Errors: -E_USAGE (the name), -E_TOO_LARGE (8 GiB), -E_MEMORY. */
int ustar_add(struct buffer *archive, const char *name, struct bytes content, struct error *error);
/* Ends the archive. Errors: -E_MEMORY. */
int ustar_end(struct buffer *archive, struct error *error);

#endif
