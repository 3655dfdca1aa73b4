/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cpio.h"
#include <stdio.h>
#include <string.h>

#define MODE_FILE      0100400u
#define MODE_DIRECTORY 0040755u
#define TRAILER        "TRAILER!!!"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool name_is_good(const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size > CPIO_NAME_MAX || !is_letter(name[0]))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_letter(name[i]) && !(name[i] >= '0' && name[i] <= '9') && !strchr("._-", name[i]))
			return false;
	return true;
}

static void pad(struct buffer *archive)
{
	while (archive->size % CPIO_ALIGNMENT != 0 && !archive->failed)
		buffer_append_byte(archive, 0);
}

/* Header and name. The inode number stays 0: with one link the kernel does not look at it. */
static void add_header(struct buffer *archive, const char *name, uint32_t mode, uint32_t size)
{
	uint32_t name_size = (uint32_t)strlen(name) + 1;

	/*                           magic  ino  mode uid  gid  links mtime size device (4)       name check */
	buffer_append_format(archive, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 0u, mode, 0u, 0u,
	                     1u, 0u, size, 0u, 0u, 0u, 0u, name_size, 0u);
	buffer_append(archive, name, name_size);
	pad(archive);
}

static int check(const struct buffer *archive, struct error *error)
{
	if (archive->failed)
		return error_set(error, E_MEMORY, "initrd segment", "there is not enough memory for an initrd segment");
	return 0;
}

static int check_name(const char *name, struct error *error)
{
	if (!name_is_good(name))
		return error_set(error, E_USAGE, name, "\"%s\" is no name for a file of an initrd segment", name);
	return 0;
}

static int add_file(struct buffer *archive, const char *path, struct bytes content, struct error *error)
{
	if (content.size > UINT32_MAX)
		return error_set(error, E_TOO_LARGE, path, "the file %s is too large for an initrd segment", path);
	add_header(archive, path, MODE_FILE, (uint32_t)content.size);
	buffer_append_bytes(archive, content);
	pad(archive);
	return check(archive, error);
}

int cpio_add(struct buffer *archive, const char *name, struct bytes content, struct error *error)
{
	int r = check_name(name, error);

	return r < 0 ? r : add_file(archive, name, content, error);
}

int cpio_add_directory(struct buffer *archive, const char *name, struct error *error)
{
	int r = check_name(name, error);

	if (r < 0)
		return r;
	add_header(archive, name, MODE_DIRECTORY, 0);
	return check(archive, error);
}

int cpio_add_below(struct buffer *archive, const char *directory, const char *name, struct bytes content,
                   struct error *error)
{
	char path[2 * CPIO_NAME_MAX + 2];
	int r = check_name(directory, error);

	if (r == 0)
		r = check_name(name, error);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return add_file(archive, path, content, error);
}

int cpio_end(struct buffer *archive, struct error *error)
{
	add_header(archive, TRAILER, 0, 0);
	return check(archive, error);
}
