/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the package database of Debian's dpkg says of files: var/lib/dpkg/info/PACKAGE.list (docs/formats.md). It is the
 * OS's own and signed by nobody: for words, never for a decision. Pure and bounded. */
#ifndef HEADS_FORMAT_DPKG_H
#define HEADS_FORMAT_DPKG_H

#include "base/bytes.h"

#define DPKG_LIST_MAX_SIZE ((size_t)16 << 20)
#define DPKG_MAX_NAME      100 /* bytes of a package's name and its NUL */

/* The package that a list of this file name belongs to: "libc6:amd64.list" is of "libc6". False where the name is none
 * of a list (deb-control(5): lower-case letters, digits, "+", "-", ".", at least two) or is too long. */
bool dpkg_list_package(const char *file_name, char ret_package[DPKG_MAX_NAME]);
/* Takes the next path off the front of a list, one absolute path a line: ret_path is without the leading slash, in its
 * one form (manifest_path_is_plain), borrowed. Other lines ("/.") are passed over. False at the end. */
bool dpkg_list_next(struct bytes *rest, struct bytes *ret_path);

#endif
