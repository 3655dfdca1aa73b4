/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/default.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "format/manifest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void unmark(struct entry_list *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		entries->entries[i].is_default = false;
}

/* The name of the file that holds the default; -E_MALFORMED where there are several, -E_NOT_FOUND for none. */
static int find_saved(const struct snapshot *snapshot, enum signed_set set, struct signed_set_name *name,
                      struct error *error)
{
	CLEANUP_FREE struct signed_set_name *names = NULL;
	size_t count, found = 0;
	int r = signed_set_names(snapshot, set, &names, &count, error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (default_entry_number(names[i].text) == 0)
			continue;
		if (found++ > 0)
			return error_set(error, E_MALFORMED, names[i].text,
			                 "more than one default entry is saved: choose one anew (heads boot default)");
		*name = names[i];
	}
	return found > 0 ? 0 : -E_NOT_FOUND;
}

static void explain(const struct default_found *found, struct boot_default *result)
{
	if (found->match == DEFAULT_CHANGED)
		(void)snprintf(result->reason, sizeof(result->reason),
		               "your default entry '%s' is not what it was when you chose it", found->title);
	else if (found->match == DEFAULT_VANISHED)
		(void)snprintf(result->reason, sizeof(result->reason),
		               "your default entry '%s' is no longer in the boot configuration", found->title);
}

int boot_default_apply(struct snapshot *snapshot, enum signed_set set, struct entry_list *entries,
                       struct boot_default *ret_default, struct error *error)
{
	struct boot_default result = {0};
	struct default_found found = {0};
	struct bytes line;
	struct signed_set_name name;
	int r = find_saved(snapshot, set, &name, error);

	*ret_default = result;
	if (r == -E_NOT_FOUND)
		return 0;
	unmark(entries);
	result.saved = true;
	if (r == 0)
		r = signed_set_bytes(snapshot, set, name.text, DEFAULT_MAX_SIZE, &line, error);
	if (r == 0)
		r = default_entry_find(line, default_entry_number(name.text), entries, &found, error);
	if (r < 0) {
		*ret_default = result;
		return r;
	}
	explain(&found, &result);
	(void)snprintf(result.title, sizeof(result.title), "%s", found.title);
	result.good = found.match == DEFAULT_SAME;
	result.index = found.index;
	result.has_newer = found.has_newer;
	result.newer = found.newer;
	if (result.good)
		entries->entries[found.index].is_default = true;
	*ret_default = result;
	return 0;
}

int boot_default_check_files(struct snapshot *snapshot, enum signed_set set, struct entry_list *entries,
                             struct boot_default *boot_default, struct error *error)
{
	CLEANUP(manifest_clear) struct manifest files = {0};
	struct bytes text;
	int r;

	if (!boot_default->good || !signed_set_find(snapshot, set, DEFAULT_HASHES_NAME))
		return 0;
	r = signed_set_bytes(snapshot, set, DEFAULT_HASHES_NAME, DEFAULT_MAX_SIZE, &text, error);
	if (r == 0)
		r = manifest_parse(text, &files, error);
	for (size_t i = 0; r == 0 && boot_default->good && i < files.count; i++) {
		const struct snapshot_entry *entry = snapshot_resolve(snapshot, files.files[i].path);
		char path[128];

		if (entry && entry->state == SNAPSHOT_READ &&
		    memcmp(entry->digest, files.files[i].digest, sizeof(entry->digest)) == 0)
			continue;
		boot_default->good = false;
		(void)snprintf(boot_default->reason, sizeof(boot_default->reason),
		               "the file /%s of your default entry '%s' is not what it was when you chose it",
		               text_escape_into(bytes_from_string(files.files[i].path), path, sizeof(path)),
		               boot_default->title);
	}
	boot_default->good &= r == 0;
	if (!boot_default->good)
		unmark(entries);
	return r;
}

/* A line for a file, below the boot directory as the original lists it: "HASH  ./vmlinuz". */
static void append_file(struct buffer *hashes, const char *path)
{
	static const uint8_t none[MANIFEST_DIGEST_SIZE] = {0};
	char name[MANIFEST_MAX_PATH + 3];

	while (*path == '/')
		path++;
	(void)snprintf(name, sizeof(name), "./%s", path);
	manifest_append_line(hashes, none, name);
}

int boot_default_make(const struct entry_list *entries, const char *id, struct boot_default_files *ret_files,
                      struct error *error)
{
	const struct entry *entry = NULL;
	size_t place = 0;
	int r;

	for (; place < entries->count && !entry; place++)
		if (strcmp(entries->entries[place].id, id) == 0)
			entry = &entries->entries[place];
	if (!entry)
		return error_set(error, E_NOT_FOUND, id, "there is no boot entry %s (heads boot list shows them)", id);
	r = default_entry_append(&ret_files->line, entry, error);
	if (r < 0)
		return r;
	(void)snprintf(ret_files->name, sizeof(ret_files->name), "kexec_default.%zu.txt", place);
	append_file(&ret_files->hashes, entry->kernel);
	for (size_t i = 0; i < entry->initrd_count; i++)
		append_file(&ret_files->hashes, entry->initrds[i]);
	for (size_t i = 0; i < entry->module_count; i++)
		append_file(&ret_files->hashes, entry->modules[i].path);
	if (ret_files->hashes.failed)
		return error_set(error, E_MEMORY, id, "there is not enough memory to save the default entry");
	return 0;
}

void boot_default_files_clear(struct boot_default_files *files)
{
	buffer_clear(&files->line);
	buffer_clear(&files->hashes);
}
