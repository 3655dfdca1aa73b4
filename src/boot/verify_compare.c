/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The closed world: every path that is there was signed, and every path that was signed is there, unchanged (A12). */
#include "base/cleanup.h"
#include "boot/verify.h"
#include "boot/verify_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of a parameter file. Errors: -E_MALFORMED where it is missing and wanted. */
static int parameter(struct snapshot *snapshot, enum signed_set set, const char *name, struct bytes *ret_bytes,
                     struct error *error)
{
	const struct snapshot_entry *entry = signed_set_find(snapshot, set, name);

	if (!entry)
		return error_set(error, E_MALFORMED, name, "%s is missing from what was signed", name);
	if (entry->state == SNAPSHOT_FAILED)
		return error_set(error, E_IO, name, "%s: %s", name, entry->problem ? entry->problem : "failed");
	if (entry->fd < 0)
		return error_set(error, E_TOO_LARGE, name, "%s is too large to be read", name);
	return snapshot_bytes(snapshot, entry->path, MANIFEST_MAX_SIZE, ret_bytes, error);
}

/* Without kexec_types.txt (trees that the original signed): what the manifest lists is a regular file, what has
 * something below it is a directory; the rest is a link or an empty directory, which cannot be told apart. */
static void infer_types(struct verify_expected *expected)
{
	for (size_t i = 0; i < expected->tree.count; i++) {
		struct tree_path *path = &expected->tree.paths[i], *above;
		const char *slash = strrchr(path->path, '/');
		char parent[MANIFEST_MAX_PATH + 1];

		if (manifest_find(&expected->manifest, path->path))
			path->type = TREE_FILE;
		if (!slash)
			continue;
		(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path->path), path->path);
		above = (struct tree_path *)(uintptr_t)tree_find(&expected->tree, parent);
		if (above)
			above->type = TREE_DIRECTORY;
	}
}

/* The three files must say the same of each other's paths. */
static int check_agreement(const struct verify_expected *expected, struct error *error)
{
	size_t files = 0;

	for (size_t i = 0; i < expected->manifest.count; i++)
		if (!tree_find(&expected->tree, expected->manifest.files[i].path))
			return error_set(error, E_MALFORMED, HASHES_NAME, "%s lists %s, which %s does not", HASHES_NAME,
			                 expected->manifest.files[i].path, TREE_NAME);
	for (size_t i = 0; expected->has_types && i < expected->tree.count; i++)
		files += expected->tree.paths[i].type == TREE_FILE;
	if (expected->has_types && files != expected->manifest.count)
		return error_set(error, E_MALFORMED, TYPES_NAME, "%s and %s do not list the same files", TYPES_NAME,
		                 HASHES_NAME);
	for (size_t i = 0; expected->has_types && i < expected->manifest.count; i++)
		if (tree_find(&expected->tree, expected->manifest.files[i].path)->type != TREE_FILE)
			return error_set(error, E_MALFORMED, TYPES_NAME, "%s and %s do not list the same files",
			                 TYPES_NAME, HASHES_NAME);
	return 0;
}

/* Takes the types from kexec_types.txt where it belongs to this manifest and this tree. Where the original signed
 * anew it left the file as it was: it is out of date then, and no error. */
static int read_types(struct snapshot *snapshot, enum signed_set set, struct verify_expected *expected,
                      struct error *error)
{
	const struct snapshot_entry *hashes = signed_set_find(snapshot, set, HASHES_NAME);
	const struct snapshot_entry *tree = signed_set_find(snapshot, set, TREE_NAME);
	CLEANUP(tree_clear) struct tree types = {0};
	struct tree_binding binding;
	struct bytes bytes = BYTES_EMPTY;
	int r;

	if (!signed_set_find(snapshot, set, TYPES_NAME))
		return 0;
	r = parameter(snapshot, set, TYPES_NAME, &bytes, error);
	if (r == 0)
		r = tree_types_parse(bytes, &binding, &types, error);
	if (r < 0)
		return r;
	if (memcmp(binding.hashes, hashes->digest, 32) != 0 || memcmp(binding.tree, tree->digest, 32) != 0)
		return 0;
	if (types.count != expected->tree.count)
		r = -E_MALFORMED;
	for (size_t i = 0; r == 0 && i < types.count; i++)
		if (strcmp(types.paths[i].path, expected->tree.paths[i].path) != 0)
			r = -E_MALFORMED;
	if (r < 0)
		return error_set(error, E_MALFORMED, TYPES_NAME, "%s and %s do not list the same paths", TYPES_NAME,
		                 TREE_NAME);
	tree_clear(&expected->tree);
	expected->tree = types;
	types = (struct tree){0};
	expected->has_types = true;
	return 0;
}

int verify_expected_read(struct snapshot *snapshot, enum signed_set set, struct verify_expected *ret_expected,
                         struct error *error)
{
	struct verify_expected expected = {0};
	struct error tree_error = {0};
	struct bytes bytes = BYTES_EMPTY;
	int r, tree_r;

	r = parameter(snapshot, set, HASHES_NAME, &bytes, error);
	if (r == 0)
		r = manifest_parse(bytes, &expected.manifest, error);
	expected.has_manifest = r == 0;
	tree_r = parameter(snapshot, set, TREE_NAME, &bytes, &tree_error);
	if (tree_r == 0)
		tree_r = tree_parse(bytes, &expected.tree, &tree_error);
	expected.has_tree = tree_r == 0;
	if (r == 0 && tree_r < 0) {
		*error = tree_error;
		r = tree_r;
	}
	if (r == 0)
		r = read_types(snapshot, set, &expected, error);
	if (r == 0 && !expected.has_types)
		infer_types(&expected);
	if (r == 0)
		r = check_agreement(&expected, error);
	*ret_expected = expected;
	return r;
}

void verify_expected_clear(struct verify_expected *expected)
{
	manifest_clear(&expected->manifest);
	tree_clear(&expected->tree);
}

int verify_add_finding(struct verify_result *result, enum verify_kind kind, const char *path, enum tree_type expected,
                       const struct snapshot_entry *entry)
{
	size_t count = result->finding_count;
	const char *detail = NULL;

	if ((count & (count - 1)) == 0) {
		struct verify_finding *findings =
		    realloc(result->findings, (count ? count * 2 : 1) * sizeof(*findings));

		if (!findings)
			return -E_MEMORY;
		result->findings = findings;
	}
	if (entry)
		detail = kind == VERIFY_UNREADABLE ? entry->problem : entry->target;
	result->findings[count] = (struct verify_finding){.kind = kind,
	                                                  .path = strdup(path),
	                                                  .expected = expected,
	                                                  .found = entry ? entry->type : TREE_UNKNOWN,
	                                                  .detail = detail ? strdup(detail) : NULL};
	result->finding_count++;
	return result->findings[count].path && (!detail || result->findings[count].detail) ? 0 : -E_MEMORY;
}

/* Names of the original and of ours that lie outside the manifest: those that kexec.sig covers, kexec.sig, what signing
 * stages for them, and the HOTP counter, which is unsigned by its nature. Everything else that begins with kexec is
 * foreign. */
static bool is_parameter(const struct snapshot_entry *entry)
{
	return entry->type == TREE_FILE &&
	       (signed_set_is_name(entry->path) || strcmp(entry->path, SIGNATURE_NAME) == 0 ||
	        strcmp(entry->path, COUNTER_NAME) == 0 || signed_set_is_staged_name(entry->path));
}

static int compare_file(const struct verify_expected *expected, const struct snapshot_entry *entry,
                        struct verify_result *result, struct error *error)
{
	const struct manifest_file *file = manifest_find(&expected->manifest, entry->path);

	if (entry->state == SNAPSHOT_UNREAD)
		return error_set(error, E_ORDER, entry->path, "/%s was not read", entry->path);
	if (entry->state == SNAPSHOT_FAILED)
		return verify_add_finding(result, VERIFY_UNREADABLE, entry->path, TREE_FILE, entry);
	if (file && memcmp(file->digest, entry->digest, sizeof(file->digest)) != 0)
		return verify_add_finding(result, VERIFY_CHANGED, entry->path, TREE_FILE, entry);
	return 0;
}

/* Whether what is there may be of this type. */
static bool type_fits(const struct verify_expected *expected, enum tree_type wanted, enum tree_type found)
{
	if (wanted != TREE_UNKNOWN)
		return wanted == found;
	if (!expected->has_manifest)
		return found == TREE_FILE || found == TREE_LINK || found == TREE_DIRECTORY;
	return found == TREE_LINK || found == TREE_DIRECTORY;
}

static int compare_entry(const struct verify_expected *expected, const struct tree_path *wanted,
                         const struct snapshot_entry *entry, struct verify_result *result, struct error *error)
{
	if (!type_fits(expected, wanted->type, entry->type))
		return verify_add_finding(result, VERIFY_RETYPED, entry->path, wanted->type, entry);
	if (entry->type == TREE_FILE)
		return compare_file(expected, entry, result, error);
	if (entry->type == TREE_DIRECTORY && entry->state == SNAPSHOT_FAILED)
		return verify_add_finding(result, VERIFY_UNREADABLE, entry->path, TREE_DIRECTORY, entry);
	if (entry->type == TREE_LINK && wanted->target && strcmp(wanted->target, entry->target) != 0)
		return verify_add_finding(result, VERIFY_CHANGED, entry->path, TREE_LINK, entry);
	return 0;
}

/* An entry that no list names. */
static int compare_unlisted(const struct verify_expected *expected, const struct snapshot_entry *entry,
                            struct verify_result *result)
{
	if (entry->type == TREE_FILE && signed_set_is_remnant(entry->path))
		return 0;
	if (strncmp(entry->path, "kexec", 5) == 0) {
		if (is_parameter(entry))
			return entry->state == SNAPSHOT_FAILED
			           ? verify_add_finding(result, VERIFY_UNREADABLE, entry->path, TREE_FILE, entry)
			           : 0;
		return verify_add_finding(result, VERIFY_ADDED, entry->path, TREE_UNKNOWN, entry);
	}
	if (!expected->has_tree && !expected->has_manifest)
		return 0;
	if (!expected->has_tree && entry->type != TREE_FILE)
		return 0;
	return verify_add_finding(result, VERIFY_ADDED, entry->path, TREE_UNKNOWN, entry);
}

/* Two sorted lists side by side. */
static int compare_lists(const struct snapshot *snapshot, const struct verify_expected *expected,
                         const struct tree *tree, struct verify_result *result, struct error *error)
{
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < tree->count || j < snapshot_count(snapshot))) {
		const struct tree_path *wanted = i < tree->count ? &tree->paths[i] : NULL;
		const struct snapshot_entry *entry = j < snapshot_count(snapshot) ? snapshot_at(snapshot, j) : NULL;
		int order = !wanted ? 1 : !entry ? -1 : strcmp(wanted->path, entry->path);

		if (wanted && order < 0)
			r = verify_add_finding(result, VERIFY_REMOVED, wanted->path, wanted->type, NULL);
		else if (entry && order > 0)
			r = compare_unlisted(expected, entry, result);
		else if (wanted && entry)
			r = compare_entry(expected, wanted, entry, result, error);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

int verify_compare(const struct snapshot *snapshot, const struct verify_expected *expected,
                   struct verify_result *result, struct error *error)
{
	CLEANUP(tree_clear) struct tree files = {0};
	int r = 0;

	result->files = expected->manifest.count;
	for (size_t i = 0; i < expected->manifest.count; i++) {
		const struct snapshot_entry *entry = snapshot_find(snapshot, expected->manifest.files[i].path);

		if (entry && entry->type == TREE_FILE)
			result->bytes += entry->size;
	}
	/* A damaged tree beside a manifest that can be read: then the manifest is the list. */
	for (size_t i = 0; !expected->has_tree && r == 0 && i < expected->manifest.count; i++)
		r = tree_add(&files, expected->manifest.files[i].path, TREE_FILE, NULL);
	if (r == 0)
		r = compare_lists(snapshot, expected, expected->has_tree ? &expected->tree : &files, result, error);
	if (r == -E_MEMORY)
		return error_set(error, E_MEMORY, "", "there is not enough memory to compare the boot files");
	return r;
}
