/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot entries, for the verbs of `disk` that make, list and remove the unlock keys of single ones. */
#ifndef HEADS_COMMAND_DISK_ENTRY_H
#define HEADS_COMMAND_DISK_ENTRY_H

#include "boot/catalogue.h"
#include "boot/key_entry.h"
#include "command/command.h"
#include "rom/settings.h"

struct disk_entries {
	struct catalogue catalogue;
	struct rom_settings settings; /* words of a command line, in force on this machine */
};

/* The entries of the tree at path, which nobody has verified: what does not stand in the signed /boot gets no key in a
 * boot. ret_entries: release with disk_entries_clear whatever the result.
 * Errors: those of catalogue_build_confined, rom_settings_load and owner_files_read; -E_USAGE (the directory). */
int disk_entries_read(const struct command_context *context, const char *path, struct disk_entries *ret_entries,
                      struct error *error);
void disk_entries_clear(struct disk_entries *entries);
struct key_entry_words disk_entries_words(const struct disk_entries *entries);
/* The entry with this id ("grub:0"), or with this title where one alone has it.
 * Errors: -E_NOT_FOUND, -E_USAGE (several have the title). */
int disk_entries_find(const struct disk_entries *entries, const char *name, const struct entry **ret_entry,
                      struct error *error);

#endif
