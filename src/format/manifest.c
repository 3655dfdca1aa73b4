/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/manifest.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include <stdlib.h>
#include <string.h>

/* In what the two lists differ. */
struct rules {
	const char *name;   /* of the list */
	const char *prefix; /* of every path */
	const char *place;  /* whose paths they are */
	size_t max_files;
	bool (*leaves_out)(const char *path); /* a path that the list may not hold */
};

static bool is_parameter(const char *path)
{
	return strncmp(path, "kexec", 5) == 0;
}

bool manifest_root_leaves_out(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strstr(slash ? slash : path, "kexec") != NULL;
}

static const struct rules boot_rules = {"kexec_hashes.txt", "./", "/boot", MANIFEST_MAX_FILES, is_parameter};
static const struct rules root_rules = {"kexec_root_hashes.txt", "", "the root filesystem's files", SIZE_MAX,
                                        manifest_root_leaves_out};

bool manifest_path_is_plain(struct bytes path)
{
	size_t start = 0;

	if (path.size == 0 || path.size > MANIFEST_MAX_PATH || memchr(path.data, '\0', path.size))
		return false;
	for (size_t i = 0; i <= path.size; i++) {
		size_t size;

		if (i < path.size && path.data[i] != '/')
			continue;
		size = i - start;
		if (size == 0 || (size == 1 && path.data[start] == '.') ||
		    (size == 2 && path.data[start] == '.' && path.data[start + 1] == '.'))
			return false;
		start = i + 1;
	}
	return true;
}

/* The name of a line, with the escapes of sha256sum undone where the line is marked. NULL where it cannot be read. */
static char *read_name(struct bytes name, bool escaped)
{
	char *result = malloc(name.size + 1);
	size_t used = 0;

	if (!result)
		return NULL;
	for (size_t i = 0; i < name.size; i++) {
		uint8_t c = name.data[i];

		if (c == '\0')
			goto malformed;
		if (escaped && c == '\\') {
			i++;
			c = i < name.size ? name.data[i] : '\0';
			if (c == 'n')
				c = '\n';
			else if (c == 'r')
				c = '\r';
			else if (c != '\\')
				goto malformed;
		}
		result[used++] = (char)c;
	}
	result[used] = '\0';
	return result;
malformed:
	free(result);
	return NULL;
}

static int parse_line(const struct rules *rules, struct bytes line, size_t number, struct manifest_file *ret_file,
                      struct error *error)
{
	size_t prefix = strlen(rules->prefix);
	bool escaped = bytes_start_with(line, "\\");
	CLEANUP_FREE char *name = NULL;
	char *path;

	if (escaped)
		line = bytes_slice(line, 1, line.size);
	if (line.size < 67 || line.data[64] != ' ' || (line.data[65] != ' ' && line.data[65] != '*') ||
	    !hex_decode(bytes_slice(line, 0, 64), ret_file->digest, MANIFEST_DIGEST_SIZE))
		return error_set(error, E_MALFORMED, rules->name,
		                 "line %zu of %s is not a SHA-256 digest, two spaces and a path", number, rules->name);
	name = read_name(bytes_slice(line, 66, line.size), escaped);
	if (!name)
		return error_set(error, E_MALFORMED, rules->name, "the path in line %zu of %s cannot be read", number,
		                 rules->name);
	if (strncmp(name, rules->prefix, prefix) != 0 || !manifest_path_is_plain(bytes_from_string(name + prefix)) ||
	    rules->leaves_out(name + prefix))
		return error_set(error, E_MALFORMED, rules->name, "the path in line %zu of %s is not one of %s", number,
		                 rules->name, rules->place);
	path = strdup(name + prefix);
	if (!path)
		return error_set(error, E_MEMORY, rules->name, "there is not enough memory to read %s", rules->name);
	ret_file->path = path;
	return 0;
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct manifest_file *)a)->path, ((const struct manifest_file *)b)->path);
}

/* Makes room for one more file; false without memory. */
static bool reserve(struct manifest *manifest, size_t *capacity)
{
	struct manifest_file *files;

	if (manifest->count < *capacity)
		return true;
	*capacity = *capacity ? *capacity * 2 : 256;
	files = realloc(manifest->files, *capacity * sizeof(*files));
	if (!files)
		return false;
	manifest->files = files;
	return true;
}

static int parse(const struct rules *rules, struct bytes text, struct manifest *ret_manifest, struct error *error)
{
	CLEANUP(manifest_clear) struct manifest manifest = {0};
	size_t capacity = 0;

	if (text.size > MANIFEST_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, rules->name, "%s is larger than %zu bytes", rules->name,
		                 MANIFEST_MAX_SIZE);
	while (text.size > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.size);
		size_t size = end ? (size_t)(end - text.data) : text.size;
		int r;

		if (manifest.count >= rules->max_files)
			return error_set(error, E_TOO_LARGE, rules->name, "%s lists more than %zu files", rules->name,
			                 rules->max_files);
		if (!reserve(&manifest, &capacity))
			return error_set(error, E_MEMORY, rules->name, "there is not enough memory to read %s",
			                 rules->name);
		r = parse_line(rules, bytes_slice(text, 0, size), manifest.count + 1, &manifest.files[manifest.count],
		               error);
		if (r < 0)
			return r;
		manifest.count++;
		text = bytes_slice(text, end ? size + 1 : size, text.size);
	}
	if (manifest.count > 0)
		qsort(manifest.files, manifest.count, sizeof(*manifest.files), compare_files);
	for (size_t i = 1; i < manifest.count; i++)
		if (strcmp(manifest.files[i - 1].path, manifest.files[i].path) == 0)
			return error_set(error, E_MALFORMED, rules->name, "%s lists %s twice", rules->name,
			                 manifest.files[i].path);
	*ret_manifest = manifest;
	manifest = (struct manifest){0};
	return 0;
}

int manifest_parse(struct bytes text, struct manifest *ret_manifest, struct error *error)
{
	return parse(&boot_rules, text, ret_manifest, error);
}

int manifest_parse_root(struct bytes text, struct manifest *ret_manifest, struct error *error)
{
	return parse(&root_rules, text, ret_manifest, error);
}

void manifest_clear(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		free(manifest->files[i].path);
	free(manifest->files);
	*manifest = (struct manifest){0};
}

const struct manifest_file *manifest_find(const struct manifest *manifest, const char *path)
{
	struct manifest_file key = {.path = (char *)(uintptr_t)path};

	if (manifest->count == 0)
		return NULL;
	return bsearch(&key, manifest->files, manifest->count, sizeof(*manifest->files), compare_files);
}

void manifest_append_line(struct buffer *buffer, const uint8_t digest[MANIFEST_DIGEST_SIZE], const char *name)
{
	char text[2 * MANIFEST_DIGEST_SIZE + 1];

	if (strpbrk(name, "\\\n\r"))
		buffer_append_byte(buffer, '\\');
	hex_encode(bytes_make(digest, MANIFEST_DIGEST_SIZE), text);
	buffer_append_string(buffer, text);
	buffer_append_string(buffer, "  ");
	for (const char *c = name; *c; c++) {
		if (*c == '\\')
			buffer_append_string(buffer, "\\\\");
		else if (*c == '\n')
			buffer_append_string(buffer, "\\n");
		else if (*c == '\r')
			buffer_append_string(buffer, "\\r");
		else
			buffer_append_byte(buffer, (uint8_t)*c);
	}
	buffer_append_byte(buffer, '\n');
}
