/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/entry.h"

#include <stdlib.h>
#include <string.h>

static const char *const KIND_NAMES[] = {
    [ENTRY_LINUX] = "linux",         [ENTRY_XEN] = "xen", [ENTRY_MULTIBOOT] = "multiboot", [ENTRY_ELF] = "elf",
    [ENTRY_CHAINLOAD] = "chainload",
};

const char *entry_kind_name(enum entry_kind kind)
{
	return (size_t)kind < sizeof(KIND_NAMES) / sizeof(KIND_NAMES[0]) ? KIND_NAMES[kind] : "unknown";
}

struct entry *entry_list_add(struct entry_list *list)
{
	/* Grows at the powers of two, so that no capacity has to be kept. */
	if ((list->count & (list->count - 1)) == 0) {
		const size_t capacity = list->count ? list->count * 2 : 1;
		struct entry *entries = reallocarray(list->entries, capacity, sizeof(*entries));
		if (!entries)
			return NULL;
		list->entries = entries;
	}
	struct entry *entry = &list->entries[list->count++];
	*entry = (struct entry){0};
	return entry;
}

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

static void entry_clear(struct entry *entry)
{
	free(entry->id);
	free(entry->title);
	free_strings(entry->submenu, entry->submenu_count);
	free(entry->kernel);
	free_strings(entry->initrds, entry->initrd_count);
	free(entry->cmdline);
	for (size_t i = 0; i < entry->module_count; i++) {
		free(entry->modules[i].path);
		free(entry->modules[i].args);
	}
	free(entry->modules);
	free(entry->source);
	free(entry->problem);
}

void entry_list_clear(struct entry_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		entry_clear(&list->entries[i]);
	free(list->entries);
	*list = (struct entry_list){0};
}

const struct entry *entry_list_default(const struct entry_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].is_default)
			return &list->entries[i];
	return NULL;
}
