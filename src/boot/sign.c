/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/sign.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "boot/report.h"
#include "boot/sign_private.h"
#include "boot/snapshot.h"
#include "boot/verify.h"
#include "boot/verify_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEPT ((uint64_t)2 * (2 * MANIFEST_MAX_SIZE + TREE_MAX_SIZE)) /* of the signed set, both of them */

int sign_set_add(struct sign_set *set, const char *name, struct bytes content, struct error *error)
{
	struct sign_output *file = &set->files[set->count];

	if (set->count == SIGN_MAX_FILES)
		return error_set(error, E_TOO_LARGE, name, "more than %d files of the signed set change at once",
		                 SIGN_MAX_FILES);
	(void)snprintf(file->name.text, sizeof(file->name.text), "%s", name);
	buffer_append_bytes(&file->content, content);
	set->count++;
	if (file->content.failed)
		return error_set(error, E_MEMORY, name, "there is not enough memory to sign");
	return 0;
}

const struct sign_output *sign_set_find(const struct sign_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->files[i].name.text, name) == 0)
			return &set->files[i];
	return NULL;
}

void sign_set_clear(struct sign_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		buffer_clear(&set->files[i].content);
	buffer_clear(&set->signature);
	set->count = 0;
}

static int check_entry(const struct snapshot_entry *entry, struct error *error)
{
	const char *name = entry->path; /* error_set escapes it */

	if (!sign_name_is_carried(entry->path))
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
	    (signed_set_is_name(entry->path) || strcmp(entry->path, SIGNATURE_NAME) == 0 ||
	     strcmp(entry->path, COUNTER_NAME) == 0 || signed_set_is_staged_name(entry->path)))
		return 0;
	return error_set(error, E_REFUSED, name,
	                 "/%s cannot be signed: names that begin with kexec belong to Heads; rename or remove it",
	                 name);
}

static enum snapshot_choice choose_all(const struct snapshot_entry *entry, void *context)
{
	(void)context;
	return signed_set_is_name(entry->path) ? SNAPSHOT_KEEP : SNAPSHOT_HASH;
}

/* What an interrupted signing left: its bytes are needed where they turn out to be in force. */
static enum snapshot_choice choose_staged(const struct snapshot_entry *entry, void *context)
{
	(void)context;
	return signed_set_is_staged_name(entry->path) || signed_set_is_name(entry->path) ||
	               strcmp(entry->path, SIGNATURE_NAME) == 0
	           ? SNAPSHOT_KEEP
	           : SNAPSHOT_SKIP;
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
	CLEANUP(buffer_clear) struct buffer hashes = {0}, paths = {0}, types = {0};
	struct tree_binding binding;
	uint64_t files = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < snapshot_count(snapshot); i++) {
		const struct snapshot_entry *entry = snapshot_at(snapshot, i);
		char path[MANIFEST_MAX_PATH + 3];

		if (strncmp(entry->path, "kexec", 5) == 0 || signed_set_is_remnant(entry->path))
			continue;
		r = tree_add(&tree, entry->path, entry->type, entry->target);
		if (entry->type != TREE_FILE)
			continue;
		(void)snprintf(path, sizeof(path), "./%s", entry->path);
		manifest_append_line(&hashes, entry->digest, path);
		files++;
	}
	tree_append(&paths, &tree);
	memcpy(binding.hashes, digest_of(HASH_SHA256, buffer_bytes(&hashes)).data, sizeof(binding.hashes));
	memcpy(binding.tree, digest_of(HASH_SHA256, buffer_bytes(&paths)).data, sizeof(binding.tree));
	tree_types_append(&types, &binding, &tree);
	if (r < 0 || hashes.failed || paths.failed || types.failed)
		return error_set(error, E_MEMORY, "", "there is not enough memory for the manifest");
	if (files == 0)
		return error_set(error, E_REFUSED, "", "there is no file to sign");
	if (files > MANIFEST_MAX_FILES || hashes.size > MANIFEST_MAX_SIZE || paths.size > TREE_MAX_SIZE)
		return error_set(error, E_REFUSED, "", "there are too many files to sign");
	*ret_files = files;
	r = sign_set_add(set, HASHES_NAME, buffer_bytes(&hashes), error);
	if (r == 0)
		r = sign_set_add(set, TREE_NAME, buffer_bytes(&paths), error);
	if (r == 0)
		r = sign_set_add(set, TYPES_NAME, buffer_bytes(&types), error);
	return r;
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
static int make_message(const struct snapshot *snapshot, enum signed_set in_force, const struct sign_set *set,
                        struct buffer *message, struct error *error)
{
	CLEANUP_FREE struct signed_set_name *names = NULL;
	CLEANUP_FREE struct line *lines = NULL;
	size_t name_count, count = 0;
	int r = signed_set_names(snapshot, in_force, &names, &name_count, error);

	if (r < 0)
		return r;
	lines = calloc(name_count + set->count + 1, sizeof(*lines));
	if (!lines)
		return error_set(error, E_MEMORY, "", "there is not enough memory to sign");
	for (size_t i = 0; i < name_count; i++) {
		if (sign_set_find(set, names[i].text))
			continue;
		lines[count].name = names[i].text;
		memcpy(lines[count++].digest, signed_set_find(snapshot, in_force, names[i].text)->digest,
		       MANIFEST_DIGEST_SIZE);
	}
	for (size_t i = 0; i < set->count; i++) {
		struct digest digest = digest_of(HASH_SHA256, buffer_bytes(&set->files[i].content));

		if (set->files[i].content.size == 0)
			continue;
		lines[count].name = set->files[i].name.text;
		memcpy(lines[count++].digest, digest.data, MANIFEST_DIGEST_SIZE);
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++)
		manifest_append_line(message, lines[i].digest, lines[i].name);
	if (message->failed)
		return error_set(error, E_MEMORY, "", "there is not enough memory to sign");
	return 0;
}

/* An interrupted signing may have left a staged set: which one is in force is for its signature to say. */
static int find_in_force(const struct sign_request *request, struct snapshot *snapshot, enum signed_set *ret_set,
                         struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(verify_close) struct verify *verify = NULL;
	enum verify_signature signature;
	int r = 0;

	*ret_set = SIGNED_SET_IN_PLACE;
	if (!signed_set_is_pending(snapshot))
		return 0;
	r = snapshot_read(snapshot, choose_staged, NULL, error);
	if (r == 0)
		r = sign_keyring(request, &keyring, error);
	if (r == 0)
		r = verify_begin(snapshot, &keyring, &verify, error);
	if (r == 0 && verify_signature(verify, &signature, NULL) == 0 && signature == VERIFY_GOOD)
		*ret_set = verify_set(verify);
	return r;
}

static bool is_same(const struct snapshot_entry *shown, const struct snapshot_entry *entry)
{
	if (!shown || shown->type != entry->type)
		return false;
	if (entry->type == TREE_FILE)
		return shown->state == SNAPSHOT_READ && entry->state == SNAPSHOT_READ &&
		       memcmp(shown->digest, entry->digest, sizeof(entry->digest)) == 0;
	return entry->type != TREE_LINK || strcmp(shown->target, entry->target) == 0;
}

/* A disk that answers differently on the second reading shall not have signed what nobody saw. */
static int check_shown(const struct snapshot *shown, const struct snapshot *snapshot, struct error *error)
{
	for (size_t i = 0; i < snapshot_count(snapshot); i++) {
		const struct snapshot_entry *entry = snapshot_at(snapshot, i);

		if (!is_same(snapshot_find(shown, entry->path), entry))
			return error_set(error, E_REFUSED, entry->path,
			                 "/%s is not what it was when /boot was verified and shown: the disk answers "
			                 "differently, or something changed it",
			                 entry->path);
	}
	if (snapshot_count(shown) != snapshot_count(snapshot))
		return error_set(error, E_REFUSED, "/boot", "files are gone that were there when /boot was shown");
	return 0;
}

/* Walks, checks, reads, lists, signs: everything before the first byte is written. */
static int prepare(const struct sign_request *request, struct snapshot *snapshot, enum signed_set *ret_in_force,
                   struct verify_keyring *keyring, struct sign_set *set, struct sign_result *result,
                   struct error *error)
{
	CLEANUP(buffer_clear) struct buffer message = {0};
	int r = check_all(snapshot, error);

	if (r == 0)
		r = find_in_force(request, snapshot, ret_in_force, error);
	if (r == 0)
		r = snapshot_read(snapshot, choose_all, NULL, error);
	if (r == 0)
		r = check_all(snapshot, error);
	if (r == 0 && request->shown)
		r = check_shown(request->shown, snapshot, error);
	if (r == 0)
		r = make_lists(snapshot, set, &result->files, error);
	if (r == 0)
		r = sign_add_extra(request, snapshot, *ret_in_force, set, error);
	if (r == 0)
		r = make_message(snapshot, *ret_in_force, set, &message, error);
	if (r == 0)
		r = sign_message(request, buffer_bytes(&message), keyring, &set->signature, result->signer, error);
	return r;
}

/* Prepares, and only then writes. */
static int sign_and_publish(const struct sign_request *request, struct verify_keyring *keyring,
                            struct sign_result *result, struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	CLEANUP(sign_set_clear) struct sign_set set = {0};
	enum signed_set in_force = SIGNED_SET_IN_PLACE;
	int r = snapshot_open(request->directory, MAX_KEPT, &snapshot, error);

	if (r == 0)
		r = prepare(request, snapshot, &in_force, keyring, &set, result, error);
	if (r == 0 && request->make_writable)
		r = request->make_writable(request->context, error);
	if (r < 0)
		return r;
	if (in_force == SIGNED_SET_IS_STAGED)
		r = sign_complete(request->directory, snapshot, error);
	else
		r = sign_discard(request->directory, snapshot, error);
	if (r == 0)
		r = sign_publish(request->directory, &set, error);
	return r;
}

int sign_directory(const struct sign_request *request, struct sign_result *ret_result, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(verify_result_clear) struct verify_result check = {0};
	CLEANUP(buffer_clear) struct buffer verdict = {0};
	struct sign_result result = {0};
	int r = sign_and_publish(request, &keyring, &result, error);

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
