/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/catalogue_snapshot.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "boot/catalogue.h"
#include <string.h>

struct gated_snapshot {
	struct snapshot *snapshot;
	const struct verify *verify; /* NULL: everything is let through */
};

static enum catalogue_kind snapshot_kind(void *context, const char *path)
{
	const struct gated_snapshot *gated = context;
	const struct snapshot_entry *entry;

	if (strcmp(path, "/") == 0)
		return CATALOGUE_DIRECTORY;
	entry = snapshot_resolve(gated->snapshot, path);
	if (!entry)
		return CATALOGUE_MISSING;
	if (entry->type == TREE_DIRECTORY)
		return CATALOGUE_DIRECTORY;
	if (entry->type != TREE_FILE)
		return CATALOGUE_OTHER;
	return entry->size == 0 ? CATALOGUE_EMPTY : CATALOGUE_REGULAR;
}

static int snapshot_content(void *context, const char *path, size_t limit, struct buffer *content)
{
	const struct gated_snapshot *gated = context;
	const struct snapshot_entry *entry = snapshot_resolve(gated->snapshot, path);
	struct error error;
	struct bytes bytes;
	int r;

	if (!entry)
		return -E_NOT_FOUND;
	if (gated->verify) {
		r = verify_trusts(gated->verify, entry->path, &error);
		if (r < 0) {
			log_error(&error);
			return r;
		}
	}
	r = snapshot_bytes(gated->snapshot, entry->path, limit, &bytes, NULL);
	if (r < 0)
		return r;
	buffer_append_bytes(content, bytes);
	return content->failed ? -E_MEMORY : 0;
}

/* The names directly below a directory: entries are sorted by path, and a directory's own entry is not among them. */
static int snapshot_names(void *context, const char *path, struct buffer *names)
{
	const struct gated_snapshot *gated = context;
	const struct snapshot_entry *directory =
	    strcmp(path, "/") == 0 ? NULL : snapshot_resolve(gated->snapshot, path);
	size_t prefix = directory ? strlen(directory->path) + 1 : 0;

	if (strcmp(path, "/") != 0 && (!directory || directory->type != TREE_DIRECTORY))
		return -E_NOT_FOUND;
	for (size_t i = 0; i < snapshot_count(gated->snapshot); i++) {
		const char *below = snapshot_at(gated->snapshot, i)->path;

		if (directory && (strncmp(below, directory->path, prefix - 1) != 0 || below[prefix - 1] != '/' ||
		                  below[prefix] == '\0'))
			continue;
		if (!strchr(below + prefix, '/'))
			buffer_append(names, below + prefix, strlen(below + prefix) + 1);
	}
	return names->failed ? -E_MEMORY : 0;
}

static void log_notices(const struct catalogue *catalogue)
{
	struct bytes rest = buffer_bytes(&catalogue->notices);

	while (rest.size > 0) {
		const char *notice = (const char *)rest.data;
		size_t size = strnlen(notice, rest.size);
		char text[1024];

		log_line("notice text=\"%s\"", text_escape_into(bytes_make(notice, size), text, sizeof(text)));
		rest = bytes_slice(rest, size + 1, rest.size);
	}
}

static int build(struct gated_snapshot *gated, struct entry_list *ret_entries, struct error *error)
{
	const struct catalogue_source source = {gated, snapshot_kind, snapshot_content, snapshot_names};
	CLEANUP(catalogue_clear) struct catalogue catalogue = {0};
	int r = gated->verify ? catalogue_build(&source, &catalogue, error)
	                      : catalogue_build_confined(&source, &catalogue, error);

	log_notices(&catalogue);
	if (r < 0)
		return r;
	entry_list_clear(ret_entries);
	*ret_entries = catalogue.entries;
	catalogue.entries = (struct entry_list){0};
	return 0;
}

int catalogue_of_trusted(struct snapshot *snapshot, const struct verify *verify, struct entry_list *ret_entries,
                         struct error *error)
{
	struct gated_snapshot gated = {snapshot, verify};

	return build(&gated, ret_entries, error);
}

int catalogue_of_untrusted(struct snapshot *snapshot, struct entry_list *ret_entries, struct error *error)
{
	struct gated_snapshot gated = {snapshot, NULL};

	return build(&gated, ret_entries, error);
}
