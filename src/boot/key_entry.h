/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk unlock keys that are for one boot entry each: what tells an entry from the others, and which key is whose. */
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
/* pcr: the value of PCR 6 that it was sealed to (unlock_look), which nobody vouches for: it decides what is measured
 * and what is told, and the TPM decides what is released. */
enum key_entry_kind key_entry_find(const struct digest *pcr, const struct volume_list *volumes,
                                   const struct entry_list *entries, const struct key_entry_words *words,
                                   size_t *ret_index);

/* What is needed to say whose a key is. */
struct key_entry_place {
	const struct unlock_keys *keys;    /* one at least is there, for key_entry_select */
	const struct volume_list *volumes; /* chosen ones */
	const struct entry_list *entries;
	struct key_entry_words words;
};
/* The key that an entry gets in its boot: its own, or the one for all; text: what is to be measured for it (appended;
 * nothing where it is for all). Where no key is for any entry that there is, the first of them, so that the TPM can say
 * what has changed. Of two entries that are equal in all that counts both get the key.
 * Threat: A5. Errors: -E_REFUSED (the keys are for other entries, which the sentence names), those of key_entry_text,
 * keys->problem. */
int key_entry_select(const struct key_entry_place *place, const struct entry *entry, struct buffer *text,
                     unsigned *ret_key, struct error *error);
/* The number under which a key for an entry is to be made (text: of key_entry_text): where the one for all is, which it
 * replaces; where the entry has one already; where one is for no entry that there is; else the first that is free.
 * Errors: -E_EXISTS (every number has a key of another entry). */
int key_entry_room(const struct key_entry_place *place, struct bytes text, unsigned *ret_key, struct error *error);
/* The key that is for this entry alone. Errors: -E_NOT_FOUND, those of key_entry_text. */
int key_entry_own(const struct key_entry_place *place, const struct entry *entry, unsigned *ret_key,
                  struct error *error);
/* Whom a key is for, as words for a screen: "every boot entry", "the boot entry "Debian" alone", "other disks, or a
 * boot entry that is not there (any more)". */
enum key_entry_kind key_entry_describe(const struct key_entry_place *place, unsigned key, char *text, size_t size);

#endif
