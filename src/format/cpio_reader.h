/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads newc archives as the kernel's initramfs code does (Linux, init/initramfs.c), piece by piece, so that an
 * unpacked initrd is never held in memory. Pure and bounded: at most CPIO_KEPT_MAX bytes of one file are kept. */
#ifndef HEADS_FORMAT_CPIO_READER_H
#define HEADS_FORMAT_CPIO_READER_H

#include "base/bytes.h"
#include "base/error.h"

#define CPIO_PATH_MAX 4096               /* with the NUL */
#define CPIO_KEPT_MAX ((size_t)64 << 10) /* bytes of a file whose content is wanted */

struct cpio_entry {
	const char *path; /* plain: no leading slash, no "." and no empty parts; raw bytes, valid during the call */
	uint32_t mode;    /* as in stat: type and permissions */
	uint32_t links;
	uint32_t size;
	struct bytes content; /* of a wanted regular file; otherwise empty */
};

/* Called for each entry once it is complete; an error ends the reading and is handed on. */
typedef int cpio_taker(void *context, const struct cpio_entry *entry, struct error *error);

struct cpio_reader {
	const char *const *wanted; /* paths of the files whose content is wanted, NULL at the end; borrowed */
	cpio_taker *take;
	void *context;
	enum { CPIO_HEADER, CPIO_NAME, CPIO_CONTENT, CPIO_ENDED } state;
	struct buffer held; /* of the piece that is read */
	uint64_t skip;      /* bytes to pass over before the next piece */
	size_t name_size;
	char path[CPIO_PATH_MAX];
	struct cpio_entry entry;
};

/* Starts an archive: all but wanted, take and context is reset. */
void cpio_reader_start(struct cpio_reader *reader);
/* Reads input up to its end or the end of the archive (state CPIO_ENDED, behind TRAILER!!!).
 *
 * ret_used  how many bytes of input belong to the archive
 * Errors    -E_MALFORMED (no newc header, a name without end or with "..": A13), -E_TOO_LARGE (a wanted file),
 *           -E_MEMORY, those of take. */
int cpio_reader_feed(struct cpio_reader *reader, struct bytes input, size_t *ret_used, struct error *error);
/* Whether the archive may end here: behind its trailer, or before a header. */
bool cpio_reader_is_whole(const struct cpio_reader *reader);
void cpio_reader_clear(struct cpio_reader *reader);

#endif
