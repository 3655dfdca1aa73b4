/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/root_hashes.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "boot/snapshot.h"
#include "boot/verify_private.h"
#include <stdlib.h>
#include <string.h>

/* Whether the path is the directory or lies in it. */
static bool is_in(const char *path, const char *directory)
{
	size_t size = strlen(directory);

	return strncmp(path, directory, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

static int add_directory(struct root_directories *directories, char *name, struct error *error)
{
	for (size_t size = strlen(name); size > 1 && name[size - 1] == '/'; size--)
		name[size - 1] = '\0';
	name += strspn(name, "/");
	if (!manifest_path_is_plain(bytes_from_string(name)))
		return error_set(error, E_USAGE, name, "\"%s\" is not a directory below the root: \"usr\", \"usr/lib\"",
		                 name);
	if (directories->count == ROOT_HASHES_MAX_DIRECTORIES)
		return error_set(error, E_USAGE, name, "there are more than %d directories",
		                 ROOT_HASHES_MAX_DIRECTORIES);
	for (size_t i = 0; i < directories->count; i++) {
		const char *other = directories->names[i];

		if (is_in(name, other) || is_in(other, name))
			return error_set(error, E_USAGE, name, "the directories %s and %s lie in one another", other,
			                 name);
	}
	directories->names[directories->count++] = name;
	return 0;
}

int root_directories_read(const char *list, struct root_directories *ret_directories, struct error *error)
{
	CLEANUP(root_directories_clear) struct root_directories directories = {.text = strdup(list)};
	char *rest = directories.text, *name;
	int r = 0;

	if (!directories.text)
		return error_set(error, E_MEMORY, "", "there is not enough memory for the directories");
	while (r == 0 && (name = strsep(&rest, " ")) != NULL)
		if (*name)
			r = add_directory(&directories, name, error);
	if (r < 0)
		return r;
	if (directories.count == 0)
		return error_set(error, E_USAGE, "", "there is no directory to list");
	*ret_directories = directories;
	directories = (struct root_directories){0};
	return 0;
}

void root_directories_clear(struct root_directories *directories)
{
	free(directories->text);
	*directories = (struct root_directories){0};
}

static enum snapshot_choice choose(const struct snapshot_entry *entry, void *context)
{
	(void)context;
	return manifest_root_leaves_out(entry->path) ? SNAPSHOT_SKIP : SNAPSHOT_HASH;
}

/* As on a system with a merged /usr: "bin" is a link to "usr/bin", whose files are listed by that name. A link that
 * leads out of the directories would let other files take the place of those that were compared. */
static bool is_link_outside(const struct root_directories *directories, const struct snapshot_entry *entry)
{
	const char *path = entry->target;

	if (entry->type != TREE_LINK || !path || strchr(entry->path, '/'))
		return false;
	path += strspn(path, "/");
	for (size_t i = 0; i < directories->count && manifest_path_is_plain(bytes_from_string(path)); i++)
		if (is_in(path, directories->names[i]) && !is_in(path, entry->path))
			return false;
	return true;
}

/* Walks and reads. Where a directory is missing its name is given; NULL where none is. */
static int read_root(int root, const struct root_directories *directories, struct snapshot **ret_snapshot,
                     const char **ret_missing, struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	int r = snapshot_open_paths(root, directories->names, directories->count, &snapshot, error);

	if (r < 0 || !snapshot)
		return r;
	*ret_missing = NULL;
	for (size_t i = 0; !*ret_missing && i < directories->count; i++)
		if (!snapshot_find(snapshot, directories->names[i]))
			*ret_missing = directories->names[i];
	if (directories->direct)
		snapshot_read_directly(snapshot);
	snapshot_watch(snapshot, directories->watch, directories->watch_context);
	r = snapshot_read(snapshot, choose, NULL, error);
	if (r < 0)
		return r;
	*ret_snapshot = TAKE_PTR(snapshot);
	return 0;
}

static int fail_missing(const char *name, struct error *error)
{
	return error_set(error, E_NOT_FOUND, name,
	                 "there is no %s below the root (links are not followed): name the directories to list by "
	                 "--directories",
	                 name);
}

static int fail_memory(struct error *error)
{
	return error_set(error, E_MEMORY, "", "there is not enough memory for the list of the root's files");
}

static struct root_hashes_left_out find_left_out(const struct snapshot *snapshot)
{
	struct root_hashes_left_out left_out = {0};

	for (size_t i = 0; i < snapshot_count(snapshot); i++) {
		const struct snapshot_entry *entry = snapshot_at(snapshot, i);

		left_out.files += entry->type == TREE_FILE && manifest_root_leaves_out(entry->path);
		if (entry->mounted && left_out.mounts++ == 0)
			(void)text_escape_into(bytes_from_string(entry->path), left_out.mount, sizeof(left_out.mount));
	}
	return left_out;
}

static int append_entry(const struct snapshot_entry *entry, struct buffer *text, struct root_hashes_figures *figures,
                        struct error *error)
{
	if (entry->state == SNAPSHOT_FAILED)
		return error_set(error, E_IO, entry->path, "/%s cannot be listed: %s", entry->path,
		                 entry->problem ? entry->problem : "failed");
	if (entry->type != TREE_FILE || manifest_root_leaves_out(entry->path))
		return 0;
	manifest_append_line(text, entry->digest, entry->path);
	figures->files++;
	figures->bytes += entry->size;
	return 0;
}

static int check_links(const struct snapshot *snapshot, const struct root_directories *directories, struct error *error)
{
	for (size_t i = 0; i < directories->count; i++) {
		const struct snapshot_entry *entry = snapshot_find(snapshot, directories->names[i]);

		if (entry && is_link_outside(directories, entry))
			return error_set(error, E_REFUSED, entry->path,
			                 "/%s is a link to %s, which lies in none of the directories: name that "
			                 "directory as well, or leave %s out",
			                 entry->path, entry->target, entry->path);
	}
	return 0;
}

int root_hashes_make(int root, const struct root_directories *directories, struct buffer *ret_text,
                     struct root_hashes_figures *ret_figures, struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	struct root_hashes_figures figures = {0};
	const char *missing = NULL;
	int r = read_root(root, directories, &snapshot, &missing, error);

	if (r < 0 || !snapshot)
		return r;
	if (missing)
		return fail_missing(missing, error);
	r = check_links(snapshot, directories, error);
	for (size_t i = 0; r == 0 && i < snapshot_count(snapshot); i++)
		r = append_entry(snapshot_at(snapshot, i), ret_text, &figures, error);
	if (r < 0)
		return r;
	if (ret_text->size > MANIFEST_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, ROOT_HASHES_NAME,
		                 "the list of %zu bytes is larger than %zu: name fewer directories", ret_text->size,
		                 MANIFEST_MAX_SIZE);
	if (ret_text->failed)
		return fail_memory(error);
	figures.left_out = find_left_out(snapshot);
	*ret_figures = figures;
	return 0;
}

/* Every path of the list lies in one of the directories; a directory that is missing on the disk has some. */
static int check_list(const struct root_directories *directories, const struct manifest *list, const char *missing,
                      struct error *error)
{
	bool is_listed = false;

	for (size_t i = 0; i < list->count; i++) {
		const char *path = list->files[i].path;
		bool inside = false;

		for (size_t j = 0; !inside && j < directories->count; j++)
			inside = is_in(path, directories->names[j]);
		if (!inside)
			return error_set(error, E_USAGE, path,
			                 "the list has /%s, which lies in none of the directories: name those it was "
			                 "made of by --directories",
			                 path);
		is_listed |= missing && is_in(path, missing);
	}
	return missing && !is_listed ? fail_missing(missing, error) : 0;
}

static int compare_entry(const struct root_directories *directories, const struct manifest_file *wanted,
                         const struct snapshot_entry *entry, struct verify_result *result)
{
	if (wanted && entry->type != TREE_FILE)
		return verify_add_finding(result, VERIFY_RETYPED, entry->path, TREE_FILE, entry);
	if (is_link_outside(directories, entry))
		return verify_add_finding(result, VERIFY_CHANGED, entry->path, TREE_LINK, entry);
	if (entry->state == SNAPSHOT_FAILED)
		return verify_add_finding(result, VERIFY_UNREADABLE, entry->path, entry->type, entry);
	if (entry->type != TREE_FILE || manifest_root_leaves_out(entry->path))
		return 0;
	if (!wanted)
		return verify_add_finding(result, VERIFY_ADDED, entry->path, TREE_UNKNOWN, entry);
	if (memcmp(wanted->digest, entry->digest, sizeof(wanted->digest)) != 0)
		return verify_add_finding(result, VERIFY_CHANGED, entry->path, TREE_FILE, entry);
	result->bytes += entry->size;
	return 0;
}

/* Two sorted lists side by side. */
static int compare(const struct snapshot *snapshot, const struct root_directories *directories,
                   const struct manifest *list, struct verify_result *result)
{
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < list->count || j < snapshot_count(snapshot))) {
		const struct manifest_file *wanted = i < list->count ? &list->files[i] : NULL;
		const struct snapshot_entry *entry = j < snapshot_count(snapshot) ? snapshot_at(snapshot, j) : NULL;
		int order = !wanted ? 1 : !entry ? -1 : strcmp(wanted->path, entry->path);

		if (wanted && order < 0)
			r = verify_add_finding(result, VERIFY_REMOVED, wanted->path, TREE_FILE, NULL);
		else if (entry)
			r = compare_entry(directories, order == 0 ? wanted : NULL, entry, result);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

int root_hashes_verify(int root, const struct root_directories *directories, const struct manifest *list,
                       struct verify_result *ret_result, struct root_hashes_left_out *ret_left_out, struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	CLEANUP(verify_result_clear) struct verify_result result = {.files = list->count};
	const char *missing = NULL;
	int r = check_list(directories, list, NULL, error);

	if (r == 0)
		r = read_root(root, directories, &snapshot, &missing, error);
	if (r == 0 && missing)
		r = check_list(directories, list, missing, error);
	if (r < 0 || !snapshot)
		return r;
	if (compare(snapshot, directories, list, &result) < 0)
		return fail_memory(error);
	result.ok = result.finding_count == 0;
	*ret_left_out = find_left_out(snapshot);
	*ret_result = result;
	result = (struct verify_result){0};
	return 0;
}

int root_hashes_changes(const struct manifest *older, const struct manifest *newer, struct verify_result *ret_result,
                        struct error *error)
{
	CLEANUP(verify_result_clear) struct verify_result result = {.files = older->count};
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < older->count || j < newer->count)) {
		const struct manifest_file *was = i < older->count ? &older->files[i] : NULL;
		const struct manifest_file *is = j < newer->count ? &newer->files[j] : NULL;
		int order = !was ? 1 : !is ? -1 : strcmp(was->path, is->path);

		if (is && order > 0)
			r = verify_add_finding(&result, VERIFY_ADDED, is->path, TREE_UNKNOWN, NULL);
		else if (was && order < 0)
			r = verify_add_finding(&result, VERIFY_REMOVED, was->path, TREE_FILE, NULL);
		else if (was && is && memcmp(was->digest, is->digest, sizeof(was->digest)) != 0)
			r = verify_add_finding(&result, VERIFY_CHANGED, is->path, TREE_FILE, NULL);
		i += order <= 0;
		j += order >= 0;
	}
	if (r < 0)
		return fail_memory(error);
	result.ok = result.finding_count == 0;
	*ret_result = result;
	result = (struct verify_result){0};
	return 0;
}
