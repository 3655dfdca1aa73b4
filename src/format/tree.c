/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/tree.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/text.h"
#include "format/manifest.h"
#include <stdlib.h>
#include <string.h>

#define TREE_OBJECT  "kexec_tree.txt"
#define TYPES_OBJECT "kexec_types.txt"

static const struct {
	enum tree_type type;
	const char *name;
} types[] = {
    {TREE_FILE, "a regular file"},  {TREE_DIRECTORY, "a directory"}, {TREE_LINK, "a link"},
    {TREE_BLOCK, "a block device"}, {TREE_FIFO, "a pipe"},           {TREE_CHARACTER, "a character device"},
    {TREE_SOCKET, "a socket"},
};

const char *tree_type_name(enum tree_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "something else";
}

static int no_memory(const char *object, struct error *error)
{
	return error_set(error, E_MEMORY, object, "there is not enough memory to read %s", object);
}

/* Takes over both strings, in any case. Capacity is the next power of two above count. */
static int add_owned(struct tree *tree, char *path, enum tree_type type, char *target)
{
	if ((tree->count & (tree->count - 1)) == 0) {
		size_t capacity = tree->count ? tree->count * 2 : 1;
		struct tree_path *paths = realloc(tree->paths, capacity * sizeof(*paths));

		if (!paths) {
			free(path);
			free(target);
			return -E_MEMORY;
		}
		tree->paths = paths;
	}
	tree->paths[tree->count++] = (struct tree_path){path, type, target};
	return 0;
}

int tree_add(struct tree *tree, const char *path, enum tree_type type, const char *target)
{
	CLEANUP_FREE char *path_copy = strdup(path);
	CLEANUP_FREE char *target_copy = target ? strdup(target) : NULL;

	if (!path_copy || (target && !target_copy))
		return -E_MEMORY;
	return add_owned(tree, TAKE_PTR(path_copy), type, TAKE_PTR(target_copy));
}

void tree_clear(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->paths[i].path);
		free(tree->paths[i].target);
	}
	free(tree->paths);
	*tree = (struct tree){0};
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct tree_path *)a)->path, ((const struct tree_path *)b)->path);
}

const struct tree_path *tree_find(const struct tree *tree, const char *path)
{
	struct tree_path key = {.path = (char *)(uintptr_t)path};

	if (tree->count == 0)
		return NULL;
	return bsearch(&key, tree->paths, tree->count, sizeof(*tree->paths), compare_paths);
}

/* Sorts and refuses what comes twice. */
static int finish(struct tree *tree, const char *object, struct error *error)
{
	if (tree->count > 0)
		qsort(tree->paths, tree->count, sizeof(*tree->paths), compare_paths);
	for (size_t i = 1; i < tree->count; i++)
		if (strcmp(tree->paths[i - 1].path, tree->paths[i].path) == 0)
			return error_set(error, E_MALFORMED, object, "%s lists %s twice", object, tree->paths[i].path);
	return 0;
}

static bool path_is_ours(struct bytes path)
{
	return manifest_path_is_plain(path) && !bytes_start_with(path, "kexec");
}

int tree_parse(struct bytes data, struct tree *ret_tree, struct error *error)
{
	CLEANUP(tree_clear) struct tree tree = {0};
	int r;

	if (data.size > TREE_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, TREE_OBJECT, "%s is larger than %zu bytes", TREE_OBJECT,
		                 TREE_MAX_SIZE);
	for (size_t number = 1; data.size > 0; number++) {
		const uint8_t *end = memchr(data.data, '\0', data.size);
		struct bytes path;
		char *copy;

		if (!end)
			return error_set(error, E_MALFORMED, TREE_OBJECT, "%s ends in the middle of a path",
			                 TREE_OBJECT);
		path = bytes_slice(data, 0, (size_t)(end - data.data));
		data = bytes_slice(data, path.size + 1, data.size);
		if (number == 1 &&
		    (bytes_equal(path, bytes_from_string("./")) || bytes_equal(path, bytes_from_string("."))))
			continue;
		if (tree.count >= TREE_MAX_PATHS)
			return error_set(error, E_TOO_LARGE, TREE_OBJECT, "%s lists more than %d paths", TREE_OBJECT,
			                 TREE_MAX_PATHS);
		if (!bytes_start_with(path, "./") || !path_is_ours(bytes_slice(path, 2, path.size)))
			return error_set(error, E_MALFORMED, TREE_OBJECT, "path %zu of %s is not one of /boot", number,
			                 TREE_OBJECT);
		copy = bytes_to_string(bytes_slice(path, 2, path.size));
		if (!copy || add_owned(&tree, copy, TREE_UNKNOWN, NULL) < 0)
			return no_memory(TREE_OBJECT, error);
	}
	r = finish(&tree, TREE_OBJECT, error);
	if (r < 0)
		return r;
	*ret_tree = tree;
	tree = (struct tree){0};
	return 0;
}

/* NULL where it is not what text_escape writes of a name, or without memory. */
static char *unescape(struct bytes text)
{
	CLEANUP(buffer_clear) struct buffer name = {0};

	return text_unescape(text, &name) && !name.failed ? bytes_to_string(buffer_bytes(&name)) : NULL;
}

static bool read_binding(struct bytes line, const char *word, uint8_t digest[32])
{
	return bytes_start_with(line, word) &&
	       hex_decode(bytes_slice(line, strlen(word), line.size), digest, MANIFEST_DIGEST_SIZE);
}

static enum tree_type read_type(struct bytes field)
{
	for (size_t i = 0; field.size == 1 && i < ARRAY_SIZE(types); i++)
		if (types[i].type == (enum tree_type)field.data[0])
			return types[i].type;
	return TREE_UNKNOWN;
}

static int parse_type_line(struct bytes line, size_t number, struct tree *tree, struct error *error)
{
	enum tree_type type = read_type(text_take_field(&line, '\t'));
	CLEANUP_FREE char *path = unescape(text_take_field(&line, '\t'));
	CLEANUP_FREE char *target = NULL;
	bool wants_target = type == TREE_LINK;

	if (wants_target)
		target = unescape(line);
	if (type == TREE_UNKNOWN || !path || !path_is_ours(bytes_from_string(path)) ||
	    (wants_target ? !target || target[0] == '\0' : line.size > 0))
		return error_set(error, E_MALFORMED, TYPES_OBJECT, "line %zu of %s cannot be read", number,
		                 TYPES_OBJECT);
	if (add_owned(tree, TAKE_PTR(path), type, TAKE_PTR(target)) < 0)
		return no_memory(TYPES_OBJECT, error);
	return 0;
}

int tree_types_parse(struct bytes text, struct tree_binding *ret_binding, struct tree *ret_tree, struct error *error)
{
	CLEANUP(tree_clear) struct tree tree = {0};
	struct tree_binding binding;
	int r;

	if (text.size > TREE_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, TYPES_OBJECT, "%s is larger than %zu bytes", TYPES_OBJECT,
		                 TREE_MAX_SIZE);
	if (text.size == 0 || text.data[text.size - 1] != '\n' ||
	    !bytes_equal(text_take_field(&text, '\n'), bytes_from_string("heads types 1")) ||
	    !read_binding(text_take_field(&text, '\n'), "hashes ", binding.hashes) ||
	    !read_binding(text_take_field(&text, '\n'), "tree ", binding.tree))
		return error_set(error, E_MALFORMED, TYPES_OBJECT, "the first lines of %s cannot be read",
		                 TYPES_OBJECT);
	for (size_t number = 4; text.size > 0; number++) {
		if (tree.count >= TREE_MAX_PATHS)
			return error_set(error, E_TOO_LARGE, TYPES_OBJECT, "%s lists more than %d paths", TYPES_OBJECT,
			                 TREE_MAX_PATHS);
		r = parse_type_line(text_take_field(&text, '\n'), number, &tree, error);
		if (r < 0)
			return r;
	}
	r = finish(&tree, TYPES_OBJECT, error);
	if (r < 0)
		return r;
	*ret_binding = binding;
	*ret_tree = tree;
	tree = (struct tree){0};
	return 0;
}

void tree_append(struct buffer *buffer, const struct tree *tree)
{
	buffer_append(buffer, "./", 3);
	for (size_t i = 0; i < tree->count; i++) {
		buffer_append_string(buffer, "./");
		buffer_append(buffer, tree->paths[i].path, strlen(tree->paths[i].path) + 1);
	}
}

void tree_types_append(struct buffer *buffer, const struct tree_binding *binding, const struct tree *tree)
{
	char hashes[65], paths[65];

	hex_encode(bytes_make(binding->hashes, sizeof(binding->hashes)), hashes);
	hex_encode(bytes_make(binding->tree, sizeof(binding->tree)), paths);
	buffer_append_format(buffer, "heads types 1\nhashes %s\ntree %s\n", hashes, paths);
	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_path *path = &tree->paths[i];

		buffer_append_byte(buffer, (uint8_t)path->type);
		buffer_append_byte(buffer, '\t');
		text_escape(bytes_from_string(path->path), buffer);
		if (path->target) {
			buffer_append_byte(buffer, '\t');
			text_escape(bytes_from_string(path->target), buffer);
		}
		buffer_append_byte(buffer, '\n');
	}
}
