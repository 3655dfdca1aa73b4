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

/* A file system that the owner can take along. */
struct media_place {
	char device[48]; /* "/dev/sda1" */
	char disk[64];   /* what its maker calls the disk: "SanDisk Cruzer"; made safe for a screen */
};
/* Lists the vfat and ext4 file systems on sticks (disk/block.h: removable, or on the USB). Each is mounted read-only
 * and released again. Returns how many. */
size_t media_places(struct media_place places[MEDIA_MAX_FILES]);

/* What becomes of a file of that name. */
enum media_existing { MEDIA_KEEP, MEDIA_REPLACE };
/* Writes a file to the top of a stick, whole or not at all (file_replace), and makes sure that it is on the medium.
 * Errors: -E_EXISTS (MEDIA_KEEP: there is one, and it stays), -E_IO (gone, full, write-protected, or it reads otherwise
 * afterwards), -E_MEMORY. */
int media_write(const struct media_file *file, struct bytes content, enum media_existing existing, struct error *error);

/* The same in a directory that is open; where is its name, for errors. A link is not followed. Errors: as media_read;
 * as media_write. */
int media_read_in(int directory, const char *where, const char *name, size_t limit, struct buffer *content,
                  struct error *error);
int media_write_in(int directory, const char *where, const char *name, struct bytes content,
                   enum media_existing existing, struct error *error);

#endif
