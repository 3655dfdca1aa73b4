/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/signed_set.h"
#include "base/cleanup.h"
#include "format/manifest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool signed_set_is_name(const char *path)
{
	size_t size = strlen(path);

	if (strncmp(path, "kexec", 5) != 0 || size < 9 || strcmp(path + size - 4, ".txt") != 0)
		return false;
	for (; *path; path++)
		if (*path <= 0x20 || *path == 0x7f || *path == '\\' || *path == '/')
			return false;
	return true;
}

bool signed_set_of_staged(const char *path, struct signed_set_name *ret_name)
{
	size_t size = strlen(path), end = sizeof(SIGNED_SET_STAGED) - 1;

	if (size <= end || size >= sizeof(ret_name->text) || strcmp(path + size - end, SIGNED_SET_STAGED) != 0)
		return false;
	(void)snprintf(ret_name->text, sizeof(ret_name->text), "%.*s", (int)(size - end), path);
	return signed_set_is_name(ret_name->text) || strcmp(ret_name->text, SIGNATURE_NAME) == 0;
}

/* As Linux makes short names: six characters, or two and four hexadecimal digits, then "~" and a digit. */
bool signed_set_is_remnant(const char *path)
{
	size_t size = strlen(path);

	if (size != strlen("KEXEC_~1.NEW") || path[6] != '~' || path[7] < '1' || path[7] > '9')
		return false;
	if (strcmp(path + 8, ".NEW") != 0 && strcmp(path + 8, ".TXT") != 0 && strcmp(path + 8, ".SIG") != 0)
		return false;
	return memcmp(path, "KEXEC_", 6) == 0 || memcmp(path, "KEXECS", 6) == 0 ||
	       (memcmp(path, "KE", 2) == 0 && strspn(path + 2, "0123456789ABCDEF") == 4);
}

bool signed_set_is_staged_name(const char *path)
{
	struct signed_set_name name;

	return signed_set_of_staged(path, &name) || signed_set_is_remnant(path);
}

static const struct snapshot_entry *find_file(const struct snapshot *snapshot, const char *name)
{
	const struct snapshot_entry *entry = snapshot_find(snapshot, name);

	return entry && entry->type == TREE_FILE ? entry : NULL;
}

bool signed_set_is_pending(const struct snapshot *snapshot)
{
	return find_file(snapshot, SIGNATURE_NAME SIGNED_SET_STAGED) != NULL;
}

const struct snapshot_entry *signed_set_find(const struct snapshot *snapshot, enum signed_set set, const char *name)
{
	char staged_name[sizeof(struct signed_set_name) + sizeof(SIGNED_SET_STAGED)];
	const struct snapshot_entry *staged;

	if (set == SIGNED_SET_IN_PLACE || strlen(name) >= sizeof(struct signed_set_name))
		return find_file(snapshot, name);
	(void)snprintf(staged_name, sizeof(staged_name), "%s" SIGNED_SET_STAGED, name);
	staged = find_file(snapshot, staged_name);
	if (!staged)
		return find_file(snapshot, name);
	return staged->size > 0 ? staged : NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct signed_set_name *)a)->text, ((const struct signed_set_name *)b)->text);
}

int signed_set_names(const struct snapshot *snapshot, enum signed_set set, struct signed_set_name **ret_names,
                     size_t *ret_count, struct error *error)
{
	CLEANUP_FREE struct signed_set_name *names = calloc(SIGNED_SET_MAX, sizeof(*names));
	size_t count = 0;

	if (!names)
		return error_set(error, E_MEMORY, "kexec*.txt", "there is not enough memory for the signed set");
	for (size_t i = 0; i < snapshot_count(snapshot); i++) {
		const struct snapshot_entry *entry = snapshot_at(snapshot, i);
		struct signed_set_name name;

		if (entry->type != TREE_FILE)
			continue;
		if (signed_set_is_name(entry->path))
			(void)snprintf(name.text, sizeof(name.text), "%s", entry->path);
		else if (set != SIGNED_SET_IS_STAGED || !signed_set_of_staged(entry->path, &name) ||
		         !signed_set_is_name(name.text) || find_file(snapshot, name.text))
			continue; /* what is in place under its own name comes with that */
		if (!signed_set_find(snapshot, set, name.text))
			continue;
		if (count == SIGNED_SET_MAX)
			return error_set(error, E_TOO_LARGE, "kexec*.txt", "there are more than %d files kexec*.txt",
			                 SIGNED_SET_MAX);
		names[count++] = name;
	}
	qsort(names, count, sizeof(*names), compare_names);
	*ret_names = TAKE_PTR(names);
	*ret_count = count;
	return 0;
}

bool signed_set_append_message(const struct snapshot *snapshot, enum signed_set set, struct buffer *message)
{
	CLEANUP_FREE struct signed_set_name *names = NULL;
	size_t count;

	if (signed_set_names(snapshot, set, &names, &count, NULL) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct snapshot_entry *entry = signed_set_find(snapshot, set, names[i].text);

		if (entry->state != SNAPSHOT_READ)
			return false;
		manifest_append_line(message, entry->digest, names[i].text);
	}
	return true;
}

int signed_set_bytes(struct snapshot *snapshot, enum signed_set set, const char *name, size_t limit,
                     struct bytes *ret_bytes, struct error *error)
{
	const struct snapshot_entry *entry = signed_set_find(snapshot, set, name);

	if (!entry)
		return error_set(error, E_NOT_FOUND, name, "%s is not in the signed set", name);
	return snapshot_bytes(snapshot, entry->path, limit, ret_bytes, error);
}
