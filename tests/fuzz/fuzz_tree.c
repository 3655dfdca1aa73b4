/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_tree.txt and kexec_types.txt: what was read is written and read again, and must be the same. */
#include "base/cleanup.h"
#include "format/tree.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct tree *a, const struct tree *b)
{
	if (a->count != b->count)
		abort();
	for (size_t i = 0; i < a->count; i++) {
		const struct tree_path *left = &a->paths[i], *right = &b->paths[i];

		if (strcmp(left->path, right->path) != 0 || left->type != right->type ||
		    !left->target != !right->target)
			abort();
		if (left->target && strcmp(left->target, right->target) != 0)
			abort();
		if (tree_find(a, left->path) != left)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(tree_clear) struct tree tree = {0}, again = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct tree_binding binding, bound;
	struct error error;

	if (tree_parse(bytes_make(data, size), &tree, &error) == 0) {
		tree_append(&text, &tree);
		if (tree_parse(buffer_bytes(&text), &again, &error) < 0)
			abort();
		compare(&tree, &again);
		return 0;
	}
	if (tree_types_parse(bytes_make(data, size), &binding, &tree, &error) < 0)
		return 0;
	tree_types_append(&text, &binding, &tree);
	if (tree_types_parse(buffer_bytes(&text), &bound, &again, &error) < 0 ||
	    memcmp(&binding, &bound, sizeof(binding)) != 0)
		abort();
	compare(&tree, &again);
	return 0;
}
