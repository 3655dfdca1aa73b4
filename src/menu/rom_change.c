/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One of the owner's files in the ROM, changed from a screen: what that means for the secrets of the TPM is known
 * before the owner is asked, and the TPM is told before the flash is written, so that a power cut in between leaves
 * both. */
#include "base/cleanup.h"
#include "menu/screen.h"
#include "rom/flash_board.h"

static int change_flash(const struct menu_rom_change *change, struct flash *flash, const struct flash_watch *watch,
                        struct flash_count *count, struct error *error)
{
	return change->writer ? change->writer(change->context, flash, watch, count, error)
	                      : owner_files_change(flash, change->name, &change->content, watch, count, error);
}

static int change_copy(void *context, struct flash *copy, struct error *error)
{
	return change_flash(context, copy, NULL, NULL, error);
}

int menu_rom_change_prepare(struct menu *menu, struct menu_rom_change *change, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer chip = {0};
	int r = change->writer ? 0 : owner_file_check(change->name, change->content, error);

	if (r == 0)
		r = flash_open_board(&menu->settings, &change->flash, error);
	ui_progress(menu->ui, change->title, "Reading the flash ...", 0, 0);
	if (r == 0)
		r = flash_read(change->flash, 0, flash_size(change->flash), &chip, error);
	if (r == 0)
		menu_foresee(menu, buffer_bytes(&chip), change_copy, change, &change->forecast);
	return r;
}

struct progress {
	struct ui *ui;
	const char *title;
};

static void show_progress(void *context, uint64_t done, uint64_t total, unsigned long long ms)
{
	const struct progress *progress = context;

	(void)ms;
	ui_progress(progress->ui, progress->title, "Writing the flash", done, total);
}

int menu_rom_change_write(struct menu *menu, struct menu_rom_change *change, size_t *ret_written, struct error *error)
{
	struct progress progress = {menu->ui, change->title};
	const struct flash_watch watch = {show_progress, &progress};
	struct flash_count count = {0};
	int r = menu_approve(menu, &change->forecast, error);

	if (r == 0)
		r = change_flash(change, change->flash, &watch, &count, error);
	*ret_written = count.written;
	menu->rom_changed |= r == 0;
	return r;
}

void menu_rom_change_clear(struct menu_rom_change *change)
{
	flash_close(&change->flash);
}
