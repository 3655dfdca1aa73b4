/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text in which LVM2 writes metadata: sections, and keys with a string, a number or a list. Internal to
 * src/format/lvm*.c. */
#ifndef HEADS_FORMAT_LVM_TEXT_H
#define HEADS_FORMAT_LVM_TEXT_H

#include "base/bytes.h"

#define LVM_MAX_NODES 32768

enum lvm_kind { LVM_SECTION, LVM_STRING, LVM_NUMBER, LVM_LIST };

struct lvm_node {
	struct bytes key;
	enum lvm_kind kind;
	struct bytes text; /* of a string without its quotes (a backslash stays), or what is between the brackets */
	uint64_t number;
	size_t end; /* the index behind the last node of this one */
};

/* Starts zeroed; release with lvm_tree_clear. */
struct lvm_tree {
	struct lvm_node *nodes;
	size_t count, capacity;
};

/* Nodes in the order of the text, each before what it holds; slices of the text. False where it is no such text, or
 * above LVM_MAX_NODES, or nested too deep, or without memory. */
bool lvm_tree_parse(struct bytes text, struct lvm_tree *tree);
void lvm_tree_clear(struct lvm_tree *tree);
/* The node of this key and kind between two indices, at their level; NULL where there is none. */
const struct lvm_node *lvm_tree_find(const struct lvm_tree *tree, size_t from, size_t to, const char *key,
                                     enum lvm_kind kind);
/* Likewise, a number; false where there is none. */
bool lvm_tree_number(const struct lvm_tree *tree, const struct lvm_node *section, const char *key,
                     uint64_t *ret_number);
/* Copies a slice without the characters that no name of LVM2 has ([A-Za-z0-9+_.-] are allowed); false where it has any,
 * is empty, or does not fit. */
bool lvm_name_copy(struct bytes from, char *name, size_t size);
/* Takes the next element off a list's text. False at its end, or where it is neither a string nor a number. */
bool lvm_list_next(struct bytes *list, struct lvm_node *ret_element);
/* Whether the list has this string. */
bool lvm_list_has(const struct lvm_node *list, const char *string);

#endif
