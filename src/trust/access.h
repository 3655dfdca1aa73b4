/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what leads to code that the owner has not signed, or to other rules for that: one pure table. PID 1 and
 * the menu ask it, and nobody decides for himself (docs/threat-model.md lists the ways). */
#ifndef HEADS_TRUST_ACCESS_H
#define HEADS_TRUST_ACCESS_H

#include "format/settings.h"

#define ACCESS_SETTING_LOCK       "CONFIG_ACCESS_LOCK"
#define ACCESS_SETTING_RESTRICTED "CONFIG_RESTRICTED_BOOT"

#define ACCESS_SETTING_BASIC "CONFIG_BASIC"

enum access_mode {
	ACCESS_OPEN,       /* whoever sits at the machine */
	ACCESS_LOCKED,     /* whoever proves to be the owner */
	ACCESS_RESTRICTED, /* what runs unsigned code: nobody; what changes the rules: the owner */
	ACCESS_MODES
};

enum access_action {
	ACCESS_EARLY_SHELL, /* the key of PID 1, at the start and after a crash: nobody can be asked for a proof there
	                     */
	ACCESS_SHELL,       /* the recovery shell, chosen in the menu */
	ACCESS_FORCED_BOOT,
	ACCESS_UNSIGNED_FIRMWARE,
	ACCESS_SIGNED_FIRMWARE,
	ACCESS_SETTINGS,
	ACCESS_CLOCK,     /* codes for later could be read with a clock that is ahead (A8) */
	ACCESS_OWNERSHIP, /* clearing the TPM: who takes it over chooses the passphrase that is asked for here */
	ACCESS_ACTIONS
};

enum access_answer { ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_REFUSED };

/* The mode that settings ask for. Whatever is neither "n" nor empty switches a lock on: a value that nobody
 * understands must not open one. NULL: the settings cannot be read, and what they ask for is not known: locked. */
enum access_mode access_mode_of(const struct settings *settings);
/* Basic mode: what does not verify boots without a typed word, and by itself where the owner wants that. Only where
 * anybody may force a boot anyway, and only for the one value that says so. settings NULL: no. */
bool access_is_basic(const struct settings *settings, enum access_mode mode);
/* "open", "locked", "restricted". */
const char *access_mode_name(enum access_mode mode);
/* The mode of that name; ACCESS_LOCKED where it is none, or NULL. */
enum access_mode access_mode_named(const char *name);

enum access_answer access_decide(enum access_mode mode, enum access_action action);
/* A word for the log: "shell", "forced-boot", ... */
const char *access_action_name(enum access_action action);
/* What is done, for a sentence: "open the recovery shell". */
const char *access_action_words(enum access_action action);

#endif
