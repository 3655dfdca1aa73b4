/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PINs of the dongle: changed, unblocked, and the reset code. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/keys_private.h"
#include <stdio.h>

#define TITLE "PINs of the dongle"

static const char help[] =
    "The user PIN is asked for when the dongle signs. After three wrong ones it is locked, and the admin PIN or the "
    "reset code sets a new one.\n"
    "The reset code does that alone: for somebody who shall help you and not have the admin PIN.\n"
    "After three wrong admin PINs only the factory reset is left, which destroys the keys. Heads never spends the last "
    "try of a PIN.\n"
    "A new dongle has the user PIN 123456 and the admin PIN 12345678: change both.";

/* What is asked for first, and what is set with it. */
static const struct {
	enum openpgp_pin asked, changed;
	bool unblock;
	struct ui_item item;
	const char *done, *which;
} ways[] = {
    {OPENPGP_PIN,
     OPENPGP_PIN,
     false,
     {'u', "Change the user PIN", UI_NORMAL},
     "The dongle has the new user PIN.",
     "user"},
    {OPENPGP_ADMIN_PIN,
     OPENPGP_ADMIN_PIN,
     false,
     {'a', "Change the admin PIN", UI_NORMAL},
     "The dongle has the new admin PIN.",
     "admin"},
    {OPENPGP_ADMIN_PIN,
     OPENPGP_PIN,
     true,
     {'n', "New user PIN, with the admin PIN (forgotten or locked)", UI_NORMAL},
     "The dongle has the new user PIN.",
     "user"},
    {OPENPGP_RESET,
     OPENPGP_PIN,
     true,
     {'c', "New user PIN, with the reset code", UI_NORMAL},
     "The dongle has the new user PIN.",
     "user"},
    {OPENPGP_ADMIN_PIN,
     OPENPGP_RESET,
     false,
     {'s', "Set the reset code", UI_NORMAL},
     "The dongle has the new reset code.",
     "reset-code"},
};

/* --- asking --------------------------------------------------------------------------------------------------------
 */

/* False for Esc. fresh: a new PIN. */
static bool ask(struct keys *keys, enum openpgp_pin which, bool fresh, const char *again, struct secret *pin)
{
	const unsigned left = openpgp_tries_left(keys->session, which);
	const char *name = openpgp_pin_name(which);
	struct ui_text text = {0};
	char title[48];
	bool answered;

	(void)snprintf(title, sizeof(title), "%s%s%s", fresh ? "New " : "The ", name, again ? ", again" : "");
	if (fresh)
		ui_text_add(&text, UI_NORMAL, "The new %s has %d to %d characters.", name,
		            which == OPENPGP_PIN ? OPENPGP_MIN_PIN : OPENPGP_MIN_ADMIN, OPENPGP_MAX_SECRET);
	else
		ui_text_add(&text, left > 2 ? UI_NORMAL : UI_WARNING,
		            "The %s of the dongle %s. Tries left: %u. Heads never spends the last one.", name,
		            keys->card.serial, left);
	answered = secret_allocate(OPENPGP_MAX_SECRET, pin) == 0 && ui_ask_secret(keys->menu->ui, title, &text, pin);
	ui_text_clear(&text);
	return answered;
}

int keys_ask_pin(struct keys *keys, enum openpgp_pin which, struct secret *pin, struct error *error)
{
	if (openpgp_tries_left(keys->session, which) < 2) {
		int r = openpgp_before_pin(keys->session, which, error);

		if (r < 0)
			return r;
	}
	return ask(keys, which, false, NULL, pin) ? 0 : 1;
}

int keys_ask_fresh_pin(struct keys *keys, enum openpgp_pin which, struct secret *pin, struct error *error)
{
	CLEANUP(secret_clear) struct secret again = {0};

	if (!ask(keys, which, true, NULL, pin) || !ask(keys, which, true, "again", &again))
		return 1;
	if (!bytes_equal_secret(secret_bytes(pin), secret_bytes(&again)))
		return error_set(error, E_USAGE, openpgp_pin_name(which), "the two are not the same; nothing was done");
	return 0;
}

/* --- the screen ----------------------------------------------------------------------------------------------------
 */

/* 1: the owner went back. */
static int change(struct keys *keys, size_t way, struct error *error)
{
	CLEANUP(secret_clear) struct secret old = {0}, fresh = {0};
	int r = keys_ask_pin(keys, ways[way].asked, &old, error);

	if (r == 0)
		r = keys_ask_fresh_pin(keys, ways[way].changed, &fresh, error);
	if (r != 0)
		return r;
	ui_progress(keys->menu->ui, TITLE, "The dongle changes the PIN ...", 0, 0);
	if (!ways[way].unblock)
		r = openpgp_card_change_pin(keys->session, ways[way].changed, secret_bytes(&old), secret_bytes(&fresh),
		                            error);
	else if (ways[way].asked == OPENPGP_RESET)
		r = openpgp_card_unblock_by_code(keys->session, secret_bytes(&old), secret_bytes(&fresh), error);
	else
		r = openpgp_card_unblock(keys->session, secret_bytes(&old), secret_bytes(&fresh), error);
	if (r < 0)
		return r;
	menu_forget_card(keys->menu);
	log_line("key pin-changed which=%s serial=%s", ways[way].which, keys->card.serial);
	keys_tell(keys, ways[way].done);
	return 0;
}

static void add_tries(struct ui_text *text, const char *name, unsigned left, const char *none)
{
	if (left == 0)
		ui_text_add(text, UI_BAD, "%-18s %s", name, none);
	else
		ui_text_add(text, left > 2 ? UI_NORMAL : UI_WARNING, "%-18s tries left: %u", name, left);
}

static void describe(void *context, struct ui_text *text)
{
	const struct openpgp_card *card = &((struct keys *)context)->card;

	ui_text_add(text, UI_NORMAL, "Dongle %s of %s", card->serial, card->vendor);
	add_tries(text, "User PIN", card->tries_pin, "locked");
	add_tries(text, "Reset code", card->tries_reset, "none is set, or it is locked");
	add_tries(text, "Admin PIN", card->tries_admin, "locked");
}

void keys_pins(struct keys *keys)
{
	struct {
		struct ui_item items[ARRAY_SIZE(ways)];
	} shown;
	const struct ui_menu screen = {.title = TITLE,
	                               .status = describe,
	                               .context = keys,
	                               .items = shown.items,
	                               .count = ARRAY_SIZE(ways),
	                               .help = help};
	struct error error;
	size_t choice;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		shown.items[i] = ways[i].item;
	while (keys->has_card && ui_menu_run(keys->menu->ui, &screen, &choice) == UI_CHOSEN) {
		(void)keys_report(keys, change(keys, choice, &error), &error);
		keys_read_card(keys);
	}
}
