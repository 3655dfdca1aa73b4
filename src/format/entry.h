/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot entries as data, whatever boot loader's configuration they came from (grub, later bls and syslinux). */
#ifndef HEADS_FORMAT_ENTRY_H
#define HEADS_FORMAT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

enum entry_kind { ENTRY_LINUX, ENTRY_XEN, ENTRY_MULTIBOOT, ENTRY_ELF, ENTRY_CHAINLOAD };

struct entry_module {
	char *path;
	char *args;
};

/* One entry; every string is its own allocation, owned by the entry, not yet escaped for a terminal. */
struct entry {
	char *id; /* "grub:1>0": source kind, then positions from 0 through submenus */
	char *title;
	char **submenu; /* titles from the top down */
	size_t submenu_count;
	enum entry_kind kind;
	char *kernel; /* path from the root of the boot filesystem with a leading slash, or NULL */
	char **initrds;
	size_t initrd_count;
	char *cmdline; /* canonical: words separated by one space; "" for none */
	struct entry_module *modules;
	size_t module_count;
	bool is_default;
	char *source;  /* path of the configuration below the root, without a leading slash: "grub/grub.cfg" */
	char *problem; /* the sentence that says why it cannot be booted, or NULL */
};

struct entry_list {
	struct entry *entries; /* in menu order */
	size_t count;
};

/* "linux", "xen", ... */
const char *entry_kind_name(enum entry_kind kind);
/* Appends an empty entry (all zero) and returns it; NULL without memory. It stays owned by the list. */
struct entry *entry_list_add(struct entry_list *list);
/* Frees all; fits CLEANUP(). */
void entry_list_clear(struct entry_list *list);
/* The default entry: the one marked, or NULL where the list is empty. */
const struct entry *entry_list_default(const struct entry_list *list);

#endif
