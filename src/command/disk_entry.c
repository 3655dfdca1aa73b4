/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/disk_entry.h"
#include "base/cleanup.h"
#include "rom/edit.h"
#include "rom/flash_board.h"
#include "rom/owner_files.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The owner's settings in the flash of this machine; nothing on a workstation, whose board settings know of no flash.
 */
static int read_owner(const char *board_file, struct buffer *text, struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings board = {0};
	CLEANUP(rom_close) struct rom_image image = {BYTES_EMPTY};
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	int r = rom_settings_load(board_file, BYTES_EMPTY, &board, error);

	if (r < 0 || !rom_settings_get(&board, "CONFIG_FLASH_SIZE"))
		return r;
	r = rom_open_flash(rom_settings_number(&board, "CONFIG_FLASH_SIZE", ROM_MAX_SIZE, 0), &image, error);
	if (r == 0)
		r = owner_files_read(&image, &files, error);
	if (r == 0)
		buffer_append_bytes(text, owner_files_find(&files, OWNER_FILE_SETTINGS));
	return r;
}

int disk_entries_read(const struct command_context *context, const char *path, struct disk_entries *ret_entries,
                      struct error *error)
{
	CLEANUP(buffer_clear) struct buffer owner = {0};
	CLEANUP_CLOSE int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct catalogue_source source = catalogue_directory(&directory);
	const char *board_file = context->settings ? context->settings : SETTINGS_BOARD_FILE;
	int r;

	if (directory < 0)
		return error_set_errno(error, E_USAGE, path, errno,
		                       "the directory %s with the boot entries cannot be opened (--boot DIR)", path);
	r = catalogue_build_confined(&source, &ret_entries->catalogue, error);
	if (r == 0)
		r = read_owner(board_file, &owner, error);
	return r < 0 ? r : rom_settings_load(board_file, buffer_bytes(&owner), &ret_entries->settings, error);
}

void disk_entries_clear(struct disk_entries *entries)
{
	catalogue_clear(&entries->catalogue);
	rom_settings_clear(&entries->settings);
}

struct key_entry_words disk_entries_words(const struct disk_entries *entries)
{
	return (struct key_entry_words){rom_settings_get(&entries->settings, "CONFIG_BOOT_KERNEL_ADD"),
	                                rom_settings_get(&entries->settings, "CONFIG_BOOT_KERNEL_REMOVE")};
}

int disk_entries_find(const struct disk_entries *entries, const char *name, const struct entry **ret_entry,
                      struct error *error)
{
	const struct entry_list *list = &entries->catalogue.entries;
	const struct entry *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];

		if (strcmp(entry->id, name) == 0) {
			*ret_entry = entry;
			return 0;
		}
		if (!entry->title || strcmp(entry->title, name) != 0)
			continue;
		found = entry;
		count++;
	}
	if (count > 1)
		return error_set(error, E_USAGE, name,
		                 "%zu boot entries have the title %s; name one by its id (heads boot list)", count,
		                 name);
	if (count == 0)
		return error_set(error, E_NOT_FOUND, name,
		                 "no boot entry has the id or title %s (heads boot list names them)", name);
	*ret_entry = found;
	return 0;
}
