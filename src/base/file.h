/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files. */
#ifndef HEADS_BASE_FILE_H
#define HEADS_BASE_FILE_H

#include "base/bytes.h"
#include "base/error.h"
#include <sys/types.h>

/* Reads a regular file or device from fd's position to its end, at most limit bytes, into buffer (appended).
 * Errors: -E_IO, -E_TOO_LARGE (with the limit in the sentence), -E_MEMORY. */
int file_read_fd(int fd, const char *name, size_t limit, struct buffer *buffer, struct error *error);
/* Opens (O_CLOEXEC) and reads. Errors also: -E_NOT_FOUND. */
int file_read(const char *path, size_t limit, struct buffer *buffer, struct error *error);
/* Writes all of it. */
int file_write_all(int fd, const char *name, struct bytes bytes, struct error *error);
/* Writes NAME in directory so that it is old or new after a power cut, never a mixture: temporary file, fsync, rename,
 * fsync of the directory. */
int file_replace(int directory, const char *name, struct bytes bytes, mode_t mode, struct error *error);
/* As file_replace, by a path whose links are followed; a file that was there keeps its mode, a new one gets 0644. */
int file_replace_path(const char *path, struct bytes bytes, struct error *error);

#endif
