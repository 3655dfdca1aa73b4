/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nitrokey 3: commands to its secrets application. */
#include "base/cleanup.h"
#include "dongle/hotp_private.h"
#include "format/hotp_secrets.h"

/* Sends a command, which is wiped, and takes the status and the data of its answer. */
static int send(struct hotp_dongle *dongle, struct buffer *command, struct buffer *data, uint16_t *ret_status,
                struct error *error)
{
	CLEANUP(buffer_clear) struct buffer answer = {0};
	struct bytes content;
	int r = command->failed ? error_set(error, E_MEMORY, "dongle", "there is not enough memory for the dongle")
	                        : dongle->transmit(dongle->context, buffer_bytes(command), &answer, error);

	buffer_clear(command);
	if (r == 0)
		r = hotp_secrets_decode(buffer_bytes(&answer), ret_status, &content, error);
	if (r == 0 && data)
		buffer_append_bytes(data, content);
	return r;
}

static int refuse(const char *what, uint16_t status, struct error *error)
{
	return error_set(error, E_MALFORMED, "dongle", "the Nitrokey 3 %s: status %04x", what, status);
}

/* As send, for what has to succeed. what: "did not ..." */
static int order(struct hotp_dongle *dongle, struct buffer *command, struct buffer *data, const char *what,
                 struct error *error)
{
	uint16_t status = 0;
	int r = send(dongle, command, data, &status, error);

	return r == 0 && status != HOTP_SECRETS_OK ? refuse(what, status, error) : r;
}

/* From here on it is the secrets application that is talked to; it forgets a PIN that was shown before. */
static int select_secrets(struct hotp_dongle *dongle, struct hotp_secrets_identity *ret_identity, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer command = {0}, data = {0};
	int r;

	hotp_secrets_select(HOTP_SECRETS_ITSELF, &command);
	r = order(dongle, &command, &data, "has no application for secrets", error);
	return r < 0 ? r : hotp_secrets_decode_identity(buffer_bytes(&data), ret_identity, error);
}

static int card_identify(struct hotp_dongle *dongle, struct hotp_identity *ret_identity, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer command = {0}, version = {0};
	struct hotp_identity identity = {.model = dongle->model};
	struct hotp_secrets_identity secrets = {0};
	int r;

	hotp_secrets_select(HOTP_SECRETS_ADMIN, &command);
	r = order(dongle, &command, NULL, "has no application for its administration", error);
	if (r == 0) {
		hotp_secrets_version(&command);
		r = order(dongle, &command, &version, "does not tell its version", error);
	}
	if (r == 0)
		r = hotp_secrets_decode_version(buffer_bytes(&version), &identity.says.major, &identity.says.minor,
		                                error);
	if (r == 0)
		r = select_secrets(dongle, &secrets, error);
	if (r < 0)
		return r;
	identity.says.serial = secrets.serial;
	identity.has_pin = secrets.has_pin;
	identity.admin_tries = secrets.tries;
	*ret_identity = identity;
	return 0;
}

/* Shows the PIN. ret_right false: a try was spent. */
static int show_pin(struct hotp_dongle *dongle, struct bytes pin, bool *ret_right, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer command = {0};
	uint16_t status = 0;
	int r;

	hotp_secrets_verify_pin(pin, &command);
	r = send(dongle, &command, NULL, &status, error);
	if (r == 0 && status != HOTP_SECRETS_OK && status != HOTP_SECRETS_WRONG)
		r = refuse("did not look at the PIN", status, error);
	*ret_right = r == 0 && status == HOTP_SECRETS_OK;
	return r;
}

static int wrong_pin(struct hotp_dongle *dongle, struct error *error)
{
	struct hotp_secrets_identity now;
	int r = select_secrets(dongle, &now, error);

	if (r < 0)
		return r;
	return error_set(error, E_WRONG_AUTH, "dongle", "the Nitrokey 3 says that the PIN is wrong; %u %s left",
	                 now.tries, now.tries == 1 ? "try is" : "tries are");
}

static int card_log_in(struct hotp_dongle *dongle, struct bytes pin, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer command = {0};
	CLEANUP(secret_clear) struct secret kept = {0};
	struct hotp_identity identity = {0};
	bool right = false;
	int r;

	if (pin.size == 0 || pin.size > HOTP_SECRETS_PIN_LIMIT)
		return error_set(error, E_USAGE, "dongle", "this PIN has 1 to %d characters", HOTP_SECRETS_PIN_LIMIT);
	if (secret_copy(pin, &kept) < 0)
		return error_set(error, E_MEMORY, "dongle", "no locked memory for the dongle's PIN");
	r = card_identify(dongle, &identity, error);
	if (r == 0)
		r = hotp_check_tries(&identity, error);
	if (r == 0 && !identity.has_pin) {
		hotp_secrets_set_pin(pin, &command);
		r = order(dongle, &command, NULL, "did not take its first PIN", error);
	}
	if (r == 0)
		r = show_pin(dongle, pin, &right, error);
	if (r == 0 && !right)
		return wrong_pin(dongle, error);
	if (r == 0) {
		secret_clear(&dongle->password);
		dongle->password = TAKE(kept, (struct secret){0});
	}
	return r;
}

/* The PIN is shown before anything is deleted: what is there stays where the PIN is not right any more. */
static int card_program(struct hotp_dongle *dongle, struct bytes secret, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer command = {0};
	struct hotp_identity identity = {.model = dongle->model};
	struct hotp_secrets_identity secrets = {0};
	uint16_t status = 0;
	bool right = false;
	int r;

	if (dongle->password.size == 0 || secret.size != HOTP_SECRETS_SECRET)
		return error_set(error, E_ORDER, "dongle", "the dongle was not given its PIN");
	r = select_secrets(dongle, &secrets, error);
	identity.has_pin = true;
	identity.admin_tries = secrets.tries;
	if (r == 0)
		r = hotp_check_tries(&identity, error);
	if (r == 0)
		r = show_pin(dongle, secret_bytes(&dongle->password), &right, error);
	if (r == 0 && !right)
		r = error_set(error, E_MALFORMED, "dongle", "the Nitrokey 3 does not know its PIN any more");
	if (r == 0) {
		hotp_secrets_delete(&command);
		r = send(dongle, &command, NULL, &status, error);
	}
	if (r == 0 && status != HOTP_SECRETS_OK && status != HOTP_SECRETS_NOT_FOUND)
		r = refuse("did not delete the old secret", status, error);
	if (r < 0)
		return r;
	hotp_secrets_put(secret, &command);
	return order(dongle, &command, NULL, "did not take the secret", error);
}

static int card_verify(struct hotp_dongle *dongle, uint32_t code, bool *ret_right, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer command = {0};
	struct hotp_secrets_identity secrets = {0};
	uint16_t status = 0;
	int r = select_secrets(dongle, &secrets, error);

	if (r < 0)
		return r;
	hotp_secrets_verify_code(code, &command);
	r = send(dongle, &command, NULL, &status, error);
	if (r < 0)
		return r;
	if (status == HOTP_SECRETS_NOT_FOUND)
		return error_set(error, E_NO_SECRET, "dongle", "the Nitrokey 3 holds no HOTP secret: program it again");
	if (status != HOTP_SECRETS_OK && status != HOTP_SECRETS_WRONG)
		return refuse("did not check the code", status, error);
	*ret_right = status == HOTP_SECRETS_OK;
	return 0;
}

const struct hotp_driver hotp_secrets_driver = {card_identify, card_log_in, card_program, card_verify};
