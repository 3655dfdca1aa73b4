/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/sign.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "boot/report.h"
#include "boot/sign_private.h"
#include "boot/snapshot.h"
#include "boot/verify.h"
#include "boot/verify_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const trigger_names[] = {"kexec_package_trigger_pre.txt", "kexec_package_trigger_post.txt"};

static bool is_trigger(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(trigger_names); i++)
		if (strcmp(path, trigger_names[i]) == 0)
			return true;
	return false;
}

static bool is_staged(const char *path)
{
	for (size_t i = 0; i < SIGN_STAGED; i++)
		if (strcmp(path, sign_staged[i].temporary) == 0)
			return true;
	return false;
}

static bool is_ours(const char *path)
{
	for (size_t i = 0; i < SIGN_STAGED; i++)
		if (strcmp(path, sign_staged[i].name) == 0)
			return true;
	return false;
}

/* Names that the lists of the original cannot carry (assert_signable there). */
static bool name_is_signable(const char *path)
{
	for (; *path; path++)
		if (*path < 0x20 || *path >= 0x7f || *path == '\\')
			return false;
	return true;
}

static int check_entry(const struct snapshot_entry *entry, struct error *error)
{
	const char *name = entry->path; /* error_set escapes it */

	if (!name_is_signable(entry->path))
		return error_set(error, E_REFUSED, name,
		                 "/%s cannot be signed: its name holds a control byte, a backslash or a byte beyond "
		                 "ASCII; rename it",
		                 name);
	if (entry->type != TREE_FILE && entry->type != TREE_DIRECTORY && entry->type != TREE_LINK)
		return error_set(error, E_REFUSED, name, "/%s cannot be signed: it is %s; remove it", name,
		                 tree_type_name(entry->type));
	if (entry->state == SNAPSHOT_FAILED)
		return error_set(error, E_IO, name, "/%s: %s", name, entry->problem ? entry->problem : "failed");
	if (strncmp(entry->path, "kexec", 5) != 0)
		return 0;
	if (entry->type == TREE_FILE &&
	    (verify_name_is_signed(entry->path) || strcmp(entry->path, SIGNATURE_NAME) == 0 ||
	     strcmp(entry->path, COUNTER_NAME) == 0 || is_staged(entry->path)))
		return 0;
	return error_set(error, E_REFUSED, name,
	                 "/%s cannot be signed: names that begin with kexec belong to Heads; rename or remove it",
	                 name);
}

static enum snapshot_choice choose_all(const struct snapshot_entry *entry, void *context)
{
	(void)context;
	return is_staged(entry->path) ? SNAPSHOT_SKIP : SNAPSHOT_HASH;
}

static int check_all(const struct snapshot *snapshot, struct error *error)
{
	for (size_t i = 0; i < snapshot_count(snapshot); i++) {
		int r = check_entry(snapshot_at(snapshot, i), error);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The three lists of what the snapshot holds. */
static int make_lists(const struct snapshot *snapshot, struct sign_set *set, uint64_t *ret_files, struct error *error)
{
	CLEANUP(tree_clear) struct tree tree = {0};
	struct buffer *hashes = &set->contents[SIGN_HASHES];
	struct buffer *paths = &set->contents[SIGN_TREE];
	struct tree_binding binding;
	uint64_t files = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < snapshot_count(snapshot); i++) {
		const struct snapshot_entry *entry = snapshot_at(snapshot, i);
		char path[MANIFEST_MAX_PATH + 3];

		if (strncmp(entry->path, "kexec", 5) == 0)
			continue;
		r = tree_add(&tree, entry->path, entry->type, entry->target);
		if (entry->type != TREE_FILE)
			continue;
		(void)snprintf(path, sizeof(path), "./%s", entry->path);
		manifest_append_line(hashes, entry->digest, path);
		files++;
	}
	tree_append(paths, &tree);
	memcpy(binding.hashes, digest_of(HASH_SHA256, buffer_bytes(hashes)).data, sizeof(binding.hashes));
	memcpy(binding.tree, digest_of(HASH_SHA256, buffer_bytes(paths)).data, sizeof(binding.tree));
	tree_types_append(&set->contents[SIGN_TYPES], &binding, &tree);
	if (r < 0 || hashes->failed || paths->failed || set->contents[SIGN_TYPES].failed)
		return error_set(error, E_MEMORY, "", "there is not enough memory for the manifest");
	if (files == 0)
		return error_set(error, E_REFUSED, "", "there is no file to sign");
	if (files > MANIFEST_MAX_FILES || hashes->size > MANIFEST_MAX_SIZE || paths->size > TREE_MAX_SIZE)
		return error_set(error, E_REFUSED, "", "there are too many files to sign");
	*ret_files = files;
	return 0;
}

struct line {
	const char *name;
	uint8_t digest[MANIFEST_DIGEST_SIZE];
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->name, ((const struct line *)b)->name);
}

/* What `sha256sum kexec*.txt` will print when the set is in place. */
static int make_message(const struct snapshot *snapshot, const struct sign_set *set, struct buffer *message,
                        struct error *error)
{
	CLEANUP_FREE struct line *lines = calloc(snapshot_count(snapshot) + SIGN_STAGED, sizeof(*lines));
	size_t count = 0;

	if (!lines)
		return error_set(error, E_MEMORY, "", "there is not enough memory to sign");
	for (size_t i = 0; i < snapshot_count(snapshot); i++) {
		const struct snapshot_entry *entry = snapshot_at(snapshot, i);

		if (!verify_name_is_signed(entry->path) || is_trigger(entry->path) || is_ours(entry->path))
			continue;
		lines[count].name = entry->path;
		memcpy(lines[count++].digest, entry->digest, MANIFEST_DIGEST_SIZE);
	}
	for (size_t i = 0; i < SIGN_SIGNATURE; i++) {
		struct digest digest = digest_of(HASH_SHA256, buffer_bytes(&set->contents[i]));

		lines[count].name = sign_staged[i].name;
		memcpy(lines[count++].digest, digest.data, MANIFEST_DIGEST_SIZE);
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++)
		manifest_append_line(message, lines[i].digest, lines[i].name);
	if (message->failed)
		return error_set(error, E_MEMORY, "", "there is not enough memory to sign");
	return 0;
}

/* Writes one file of the set under its temporary name, to the disk. */
static int stage(int directory, const char *temporary, struct bytes bytes, struct error *error)
{
	CLEANUP_CLOSE int fd = -1;
	int r;

	if (unlinkat(directory, temporary, 0) != 0 && errno != ENOENT)
		return error_set_errno(error, E_IO, temporary, errno, "%s cannot be removed", temporary);
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set_errno(error, E_IO, temporary, errno, "%s cannot be created", temporary);
	r = file_write_all(fd, temporary, bytes, error);
	if (r == 0 && fsync(fd) != 0)
		r = error_set_errno(error, E_IO, temporary, errno, "%s cannot be written to its disk", temporary);
	return r;
}

/* Puts the set in place: all of it is on the disk before the first file is renamed, and kexec.sig comes last. */
static int commit(int directory, const struct sign_set *set, struct error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < SIGN_STAGED; i++)
		r = stage(directory, sign_staged[i].temporary, buffer_bytes(&set->contents[i]), error);
	if (r == 0 && fsync(directory) != 0)
		r = error_set_errno(error, E_IO, "", errno, "the boot directory cannot be written to its disk");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(trigger_names); i++)
		if (unlinkat(directory, trigger_names[i], 0) != 0 && errno != ENOENT)
			r = error_set_errno(error, E_IO, trigger_names[i], errno, "%s cannot be removed",
			                    trigger_names[i]);
	for (size_t i = 0; r == 0 && i < SIGN_STAGED; i++) {
		if (renameat(directory, sign_staged[i].temporary, directory, sign_staged[i].name) != 0)
			r = error_set_errno(error, E_IO, sign_staged[i].name, errno, "%s cannot be put in place",
			                    sign_staged[i].name);
	}
	if (r == 0 && fsync(directory) != 0)
		r = error_set_errno(error, E_IO, "", errno, "the boot directory cannot be written to its disk");
	for (size_t i = 0; r < 0 && i < SIGN_STAGED; i++)
		(void)unlinkat(directory, sign_staged[i].temporary, 0);
	return r;
}

/* Walks, checks, reads, lists, signs: everything before the first byte is written. */
static int prepare(const struct sign_request *request, struct verify_keyring *keyring, struct sign_set *set,
                   struct sign_result *result, struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	CLEANUP(buffer_clear) struct buffer message = {0};
	int r = snapshot_open(request->directory, 0, &snapshot, error);

	if (r == 0)
		r = check_all(snapshot, error);
	if (r == 0)
		r = snapshot_read(snapshot, choose_all, NULL, error);
	if (r == 0)
		r = check_all(snapshot, error);
	if (r == 0)
		r = make_lists(snapshot, set, &result->files, error);
	if (r == 0)
		r = make_message(snapshot, set, &message, error);
	if (r == 0)
		r = sign_message(request, buffer_bytes(&message), keyring, &set->contents[SIGN_SIGNATURE],
		                 result->signer, error);
	return r;
}

int sign_directory(const struct sign_request *request, struct sign_result *ret_result, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(verify_result_clear) struct verify_result check = {0};
	CLEANUP(sign_set_clear) struct sign_set set = {0};
	CLEANUP(buffer_clear) struct buffer verdict = {0};
	struct sign_result result = {0};
	int r = prepare(request, &keyring, &set, &result, error);

	if (r == 0)
		r = commit(request->directory, &set, error);
	if (r == 0)
		r = verify_directory(request->directory, &keyring, &check, error);
	if (r < 0)
		return r;
	if (!check.ok) {
		report_verdict(&check, &verdict);
		return error_set(error, E_SYSTEM, "",
		                 "what was signed does not verify, something changed it meanwhile: %s",
		                 buffer_string(&verdict));
	}
	*ret_result = result;
	return 0;
}
