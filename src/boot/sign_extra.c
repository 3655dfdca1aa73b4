/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a signing changes in the signed set beside the three lists. */
#include "base/cleanup.h"
#include "boot/sign.h"
#include "boot/sign_private.h"
#include "boot/verify_private.h"
#include "format/default_entry.h"
#include "format/rollback.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const trigger_names[] = {"kexec_package_trigger_pre.txt", "kexec_package_trigger_post.txt"};

static bool is_trigger(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(trigger_names); i++)
		if (strcmp(path, trigger_names[i]) == 0)
			return true;
	return false;
}

/* The lists and the counter's value are made here; nobody else may bring them. */
static bool is_made_here(const char *path)
{
	return strcmp(path, HASHES_NAME) == 0 || strcmp(path, TREE_NAME) == 0 || strcmp(path, TYPES_NAME) == 0 ||
	       strcmp(path, ROLLBACK_NAME) == 0;
}

bool sign_name_is_carried(const char *path)
{
	for (; *path; path++)
		if (*path < 0x20 || *path >= 0x7f || *path == '\\')
			return false;
	return true;
}

/* The value of the counter: asked for, or the next one. */
static int add_rollback(const struct sign_request *request, struct snapshot *snapshot, enum signed_set in_force,
                        struct sign_set *set, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	uint64_t value = request->rollback;
	struct bytes old;
	int r = 0;

	if (!request->rollback_is_set) {
		const struct snapshot_entry *entry = signed_set_find(snapshot, in_force, ROLLBACK_NAME);

		if (!entry)
			return 0;
		r = snapshot_bytes(snapshot, entry->path, ROLLBACK_MAX_SIZE, &old, error);
		if (r == 0)
			r = rollback_parse(old, &value, error);
		value++;
	}
	if (r == 0 && value > ROLLBACK_MAX_VALUE)
		r = error_set(error, E_USAGE, ROLLBACK_NAME, "the counter's value is too large");
	rollback_append(&text, value);
	return r < 0 ? r : sign_set_add(set, ROLLBACK_NAME, buffer_bytes(&text), error);
}

/* What the request brings and takes away, and the original's triggers, which signing removes. */
static int add_requested(const struct sign_request *request, const struct snapshot *snapshot, enum signed_set in_force,
                         struct sign_set *set, struct error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->file_count; i++) {
		const struct sign_file *file = &request->files[i];

		if (!signed_set_is_name(file->name) || !sign_name_is_carried(file->name) || is_made_here(file->name) ||
		    is_trigger(file->name) || strlen(file->name) + sizeof(SIGNED_SET_STAGED) > NAME_MAX ||
		    sign_set_find(set, file->name))
			return error_set(error, E_USAGE, file->name, "%s is no name for a file of the signed set",
			                 file->name);
		if (file->content.size > 0 || signed_set_find(snapshot, in_force, file->name))
			r = sign_set_add(set, file->name, file->content, error);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(trigger_names); i++)
		if (signed_set_find(snapshot, in_force, trigger_names[i]))
			r = sign_set_add(set, trigger_names[i], BYTES_EMPTY, error);
	return r;
}

/* One default entry at a time: a new one takes the place of the old, whatever its number. */
static int drop_other_defaults(const struct snapshot *snapshot, enum signed_set in_force, struct sign_set *set,
                               struct error *error)
{
	CLEANUP_FREE struct signed_set_name *names = NULL;
	bool is_new = false;
	size_t count;
	int r = 0;

	for (size_t i = 0; i < set->count; i++)
		is_new |= default_entry_number(set->files[i].name.text) > 0;
	if (!is_new)
		return 0;
	r = signed_set_names(snapshot, in_force, &names, &count, error);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (default_entry_number(names[i].text) > 0 && !sign_set_find(set, names[i].text))
			r = sign_set_add(set, names[i].text, BYTES_EMPTY, error);
	return r;
}

/* The lines of kexec_default_hashes.txt with the hashes of what is signed now: the owner who signs a new initrd signs
 * it for the default entry too. A file that is gone leaves the list as it is, and the start says so. */
static int refresh_default_hashes(struct snapshot *snapshot, enum signed_set in_force, struct sign_set *set,
                                  struct error *error)
{
	const struct snapshot_entry *old = signed_set_find(snapshot, in_force, DEFAULT_HASHES_NAME);
	struct sign_output *output = (struct sign_output *)(uintptr_t)sign_set_find(set, DEFAULT_HASHES_NAME);
	CLEANUP(manifest_clear) struct manifest files = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct bytes bytes = output ? buffer_bytes(&output->content) : BYTES_EMPTY;
	int r = 0;

	if (!output && old)
		r = snapshot_bytes(snapshot, old->path, DEFAULT_MAX_SIZE, &bytes, error);
	if (r == 0)
		r = manifest_parse(bytes, &files, error);
	if (r < 0)
		return output ? r : 0;
	for (size_t i = 0; i < files.count; i++) {
		const struct snapshot_entry *entry = snapshot_resolve(snapshot, files.files[i].path);
		char name[MANIFEST_MAX_PATH + 3];

		if (!entry || entry->state != SNAPSHOT_READ)
			return output ? error_set(error, E_NOT_FOUND, files.files[i].path,
			                          "/%s of the default entry is not there", files.files[i].path)
			              : 0;
		(void)snprintf(name, sizeof(name), "./%s", files.files[i].path);
		manifest_append_line(&text, entry->digest, name);
	}
	if (!output)
		return files.count > 0 ? sign_set_add(set, DEFAULT_HASHES_NAME, buffer_bytes(&text), error) : 0;
	buffer_clear(&output->content);
	buffer_append_bytes(&output->content, buffer_bytes(&text));
	return text.failed || output->content.failed
	           ? error_set(error, E_MEMORY, "", "there is not enough memory to sign")
	           : 0;
}

int sign_add_extra(const struct sign_request *request, struct snapshot *snapshot, enum signed_set in_force,
                   struct sign_set *set, struct error *error)
{
	int r = add_requested(request, snapshot, in_force, set, error);

	if (r == 0)
		r = drop_other_defaults(snapshot, in_force, set, error);
	if (r == 0)
		r = refresh_default_hashes(snapshot, in_force, set, error);
	if (r == 0)
		r = add_rollback(request, snapshot, in_force, set, error);
	return r;
}
