/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user PIN of the security dongle: asked once, kept in locked memory as long as the menu's process lives, and given
 * to that dongle alone. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/screen.h"
#include <stdio.h>
#include <string.h>

#define TITLE "Security dongle"
#define TRIES 3

void menu_forget_card(struct menu *menu)
{
	secret_clear(&menu->card_pin);
	menu->card_of_pin[0] = '\0';
}

static int read_card(struct menu *menu, struct openpgp **ret_session, struct openpgp_card *card, struct error *error)
{
	char fingerprint[OPENPGP_FINGERPRINT];
	int r;

	if (menu->key.size == 0)
		return error_set(error, E_REFUSED, "owner.asc",
		                 "the ROM holds no key of an owner: no signature over /boot would be accepted");
	ui_progress(menu->ui, TITLE, "Reading the dongle ...", 0, 0);
	r = openpgp_open(NULL, ret_session, error);
	if (r == 0)
		r = openpgp_import(*ret_session, buffer_bytes(&menu->key), BYTES_EMPTY, fingerprint, error);
	return r < 0 ? r : openpgp_card_status(*ret_session, card, error);
}

/* False for Esc. */
static bool ask(struct menu *menu, const struct openpgp_card *card, unsigned left, const struct error *wrong,
                struct secret *pin)
{
	struct ui_text text = {0};
	bool answered;

	secret_clear(pin);
	if (wrong->code != E_NONE)
		ui_text_add(&text, UI_BAD, "%s", wrong->sentence);
	ui_text_add(&text, left > 2 ? UI_NORMAL : UI_WARNING,
	            "The user PIN of the dongle %s. Tries left: %u. Heads never spends the last one.", card->serial,
	            left);
	ui_text_add(&text, UI_NORMAL, "It is asked for once until the machine starts anew.");
	answered = secret_allocate(OPENPGP_MAX_SECRET, pin) == 0 &&
	           ui_ask_secret(menu->ui, "User PIN of the dongle", &text, pin);
	ui_text_clear(&text);
	return answered && pin->size > 0;
}

static int unlock(struct menu *menu, struct openpgp *session, const struct openpgp_card *card, struct error *error)
{
	int r = -E_WRONG_AUTH;

	error->code = E_NONE;
	for (unsigned i = 0; i < TRIES && (r == -E_WRONG_AUTH || r == -E_USAGE); i++) {
		CLEANUP(secret_clear) struct secret pin = {0};
		struct error wrong = *error;
		unsigned left = openpgp_tries_left(session, OPENPGP_PIN);

		/* Nothing is asked for that would not be sent. */
		if (left < 2) {
			r = openpgp_before_pin(session, OPENPGP_PIN, error);
			if (r < 0)
				return r;
			left = openpgp_tries_left(session, OPENPGP_PIN);
		}
		log_line("ask what=card-pin try=%u left=%u", i + 1, left);
		if (!ask(menu, card, left, &wrong, &pin))
			return error_set(error, E_REFUSED, card->serial, "no PIN was given");
		ui_progress(menu->ui, TITLE, "The dongle checks the PIN ...", 0, 0);
		r = openpgp_card_check_pin(session, secret_bytes(&pin), error);
		if (r == 0) {
			menu->card_pin = TAKE(pin, (struct secret){0});
			(void)snprintf(menu->card_of_pin, sizeof(menu->card_of_pin), "%s", card->application);
		}
	}
	return r;
}

int menu_open_card(struct menu *menu, struct openpgp **ret_session, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct openpgp_card card;
	int r = read_card(menu, &session, &card, error);

	if (r < 0)
		return r;
	if (menu->card_pin.size == 0 || strcmp(menu->card_of_pin, card.application) != 0) {
		menu_forget_card(menu);
		r = unlock(menu, session, &card, error);
	}
	if (r == 0)
		*ret_session = TAKE_PTR(session);
	return r;
}
