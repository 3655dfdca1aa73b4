/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/settings_store.h"
#include "base/cleanup.h"
#include "rom/owner_files.h"

int rom_settings_change(struct flash *flash, const char *name, const char *value, const struct flash_watch *watch,
                        struct flash_count *count, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	CLEANUP(buffer_clear) struct buffer chip = {0}, text = {0};
	struct rom_image image;
	struct bytes content;
	int r = flash_read(flash, 0, flash_size(flash), &chip, error);

	image.bytes = buffer_bytes(&chip);
	if (r == 0)
		r = owner_files_read(&image, &files, error);
	if (r == 0)
		r = rom_settings_edit(owner_files_find(&files, OWNER_FILE_SETTINGS), name, value, &text, error);
	content = buffer_bytes(&text);
	if (r == 0)
		r = owner_files_set(&files, OWNER_FILE_SETTINGS, content, error);
	return r < 0 ? r : owner_files_store(flash, &files, watch, count, error);
}
