/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's public key, from a stick into the ROM: from the next start on, what it signs on /boot verifies. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/log.h"
#include "format/armour.h"
#include "format/openpgp_key.h"
#include "menu/screen.h"
#include <ctype.h>

#define TITLE "The owner's key in the ROM"

/* The fingerprints of its primary keys: what the owner compares with the note that he made where he made the key. */
static int describe(struct bytes content, const char *name, struct ui_text *text, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer binary = {0};
	struct openpgp_keys keys = {.count = 0};
	int r = armour_read(content, ARMOUR_PUBLIC_KEY, name, &binary, error);

	if (r == 0 && armour_is_keybox(buffer_bytes(&binary)))
		return error_set(
		    error, E_UNSUPPORTED, name,
		    "%s is GnuPG's keybox; store what `gpg --export` writes: a key that the screen can name", name);
	if (r == 0)
		r = openpgp_keys_read(buffer_bytes(&binary), name, &keys, error);
	for (size_t i = 0; r == 0 && i < keys.count; i++) {
		char digits[2 * OPENPGP_FINGERPRINT_SIZE + 1];

		if (!keys.keys[i].primary)
			continue;
		hex_encode(bytes_make(keys.keys[i].fingerprint, OPENPGP_FINGERPRINT_SIZE), digits);
		for (char *digit = digits; *digit; digit++) /* as gpg shows it */
			*digit = (char)toupper((unsigned char)*digit);
		ui_text_add(text, UI_NORMAL, "Key        %s", digits);
	}
	return r;
}

static bool confirm(struct menu *menu, const struct menu_rom_change *change, struct ui_text *text)
{
	ui_text_add(text, menu->key.size > 0 ? UI_WARNING : UI_NORMAL, "%s",
	            menu->key.size > 0
	                ? "It takes the place of the key in heads/owner.asc: what that one signed does not "
	                  "verify any more."
	                : "From the next start on, what this key signs on /boot verifies.");
	ui_text_add(text, UI_NORMAL,
	            "Compare every digit with what your workstation shows (gpg --fingerprint). The flash is "
	            "written; at the next start PCR 7 differs.");
	menu_forecast_describe(&change->forecast, text);
	return ui_confirm(menu->ui, TITLE, text, "Write it into the ROM", "Leave it");
}

static int offer_restart(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_GOOD, "The key is in the ROM, and in force from the next start on.");
	yes = ui_confirm(menu->ui, TITLE, &text, "Restart now", "Later");
	ui_text_clear(&text);
	return yes ? MENU_EXIT_REBOOT : 0;
}

int menu_store_rom_key(struct menu *menu, struct bytes content, const char *name, bool *ret_stored)
{
	CLEANUP(menu_rom_change_clear)
	struct menu_rom_change change = {.title = TITLE, .name = OWNER_FILE_KEY, .content = content};
	struct ui_text text = {0};
	struct error error;
	size_t written = 0;
	bool yes;
	int r = describe(content, name, &text, &error);

	*ret_stored = false;
	if (r == 0)
		r = menu_rom_change_prepare(menu, &change, &error);
	yes = r == 0 && confirm(menu, &change, &text) && menu_may(menu, ACCESS_SETTINGS);
	ui_text_clear(&text);
	if (yes)
		r = menu_rom_change_write(menu, &change, &written, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(menu, "The key was not stored", &error);
	}
	if (r < 0 || !yes)
		return 0;
	*ret_stored = true;
	log_line("key stored in=rom written=%zu", written);
	return offer_restart(menu);
}

int screen_rom_key(struct menu *menu)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct media_file file;
	struct error error;
	bool stored;

	if (!menu_choose_media(menu, MEDIA_KEYS, TITLE, &file))
		return 0;
	if (media_read(&file, OWNER_FILE_MAX_SIZE, &content, &error) < 0) {
		log_error(&error);
		screen_error(menu, "The key was not stored", &error);
		return 0;
	}
	return menu_store_rom_key(menu, buffer_bytes(&content), file.name, &stored);
}
