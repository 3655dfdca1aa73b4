/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The security dongle that recognises the firmware: its line on the main menu, and giving it a secret. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/screen.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TITLE "Security dongle (HOTP)"
/* From power-on the kernel needs this long at most to find what is plugged in; a dongle that comes later is asked when
 * it comes. */
#define WAIT_MS         2000
#define PIN_TRIES       3
#define FIRST_PIN_LEAST 6

static void name_dongle(enum hotp_model model, uint32_t serial, char *text, size_t size)
{
	(void)snprintf(text, size, "%s %08" PRIX32, hotp_model_name(model), serial);
}

static void log_result(const struct menu *menu, unsigned long long began_ms)
{
	const struct hotp_result *result = &menu->hotp.result;

	if (menu->hotp.problem.code != E_NONE)
		log_line("hotp unavailable code=%s sentence=\"%s\"", error_name(menu->hotp.problem.code),
		         menu->hotp.problem.sentence);
	else if (result->answer == HOTP_RIGHT)
		log_line("hotp ok serial=%08" PRIX32 " ms=%llu", result->identity.says.serial, log_now_ms() - began_ms);
	else
		log_line("hotp refused answer=%s ms=%llu", hotp_answer_name(result->answer), log_now_ms() - began_ms);
}

/* One code a start: after it was sent nothing asks again. */
static void check(struct menu *menu, unsigned wait_ms)
{
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	struct menu_hotp *hotp = &menu->hotp;
	const unsigned long long began_ms = log_now_ms();
	const bool was_absent = hotp->asked && hotp->result.answer == HOTP_ABSENT;
	int r = hotp_dongle_open(wait_ms, &dongle, &hotp->problem);

	if (was_absent && r == -E_NO_DEVICE) {
		hotp->problem.code = E_NONE;
		return;
	}
	hotp->asked = true;
	if (r == 0 || r == -E_NO_DEVICE)
		r = hotp_check(menu->tpm, &hotp->setup, r == 0 ? &dongle : NULL, &hotp->result, &hotp->problem);
	if (r == 0)
		hotp->problem.code = E_NONE;
	hotp->sent = hotp->sent || hotp->result.sent;
	log_result(menu, began_ms);
}

void menu_check_hotp(struct menu *menu)
{
	struct menu_hotp *hotp = &menu->hotp;
	int r;

	if (!menu->tpm || menu->tpm_foreign.code != E_NONE)
		return;
	r = hotp_look(menu->tpm, &hotp->setup, &hotp->problem);
	hotp->known = r == 0;
	if (r == -E_NO_SECRET)
		return;
	if (r < 0) {
		hotp->asked = true;
		log_result(menu, 0);
		return;
	}
	check(menu, WAIT_MS);
	if (menu->hotp.sent)
		menu_note_approval(menu, TPM_SLOT_HOTP);
}

void menu_refresh_hotp(struct menu *menu)
{
	if (menu->hotp.known && !menu->hotp.sent && menu->hotp.problem.code == E_NONE &&
	    menu->hotp.result.answer == HOTP_ABSENT)
		check(menu, 0);
}

bool menu_hotp_worries(const struct menu *menu)
{
	return menu->hotp.asked && (menu->hotp.problem.code != E_NONE || menu->hotp.result.answer != HOTP_RIGHT);
}

void menu_add_hotp(const struct menu *menu, struct ui_text *text)
{
	const struct menu_hotp *hotp = &menu->hotp;
	char given[48], found[48];

	if (!hotp->asked)
		return;
	if (hotp->problem.code != E_NONE) {
		ui_text_add(text, UI_BAD, "HOTP      %s", hotp->problem.sentence);
		return;
	}
	name_dongle(hotp->setup.model, hotp->setup.serial, given, sizeof(given));
	name_dongle(hotp->result.identity.model, hotp->result.identity.says.serial, found, sizeof(found));
	switch (hotp->result.answer) {
	case HOTP_RIGHT:
		ui_text_add(text, UI_GOOD, "HOTP      green: the dongle confirms this firmware  (%s)", given);
		break;
	case HOTP_WRONG:
		ui_text_add(text, UI_BAD, "HOTP      RED: the dongle does not confirm this firmware  (%s)", given);
		break;
	case HOTP_NOT_PROGRAMMED:
		ui_text_add(text, UI_BAD, "HOTP      the dongle has lost its secret (choose C, H)  (%s)", given);
		break;
	case HOTP_FOREIGN:
		ui_text_add(text, UI_BAD, "HOTP      NOT YOUR DONGLE: this is %s, yours is %s; it got no code", found,
		            given);
		break;
	default:
		ui_text_add(text, UI_WARNING, "HOTP      plug in your dongle  (%s)", given);
	}
}

static bool confirm(struct menu *menu, const struct hotp_identity *identity)
{
	struct ui_text text = {0};
	char name[48];
	bool yes;

	name_dongle(identity->model, identity->says.serial, name, sizeof(name));
	if (identity->has_pin)
		ui_text_add(&text, UI_NORMAL, "Plugged in: %s, firmware %u.%u, %s tries left: %u.", name,
		            identity->says.major, identity->says.minor, hotp_pin_name(identity->model),
		            identity->admin_tries);
	else
		ui_text_add(&text, UI_NORMAL, "Plugged in: %s, firmware %u.%u; its secrets have no PIN yet.", name,
		            identity->says.major, identity->says.minor);
	menu_add_hotp(menu, &text);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_NORMAL,
	            "Heads makes a secret and gives it to this dongle and to the TPM, which uses it only for this very "
	            "firmware. From then on, at every start, the dongle shows green where the firmware is unchanged.");
	if (menu->hotp.known)
		ui_text_add(&text, UI_WARNING,
		            "It replaces the secret that is there. If you did not change the firmware or its settings "
		            "yourself, somebody else may have: a new secret would hide it.");
	if (menu->boot.trust.state == TRUST_REFUSED)
		ui_text_add(&text, UI_BAD, "/boot does not verify. Find out why before you make a secret.");
	yes = ui_confirm(menu->ui, TITLE, &text, "Make a new secret", "Back");
	ui_text_clear(&text);
	return yes;
}

/* False for Esc. again: the first PIN of a dongle, for the second time. */
static bool ask_pin(struct menu *menu, const struct hotp_identity *identity, const struct error *wrong, bool again,
                    struct secret *pin)
{
	const char *name = hotp_pin_name(identity->model);
	struct ui_text text = {0};
	char title[64];
	bool answered;

	secret_clear(pin);
	if (wrong && wrong->code != E_NONE)
		ui_text_add(&text, UI_BAD, "%s", wrong->sentence);
	if (identity->has_pin)
		ui_text_add(&text, identity->admin_tries > 2 ? UI_NORMAL : UI_WARNING,
		            "The dongle wants the %s. Tries left: %u. Heads never spends the last one.", name,
		            identity->admin_tries);
	else
		ui_text_add(&text, UI_NORMAL,
		            "The secrets of this dongle have no PIN yet. Choose one, of %d to %d characters; it is not "
		            "the PIN of its keys, and is asked for when a secret is made anew.",
		            FIRST_PIN_LEAST, HOTP_PIN_LIMIT);
	(void)snprintf(title, sizeof(title), "%s%c%s of the dongle%s", identity->has_pin ? "" : "New ",
	               identity->has_pin ? (char)toupper((unsigned char)name[0]) : name[0], name + 1,
	               again ? ", again" : "");
	answered = secret_allocate(HOTP_PIN_LIMIT, pin) == 0 && ui_ask_secret(menu->ui, title, &text, pin);
	ui_text_clear(&text);
	return answered && pin->size > 0;
}

/* The first PIN of a dongle, twice. 1: the owner gave none. */
static int ask_first_pin(struct menu *menu, const struct hotp_identity *identity, struct secret *pin,
                         struct error *error)
{
	CLEANUP(secret_clear) struct secret again = {0};

	if (!ask_pin(menu, identity, NULL, false, pin))
		return 1;
	if (pin->size < FIRST_PIN_LEAST)
		return error_set(error, E_USAGE, "dongle", "the PIN has fewer than %d characters", FIRST_PIN_LEAST);
	if (!ask_pin(menu, identity, NULL, true, &again))
		return 1;
	if (!bytes_equal_secret(secret_bytes(pin), secret_bytes(&again)))
		return error_set(error, E_USAGE, "dongle", "the two are not the same; nothing was done");
	return 0;
}

/* 1: the owner gave no PIN. */
static int log_in(struct menu *menu, struct hotp_dongle *dongle, struct hotp_identity *identity, struct error *error)
{
	CLEANUP(secret_clear) struct secret pin = {0};
	int r = -E_WRONG_AUTH;

	error->code = E_NONE;
	for (unsigned i = 0; i < PIN_TRIES && r == -E_WRONG_AUTH; i++) {
		struct error wrong = *error;

		r = hotp_dongle_identify(dongle, identity, error);
		if (r == 0 && !identity->has_pin)
			r = ask_first_pin(menu, identity, &pin, error);
		if (r != 0)
			return r;
		/* Nothing is asked for that would not be sent: the refusal says why. */
		if (identity->has_pin && identity->admin_tries < 2)
			return hotp_dongle_log_in(dongle, bytes_from_string("-"), error);
		if (identity->has_pin && !ask_pin(menu, identity, &wrong, false, &pin))
			return 1;
		ui_progress(menu->ui, TITLE, "The dongle checks the PIN ...", 0, 0);
		r = hotp_dongle_log_in(dongle, secret_bytes(&pin), error);
	}
	return r;
}

static int program(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	menu->hotp.sent = true;
	return hotp_new(menu->tpm, context, owner, error);
}

static int run(struct menu *menu, struct error *error)
{
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	struct hotp_identity identity;
	int r = hotp_dongle_open(0, &dongle, error);

	if (r == 0)
		r = hotp_dongle_identify(&dongle, &identity, error);
	if (r != 0)
		return r;
	if (!confirm(menu, &identity))
		return 1;
	r = log_in(menu, &dongle, &identity, error);
	if (r == 0) {
		ui_progress(menu->ui, TITLE, "Making a new secret ...", 0, 0);
		r = menu_as_owner(menu, "The new secret is to be stored in the TPM.", program, &dongle, error);
	}
	if (r == 0) {
		log_line("hotp programmed serial=%08" PRIX32, identity.says.serial);
		menu->hotp.result = (struct hotp_result){.answer = HOTP_RIGHT, .sent = true, .identity = identity};
	}
	return r;
}

void screen_hotp(struct menu *menu)
{
	struct error error;
	int r;

	if (!menu->tpm) {
		screen_error(menu, TITLE, &menu->tpm_problem);
		return;
	}
	r = run(menu, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(menu, TITLE, &error);
	}
	if (r == 0) {
		menu->hotp.asked = true;
		menu->hotp.known = hotp_look(menu->tpm, &menu->hotp.setup, &menu->hotp.problem) == 0;
		if (menu->hotp.known)
			menu->hotp.problem.code = E_NONE;
	}
}
