/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot entries out of GRUB 2's configuration (grub.cfg as grub-mkconfig writes it, and by hand).
 *
 * The language is read as GRUB reads it (GRUB manual, "Shell-like scripting"; grub-core/script): quotes, variables, if,
 * loops, functions, sourced files. What is computed is which entries there are and what each would load. Nothing is
 * executed, nothing is opened but through struct grub_files, and all work is bounded (A11). docs/boot-entries.md has
 * the list of constructs and limits. */
#ifndef HEADS_FORMAT_GRUB_H
#define HEADS_FORMAT_GRUB_H

#include "base/bytes.h"
#include "base/error.h"
#include "format/entry.h"

#define GRUB_MAX_TEXT       ((size_t)16 << 20)  /* bytes of one configuration file */
#define GRUB_MAX_ENTRIES    1000                /* menu entries and submenus */
#define GRUB_MAX_NESTING    16                  /* blocks, submenus, function calls and sourced files in each other */
#define GRUB_MAX_WORD       ((size_t)64 << 10)  /* bytes of one word after expansion */
#define GRUB_MAX_WORDS      4096                /* of one command */
#define GRUB_MAX_COMMAND    ((size_t)256 << 10) /* bytes of them */
#define GRUB_MAX_VARIABLES  2048                /* with functions */
#define GRUB_MAX_MEMORY     ((size_t)8 << 20)   /* bytes of all values of variables */
#define GRUB_MAX_ITERATIONS 1000                /* of one loop */
#define GRUB_MAX_FILES      32                  /* sourced */

enum grub_file_kind {
	GRUB_FILE_MISSING,
	GRUB_FILE_EMPTY, /* a regular file of size 0 */
	GRUB_FILE_REGULAR,
	GRUB_FILE_DIRECTORY,
	GRUB_FILE_OTHER
};

/* How the parser sees other files. Paths start with a slash, from the root of the file system, without "." and "..". */
struct grub_files {
	void *context;
	enum grub_file_kind (*kind)(void *context, const char *path);
	/* Appends the content, at most limit bytes. 0 or a negative error. */
	int (*read)(void *context, const char *path, size_t limit, struct buffer *content);
	/* Whether a `configfile` of this path is to be passed over, because it is listed by itself. NULL: never. */
	bool (*listed)(void *context, const char *path);
};

struct grub_config {
	struct bytes text;
	const char *source; /* goes into the entries: path below the root without leading slash, "boot/grub/grub.cfg" */
	const char *path;   /* as GRUB would name the file: "/boot/grub/grub.cfg" */
	size_t first_position; /* where the positions of the top menu begin in the ids */
	const struct grub_files *files;
};

struct grub_report {
	size_t positions; /* entries and submenus of the top menu */
	char notice[512]; /* a sentence where something was left out because of a limit, or "" */
};

/* Appends the entries to list, in menu order, one of them marked as the default (none where there is no entry).
 * An entry that starts nothing has its problem set; whether files exist is not looked at.
 *
 * grubenv (`load_env`) is unsigned by nature. The entries are computed without it; a second pass with it yields only
 * the value of `default`, so that it chooses among entries and can change none of them (A12).
 *
 * Errors: -E_TOO_LARGE (text above GRUB_MAX_TEXT), -E_MEMORY. The list may have got entries then. */
int grub_parse(const struct grub_config *config, struct entry_list *list, struct grub_report *ret_report,
               struct error *error);

#endif
