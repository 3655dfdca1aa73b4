/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A zip archive (PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5) of a few plain files, stored or deflated: how the original
 * Heads packs an update. What can be read two ways is refused: two files of one name, files that overlap, bytes between
 * the parts, headers that contradict each other, archives in pieces, encryption, zip64. Pure. */
#ifndef HEADS_FORMAT_ZIP_H
#define HEADS_FORMAT_ZIP_H

#include "base/bytes.h"
#include "base/error.h"

#define ZIP_MAGIC     "PK\x03\x04"
#define ZIP_MAX_FILES 32
#define ZIP_NAME_SIZE 128 /* with the NUL */

struct zip_file {
	char name[ZIP_NAME_SIZE]; /* printable ASCII; relative, without "." and ".." */
	bool deflated;
	uint32_t crc;
	struct bytes stored; /* borrowed from the archive */
	size_t size;         /* of the content, as the archive says */
};

struct zip {
	struct zip_file files[ZIP_MAX_FILES]; /* in the archive's order */
	size_t count;
};

/* Reads the directory of an archive and compares it with the header of each file; no content is unpacked. ret_zip
 * borrows from the archive. Errors: -E_MALFORMED (damaged, cut short, contradictory, a name twice), -E_UNSUPPORTED
 * (encrypted, zip64, in pieces, another compression, something else than plain files), -E_REFUSED (a name that leads
 * out of the archive), -E_TOO_LARGE (more than ZIP_MAX_FILES). */
int zip_read(struct bytes archive, struct zip *ret_zip, struct error *error);
/* The file of this name; NULL where there is none. */
const struct zip_file *zip_find(const struct zip *zip, const char *name);
/* Appends the content of a file of at most limit bytes; its length and CRC-32 are what the archive says.
 * Errors: -E_TOO_LARGE, -E_MALFORMED, -E_MEMORY. */
int zip_content(const struct zip_file *file, size_t limit, struct buffer *content, struct error *error);

#endif
