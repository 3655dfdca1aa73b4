/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking for firmware files and secret keys on the attached disks and sticks, when the owner asks, and writing what he
 * takes with him. */
#ifndef HEADS_OWNER_MEDIA_H
#define HEADS_OWNER_MEDIA_H

#include "base/bytes.h"
#include "base/error.h"
#include <stdbool.h>

#define MEDIA_MAX_FILES 16

enum media_kind {
	MEDIA_FIRMWARE, /* heads-*.tar, heads-*.rom, and *.zip as the original names its updates */
	MEDIA_KEYS,     /* *.asc, *.gpg, *.key, *.pgp */
	MEDIA_ANSWERS,  /* heads-owner*.txt */
};

struct media_file {
	char device[48]; /* "/dev/sda1" */
	char name[128];  /* at the root of its file system */
	bool package;    /* heads-*.tar */
};

/* Lists the files whose names are of this kind at the root of every vfat and ext4 file system, removable ones first.
 * Each is mounted read-only, without devices and programs, and released again. Returns how many. */
size_t media_list(enum media_kind kind, struct media_file files[MEDIA_MAX_FILES]);
/* Reads one of them, once, into the buffer. Errors: -E_NOT_FOUND (no such file), -E_IO,
 * -E_NOT_REGULAR, -E_TOO_LARGE, -E_MEMORY. */
int media_read(const struct media_file *file, size_t limit, struct buffer *content, struct error *error);
/* Lists the file systems (vfat, ext4) that something can be written on: removable ones first, that of /boot
 * (excluded: its device, or NULL) left out. name is empty. Returns how many. */
size_t media_list_sticks(const char *excluded, struct media_file sticks[MEDIA_MAX_FILES]);
/* Writes a new file, whole or not at all, and has it on the stick when it returns. Errors: -E_EXISTS (there is one of
 * this name, and it stays), -E_IO. */
int media_write(const struct media_file *file, struct bytes content, struct error *error);

#endif
