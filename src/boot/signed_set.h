/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signed set: kexec*.txt and kexec.sig. Signing replaces it as one transaction on any filesystem, vfat included:
 *
 *   1. the new files are written to the disk as NAME.new; an empty NAME.new takes NAME out of the set;
 *   2. kexec.sig.new is written: the commit point;
 *   3. each NAME is written anew from the same bytes, kexec.sig last;
 *   4. kexec.sig.new is removed, then the other NAME.new.
 *
 * So there are two sets to choose from: the one in place, and the staged one, in which each NAME.new stands for its
 * NAME. The signature decides: where kexec.sig.new is good for the staged set, that one is in force, whatever
 * step 3 had reached; otherwise the one in place is, which no step before the commit point has touched. Neither choice
 * can mix the two, because one signature covers the whole set. */
#ifndef HEADS_BOOT_SIGNED_SET_H
#define HEADS_BOOT_SIGNED_SET_H

#include "boot/snapshot.h"

#define SIGNATURE_NAME    "kexec.sig"
#define SIGNED_SET_STAGED ".new" /* what a staged name ends with */
#define SIGNED_SET_MAX    1024   /* files of a set */

enum signed_set {
	SIGNED_SET_IN_PLACE,
	SIGNED_SET_IS_STAGED,
};

/* A name that kexec.sig covers: the shell's kexec*.txt, of plain characters. */
bool signed_set_is_name(const char *path);
/* What a power cut leaves of a file of the set, or of a staged one, on vfat, where the long name and the short one may
 * lie in different sectors: the short one alone (KEXEC_~1.NEW, KE1A2B~1.TXT). It stands for no name, nothing reads it,
 * and the next signing removes it (A18). */
bool signed_set_is_remnant(const char *path);
/* The name of a file that signing stages: kexec.sig.new, and NAME.new of a signed name; or a remnant. */
bool signed_set_is_staged_name(const char *path);
/* The same, and which name it stands for. */
struct signed_set_name {
	char text[256];
};
bool signed_set_of_staged(const char *path, struct signed_set_name *ret_name);
/* Whether there is anything to choose: kexec.sig.new is a regular file. */
bool signed_set_is_pending(const struct snapshot *snapshot);
/* The file that stands for this name (kexec.sig included) in the set, or NULL where the set has none. */
const struct snapshot_entry *signed_set_find(const struct snapshot *snapshot, enum signed_set set, const char *name);
/* The names of the set without kexec.sig, in the order of strcmp. ret_names: release with free().
 * Errors: -E_TOO_LARGE (more than SIGNED_SET_MAX), -E_MEMORY. */
int signed_set_names(const struct snapshot *snapshot, enum signed_set set, struct signed_set_name **ret_names,
                     size_t *ret_count, struct error *error);
/* Appends what was signed: the line that `sha256sum kexec*.txt` prints for each. False where one of them was not read,
 * or there are too many. */
bool signed_set_append_message(const struct snapshot *snapshot, enum signed_set set, struct buffer *message);
/* What was kept of a file of the set; as snapshot_bytes. Errors also: -E_NOT_FOUND (the set has no such file). */
int signed_set_bytes(struct snapshot *snapshot, enum signed_set set, const char *name, size_t limit,
                     struct bytes *ret_bytes, struct error *error);

#endif
