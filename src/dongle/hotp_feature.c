/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nitrokey Pro, Nitrokey Storage and Librem Key: HID feature reports. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/log.h"
#include "dongle/hotp_private.h"
#include <string.h>
#include <time.h>

/* A feature report has no event that tells when it is ready: it is asked for again, at first after a millisecond. */
#define ANSWER_LIMIT_MS 8000
#define PAUSE_FIRST_MS  1
#define PAUSE_LIMIT_MS  100
#define SLOT_NAME       "Heads"

static void pause_ms(unsigned milliseconds)
{
	const struct timespec time = {.tv_nsec = (long)milliseconds * 1000000};

	(void)nanosleep(&time, NULL);
}

static bool is_answer(const struct hotp_hid_answer *answer, const uint8_t report[HOTP_HID_REPORT_SIZE])
{
	return !answer->busy && answer->command == report[0] && answer->checksum == hotp_hid_checksum(report);
}

/* Sends a report and waits for its answer; what the answer says of the command is the caller's. received holds the
 * payload of ret_answer. */
static int ask(struct hotp_dongle *dongle, const uint8_t report[HOTP_HID_REPORT_SIZE],
               uint8_t received[HOTP_HID_REPORT_SIZE], struct hotp_hid_answer *ret_answer, struct error *error)
{
	const unsigned long long end = log_now_ms() + ANSWER_LIMIT_MS;
	struct hotp_hid_answer answer = {0};
	unsigned pause = PAUSE_FIRST_MS;
	int r = dongle->exchange(dongle->context, report, received, false, error);

	while (r == 0) {
		r = hotp_hid_decode(bytes_make(received, HOTP_HID_REPORT_SIZE), &answer, error);
		if (r == 0 && is_answer(&answer, report)) {
			*ret_answer = answer;
			return 0;
		}
		/* A report that is being written may be torn: only the time ends the waiting. */
		if (log_now_ms() > end)
			return r < 0 ? r
			             : error_set(error, E_IO, "dongle",
			                         "the %s does not answer: unplug it, plug it in, and try again",
			                         hotp_model_name(dongle->model));
		pause_ms(pause);
		pause = pause * 2 < PAUSE_LIMIT_MS ? pause * 2 : PAUSE_LIMIT_MS;
		r = dongle->exchange(dongle->context, report, received, true, error);
	}
	return r;
}

static int refuse(const struct hotp_dongle *dongle, uint8_t command, uint8_t result, struct error *error)
{
	return error_set(error, E_MALFORMED, "dongle", "the %s refused command 0x%02x with status %u",
	                 hotp_model_name(dongle->model), command, result);
}

/* As ask, for a report that is wiped and whose command has to succeed. */
static int order(struct hotp_dongle *dongle, uint8_t report[HOTP_HID_REPORT_SIZE], struct error *error)
{
	uint8_t received[HOTP_HID_REPORT_SIZE];
	struct hotp_hid_answer answer = {0};
	const uint8_t command = report[0];
	int r = ask(dongle, report, received, &answer, error);

	memory_wipe(report, HOTP_HID_REPORT_SIZE);
	if (r == 0 && answer.result != HOTP_HID_OK)
		return refuse(dongle, command, answer.result, error);
	return r;
}

static int ask_plain(struct hotp_dongle *dongle, enum hotp_hid_command command, uint8_t received[HOTP_HID_REPORT_SIZE],
                     struct hotp_hid_answer *ret_answer, struct error *error)
{
	uint8_t report[HOTP_HID_REPORT_SIZE];
	int r;

	hotp_hid_encode(command, BYTES_EMPTY, report);
	r = ask(dongle, report, received, ret_answer, error);
	if (r == 0 && ret_answer->result != HOTP_HID_OK)
		return refuse(dongle, (uint8_t)command, ret_answer->result, error);
	return r;
}

static int feature_identify(struct hotp_dongle *dongle, struct hotp_identity *ret_identity, struct error *error)
{
	const bool storage = dongle->model == HOTP_NITROKEY_STORAGE;
	struct hotp_identity identity = {.model = dongle->model};
	uint8_t received[HOTP_HID_REPORT_SIZE];
	struct hotp_hid_answer answer = {0};
	int r = ask_plain(dongle, storage ? HOTP_HID_STORAGE_STATUS : HOTP_HID_STATUS, received, &answer, error);

	if (r == 0)
		r = hotp_hid_decode_identity(&answer, &identity.says, error);
	if (r == 0)
		r = ask_plain(dongle, HOTP_HID_ADMIN_TRIES, received, &answer, error);
	if (r != 0)
		return r;
	identity.admin_tries = answer.payload.data[0];
	identity.has_pin = true;
	*ret_identity = identity;
	return 0;
}

static int feature_log_in(struct hotp_dongle *dongle, struct bytes pin, struct error *error)
{
	uint8_t report[HOTP_HID_REPORT_SIZE], received[HOTP_HID_REPORT_SIZE];
	CLEANUP(secret_clear) struct secret password = {0};
	struct hotp_hid_answer answer = {0};
	struct hotp_identity identity = {0};
	int r = 0;

	if (pin.size == 0 || pin.size > HOTP_HID_PIN_LIMIT)
		return error_set(error, E_USAGE, "dongle", "an admin PIN has 1 to %d characters", HOTP_HID_PIN_LIMIT);
	if (secret_allocate(HOTP_HID_PASSWORD_SIZE, &password) < 0)
		return error_set(error, E_MEMORY, "dongle", "no locked memory for the dongle's password");
	r = feature_identify(dongle, &identity, error);
	if (r == 0)
		r = hotp_check_tries(&identity, error);
	if (r < 0)
		return r;
	random_fill(password.data, HOTP_HID_PASSWORD_SIZE);
	password.size = HOTP_HID_PASSWORD_SIZE;
	hotp_hid_encode_authenticate(pin, password.data, report);
	r = ask(dongle, report, received, &answer, error);
	memory_wipe(report, sizeof(report));
	if (r != 0)
		return r;
	if (answer.result == HOTP_HID_WRONG_PASSWORD)
		return error_set(error, E_WRONG_AUTH, "dongle", "the %s says that the admin PIN is wrong; %u %s left",
		                 hotp_model_name(dongle->model), identity.admin_tries - 1u,
		                 identity.admin_tries == 2 ? "try is" : "tries are");
	if (answer.result != HOTP_HID_OK)
		return refuse(dongle, HOTP_HID_AUTHENTICATE, answer.result, error);
	secret_clear(&dongle->password);
	dongle->password = TAKE(password, (struct secret){0});
	return 0;
}

static int feature_program(struct hotp_dongle *dongle, struct bytes secret, struct error *error)
{
	uint8_t report[HOTP_HID_REPORT_SIZE];
	int r;

	if (dongle->password.size != HOTP_HID_PASSWORD_SIZE || secret.size != HOTP_HID_SECRET_SIZE)
		return error_set(error, E_ORDER, "dongle", "the dongle was not given its admin PIN");
	hotp_hid_encode_secret(dongle->password.data, secret, report);
	r = order(dongle, report, error);
	if (r < 0)
		return r;
	hotp_hid_encode_name(dongle->password.data, SLOT_NAME, report);
	r = order(dongle, report, error);
	if (r < 0)
		return r;
	hotp_hid_encode_slot(dongle->password.data, report);
	return order(dongle, report, error);
}

static int feature_verify(struct hotp_dongle *dongle, uint32_t code, bool *ret_right, struct error *error)
{
	uint8_t report[HOTP_HID_REPORT_SIZE], received[HOTP_HID_REPORT_SIZE];
	struct hotp_hid_answer answer = {0};
	int r;

	hotp_hid_encode_verify(code, report);
	r = ask(dongle, report, received, &answer, error);
	memory_wipe(report, sizeof(report));
	if (r != 0)
		return r;
	if (answer.result == HOTP_HID_NOT_PROGRAMMED || answer.result == HOTP_HID_WRONG_SLOT)
		return error_set(error, E_NO_SECRET, "dongle", "the %s holds no HOTP secret: program it again",
		                 hotp_model_name(dongle->model));
	if (answer.result != HOTP_HID_OK)
		return refuse(dongle, HOTP_HID_VERIFY_CODE, answer.result, error);
	*ret_right = answer.payload.data[0] == 1;
	return 0;
}

const struct hotp_driver hotp_feature_driver = {feature_identify, feature_log_in, feature_program, feature_verify};
