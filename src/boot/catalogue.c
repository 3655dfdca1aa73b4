/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/catalogue.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "format/cmdline.h"
#include "format/grub.h"
#include <stdio.h>
#include <string.h>

#define MAX_CONFIGURATIONS 64
#define MAX_FILES_OF_ENTRY 32

struct configuration {
	char *path; /* with a leading slash */
	bool read;
	struct digest digest;
};

struct builder {
	const struct catalogue_source *source;
	struct catalogue *catalogue;
	struct configuration found[MAX_CONFIGURATIONS];
	size_t found_count;
	size_t positions;    /* of the top menus so far: ids go on counting */
	const char *current; /* the configuration that is being read */
	bool failed;         /* no memory */
};

void catalogue_clear(struct catalogue *catalogue)
{
	entry_list_clear(&catalogue->entries);
	buffer_clear(&catalogue->notices);
	catalogue->configurations = 0;
}

static void add_notice(struct builder *builder, const char *path, const char *sentence)
{
	struct buffer *notices = &builder->catalogue->notices;

	buffer_append_format(notices, "%.200s: %.700s", path + 1, sentence);
	buffer_append_byte(notices, '\0');
}

/* --- paths ------------------------------------------------------------------------------------------------------- */

/* Where path is in the tree: as it is, or with /boot in front of it, or without. A configuration below /boot may name
 * its files as the root of a separate /boot has them, and the other way round. ret_path is owned by the caller. */
static enum catalogue_kind locate(struct builder *builder, const char *path, char **ret_path)
{
	const struct catalogue_source *source = builder->source;
	enum catalogue_kind kind = source->kind(source->context, path);
	const bool below_boot = strncmp(builder->current, "/boot/", 6) == 0;
	CLEANUP(buffer_clear) struct buffer other = {0};

	*ret_path = NULL;
	if (kind == CATALOGUE_MISSING && below_boot)
		buffer_append_string(&other, "/boot");
	else if (kind == CATALOGUE_MISSING && strncmp(path, "/boot/", 6) == 0)
		path += 5;
	else
		other.failed = true;
	if (!other.failed) {
		buffer_append_string(&other, path);
		if (!buffer_string(&other))
			return CATALOGUE_MISSING;
		kind = source->kind(source->context, buffer_string(&other));
		if (kind != CATALOGUE_MISSING)
			*ret_path = strdup(buffer_string(&other));
		return *ret_path ? kind : CATALOGUE_MISSING;
	}
	if (kind != CATALOGUE_MISSING)
		*ret_path = strdup(path);
	return *ret_path ? kind : CATALOGUE_MISSING;
}

static enum grub_file_kind grub_kind(void *context, const char *path)
{
	static const enum grub_file_kind kinds[] = {
	    [CATALOGUE_MISSING] = GRUB_FILE_MISSING, [CATALOGUE_EMPTY] = GRUB_FILE_EMPTY,
	    [CATALOGUE_REGULAR] = GRUB_FILE_REGULAR, [CATALOGUE_DIRECTORY] = GRUB_FILE_DIRECTORY,
	    [CATALOGUE_OTHER] = GRUB_FILE_OTHER,
	};
	char *located = NULL;
	const enum catalogue_kind kind = locate(context, path, &located);

	free(located);
	return kinds[kind];
}

static int grub_read(void *context, const char *path, size_t limit, struct buffer *content)
{
	struct builder *builder = context;
	char *located = NULL;
	int result = -E_NOT_FOUND;

	if (locate(builder, path, &located) == CATALOGUE_REGULAR)
		result = builder->source->read(builder->source->context, located, limit, content);
	free(located);
	return result;
}

static bool grub_listed(void *context, const char *path)
{
	struct builder *builder = context;
	char *located = NULL;
	bool listed = false;

	(void)locate(builder, path, &located);
	for (size_t i = 0; located && i < builder->found_count; i++)
		listed |= strcmp(builder->found[i].path, located) == 0;
	free(located);
	return listed;
}

/* --- why an entry cannot be booted ---------------------------------------------------------------------------------
 */

static void set_problem(struct builder *builder, struct entry *entry, const char *sentence)
{
	if (entry->problem)
		return;
	entry->problem = strdup(sentence);
	builder->failed |= !entry->problem;
}

/* Replaces *path by where the file is. */
static void check_file(struct builder *builder, struct entry *entry, const char *what, char **path)
{
	static const char *const sentences[] = {
	    [CATALOGUE_MISSING] = "does not exist, or is a link that leads to nothing or out of the directory",
	    [CATALOGUE_DIRECTORY] = "is a directory and no regular file",
	    [CATALOGUE_OTHER] = "is no regular file",
	};
	char *located = NULL;
	const enum catalogue_kind kind = locate(builder, *path, &located);
	char sentence[512];

	if (located) {
		free(*path);
		*path = located;
	}
	if (kind == CATALOGUE_REGULAR || kind == CATALOGUE_EMPTY)
		return;
	(void)snprintf(sentence, sizeof(sentence), "the %s %.380s %s", what, *path, sentences[kind]);
	set_problem(builder, entry, sentence);
}

static void check_kind(struct builder *builder, struct entry *entry)
{
	static const char *const sentences[] = {
	    [ENTRY_LINUX] = NULL,
	    [ENTRY_XEN] = "this version cannot start the Xen hypervisor",
	    [ENTRY_MULTIBOOT] = "this version cannot start multiboot programs",
	    [ENTRY_ELF] = "this version cannot start ELF programs",
	    [ENTRY_CHAINLOAD] = "another boot loader cannot be started from here",
	};

	if (sentences[entry->kind])
		set_problem(builder, entry, sentences[entry->kind]);
}

static void check_entry(struct builder *builder, struct entry *entry)
{
	struct error error = {0};
	char *canonical = NULL;

	if (entry->kernel)
		check_file(builder, entry, entry->kind == ENTRY_CHAINLOAD ? "boot loader" : "kernel", &entry->kernel);
	if (entry->initrd_count + entry->module_count > MAX_FILES_OF_ENTRY) {
		set_problem(builder, entry, "the entry names more than 32 files");
		return;
	}
	for (size_t i = 0; i < entry->initrd_count; i++)
		check_file(builder, entry, "initrd", &entry->initrds[i]);
	for (size_t i = 0; i < entry->module_count; i++)
		check_file(builder, entry, "module", &entry->modules[i].path);
	if (cmdline_build(entry->cmdline, NULL, NULL, &canonical, &error) < 0) {
		set_problem(builder, entry, error.sentence);
	} else {
		free(entry->cmdline);
		entry->cmdline = canonical;
	}
	check_kind(builder, entry);
}

/* --- configurations ------------------------------------------------------------------------------------------------
 */

static void find_file(struct builder *builder, const char *path)
{
	const enum catalogue_kind kind = builder->source->kind(builder->source->context, path);

	if (kind == CATALOGUE_MISSING)
		return;
	if (kind != CATALOGUE_REGULAR && kind != CATALOGUE_EMPTY) {
		add_notice(builder, path, "this is no regular file and was not read");
		return;
	}
	if (builder->found_count == MAX_CONFIGURATIONS) {
		add_notice(builder, path, "there are more than 64 configurations, and this one was not read");
		return;
	}
	struct configuration *found = &builder->found[builder->found_count];
	found->path = strdup(path);
	if (found->path)
		builder->found_count++;
	else
		builder->failed = true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* directory/NAME/grub.cfg for each name, in order of the names. */
static void find_below(struct builder *builder, const char *directory)
{
	const struct catalogue_source *source = builder->source;
	CLEANUP(buffer_clear) struct buffer names = {0};
	const char *sorted[256];
	size_t count = 0;

	if (source->kind(source->context, directory) != CATALOGUE_DIRECTORY ||
	    source->list(source->context, directory, &names) < 0 || names.failed)
		return;
	for (size_t at = 0; at < names.size && count < ARRAY_SIZE(sorted);) {
		const char *name = (const char *)names.data + at;
		const size_t length = strnlen(name, names.size - at);
		if (length == names.size - at)
			break;
		if (name[0] != '.' && length > 0 && !strchr(name, '/'))
			sorted[count++] = name;
		at += length + 1;
	}
	qsort(sorted, count, sizeof(sorted[0]), compare_names);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buffer_clear) struct buffer path = {0};
		buffer_append_format(&path, "%s/%s/grub.cfg", directory, sorted[i]);
		if (buffer_string(&path))
			find_file(builder, buffer_string(&path));
	}
}

static bool is_copy(struct builder *builder, struct configuration *configuration, struct bytes text)
{
	configuration->digest = digest_of(HASH_SHA256, text);
	configuration->read = true;
	for (struct configuration *other = builder->found; other < configuration; other++)
		if (other->read && digest_equal(&other->digest, &configuration->digest))
			return true;
	return false;
}

/* Marks of a later configuration give way to that of the first with entries. */
static void keep_one_default(struct entry_list *list, size_t first)
{
	bool taken = false;

	for (size_t i = 0; i < list->count; i++) {
		taken |= i < first && list->entries[i].is_default;
		if (i >= first && taken)
			list->entries[i].is_default = false;
	}
}

static void read_configuration(struct builder *builder, struct configuration *configuration)
{
	const struct catalogue_source *source = builder->source;
	struct entry_list *list = &builder->catalogue->entries;
	const struct grub_files files = {builder, grub_kind, grub_read, grub_listed};
	const size_t first = list->count;
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct grub_report report = {0};
	struct error error = {0};

	builder->current = configuration->path;
	const int result = source->read(source->context, configuration->path, GRUB_MAX_TEXT, &text);
	if (result < 0 || text.failed) {
		add_notice(builder, configuration->path,
		           result == -E_TOO_LARGE ? "the configuration is too long and was not read"
		                                  : "the configuration cannot be read");
		return;
	}
	builder->catalogue->configurations++;
	/* One file under two names: /boot/boot is a link to /boot itself on many systems. */
	if (is_copy(builder, configuration, buffer_bytes(&text)))
		return;
	const struct grub_config config = {
	    .text = buffer_bytes(&text),
	    .source = configuration->path + 1,
	    .path = configuration->path,
	    .first_position = builder->positions,
	    .files = &files,
	};
	const int parsed = grub_parse(&config, list, &report, &error);
	builder->positions += report.positions;
	builder->failed |= parsed == -E_MEMORY;
	if (parsed < 0)
		add_notice(builder, configuration->path, error.sentence);
	else if (report.notice[0] != '\0')
		add_notice(builder, configuration->path, report.notice);
	else if (list->count == first && text.size == 0)
		add_notice(builder, configuration->path, "the configuration is empty");
	for (size_t i = first; i < list->count && !builder->failed; i++)
		check_entry(builder, &list->entries[i]);
	keep_one_default(list, first);
}

static int build(struct builder *builder, struct error *error)
{
	find_file(builder, "/grub/grub.cfg");
	find_file(builder, "/boot/grub/grub.cfg");
	find_file(builder, "/grub2/grub.cfg");
	find_file(builder, "/boot/grub2/grub.cfg");
	find_below(builder, "/EFI");
	find_below(builder, "/boot/EFI");
	if (builder->found_count == 0)
		return error_set(error, E_NOT_FOUND, "boot configuration",
		                 "no boot configuration was found: neither grub/grub.cfg nor grub2/grub.cfg nor "
		                 "EFI/*/grub.cfg, here and below boot");
	for (size_t i = 0; i < builder->found_count && !builder->failed; i++)
		read_configuration(builder, &builder->found[i]);
	if (builder->failed || builder->catalogue->notices.failed)
		return error_set(error, E_MEMORY, "boot configuration", "no memory to read the boot configuration");
	return 0;
}

int catalogue_build(const struct catalogue_source *source, struct catalogue *ret_catalogue, struct error *error)
{
	struct catalogue catalogue = {0};
	struct builder builder = {.source = source, .catalogue = &catalogue};
	const int result = build(&builder, error);

	for (size_t i = 0; i < builder.found_count; i++)
		free(builder.found[i].path);
	if (result < 0)
		catalogue_clear(&catalogue);
	else
		*ret_catalogue = catalogue;
	return result;
}
