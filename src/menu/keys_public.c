/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public half of the owner's key: onto a stick, into the ROM; when it expires; its revocation certificate. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/keys_private.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool keys_choose_place(struct keys *keys, struct media_place *ret_place)
{
	struct media_place places[MEDIA_MAX_FILES];
	struct {
		struct ui_item items[MEDIA_MAX_FILES];
		char labels[MEDIA_MAX_FILES][120];
	} shown;
	struct ui_menu screen = {.title = "On which stick?",
	                         .items = shown.items,
	                         .help = "The public key is written to the top of a vfat or ext4 file system. A stick "
	                                 "that is plugged in later is found when you come here again."};
	struct error error;
	size_t choice;

	ui_progress(keys->menu->ui, KEYS_TITLE, "Looking at the sticks ...", 0, 0);
	screen.count = media_places(places);
	if (screen.count == 0) {
		(void)error_set(&error, E_NOT_FOUND, "stick",
		                "there is no stick with a vfat or ext4 file system; plug one in");
		screen_error(keys->menu, "No stick was found", &error);
		return false;
	}
	for (size_t i = 0; i < screen.count; i++) {
		(void)snprintf(shown.labels[i], sizeof(shown.labels[i]), "%.47s  %.63s", places[i].device,
		               places[i].disk);
		shown.items[i] = (struct ui_item){.label = shown.labels[i]};
	}
	if (ui_menu_run(keys->menu->ui, &screen, &choice) != UI_CHOSEN || choice >= screen.count)
		return false;
	*ret_place = places[choice];
	return true;
}

/* "owner-0123456789abcdef.asc": the long key ID. 1: the owner went back. */
static int write_to_stick(struct keys *keys, const char *kind, struct bytes content, struct error *error)
{
	const size_t length = strlen(keys->fingerprint), skip = length > 16 ? length - 16 : 0;
	struct media_file file = {.package = false};
	struct media_place place;
	char name[64], line[200];
	int r;

	(void)snprintf(name, sizeof(name), "%s-%s.asc", kind, keys->fingerprint + skip);
	for (char *digit = name + strlen(kind); *digit; digit++)
		*digit = (char)tolower((unsigned char)*digit);
	if (!keys_choose_place(keys, &place))
		return 1;
	ui_progress(keys->menu->ui, KEYS_TITLE, "Writing to the stick ...", 0, 0);
	(void)snprintf(file.device, sizeof(file.device), "%s", place.device);
	(void)snprintf(file.name, sizeof(file.name), "%s", name);
	r = media_write(&file, content, MEDIA_REPLACE, error);
	if (r < 0)
		return r;
	log_line("key written file=%s device=%s", name, place.device);
	(void)snprintf(line, sizeof(line), "%s is on %s.", name, place.device);
	keys_tell(keys, line);
	return 0;
}

/* As it was made here, or as the ROM has it. */
static int get_public(struct keys *keys, struct buffer *key, struct error *error)
{
	if (keys->fresh.size > 0) {
		buffer_append_bytes(key, buffer_bytes(&keys->fresh));
		return 0;
	}
	if (!keys->fingerprint[0])
		return error_set(error, E_NOT_FOUND, "key",
		                 "the ROM holds no key of an owner, and none was made since the start");
	return openpgp_export_public(keys->session, keys->fingerprint, key, error);
}

int keys_export_public(struct keys *keys, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer key = {0};
	int r = get_public(keys, &key, error);

	if (r == 0)
		r = write_to_stick(keys, "owner", buffer_bytes(&key), error);
	keys->saved = keys->saved || r == 0;
	return r;
}

/* True: the owner leaves although nothing has the key. */
static bool leaves_without(struct keys *keys)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(
	    &text, UI_WARNING,
	    "The public key is neither on a stick nor in the ROM. Without it no signature of the new key can be "
	    "checked, and nothing makes it again.");
	yes = ui_confirm(keys->menu->ui, "Leave without the public key?", &text, "Leave", "Back");
	ui_text_clear(&text);
	return yes;
}

void keys_save_public(struct keys *keys, int *ret_exit)
{
	static const struct ui_item items[] = {{'s', "Onto a stick", UI_NORMAL},
	                                       {'w', "Into the ROM: what it signs on /boot verifies then", UI_NORMAL},
	                                       {'d', "Done", UI_NORMAL}};
	const struct ui_menu screen = {.title = "Where to with the public key?",
	                               .items = items,
	                               .count = ARRAY_SIZE(items),
	                               .help = "The public key checks signatures; it is no secret. Keep a copy on a "
	                                       "stick: the ROM may be replaced one day."};
	struct error error;
	bool stored = false;
	size_t choice;

	while (*ret_exit == 0) {
		if (ui_menu_run(keys->menu->ui, &screen, &choice) != UI_CHOSEN || choice == 2) {
			if (keys->saved || leaves_without(keys))
				return;
			continue;
		}
		if (choice == 0) {
			(void)keys_report(keys, keys_export_public(keys, &error), &error);
			continue;
		}
		*ret_exit = menu_store_rom_key(keys->menu, buffer_bytes(&keys->fresh), "the new key", &stored);
		keys->saved = keys->saved || stored;
	}
}

/* --- with the primary key ------------------------------------------------------------------------------------------
 */

/* Is there a key, and may the dongle sign with it? pin: of the dongle. */
static int open_primary(struct keys *keys, struct secret *pin, struct error *error)
{
	if (!keys->fingerprint[0])
		return error_set(error, E_NOT_FOUND, "key",
		                 "the ROM holds no key of an owner, and none was made since the start");
	if (!keys->has_card) {
		if (error)
			*error = keys->card_problem;
		return -(int)keys->card_problem.code;
	}
	if (strcmp(keys->card.fingerprints[OPENPGP_SIGNATURE], keys->fingerprint) != 0)
		return error_set(
		    error, E_NOT_FOUND, keys->fingerprint,
		    "this takes the primary key, and the signature key of the dongle %s is another one: use "
		    "the key's backup (heads key expiry, heads key revoke)",
		    keys->card.serial);
	return keys_ask_pin(keys, OPENPGP_PIN, pin, error);
}

/* False for Esc and for what is no number of days. */
static bool ask_days(struct keys *keys, unsigned *ret_days)
{
	struct ui_text text = {0};
	char line[8] = "", *end = line;
	unsigned long days = 0;
	bool answered;

	ui_text_add(&text, UI_NORMAL,
	            "In how many days shall the key expire? 365 is a year, 0 is never. What it signed is refused from "
	            "that day on, and it can be prolonged before and after.");
	answered = ui_ask_line(keys->menu->ui, "When the key expires", &text, line, sizeof(line));
	ui_text_clear(&text);
	if (answered)
		days = strtoul(line, &end, 10);
	if (!answered || end == line || *end || days > 36500)
		return false;
	*ret_days = (unsigned)days;
	return true;
}

int keys_set_expiry(struct keys *keys, int *ret_exit, struct error *error)
{
	CLEANUP(secret_clear) struct secret pin = {0};
	unsigned days;
	int r;

	if (!ask_days(keys, &days))
		return 1;
	r = open_primary(keys, &pin, error);
	if (r != 0)
		return r;
	ui_progress(keys->menu->ui, KEYS_TITLE, "The dongle signs the new date ...", 0, 0);
	r = openpgp_set_expiry(keys->session, keys->fingerprint, days, secret_bytes(&pin), error);
	buffer_clear(&keys->fresh);
	if (r == 0)
		r = openpgp_export_public(keys->session, keys->fingerprint, &keys->fresh, error);
	if (r < 0)
		return r;
	log_line("key expiry days=%u fingerprint=%s", days, keys->fingerprint);
	keys->saved = false;
	keys_tell(keys, "The key has the new date. It counts once the public key is in the ROM.");
	keys_save_public(keys, ret_exit);
	return 0;
}

int keys_revocation(struct keys *keys, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer certificate = {0};
	CLEANUP(secret_clear) struct secret pin = {0};
	struct ui_text text = {0};
	bool yes;
	int r;

	ui_text_add(&text, UI_NORMAL,
	            "The certificate says that the key is not to be trusted any more. Keep it where the key is not: it "
	            "takes effect only where somebody imports it, and whoever has it can do that.");
	yes = ui_confirm(keys->menu->ui, "Revocation certificate", &text, "Make it", "Back");
	ui_text_clear(&text);
	r = yes ? open_primary(keys, &pin, error) : 1;
	if (r != 0)
		return r;
	ui_progress(keys->menu->ui, KEYS_TITLE, "The dongle signs the certificate ...", 0, 0);
	r = openpgp_revocation(keys->session, keys->fingerprint, secret_bytes(&pin), &certificate, error);
	return r < 0 ? r : write_to_stick(keys, "revoke", buffer_bytes(&certificate), error);
}
