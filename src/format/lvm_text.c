/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/lvm_text.h"
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 6
#define GROW      256

static void skip_blank(struct bytes *text)
{
	bool comment = false;

	while (text->size > 0) {
		const uint8_t c = text->data[0];

		if (c == '#')
			comment = true;
		else if (c == '\n')
			comment = false;
		if (!comment && c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return;
		*text = bytes_slice(*text, 1, SIZE_MAX);
	}
}

static bool take(struct bytes *text, char wanted)
{
	skip_blank(text);
	if (text->size == 0 || text->data[0] != (uint8_t)wanted)
		return false;
	*text = bytes_slice(*text, 1, SIZE_MAX);
	return true;
}

static bool is_name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
	       c == '.' || c == '-';
}

static struct bytes take_name(struct bytes *text)
{
	struct bytes name = {text->data, 0};

	while (name.size < text->size && is_name_byte(text->data[name.size]))
		name.size++;
	*text = bytes_slice(*text, name.size, SIZE_MAX);
	return name;
}

static bool take_number(struct bytes *text, uint64_t *ret_number)
{
	const struct bytes digits = take_name(text);
	uint64_t number = 0;

	for (size_t i = 0; i < digits.size; i++) {
		const uint8_t c = digits.data[i];

		if (c < '0' || c > '9' || number > (UINT64_MAX - 9) / 10)
			return false;
		number = 10 * number + (uint64_t)(c - '0');
	}
	*ret_number = number;
	return digits.size > 0;
}

static bool take_string(struct bytes *text, struct bytes *ret_string)
{
	size_t size = 0;

	if (!take(text, '"'))
		return false;
	while (size < text->size && text->data[size] != '"')
		size += text->data[size] == '\\' ? 2 : 1;
	if (size >= text->size)
		return false;
	*ret_string = bytes_slice(*text, 0, size);
	*text = bytes_slice(*text, size + 1, SIZE_MAX);
	return true;
}

static bool take_scalar(struct bytes *text, struct lvm_node *node)
{
	skip_blank(text);
	if (text->size > 0 && text->data[0] == '"') {
		node->kind = LVM_STRING;
		return take_string(text, &node->text);
	}
	node->kind = LVM_NUMBER;
	return take_number(text, &node->number);
}

bool lvm_list_next(struct bytes *list, struct lvm_node *ret_element)
{
	*ret_element = (struct lvm_node){0};
	skip_blank(list);
	if (list->size == 0 || !take_scalar(list, ret_element))
		return false;
	(void)take(list, ',');
	return true;
}

static bool take_value(struct bytes *text, struct lvm_node *node)
{
	struct bytes start;
	struct lvm_node element;

	if (!take(text, '['))
		return take_scalar(text, node);
	node->kind = LVM_LIST;
	start = *text;
	while (!take(text, ']')) {
		if (!lvm_list_next(text, &element))
			return false;
	}
	node->text = bytes_slice(start, 0, (size_t)(text->data - start.data) - 1);
	return true;
}

static struct lvm_node *add_node(struct lvm_tree *tree, struct bytes key)
{
	if (tree->count == tree->capacity) {
		struct lvm_node *grown = NULL;

		if (tree->count < LVM_MAX_NODES)
			grown = realloc(tree->nodes, (tree->capacity + GROW) * sizeof(*grown));
		if (!grown)
			return NULL;
		tree->nodes = grown;
		tree->capacity += GROW;
	}
	tree->nodes[tree->count] = (struct lvm_node){.key = key, .end = tree->count + 1};
	return &tree->nodes[tree->count++];
}

bool lvm_tree_parse(struct bytes text, struct lvm_tree *tree)
{
	size_t open[MAX_DEPTH], depth = 0;

	for (skip_blank(&text); text.size > 0; skip_blank(&text)) {
		struct lvm_node *node;
		struct bytes key;

		/* Behind the text stands a NUL. */
		if (text.data[0] == '\0')
			return depth == 0 && bytes_are_all(text, 0);
		if (take(&text, '}')) {
			if (depth == 0)
				return false;
			depth--;
			tree->nodes[open[depth]].end = tree->count;
			continue;
		}
		key = take_name(&text);
		node = key.size > 0 ? add_node(tree, key) : NULL;
		if (!node)
			return false;
		if (take(&text, '{')) {
			if (depth == MAX_DEPTH)
				return false;
			open[depth++] = tree->count - 1;
		} else if (!take(&text, '=') || !take_value(&text, node)) {
			return false;
		}
	}
	return depth == 0;
}

void lvm_tree_clear(struct lvm_tree *tree)
{
	free(tree->nodes);
	*tree = (struct lvm_tree){0};
}

const struct lvm_node *lvm_tree_find(const struct lvm_tree *tree, size_t from, size_t to, const char *key,
                                     enum lvm_kind kind)
{
	for (size_t i = from; i < to; i = tree->nodes[i].end)
		if (tree->nodes[i].kind == kind && bytes_equal(tree->nodes[i].key, bytes_from_string(key)))
			return &tree->nodes[i];
	return NULL;
}

bool lvm_tree_number(const struct lvm_tree *tree, const struct lvm_node *section, const char *key, uint64_t *ret_number)
{
	const size_t index = (size_t)(section - tree->nodes);
	const struct lvm_node *node = lvm_tree_find(tree, index + 1, section->end, key, LVM_NUMBER);

	if (node)
		*ret_number = node->number;
	return node != NULL;
}

bool lvm_name_copy(struct bytes from, char *name, size_t size)
{
	if (from.size == 0 || from.size >= size)
		return false;
	for (size_t i = 0; i < from.size; i++)
		if (!is_name_byte(from.data[i]))
			return false;
	memcpy(name, from.data, from.size);
	name[from.size] = '\0';
	return true;
}

bool lvm_list_has(const struct lvm_node *list, const char *string)
{
	struct bytes rest = list->text;
	struct lvm_node element;

	while (lvm_list_next(&rest, &element))
		if (element.kind == LVM_STRING && bytes_equal(element.text, bytes_from_string(string)))
			return true;
	return false;
}
