/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card: its state, its PINs, its reset. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/usb.h"
#include "dongle/openpgp_private.h"
#include <stdio.h>
#include <string.h>

static int read_status(struct openpgp *session, struct error *error)
{
	static const char *const arguments[] = {"--with-colons", "--card-status", NULL};
	const struct openpgp_run run = {.arguments = arguments, .input = -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	CLEANUP(buffer_clear) struct buffer listing = {0};
	struct bytes rest;
	int status, r = openpgp_gpg(session, &run, &output, &status, error);

	if (r < 0)
		return r;
	rest = buffer_bytes(&output);
	for (const uint8_t *end; rest.size > 0; rest = bytes_slice(rest, (size_t)(end - rest.data) + 1, rest.size)) {
		end = memchr(rest.data, '\n', rest.size);
		if (!end)
			break;
		if (!bytes_start_with(rest, "[GNUPG:]"))
			buffer_append(&listing, rest.data, (size_t)(end - rest.data) + 1);
	}
	return openpgp_card_read(buffer_bytes(&listing), &session->card, error);
}

int openpgp_card_status(struct openpgp *session, struct openpgp_card *ret_card, struct error *error)
{
	int r = read_status(session, error);

	if (r == -E_NO_DEVICE && openpgp_end_reset(session)) {
		openpgp_stop(session);
		r = read_status(session, error);
		if (r == 0)
			log_line("key reset-ended serial=%s", session->card.serial);
	}
	if (r == -E_NO_DEVICE)
		return error_set(error, E_NO_DEVICE, "dongle",
		                 "no security dongle with an OpenPGP card is found; plug it in");
	if (r == 0 && ret_card)
		*ret_card = session->card;
	return r;
}

const char *openpgp_pin_name(enum openpgp_pin which)
{
	static const char *const names[] = {"user PIN", "reset code", "admin PIN"};

	return names[which];
}

unsigned openpgp_tries_left(const struct openpgp *session, enum openpgp_pin which)
{
	return which == OPENPGP_PIN     ? session->card.tries_pin
	       : which == OPENPGP_RESET ? session->card.tries_reset
	                                : session->card.tries_admin;
}

int openpgp_check_pin(enum openpgp_pin which, struct bytes pin, struct error *error)
{
	const size_t least = which == OPENPGP_PIN ? OPENPGP_MIN_PIN : OPENPGP_MIN_ADMIN;
	const char *name = openpgp_pin_name(which);

	if (pin.size < least || pin.size > OPENPGP_MAX_SECRET)
		return error_set(error, E_USAGE, name, "the %s has %zu to %d characters", name, least,
		                 OPENPGP_MAX_SECRET);
	if (memchr(pin.data, '\n', pin.size) || memchr(pin.data, '\0', pin.size))
		return error_set(error, E_USAGE, name, "the %s holds a line feed or a NUL", name);
	return 0;
}

int openpgp_before_pin(struct openpgp *session, enum openpgp_pin which, struct error *error)
{
	const char *name = openpgp_pin_name(which);
	unsigned left;
	int r;

	openpgp_stop(session);
	r = openpgp_card_status(session, NULL, error);
	if (r < 0)
		return r;
	left = openpgp_tries_left(session, which);
	if (left > 1)
		return 0;
	return error_set(error, E_LOCKED_OUT, name, "the %s has %s: nothing was sent to the dongle; %s", name,
	                 left == 0 ? "no try left, it is locked" : "one try left, which is never spent here",
	                 which != OPENPGP_ADMIN_PIN
	                     ? "the admin PIN sets a new one"
	                     : "what is left is the factory reset, which destroys the keys on it");
}

int openpgp_after_failure(struct openpgp *session, enum openpgp_pin which, const char *what, struct error *error)
{
	const char *name = openpgp_pin_name(which);
	const unsigned before = openpgp_tries_left(session, which);
	int r = openpgp_card_status(session, NULL, error);
	unsigned left;

	if (r < 0)
		return r;
	left = openpgp_tries_left(session, which);
	if (left < before)
		return error_set(error, E_WRONG_AUTH, name, "that is not the %s; %u %s left", name, left,
		                 left == 1 ? "try is" : "tries are");
	return error_set(error, E_REFUSED, "dongle", "the dongle %s", what);
}

int openpgp_card_check_pin(struct openpgp *session, struct bytes pin, struct error *error)
{
	int r = openpgp_check_pin(OPENPGP_PIN, pin, error);

	if (r == 0)
		r = openpgp_before_pin(session, OPENPGP_PIN, error);
	if (r < 0)
		return r;
	if (!openpgp_give_pin(session, OPENPGP_PIN, pin))
		return openpgp_after_failure(session, OPENPGP_PIN, "did not take the PIN", error);
	return openpgp_card_status(session, NULL, error);
}

bool openpgp_card_is_plugged_in(void)
{
	return usb_has_interface(USB_CCID, NULL);
}

/* --- PINs ----------------------------------------------------------------------------------------------------------
 */

#define ANSWER(keyword_, text)                                          \
	{                                                               \
		.keyword = (keyword_), .value = bytes_from_string(text) \
	}

/* Runs what changes a PIN: asked is the PIN that allows it. */
static int run_change(struct openpgp *session, const struct openpgp_answer *answers, size_t count,
                      enum openpgp_pin asked, enum openpgp_pin changed, struct bytes old, struct bytes fresh,
                      struct error *error)
{
	static const char *const arguments[] = {"--card-edit", NULL};
	const struct openpgp_run run = {arguments, answers, count, -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status, r = openpgp_check_pin(asked, old, error);

	if (r == 0)
		r = openpgp_check_pin(changed, fresh, error);
	if (r == 0)
		r = openpgp_before_pin(session, asked, error);
	if (r == 0)
		r = openpgp_gpg(session, &run, &output, &status, error);
	if (r < 0)
		return r;
	if (!gnupg_status_has(buffer_bytes(&output), "SC_OP_SUCCESS") ||
	    gnupg_status_has(buffer_bytes(&output), "SC_OP_FAILURE"))
		return openpgp_after_failure(session, asked, "did not change the PIN", error);
	openpgp_stop(session);
	return openpgp_card_status(session, NULL, error);
}

/* gpg's menu of PINs: 1 user PIN, 2 unblock it, 3 admin PIN, 4 reset code. It asks for the PIN that allows it, then
 * twice for the new one. */
static int change(struct openpgp *session, const char *choice, enum openpgp_pin asked, enum openpgp_pin changed,
                  struct bytes old, struct bytes fresh, struct error *error)
{
	const struct openpgp_answer answers[] = {
	    ANSWER("cardedit.prompt", "admin"),
	    ANSWER("cardedit.prompt", "passwd"),
	    ANSWER("cardutil.change_pin.menu", choice),
	    {.keyword = "passphrase.enter", .value = old},
	    {.keyword = "passphrase.enter", .value = fresh},
	    {.keyword = "passphrase.enter", .value = fresh},
	    ANSWER("cardutil.change_pin.menu", "q"),
	    ANSWER("cardedit.prompt", "quit"),
	};

	return run_change(session, answers, ARRAY_SIZE(answers), asked, changed, old, fresh, error);
}

int openpgp_card_change_pin(struct openpgp *session, enum openpgp_pin which, struct bytes old, struct bytes fresh,
                            struct error *error)
{
	if (which == OPENPGP_PIN)
		return change(session, "1", OPENPGP_PIN, OPENPGP_PIN, old, fresh, error);
	return change(session, which == OPENPGP_RESET ? "4" : "3", OPENPGP_ADMIN_PIN, which, old, fresh, error);
}

int openpgp_card_unblock(struct openpgp *session, struct bytes admin, struct bytes fresh, struct error *error)
{
	return change(session, "2", OPENPGP_ADMIN_PIN, OPENPGP_PIN, admin, fresh, error);
}

int openpgp_card_unblock_by_code(struct openpgp *session, struct bytes code, struct bytes fresh, struct error *error)
{
	const struct openpgp_answer answers[] = {
	    ANSWER("cardedit.prompt", "unblock"),
	    {.keyword = "passphrase.enter", .value = code},
	    {.keyword = "passphrase.enter", .value = fresh},
	    {.keyword = "passphrase.enter", .value = fresh},
	    ANSWER("cardedit.prompt", "quit"),
	};

	return run_change(session, answers, ARRAY_SIZE(answers), OPENPGP_RESET, OPENPGP_PIN, code, fresh, error);
}

/* --- reset ---------------------------------------------------------------------------------------------------------
 */

int openpgp_card_factory_reset(struct openpgp *session, const char *serial, struct error *error)
{
	static const char *const arguments[] = {"--card-edit", NULL};
	const struct openpgp_answer answers[] = {
	    ANSWER("cardedit.prompt", "admin"),
	    ANSWER("cardedit.prompt", "factory-reset"),
	    ANSWER("cardedit.factory-reset.proceed", "y"),
	    ANSWER("cardedit.factory-reset.really", "yes"),
	    ANSWER("cardedit.prompt", "quit"),
	};
	const struct openpgp_run run = {arguments, answers, ARRAY_SIZE(answers), -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status, r;

	openpgp_stop(session);
	r = openpgp_card_status(session, NULL, error);
	if (r < 0)
		return r;
	if (strcmp(session->card.serial, serial) != 0)
		return error_set(error, E_REFUSED, "dongle",
		                 "the dongle has the number %s, and %s was to be reset: nothing was done",
		                 session->card.serial, serial);
	r = openpgp_gpg(session, &run, &output, &status, error);
	if (r < 0)
		return r;
	openpgp_stop(session);
	r = openpgp_card_status(session, NULL, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < OPENPGP_SLOTS; i++)
		if (session->card.fingerprints[i][0])
			return error_set(error, E_REFUSED, "dongle", "the dongle was not reset: its %s is still there",
			                 openpgp_slot_name((enum openpgp_slot)i));
	if (session->card.tries_pin < 2 || session->card.tries_admin < 2)
		return error_set(error, E_REFUSED, "dongle", "the dongle was not reset: its PINs are still locked");
	return 0;
}
