/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's exported secret key, from a stick into wiped memory. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/screen.h"

#define TRIES 3

int menu_read_owner_key(struct menu *menu, const char *title, const struct media_file *file, struct signing_key *key,
                        struct error *error)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	int r;

	if (menu->key.size == 0)
		return error_set(error, E_REFUSED, "owner.asc",
		                 "the ROM holds no key of an owner: no signature would be accepted");
	ui_progress(menu->ui, title, "Reading the key ...", 0, 0);
	r = media_read(file, SIGNING_KEY_MAX_FILE, &content, error);
	return r < 0 ? r : signing_key_read(buffer_bytes(&content), file->name, buffer_bytes(&menu->key), key, error);
}

int menu_open_owner_key(struct menu *menu, const char *title, struct signing_key *key, struct error *error)
{
	int r = -E_WRONG_AUTH;

	if (!signing_key_is_protected(key))
		return signing_key_open(key, BYTES_EMPTY, error);
	for (unsigned i = 0; i < TRIES && r == -E_WRONG_AUTH; i++) {
		CLEANUP(secret_clear) struct secret passphrase = {0};
		struct ui_text text = {0};
		bool answered;

		if (i > 0)
			ui_text_add(&text, UI_BAD, "That is not its passphrase.");
		ui_text_add(&text, UI_NORMAL, "The passphrase of your key %s.", key->fingerprint);
		log_line("ask what=key-passphrase try=%u", i + 1);
		answered = secret_allocate(SIGNING_KEY_MAX_PHRASE, &passphrase) == 0 &&
		           ui_ask_secret(menu->ui, "Passphrase of the key", &text, &passphrase);
		ui_text_clear(&text);
		if (!answered)
			return error_set(error, E_REFUSED, key->fingerprint, "no passphrase was given");
		ui_progress(menu->ui, title, "Opening the key ...", 0, 0);
		r = signing_key_open(key, secret_bytes(&passphrase), error);
	}
	return r;
}
