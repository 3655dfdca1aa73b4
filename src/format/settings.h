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

/* One line of the text; of a setting whose value goes over several lines, all of them. */
struct settings_line {
	struct bytes text;   /* as it stands there, with its end; borrowed */
	struct bytes name;   /* borrowed; empty for an empty line or a comment */
	struct buffer value; /* a string; "" where there is no name */
};

/* Reads the next line from the front of *rest and goes past it. Returns 1, 0 at the end, -E_MALFORMED, -E_MEMORY. The
 * same struct (zeroed at first) serves for every line; release with settings_line_clear. */
int settings_next_line(struct bytes *rest, struct settings_line *line);
void settings_line_clear(struct settings_line *line);

/* Reads lines "NAME=VALUE" and "export NAME=VALUE", empty ones and comments that begin with '#'. A value is bare (no
 * white space, no quote, no backslash, no '$', no '`', no control byte; a comment may follow after a space), or in
 * single or double quotes, where every byte but NUL may stand, line ends too; between double quotes a backslash stands
 * before
 * '"', '\\', '$' and '`', and '$' and '`' alone are refused, because the original's shell would have put something else
 * in their place. NAME is CONFIG_ and letters, digits, underscores. Names that Heads does not know are kept.
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

/* Whether this may be the name of a setting: CONFIG_ and letters, digits, underscores. */
bool settings_is_name(const char *name);
/* Appends the text with one setting changed: the line that counts is written anew as export NAME="VALUE", in the place
 * of the first line of that name, or at the end; value NULL takes it out. Every other line stays as it is, byte for
 * byte. What is appended reads back as the settings with this change. Errors: as settings_parse, and -E_USAGE (no name
 * of a setting). */
int settings_edit(struct bytes text, const char *text_name, const char *name, const char *value,
                  struct buffer *ret_text, struct error *error);

#endif
