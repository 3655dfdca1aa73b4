/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The encrypted backup drive on the screen: which one, and its passphrase. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/screen.h"
#include "owner/backup.h"
#include <inttypes.h>
#include <stdio.h>

#define TRIES 3

bool menu_drive_is_plugged_in(void)
{
	struct drive_stick sticks[DRIVE_MAX];
	const size_t count = drive_list(sticks);

	for (size_t i = 0; i < count; i++)
		if (sticks[i].is_drive)
			return true;
	return false;
}

bool menu_choose_stick(struct menu *menu, bool backup, const char *used, const char *question,
                       struct drive_stick *ret_stick)
{
	struct drive_stick sticks[DRIVE_MAX];
	struct {
		struct ui_item items[DRIVE_MAX];
		char labels[DRIVE_MAX][180];
	} shown;
	struct ui_menu screen = {
	    .title = question,
	    .items = shown.items,
	    .help = "Only sticks and drives that are plugged in are listed, with their size and name. One that is "
	            "plugged in later is found when you come here again: Esc, and choose the same once more."};
	const size_t count = drive_list(sticks);
	struct error error;
	size_t choice = 0;

	for (size_t i = 0; i < count; i++) {
		if ((backup && !sticks[i].is_drive) || (used && drive_has(sticks[i].path, used)))
			continue;
		sticks[screen.count] = sticks[i];
		(void)snprintf(shown.labels[screen.count], sizeof(shown.labels[0]), "%.47s  %.63s, %" PRIu64 " MiB%s",
		               sticks[i].path, sticks[i].model, sticks[i].size >> 20,
		               sticks[i].is_drive && !backup ? "  (a backup drive)" : "");
		shown.items[screen.count] = (struct ui_item){.label = shown.labels[screen.count]};
		screen.count++;
	}
	if (screen.count == 0) {
		(void)error_set(&error, E_NOT_FOUND, "stick",
		                backup ? "no backup drive is plugged in: plug it in, then choose this again"
		                : used ? "no stick is plugged in beside the one with the files of this run: the backup "
		                         "drive wants a stick of its own; plug one in, then choose this again"
		                       : "no stick is plugged in: plug one in, then choose this again");
		screen_error(menu, question, &error);
		return false;
	}
	/* What is erased is always named; what is opened only where there is a choice. */
	if ((!backup || screen.count > 1) && ui_menu_run(menu->ui, &screen, &choice) != UI_CHOSEN)
		return false;
	*ret_stick = sticks[choice];
	return true;
}

int menu_open_drive(struct menu *menu, const char *title, struct buffer *secret, struct error *error)
{
	struct drive_stick stick;
	int r = -E_WRONG_AUTH;

	if (!menu_choose_stick(menu, true, NULL, "Which backup drive?", &stick))
		return error_set(error, E_REFUSED, "drive", "no backup drive was chosen");
	for (unsigned i = 0; i < TRIES && r == -E_WRONG_AUTH; i++) {
		CLEANUP(secret_clear) struct secret passphrase = {0};
		struct ui_text text = {0};
		bool answered;

		if (i > 0)
			ui_text_add(&text, UI_BAD, "That is not its passphrase.");
		ui_text_add(&text, UI_NORMAL, "The passphrase of the backup drive %s (%s).", stick.path, stick.model);
		log_line("ask what=drive-passphrase try=%u", i + 1);
		answered = secret_allocate(OPENPGP_MAX_SECRET, &passphrase) == 0 &&
		           ui_ask_secret(menu->ui, "Passphrase of the backup drive", &text, &passphrase);
		ui_text_clear(&text);
		if (!answered || passphrase.size == 0)
			return error_set(error, E_REFUSED, stick.path, "no passphrase was given");
		ui_progress(menu->ui, title, "Opening the backup drive ...", 0, 0);
		r = backup_read_secret(stick.private, secret_bytes(&passphrase), secret, error);
	}
	if (r == 0)
		log_line("drive opened device=%s", stick.path);
	return r;
}

int menu_read_drive_key(struct menu *menu, const char *title, struct signing_key *key, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer secret = {0};
	int r;

	if (menu->key.size == 0)
		return error_set(error, E_REFUSED, "owner.asc",
		                 "the ROM holds no key of an owner: no signature would be accepted");
	r = menu_open_drive(menu, title, &secret, error);
	return r < 0 ? r : signing_key_read(buffer_bytes(&secret), BACKUP_SECRET, buffer_bytes(&menu->key), key, error);
}
