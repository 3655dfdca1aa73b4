/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and security dongle: what its OpenPGP card says, and what can be done with the owner's keys. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/log.h"
#include "menu/keys_private.h"
#include <stdio.h>

#define THE_WORD "reset"

enum choice { PINS, MAKE, EXPORT, IMPORT, EXPIRY, REVOKE, RESET, AGAIN, CHOICES };

static const char help[] =
    "The key on your dongle, or on an encrypted backup drive, signs /boot; its public half in the ROM checks that.\n"
    "The primary key of the dongle can say when the key expires, and make a certificate that revokes it.\n"
    "The factory reset destroys the keys on the dongle and sets its PINs to 123456 and 12345678.";

struct shown {
	struct ui_item items[CHOICES];
	enum choice choices[CHOICES];
	size_t count;
};

static void add(struct shown *shown, enum choice choice, char key, const char *label, enum ui_tone tone)
{
	shown->choices[shown->count] = choice;
	shown->items[shown->count++] = (struct ui_item){key, label, tone};
}

/* Only what makes sense now is offered. */
static void offer(const struct keys *keys, struct shown *shown)
{
	shown->count = 0;
	if (keys->has_card)
		add(shown, PINS, 'p', "PINs: change, unblock, reset code", UI_NORMAL);
	add(shown, MAKE, 'm', "New keys, or the keys of a backup drive", UI_NORMAL);
	if (keys->fingerprint[0])
		add(shown, EXPORT, 's', "Your public key onto a stick", UI_NORMAL);
	add(shown, IMPORT, 'w', "Your public key, from a stick into the ROM", UI_NORMAL);
	if (keys->has_card && keys->fingerprint[0]) {
		add(shown, EXPIRY, 'e', "When the key expires", UI_NORMAL);
		add(shown, REVOKE, 'v', "A revocation certificate, onto a stick", UI_NORMAL);
	}
	if (keys->has_card)
		add(shown, RESET, 'f', "Factory reset: destroys the keys on the dongle", UI_WARNING);
	add(shown, AGAIN, 'r', "Read the dongle again", UI_NORMAL);
}

static void add_tries(struct ui_text *text, const char *name, unsigned left)
{
	if (left == 0)
		ui_text_add(text, UI_BAD, "%-18s locked", name);
	else
		ui_text_add(text, left > 2 ? UI_NORMAL : UI_WARNING, "%-18s tries left: %u", name, left);
}

static void describe(void *context, struct ui_text *text)
{
	const struct keys *keys = context;
	const struct openpgp_card *card = &keys->card;

	if (!keys->has_card) {
		ui_text_add(text, UI_WARNING, "%s", keys->card_problem.sentence);
		return;
	}
	ui_text_add(text, UI_NORMAL, "Dongle %s of %s, OpenPGP card %u.%u", card->serial, card->vendor,
	            card->version_major, card->version_minor);
	for (size_t i = 0; i < OPENPGP_SLOTS; i++)
		ui_text_add(text, card->fingerprints[i][0] ? UI_NORMAL : UI_DIM, "%-18s %s  %s",
		            openpgp_slot_name((enum openpgp_slot)i), card->attributes[i],
		            card->fingerprints[i][0] ? card->fingerprints[i] : "none");
	ui_text_add(text, UI_NORMAL, "Signatures made    %llu", (unsigned long long)card->signatures);
	add_tries(text, "User PIN", card->tries_pin);
	add_tries(text, "Admin PIN", card->tries_admin);
}

/* --- what the screens share ----------------------------------------------------------------------------------------
 */

void keys_read_card(struct keys *keys)
{
	ui_progress(keys->menu->ui, KEYS_TITLE, "Reading the dongle ...", 0, 0);
	keys->has_card = openpgp_card_status(keys->session, &keys->card, &keys->card_problem) == 0;
	if (keys->has_card)
		log_line("key card serial=%s pin=%u admin=%u", keys->card.serial, keys->card.tries_pin,
		         keys->card.tries_admin);
	else
		log_line("key card none code=%s", error_name(keys->card_problem.code));
}

void keys_tell(struct keys *keys, const char *line)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_GOOD, "%s", line);
	ui_show_text(keys->menu->ui, KEYS_TITLE, &text);
	ui_text_clear(&text);
}

bool keys_report(struct keys *keys, int result, const struct error *error)
{
	if (result < 0) {
		log_line("key refused code=%s sentence=\"%s\"", error_name(error->code), error->sentence);
		screen_error(keys->menu, KEYS_TITLE, error);
	}
	return result == 0;
}

/* --- the screen ----------------------------------------------------------------------------------------------------
 */

/* 1: the owner went back. */
static int reset(struct keys *keys, struct error *error)
{
	struct ui_text text = {0};
	bool yes;
	int r;

	ui_text_add(
	    &text, UI_WARNING,
	    "The three keys on the dongle %s are destroyed. Nothing brings them back: only where you have a backup "
	    "can they be put on it again.",
	    keys->card.serial);
	ui_text_add(&text, UI_NORMAL, "Its PINs are then 123456 and 12345678, as from the factory.");
	yes = ui_confirm_typed(keys->menu->ui, "Factory reset of the dongle", &text, THE_WORD);
	ui_text_clear(&text);
	if (!yes)
		return 1;
	ui_progress(keys->menu->ui, KEYS_TITLE, "Resetting the dongle ...", 0, 0);
	r = openpgp_card_factory_reset(keys->session, keys->card.serial, error);
	if (r < 0)
		return r;
	menu_forget_card(keys->menu);
	log_line("key reset serial=%s", keys->card.serial);
	keys_tell(keys, "The dongle is as from the factory. Change both PINs before you put keys on it.");
	return 0;
}

static void choose(struct keys *keys, enum choice choice, int *ret_exit)
{
	struct error error;
	int r = 0;

	switch (choice) {
	case PINS:
		keys_pins(keys);
		return;
	case MAKE:
		keys_make(keys, ret_exit);
		break;
	case EXPORT:
		r = keys_export_public(keys, &error);
		break;
	case IMPORT:
		*ret_exit = screen_rom_key(keys->menu);
		return;
	case EXPIRY:
		r = keys_set_expiry(keys, ret_exit, &error);
		break;
	case REVOKE:
		r = keys_revocation(keys, &error);
		break;
	case RESET:
		r = reset(keys, &error);
		break;
	default:
		break;
	}
	(void)keys_report(keys, r, &error);
	if (*ret_exit == 0 && keys->session)
		keys_read_card(keys);
}

static int run(struct keys *keys)
{
	struct shown shown;
	struct ui_menu screen = {
	    .title = KEYS_TITLE, .status = describe, .context = keys, .items = shown.items, .help = help};
	int exit = 0;
	size_t choice;

	keys_read_card(keys);
	while (exit == 0 && keys->session) {
		offer(keys, &shown);
		screen.count = shown.count;
		if (ui_menu_run(keys->menu->ui, &screen, &choice) != UI_CHOSEN)
			break;
		choose(keys, shown.choices[choice], &exit);
	}
	return exit;
}

int keys_renew_session(struct keys *keys, struct error *error)
{
	openpgp_close(&keys->session);
	return openpgp_open(NULL, &keys->session, error);
}

int screen_keys(struct menu *menu)
{
	struct keys keys = {.menu = menu};
	struct error error;
	int exit = 0, r = openpgp_open(NULL, &keys.session, &error);

	if (r == 0 && menu->key.size > 0 &&
	    openpgp_import(keys.session, buffer_bytes(&menu->key), BYTES_EMPTY, keys.fingerprint, &error) < 0)
		log_error(&error); /* a key that GnuPG does not read: the dongle can be dealt with all the same */
	if (r == 0)
		exit = run(&keys);
	else
		screen_error(menu, KEYS_TITLE, &error);
	openpgp_close(&keys.session);
	buffer_clear(&keys.fresh);
	return exit;
}
