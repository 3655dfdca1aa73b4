/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and security dongle: what its OpenPGP card says, its PINs, its reset. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/screen.h"
#include <stdio.h>

#define TITLE    "Keys and security dongle"
#define THE_WORD "reset"

enum choice { PIN, ADMIN, UNBLOCK, RESET, AGAIN, CHOICES };

static const char help[] =
    "The user PIN is asked for when the dongle signs. After three wrong ones it is locked, and the admin PIN sets a "
    "new "
    "one.\n"
    "After three wrong admin PINs only the factory reset is left, which destroys the keys. Heads never spends the last "
    "try of a PIN.\n"
    "A new dongle has the user PIN 123456 and the admin PIN 12345678: change both.";

struct keys {
	struct menu *menu;
	struct openpgp *session;
	struct openpgp_card card;
	struct ui_item items[CHOICES];
};

static void offer(struct keys *keys)
{
	keys->items[PIN] = (struct ui_item){'u', "Change the user PIN", UI_NORMAL};
	keys->items[ADMIN] = (struct ui_item){'a', "Change the admin PIN", UI_NORMAL};
	keys->items[UNBLOCK] =
	    (struct ui_item){'n', "New user PIN, with the admin PIN (forgotten or locked)", UI_NORMAL};
	keys->items[RESET] = (struct ui_item){'f', "Factory reset: destroys the keys on the dongle", UI_WARNING};
	keys->items[AGAIN] = (struct ui_item){'r', "Read the dongle again", UI_NORMAL};
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
	const struct openpgp_card *card = &((struct keys *)context)->card;

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

/* --- asking --------------------------------------------------------------------------------------------------------
 */

/* False for Esc. fresh: a new PIN, that is asked for twice. */
static bool ask(struct keys *keys, enum openpgp_pin which, bool fresh, const char *again, struct secret *pin)
{
	const char *name = openpgp_pin_name(which);
	struct ui_text text = {0};
	char title[48];
	bool answered;

	(void)snprintf(title, sizeof(title), "%s%s%s", fresh ? "New " : "The ", name, again ? ", again" : "");
	if (fresh)
		ui_text_add(&text, UI_NORMAL, "The new %s has %d to %d characters.", name,
		            which == OPENPGP_PIN ? OPENPGP_MIN_PIN : OPENPGP_MIN_ADMIN, OPENPGP_MAX_SECRET);
	else
		ui_text_add(&text, openpgp_tries_left(keys->session, which) > 2 ? UI_NORMAL : UI_WARNING,
		            "The %s of the dongle %s. Tries left: %u. Heads never spends the last one.", name,
		            keys->card.serial, openpgp_tries_left(keys->session, which));
	answered = secret_allocate(OPENPGP_MAX_SECRET, pin) == 0 && ui_ask_secret(keys->menu->ui, title, &text, pin);
	ui_text_clear(&text);
	return answered;
}

static int ask_fresh(struct keys *keys, enum openpgp_pin which, struct secret *pin, struct error *error)
{
	CLEANUP(secret_clear) struct secret again = {0};

	if (!ask(keys, which, true, NULL, pin) || !ask(keys, which, true, "again", &again))
		return 1;
	if (!bytes_equal_secret(secret_bytes(pin), secret_bytes(&again)))
		return error_set(error, E_USAGE, openpgp_pin_name(which), "the two are not the same; nothing was done");
	return 0;
}

static void tell(struct keys *keys, const char *line)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_GOOD, "%s", line);
	ui_show_text(keys->menu->ui, TITLE, &text);
	ui_text_clear(&text);
}

/* --- what can be done ----------------------------------------------------------------------------------------------
 */

/* 1: the owner went back. */
static int change(struct keys *keys, enum choice choice, struct error *error)
{
	CLEANUP(secret_clear) struct secret old = {0}, fresh = {0};
	const enum openpgp_pin asked = choice == PIN ? OPENPGP_PIN : OPENPGP_ADMIN_PIN;
	const enum openpgp_pin changed = choice == ADMIN ? OPENPGP_ADMIN_PIN : OPENPGP_PIN;
	int r;

	/* Nothing is asked for that cannot be used: the refusal says why. */
	if (openpgp_tries_left(keys->session, asked) > 1 && !ask(keys, asked, false, NULL, &old))
		return 1;
	r = openpgp_tries_left(keys->session, asked) > 1 ? ask_fresh(keys, changed, &fresh, error)
	                                                 : secret_copy(bytes_from_string("--------"), &fresh);
	if (r == 0 && old.size == 0)
		r = secret_copy(bytes_from_string("--------"), &old);
	if (r != 0)
		return r;
	ui_progress(keys->menu->ui, TITLE, "The dongle changes the PIN ...", 0, 0);
	if (choice == UNBLOCK)
		r = openpgp_card_unblock(keys->session, secret_bytes(&old), secret_bytes(&fresh), error);
	else
		r = openpgp_card_change_pin(keys->session, changed, secret_bytes(&old), secret_bytes(&fresh), error);
	if (r < 0)
		return r;
	menu_forget_card(keys->menu);
	log_line("key pin-changed which=%s serial=%s", changed == OPENPGP_PIN ? "user" : "admin", keys->card.serial);
	tell(keys, changed == OPENPGP_PIN ? "The dongle has the new user PIN." : "The dongle has the new admin PIN.");
	return 0;
}

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
	ui_progress(keys->menu->ui, TITLE, "Resetting the dongle ...", 0, 0);
	r = openpgp_card_factory_reset(keys->session, keys->card.serial, error);
	if (r < 0)
		return r;
	menu_forget_card(keys->menu);
	log_line("key reset serial=%s", keys->card.serial);
	tell(keys, "The dongle is as from the factory. Change both PINs before you put keys on it.");
	return 0;
}

static int run(struct keys *keys, struct error *error)
{
	const struct ui_menu screen = {.title = TITLE,
	                               .status = describe,
	                               .context = keys,
	                               .items = keys->items,
	                               .count = CHOICES,
	                               .selected = AGAIN,
	                               .help = help};
	size_t choice;
	int r = 0;

	for (;;) {
		ui_progress(keys->menu->ui, TITLE, "Reading the dongle ...", 0, 0);
		r = openpgp_card_status(keys->session, &keys->card, error);
		if (r < 0)
			return r;
		log_line("key card serial=%s pin=%u admin=%u", keys->card.serial, keys->card.tries_pin,
		         keys->card.tries_admin);
		if (ui_menu_run(keys->menu->ui, &screen, &choice) != UI_CHOSEN)
			return 0;
		r = choice == RESET   ? reset(keys, error)
		    : choice == AGAIN ? 0
		                      : change(keys, (enum choice)choice, error);
		if (r < 0) {
			log_line("key refused code=%s sentence=\"%s\"", error_name(error->code), error->sentence);
			screen_error(keys->menu, TITLE, error);
		}
	}
}

void screen_keys(struct menu *menu)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct keys keys = {.menu = menu};
	struct error error;
	int r = openpgp_open(NULL, &session, &error);

	keys.session = session;
	offer(&keys);
	if (r == 0)
		r = run(&keys, &error);
	if (r < 0)
		screen_error(menu, TITLE, &error);
}
