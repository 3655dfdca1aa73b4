/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings that are known by name: those of the original Heads, and our own. docs/settings.md is this table. */
#ifndef HEADS_ROM_SETTING_INFO_H
#define HEADS_ROM_SETTING_INFO_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

enum setting_type {
	SETTING_YES,    /* y or n */
	SETTING_NUMBER, /* 0 to limit */
	SETTING_CHOICE, /* one of `choices`, with a comma between them */
	SETTING_PATH,   /* begins with a slash, or empty */
	SETTING_TEXT,   /* anything */
};

/* Who gives a setting its effect. */
enum setting_effect {
	SETTING_OF_OWNER, /* in force wherever it is set */
	SETTING_OF_BOARD, /* in force in the board's settings alone: it describes the machine */
	SETTING_UNUSED,   /* understood, kept, without effect here; `meaning` says why */
};

struct setting_info {
	const char *name;
	enum setting_type type;
	enum setting_effect effect;
	const char *fallback; /* in force where it is not set; NULL: nothing */
	const char *meaning;  /* one line */
	const char *choices;
	unsigned long limit;
};

#define SETTING_AUTO_BOOT_LIMIT 3600

/* The table, in the order in which it is shown. */
const struct setting_info *setting_info_at(size_t index);
/* The entry of a name, or NULL: the setting is kept, and nothing is known of it. */
const struct setting_info *setting_info_find(const char *name);
/* "yes/no", "number", "choice", "path", "text"; "unknown" for NULL. */
const char *setting_type_name(const struct setting_info *info);
/* "works", "board", "no effect"; "unknown" for NULL. */
const char *setting_effect_name(const struct setting_info *info);
/* Whether name or meaning hold the word, in either case: for a search. info may be NULL. */
bool setting_matches(const struct setting_info *info, const char *name, const char *word);
/* Whether a value may be given to a setting; NULL as info takes any. Errors: -E_USAGE (what was expected). */
int setting_check(const struct setting_info *info, const char *value, struct error *error);

#endif
