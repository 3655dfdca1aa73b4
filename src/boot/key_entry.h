/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk unlock key that is for one boot entry: what tells it from the others. */
#ifndef HEADS_BOOT_KEY_ENTRY_H
#define HEADS_BOOT_KEY_ENTRY_H

#include "disk/unlock.h"
#include "format/entry.h"

/* The words that the board adds to and takes from a command line (format/cmdline.h). */
struct key_entry_words {
	const char *add, *remove;
};

/* Appends what is measured for the entry: the titles that lead to it, and the command line as the kernel gets it. Both
 * outlast an update of the kernel for the entries that boot the newest one; both are what the owner signed.
 * Errors: those of cmdline_build. */
int key_entry_text(const struct entry *entry, const struct key_entry_words *words, struct buffer *text,
                   struct error *error);

/* Whom a sealed key is for. */
enum key_entry_kind {
	KEY_ENTRY_ALL,
	KEY_ENTRY_ONE,   /* *ret_index of the list */
	KEY_ENTRY_OTHER, /* no entry of the list, or other disks: only the TPM can say */
};
/* pcr: the value of PCR 6 that it was sealed to (tpm_seal_look), which nobody vouches for: it decides what is measured
 * and what is told, and the TPM decides what is released. */
enum key_entry_kind key_entry_find(const struct digest *pcr, const struct volume_list *volumes,
                                   const struct entry_list *entries, const struct key_entry_words *words,
                                   size_t *ret_index);

#endif
