/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/changes.h"
#include "base/cleanup.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *change_kind_name(enum change_kind kind)
{
	static const char *const names[CHANGE_KINDS] = {
	    [CHANGE_KERNEL_UPDATE] = "kernel-update",
	    [CHANGE_KERNEL_ADDED] = "kernel-added",
	    [CHANGE_KERNEL_REMOVED] = "kernel-removed",
	    [CHANGE_INITRD] = "initrd",
	    [CHANGE_KERNEL] = "kernel",
	    [CHANGE_CONFIGURATION] = "configuration",
	    [CHANGE_LOADER] = "boot-loader",
	    [CHANGE_ENTRY_FILE] = "entry-file",
	    [CHANGE_UNKNOWN] = "unknown",
	};
	return names[kind];
}

/* What the name of a file says it is. */
enum part { PART_NONE, PART_KERNEL, PART_INITRD, PART_COMPANION };

static const struct {
	const char *prefix;
	enum part part;
} parts[] = {
    {"vmlinuz-", PART_KERNEL},    {"vmlinux-", PART_KERNEL},       {"kernel-", PART_KERNEL},
    {"initrd.img-", PART_INITRD}, {"initramfs-", PART_INITRD},     {"initrd-", PART_INITRD},
    {"config-", PART_COMPANION},  {"System.map-", PART_COMPANION}, {"symvers-", PART_COMPANION},
};

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* A file that carries a kernel's version in its name. */
static enum part read_name(const char *path, char *version, size_t size)
{
	static const char *const ends[] = {".img", ".gz", ".xz", ".efi"};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t prefix = strlen(parts[i].prefix), length = strlen(name);

		if (strncmp(name, parts[i].prefix, prefix) != 0 || name[prefix] < '0' || name[prefix] > '9')
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(ends); j++)
			if (ends_with(name, ends[j])) {
				length -= strlen(ends[j]);
				break;
			}
		(void)text_escape_into(bytes_make(name + prefix, length - prefix), version, size);
		return parts[i].part;
	}
	return PART_NONE;
}

static bool is_configuration(const char *path)
{
	return ends_with(path, "/grub.cfg") || ends_with(path, "/grubenv") || ends_with(path, "/custom.cfg") ||
	       ends_with(path, "linux.cfg") || ends_with(path, "linux.conf") ||
	       (ends_with(path, ".conf") && strstr(path, "loader/entries/"));
}

static bool is_loader(const char *path)
{
	static const char *const folders[] = {"grub/", "grub2/", "EFI/", "efi/", "loader/", "syslinux/", "extlinux/"};

	if (strncmp(path, "boot/", 5) == 0)
		path += 5;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			return true;
	return false;
}

static bool is_path(const char *of_entry, const char *path)
{
	while (of_entry && *of_entry == '/')
		of_entry++;
	return of_entry && strcmp(of_entry, path) == 0;
}

static bool is_started(const struct entry_list *entries, const char *path)
{
	for (size_t i = 0; entries && i < entries->count; i++) {
		const struct entry *entry = &entries->entries[i];

		if (is_path(entry->kernel, path))
			return true;
		for (size_t j = 0; j < entry->initrd_count; j++)
			if (is_path(entry->initrds[j], path))
				return true;
		for (size_t j = 0; j < entry->module_count; j++)
			if (is_path(entry->modules[j].path, path))
				return true;
	}
	return false;
}

/* Grows at the powers of two. */
static bool add_finding(struct change_group *group, size_t index)
{
	if ((group->count & (group->count - 1)) == 0) {
		size_t *findings =
		    reallocarray(group->findings, group->count ? group->count * 2 : 1, sizeof(*findings));

		if (!findings)
			return false;
		group->findings = findings;
	}
	group->findings[group->count++] = index;
	return true;
}

/* The group of this kind and version, made where it is not there; NULL without memory. */
static struct change_group *find_group(struct changes *changes, enum change_kind kind, const char *version)
{
	struct change_group *groups;

	for (size_t i = 0; i < changes->count; i++)
		if (changes->groups[i].kind == kind && strcmp(changes->groups[i].version, version) == 0)
			return &changes->groups[i];
	groups = reallocarray(changes->groups, changes->count + 1, sizeof(*groups));
	if (!groups)
		return NULL;
	changes->groups = groups;
	groups = &groups[changes->count++];
	*groups = (struct change_group){.kind = kind};
	(void)snprintf(groups->version, sizeof(groups->version), "%s", version);
	return groups;
}

/* Of a version: what became of its kernel. A version whose kernel has no finding is as it was signed. */
static enum change_kind kind_of_version(const struct verify_result *result, const char *version)
{
	for (size_t i = 0; i < result->finding_count; i++) {
		char other[80];

		if (read_name(result->findings[i].path, other, sizeof(other)) != PART_KERNEL ||
		    strcmp(other, version) != 0)
			continue;
		if (result->findings[i].kind == VERIFY_ADDED)
			return CHANGE_KERNEL_ADDED;
		return result->findings[i].kind == VERIFY_REMOVED ? CHANGE_KERNEL_REMOVED : CHANGE_KERNEL;
	}
	return CHANGE_INITRD;
}

static enum change_kind kind_of(const struct verify_result *result, const struct entry_list *entries, size_t index,
                                char *version, size_t size)
{
	const char *path = result->findings[index].path;
	enum part part = PART_NONE;

	if (result->finding_count <= CHANGES_MAX_FINDINGS)
		part = read_name(path, version, size);
	if (part != PART_NONE) {
		enum change_kind kind = kind_of_version(result, version);

		if (kind != CHANGE_INITRD || part == PART_INITRD)
			return kind;
	}
	version[0] = '\0';
	if (is_configuration(path))
		return CHANGE_CONFIGURATION;
	if (is_loader(path))
		return CHANGE_LOADER;
	return is_started(entries, path) ? CHANGE_ENTRY_FILE : CHANGE_UNKNOWN;
}

static const char *flavour(const char *version)
{
	const char *dash = strrchr(version, '-');

	return dash ? dash : "";
}

/* A version that went and one that came, of one flavour: an update. Both lists are sorted by version, the newest last.
 */
static void pair_updates(struct changes *changes)
{
	for (size_t i = changes->count; i-- > 0;) {
		struct change_group *added = &changes->groups[i];

		if (added->kind != CHANGE_KERNEL_ADDED)
			continue;
		for (size_t j = changes->count; j-- > 0;) {
			struct change_group *gone = &changes->groups[j];
			bool ok = true;

			if (gone->kind != CHANGE_KERNEL_REMOVED || gone->count == 0 ||
			    strcmp(flavour(gone->version), flavour(added->version)) != 0)
				continue;
			for (size_t k = 0; ok && k < gone->count; k++)
				ok = add_finding(added, gone->findings[k]);
			if (!ok)
				return;
			added->kind = CHANGE_KERNEL_UPDATE;
			(void)snprintf(added->previous, sizeof(added->previous), "%s", gone->version);
			gone->count = 0;
			break;
		}
	}
}

static void say(struct change_group *group, bool entries_known)
{
	static const struct {
		const char *before, *after; /* the version */
	} words[CHANGE_KINDS] = {
	    [CHANGE_KERNEL_UPDATE] = {"kernel ", ""},
	    [CHANGE_KERNEL_ADDED] = {"new kernel ", ""},
	    [CHANGE_KERNEL_REMOVED] = {"removed kernel ", ""},
	    [CHANGE_INITRD] = {"the initrd of kernel ", " was built anew"},
	    [CHANGE_KERNEL] = {"kernel ", " is another one under the same name"},
	    [CHANGE_CONFIGURATION] = {"the boot configuration was written anew", ""},
	    [CHANGE_LOADER] = {"files of the boot loader", ""},
	    [CHANGE_ENTRY_FILE] = {"files that a boot entry starts", ""},
	    [CHANGE_UNKNOWN] = {"files that no boot entry uses", ""},
	};
	const char *before = words[group->kind].before;

	if (group->kind == CHANGE_UNKNOWN && !entries_known)
		before = "other files";
	(void)snprintf(group->sentence, sizeof(group->sentence), "%s%s%s%s%s", before, group->previous,
	               group->previous[0] ? " -> " : "", group->version, words[group->kind].after);
}

static void name_packages(const struct verify_result *result, struct change_group *group)
{
	for (size_t i = 0; i < group->count && group->package_count < CHANGES_MAX_PACKAGES; i++) {
		const char *package = result->findings[group->findings[i]].package;
		bool is_new = package != NULL;

		for (size_t j = 0; is_new && j < group->package_count; j++)
			is_new = strcmp(group->packages[j], package) != 0;
		if (is_new)
			group->packages[group->package_count++] = package;
	}
	for (size_t i = 0; i < group->package_count; i++) {
		size_t used = strlen(group->sentence);

		(void)snprintf(group->sentence + used, sizeof(group->sentence) - used, "%s%s%s",
		               i > 0                      ? ", "
		               : group->package_count > 1 ? " (packages "
		                                          : " (package ",
		               group->packages[i], i + 1 == group->package_count ? ")" : "");
	}
}

static int compare_groups(const void *a, const void *b)
{
	const struct change_group *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return strverscmp(left->version, right->version);
}

int changes_group(const struct verify_result *result, const struct entry_list *entries, struct changes *ret_changes)
{
	CLEANUP(changes_clear) struct changes changes = {0};
	size_t kept = 0;

	for (size_t i = 0; i < result->finding_count; i++) {
		char version[80] = "";
		enum change_kind kind = kind_of(result, entries, i, version, sizeof(version));
		struct change_group *group = find_group(&changes, kind, version);

		if (!group || !add_finding(group, i))
			return -E_MEMORY;
	}
	if (changes.count > 0)
		qsort(changes.groups, changes.count, sizeof(*changes.groups), compare_groups);
	pair_updates(&changes);
	for (size_t i = 0; i < changes.count; i++) {
		if (changes.groups[i].count == 0)
			free(changes.groups[i].findings);
		else
			changes.groups[kept++] = changes.groups[i];
	}
	changes.count = kept;
	if (kept > 0)
		qsort(changes.groups, kept, sizeof(*changes.groups), compare_groups);
	for (size_t i = 0; i < kept; i++) {
		say(&changes.groups[i], entries != NULL);
		name_packages(result, &changes.groups[i]);
	}
	*ret_changes = changes;
	changes = (struct changes){0};
	return 0;
}

void changes_clear(struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		free(changes->groups[i].findings);
	free(changes->groups);
	*changes = (struct changes){0};
}
