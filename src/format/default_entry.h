/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's saved default entry, in the original's files: `kexec_default.N.txt` holds one line for the entry, N is
 * its place in the menu from 1, `kexec_default_hashes.txt` the hashes of its files (docs/formats.md). Pure. */
#ifndef HEADS_FORMAT_DEFAULT_ENTRY_H
#define HEADS_FORMAT_DEFAULT_ENTRY_H

#include "base/bytes.h"
#include "base/error.h"
#include "format/entry.h"

#define DEFAULT_HASHES_NAME "kexec_default_hashes.txt"
#define DEFAULT_MAX_SIZE    65536 /* bytes of either file */
#define DEFAULT_MAX_NUMBER  9999

/* 3 for "kexec_default.3.txt", 0 for any other name. */
unsigned default_entry_number(const char *name);

/* Appends the line of an entry: "TITLE|elf|kernel PATH|initrd PATH|append WORDS", or for Xen
 * "TITLE|xen|kernel PATH WORDS|module PATH WORDS|...". A '|' in a title is left out, as the original does.
 * Errors: -E_UNSUPPORTED (a kind that cannot be booted, or text with '|' or control characters), -E_MEMORY. */
int default_entry_append(struct buffer *line, const struct entry *entry, struct error *error);

enum default_match {
	DEFAULT_SAME,
	DEFAULT_CHANGED,  /* an entry of this title is there and is not what was saved */
	DEFAULT_VANISHED, /* none */
};

struct default_found {
	enum default_match match;
	size_t index;   /* DEFAULT_SAME: which entry */
	bool has_newer; /* there is an entry that differs in nothing but a higher version of the kernel */
	size_t newer;
	char title[128]; /* of what was saved; escaped for a terminal */
};

/* Looks for what was saved among the entries of a fresh parse. The same entry at another place is the same; of two that
 * are equal the one at its old place (number, from 1).
 * Errors: -E_MALFORMED (the line is none), -E_MEMORY. */
int default_entry_find(struct bytes line, unsigned number, const struct entry_list *entries,
                       struct default_found *ret_found, struct error *error);

#endif
