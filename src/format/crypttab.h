/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypttab(5): which disks an initrd opens, and the same text with our key file for some of them. Pure and bounded. */
#ifndef HEADS_FORMAT_CRYPTTAB_H
#define HEADS_FORMAT_CRYPTTAB_H

#include "base/bytes.h"
#include "base/error.h"

#define CRYPTTAB_MAX_SIZE  ((size_t)64 << 10) /* bytes of the text */
#define CRYPTTAB_MAX_DISKS 64

/* A disk that the unlock key opens, under every name that a crypttab may call it. Any may be NULL. */
struct crypttab_disk {
	const char *uuid; /* of the LUKS header */
	const char *label;
	const char *partuuid;
	const char *partlabel;
	const char *path; /* "/dev/vda2", or "/dev/mapper/..." of a logical volume */
};

/* One line; all slices of the text. Empty: the field is missing. */
struct crypttab_line {
	struct bytes name, source, key, options;
};

/* Takes the next line with fields off *text, comments and empty lines left out. False at the end. */
bool crypttab_next(struct bytes *text, struct crypttab_line *ret_line);
/* Whether the line's source (UUID=, LABEL=, PARTUUID=, PARTLABEL=, /dev/disk/by-..., a path; \ooo escapes, quotes) is
 * this disk. */
bool crypttab_line_is(const struct crypttab_line *line, const struct crypttab_disk *disk);

/* Appends text with key_file in the key field of each line that is one of the disks. Everything else stays byte for
 * byte, but for options that say how the owner's key was found and would be wrong for this one: keyscript,
 * keyfile-offset, keyfile-size, keyfile-timeout, key-slot, keyslot, try-empty-password and the systemd tokens (tpm2-,
 * fido2-, pkcs11-).
 *
 * found   one flag a disk, set where a line is this disk; the others are left as they are
 * Errors  -E_TOO_LARGE, -E_MALFORMED (a NUL in the text), -E_MEMORY. */
int crypttab_override(struct bytes text, const struct crypttab_disk *disks, size_t count, const char *key_file,
                      struct buffer *result, bool *found, struct error *error);

#endif
