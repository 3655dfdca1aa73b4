/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `CONFIG_NAME=value` lines, as the original's config.user holds them: data, never executed (docs/formats.md). Pure. */
#ifndef HEADS_FORMAT_SETTINGS_H
#define HEADS_FORMAT_SETTINGS_H

#include "base/bytes.h"
#include "base/error.h"

#define SETTINGS_MAX_SIZE  65536 /* bytes of the text */
#define SETTINGS_MAX_COUNT 1024

struct setting {
	char *name; /* with CONFIG_ */
	char *value;
};

/* In the order of the file; a name that comes again has its last value, at its first place. */
struct settings {
	struct setting *settings;
	size_t count;
};

/* Reads lines "NAME=VALUE" and "export NAME=VALUE", empty ones and comments that begin with '#'. A value is bare (no
 * white space, no quote, no backslash, no '$', no '`'; a comment may follow after a space), or in single or double
 * quotes; between double quotes a backslash stands before '"', '\\', '$' and '`', and '$' and '`' alone are refused,
 * because the original's shell would have put something else in their place. NAME is CONFIG_ and letters, digits,
 * underscores. Names that Heads does not know are kept. No control bytes but the tabulator.
 *
 * ret_settings  is filled on success; release with settings_clear().
 * Errors        -E_MALFORMED (name and number of the line), -E_TOO_LARGE, -E_MEMORY. */
int settings_parse(struct bytes text, const char *name, struct settings *ret_settings, struct error *error);
/* Frees all; fits CLEANUP(). */
void settings_clear(struct settings *settings);
/* The value of a name, or NULL. */
const char *settings_get(const struct settings *settings, const char *name);
/* Sets or adds one; both strings are copied. Errors: -E_TOO_LARGE, -E_MEMORY. */
int settings_set(struct settings *settings, const char *name, const char *value);
/* Takes over every setting of the second, over those of the same name. */
int settings_merge(struct settings *settings, const struct settings *over);
/* Whether the value is "y". */
bool settings_is_yes(const struct settings *settings, const char *name);

#endif
