/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's saved default entry: a part of the signed set, compared at every start with a fresh parse and with the
 * files as they were read. Where it is not what was saved, there is no default, and never another entry in its place.
 */
#ifndef HEADS_BOOT_DEFAULT_H
#define HEADS_BOOT_DEFAULT_H

#include "boot/sign.h"
#include "boot/signed_set.h"
#include "format/default_entry.h"

struct boot_default {
	bool saved; /* the signed set holds one */
	bool good;  /* it is there and unchanged: index */
	size_t index;
	bool has_newer; /* an entry that differs in nothing but a higher version of the kernel */
	size_t newer;
	char title[128];  /* escaped */
	char reason[320]; /* why it is not good: a sentence for the owner, or "" */
};

/* Reads it and looks for it among the entries, and leaves at most that one marked as the default of the list; where
 * nothing was saved the boot loader's own default stays. The set must be validly signed.
 * Errors: -E_MALFORMED, -E_TOO_LARGE, -E_MEMORY; then no entry is marked. */
int boot_default_apply(struct snapshot *snapshot, enum signed_set set, struct entry_list *entries,
                       struct boot_default *ret_default, struct error *error);
/* When every file was read: whether the default's are those that were saved with it. Takes the mark away where not.
 * Errors: as above. */
int boot_default_check_files(struct snapshot *snapshot, enum signed_set set, struct entry_list *entries,
                             struct boot_default *boot_default, struct error *error);

/* The two files to sign that make this entry the default; the hashes are filled in by sign_directory.
 * Errors: -E_NOT_FOUND (no entry of this ID), -E_UNSUPPORTED (default_entry_append), -E_MEMORY. */
struct boot_default_files {
	char name[48];
	struct buffer line, hashes;
};
int boot_default_make(const struct entry_list *entries, const char *id, struct boot_default_files *ret_files,
                      struct error *error);
/* Frees; fits CLEANUP(). */
void boot_default_files_clear(struct boot_default_files *files);

#endif
