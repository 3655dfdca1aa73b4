/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting a signed set in place as one transaction: the order of boot/signed_set.h. A file is never renamed over
 * another: on vfat that is not atomic. Between the steps syncfs() writes everything, because fsync() of a directory
 * orders nothing there; and then fsync() has the disk flush its cache, because on vfat syncfs() does not. */
#include "base/cleanup.h"
#include "base/file.h"
#include "boot/sign_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define STAGED_SIGNATURE SIGNATURE_NAME SIGNED_SET_STAGED
#define MAX_FILE_SIZE    ((size_t)64 << 20)

static int flush(int directory, struct error *error)
{
	if (syncfs(directory) != 0 || fsync(directory) != 0)
		return error_set_errno(error, E_IO, "", errno, "the boot filesystem cannot be written to its disk");
	return 0;
}

static int remove_file(int directory, const char *name, struct error *error)
{
	if (unlinkat(directory, name, 0) != 0 && errno != ENOENT)
		return error_set_errno(error, E_IO, name, errno, "%s cannot be removed", name);
	return 0;
}

/* In the place of whatever is there, which may share its blocks with a file of another name. */
static int write_file(int directory, const char *name, struct bytes bytes, struct error *error)
{
	CLEANUP_CLOSE int fd = -1;
	int r = remove_file(directory, name, error);

	if (r < 0)
		return r;
	fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set_errno(error, E_IO, name, errno, "%s cannot be created", name);
	return file_write_all(fd, name, bytes, error);
}

static void staged_name(const char *name, char *staged, size_t size)
{
	(void)snprintf(staged, size, "%s" SIGNED_SET_STAGED, name);
}

#define MAX_STAGED_NAME (sizeof(struct signed_set_name) + sizeof(SIGNED_SET_STAGED))

static int stage(int directory, const struct sign_set *set, struct error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->count; i++) {
		char staged[MAX_STAGED_NAME];

		staged_name(set->files[i].name.text, staged, sizeof(staged));
		r = write_file(directory, staged, buffer_bytes(&set->files[i].content), error);
	}
	if (r == 0)
		r = flush(directory, error);
	if (r == 0)
		r = write_file(directory, STAGED_SIGNATURE, buffer_bytes(&set->signature), error);
	if (r == 0)
		r = flush(directory, error);
	return r;
}

static int apply(int directory, const struct sign_set *set, struct error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->count; i++) {
		const struct sign_output *file = &set->files[i];

		if (file->content.size == 0)
			r = remove_file(directory, file->name.text, error);
		else
			r = write_file(directory, file->name.text, buffer_bytes(&file->content), error);
	}
	if (r == 0)
		r = write_file(directory, SIGNATURE_NAME, buffer_bytes(&set->signature), error);
	if (r == 0)
		r = flush(directory, error);
	return r;
}

/* The signature first: without it the others stand for nothing. */
static int remove_staged(int directory, const struct sign_set *set, struct error *error)
{
	int r = remove_file(directory, STAGED_SIGNATURE, error);

	if (r == 0)
		r = flush(directory, error);
	for (size_t i = 0; r == 0 && i < set->count; i++) {
		char staged[MAX_STAGED_NAME];

		staged_name(set->files[i].name.text, staged, sizeof(staged));
		r = remove_file(directory, staged, error);
	}
	if (r == 0)
		r = flush(directory, error);
	return r;
}

int sign_publish(int directory, const struct sign_set *set, struct error *error)
{
	int r = stage(directory, set, error);

	if (r < 0) {
		(void)remove_staged(directory, set, NULL);
		return r;
	}
	r = apply(directory, set, error);
	if (r == 0)
		r = remove_staged(directory, set, error);
	return r;
}

int sign_discard(int directory, const struct snapshot *snapshot, struct error *error)
{
	int r = remove_file(directory, STAGED_SIGNATURE, error);
	bool removed = signed_set_is_pending(snapshot);

	if (r == 0 && removed)
		r = flush(directory, error);
	for (size_t i = 0; r == 0 && i < snapshot_count(snapshot); i++) {
		const struct snapshot_entry *entry = snapshot_at(snapshot, i);

		if (entry->type == TREE_FILE && signed_set_is_staged_name(entry->path))
			r = remove_file(directory, entry->path, error);
	}
	return r;
}

int sign_complete(int directory, struct snapshot *snapshot, struct error *error)
{
	CLEANUP(sign_set_clear) struct sign_set set = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < snapshot_count(snapshot); i++) {
		const struct snapshot_entry *entry = snapshot_at(snapshot, i);
		struct bytes bytes = BYTES_EMPTY;
		struct signed_set_name name;

		if (entry->type != TREE_FILE || !signed_set_of_staged(entry->path, &name))
			continue;
		r = snapshot_bytes(snapshot, entry->path, MAX_FILE_SIZE, &bytes, error);
		if (r == 0 && strcmp(name.text, SIGNATURE_NAME) == 0)
			buffer_append_bytes(&set.signature, bytes);
		else if (r == 0)
			r = sign_set_add(&set, name.text, bytes, error);
	}
	if (r == 0 && set.signature.failed)
		r = error_set(error, E_MEMORY, "", "there is not enough memory to complete the last signing");
	if (r == 0)
		r = apply(directory, &set, error);
	if (r == 0)
		r = remove_staged(directory, &set, error);
	return r;
}
