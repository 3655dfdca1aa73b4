/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File names: "(device)/path", "/path" and "path" are all on the file system that is read, whatever the device is
 * called; only a device that is an image file (`loopback`) is another one. */
#include "format/grub_internal.h"

#include "base/cleanup.h"
#include <string.h>

/* The length of "(...)" at the front of name, inner pairs included; 0 where there is none or it does not end. */
static size_t device_length(const char *name)
{
	size_t open = 0;

	for (size_t i = 0; name[i]; i++) {
		open += name[i] == '(';
		open -= name[i] == ')';
		if (open == 0)
			return i > 0 ? i + 1 : 0;
	}
	return 0;
}

static bool is_loopback(const struct grub_parser *parser, const char *device, size_t length)
{
	while (length >= 2 && device[0] == '(' && device[length - 1] == ')') {
		device++;
		length -= 2;
	}
	for (size_t i = 0; i < parser->loopbacks.count; i++)
		if (strlen(parser->loopbacks.items[i]) == length &&
		    memcmp(parser->loopbacks.items[i], device, length) == 0)
			return true;
	return false;
}

/* "/a//b/./../c" -> "/a/c"; false where ".." leads above the root. */
static bool clean_path(const char *path, char *clean)
{
	size_t size = 0;

	while (*path) {
		const size_t length = strcspn(path, "/");
		if (length == 2 && path[0] == '.' && path[1] == '.') {
			if (size == 0)
				return false;
			while (clean[--size] != '/')
				;
		} else if (length > 0 && !(length == 1 && path[0] == '.')) {
			clean[size++] = '/';
			memcpy(clean + size, path, length);
			size += length;
		}
		path += length;
		path += *path == '/';
	}
	if (size == 0)
		clean[size++] = '/';
	clean[size] = '\0';
	return true;
}

/* "+1", "0+1", "8,16+2": sectors of a device, not a file. */
static bool is_block_list(const char *path)
{
	const size_t digits = strspn(path, "0123456789,");

	return path[digits] == '+' && path[strspn(path, "0123456789,+")] == '\0';
}

char *grub_path_resolve(struct grub_parser *parser, const char *name, const char **ret_problem)
{
	const size_t device = device_length(name);
	const char *root = grub_variable_get(&parser->variables, "root");
	const char *path = name + device;

	if (device ? is_loopback(parser, name, device) : is_loopback(parser, root, strlen(root))) {
		*ret_problem = "lies inside an image file (loopback)";
		return NULL;
	}
	if (*path == '\0' || is_block_list(path)) {
		*ret_problem = "names sectors of a disk and no file";
		return NULL;
	}
	/* One byte for the leading slash, one for the NUL. */
	char *clean = malloc(strlen(path) + 2);
	if (!clean) {
		parser->no_memory = true;
		*ret_problem = "did not fit into memory";
		return NULL;
	}
	if (!clean_path(path, clean)) {
		free(clean);
		*ret_problem = "leads out of the file system (\"..\")";
		return NULL;
	}
	return clean;
}

enum grub_file_kind grub_file_look(struct grub_parser *parser, const char *path)
{
	const struct grub_files *files = parser->config->files;

	parser->work += 4096;
	return grub_exhausted(parser) ? GRUB_FILE_MISSING : files->kind(files->context, path);
}
