/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot entries of a tree, from all configurations that it holds, each with the sentence that says why it cannot be
 * booted where that is so (docs/boot-entries.md). */
#ifndef HEADS_BOOT_CATALOGUE_H
#define HEADS_BOOT_CATALOGUE_H

#include "base/bytes.h"
#include "base/error.h"
#include "format/entry.h"

enum catalogue_kind {
	CATALOGUE_MISSING, /* also where a link leads to nothing or out of the tree */
	CATALOGUE_EMPTY,   /* a regular file of size 0 */
	CATALOGUE_REGULAR,
	CATALOGUE_DIRECTORY,
	CATALOGUE_OTHER
};

/* How the catalogue sees the tree: a directory on a workstation, a snapshot at boot. Paths start with a slash, from the
 * root of the tree, without "." and "..". Links are followed inside the tree alone. */
struct catalogue_source {
	void *context;
	enum catalogue_kind (*kind)(void *context, const char *path);
	/* Appends the content of a regular file, at most limit bytes. 0 or a negative error. */
	int (*read)(void *context, const char *path, size_t limit, struct buffer *content);
	/* Appends the names in a directory, each with its NUL, in any order. 0 or a negative error. */
	int (*list)(void *context, const char *path, struct buffer *names);
};

struct catalogue {
	struct entry_list entries; /* at most one is the default */
	struct buffer notices;     /* sentences, each with its NUL: what could not be read, what was left out */
	size_t configurations;     /* files that were read */
};

/* Reads all configurations, in this order, each kind below the root and then below /boot: grub/grub.cfg,
 * grub2/grub.cfg, EFI/NAME/grub.cfg. Paths of entries that are not there are looked for with /boot in front, or without
 * it, so that a tree with a separate /boot and one without are the same. Errors: -E_NOT_FOUND (no configuration at
 * all), -E_MEMORY. A configuration that cannot be read is a notice. */
int catalogue_build(const struct catalogue_source *source, struct catalogue *ret_catalogue, struct error *error);

/* The same for a tree that nobody has verified (a workstation, forced boot, a stick): the parsers run in a child that
 * can do nothing but ask this process for files of the source (A11). Errors also: -E_SYSTEM (the child cannot be
 * confined), -E_MALFORMED (it died or did not keep to the protocol). */
int catalogue_build_confined(const struct catalogue_source *source, struct catalogue *ret_catalogue,
                             struct error *error);

void catalogue_clear(struct catalogue *catalogue);

/* A source over a directory that is open as descriptor; the context is the descriptor itself, which has to stay open.
 */
struct catalogue_source catalogue_directory(int *descriptor);

#endif
