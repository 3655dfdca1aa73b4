/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file on the attached disks and sticks. */
#include "base/text.h"
#include "menu/screen.h"
#include <stdio.h>

static const struct {
	const char *question, *nothing, *sentence;
} words[] = {
    [MEDIA_FIRMWARE] = {"Which file?", "No update was found",
                        "no file heads-*.tar, heads-*.rom or *.zip lies at the top of a vfat or ext4 file system"},
    [MEDIA_KEYS] = {"Which key?", "No key was found",
                    "no file *.asc, *.gpg, *.key or *.pgp lies at the top of a vfat or ext4 file system"},
    [MEDIA_ANSWERS] = {"Which answers?", "No answers were found",
                       "no file heads-owner*.txt lies at the top of a vfat or ext4 file system"},
};

static const char help[] =
    "Looked at were the tops of all vfat and ext4 file systems, read-only. A stick that is plugged in later is found "
    "when you come here again: Esc, and choose the same once more.\n"
    "Nothing on a stick is ever booted or executed.";

struct found {
	struct media_file files[MEDIA_MAX_FILES];
	struct ui_item items[MEDIA_MAX_FILES];
	char labels[MEDIA_MAX_FILES][160];
};

static void label(struct found *found, enum media_kind kind, size_t i)
{
	const struct media_file *file = &found->files[i];
	bool unsigned_image = kind == MEDIA_FIRMWARE && !file->package;
	char name[100];

	(void)snprintf(found->labels[i], sizeof(found->labels[i]), "%.99s  on %.47s",
	               text_escape_into(bytes_from_string(file->name), name, sizeof(name)), file->device);
	found->items[i] = (struct ui_item){.label = found->labels[i], .tone = unsigned_image ? UI_WARNING : UI_NORMAL};
}

bool menu_choose_media(struct menu *menu, enum media_kind kind, const char *title, struct media_file *ret_file)
{
	struct found found;
	struct ui_menu screen = {.title = words[kind].question, .items = found.items, .help = help};
	struct error error;
	size_t choice;

	ui_progress(menu->ui, title, "Looking at the disks and sticks ...", 0, 0);
	screen.count = media_list(kind, found.files);
	if (screen.count == 0) {
		(void)error_set(&error, E_NOT_FOUND, title, "%s", words[kind].sentence);
		screen_error(menu, words[kind].nothing, &error);
		return false;
	}
	for (size_t i = 0; i < screen.count; i++)
		label(&found, kind, i);
	if (ui_menu_run(menu->ui, &screen, &choice) != UI_CHOSEN || choice >= screen.count)
		return false;
	*ret_file = found.files[choice];
	return true;
}
