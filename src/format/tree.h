/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which paths /boot holds: `kexec_tree.txt` of the original, and `kexec_types.txt`, which says of what type each is and
 * where links point (docs/formats.md). Pure and bounded. */
#ifndef HEADS_FORMAT_TREE_H
#define HEADS_FORMAT_TREE_H

#include "base/bytes.h"
#include "base/error.h"

#define TREE_MAX_SIZE  ((size_t)64 << 20) /* bytes of either file */
#define TREE_MAX_PATHS 200000

/* The letters of `find -printf %y`. */
enum tree_type {
	TREE_UNKNOWN = '?', /* a tree without types */
	TREE_FILE = 'f',
	TREE_DIRECTORY = 'd',
	TREE_LINK = 'l',
	TREE_BLOCK = 'b',
	TREE_CHARACTER = 'c',
	TREE_FIFO = 'p',
	TREE_SOCKET = 's',
};

struct tree_path {
	char *path; /* below the root, without "./"; raw bytes */
	enum tree_type type;
	char *target; /* of a link whose target is known, raw bytes; otherwise NULL */
};

/* Sorted by path, in the order of strcmp; the root itself is left out. */
struct tree {
	struct tree_path *paths;
	size_t count;
};

/* Reads `find ./ ! -path './kexec*' -print0 | sort -z`: paths that begin with "./", each with a NUL behind it, in any
 * order, the root with or without. Types are TREE_UNKNOWN. Refused: paths that are not plain (manifest_path_is_plain),
 * that begin with "./kexec", that come twice; an unfinished last path.
 *
 * ret_tree  is filled on success; release with tree_clear().
 * Errors    -E_MALFORMED, -E_TOO_LARGE, -E_MEMORY. */
int tree_parse(struct bytes data, struct tree *ret_tree, struct error *error);

/* What kexec_types.txt says of the two files that it was written with; where they are others, it is out of date: the
 * original was here and signed anew, and left this file as it was. */
struct tree_binding {
	uint8_t hashes[32]; /* SHA-256 of kexec_hashes.txt */
	uint8_t tree[32];   /* SHA-256 of kexec_tree.txt */
};

/* Reads kexec_types.txt: the line "heads types 1", the lines "hashes HEX" and "tree HEX", then one line a path, "TYPE"
 * a tabulator "PATH" and, for a link, a tabulator and its target; path and target with bytes outside printable ASCII,
 * and the backslash, as \xNN. Types are those of enum tree_type without TREE_UNKNOWN. Errors as tree_parse. */
int tree_types_parse(struct bytes text, struct tree_binding *ret_binding, struct tree *ret_tree, struct error *error);

/* Write the two files for a tree that is sorted. */
void tree_append(struct buffer *buffer, const struct tree *tree);
void tree_types_append(struct buffer *buffer, const struct tree_binding *binding, const struct tree *tree);

/* Adds a path to a tree that is built; both strings are copied, target may be NULL. Errors: -E_MEMORY. */
int tree_add(struct tree *tree, const char *path, enum tree_type type, const char *target);
/* Frees all; fits CLEANUP(). */
void tree_clear(struct tree *tree);
/* The entry of this path, or NULL. */
const struct tree_path *tree_find(const struct tree *tree, const char *path);
/* "a regular file", "a link": for sentences. */
const char *tree_type_name(enum tree_type type);

#endif
