/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HOTP between swtpm and the virtual dongle: who gets a code, which one, and every answer. */
#include "attest/hotp.h"
#include "base/cleanup.h"
#include "dongle/hid_dongle.h"
#include "format/ccid.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define SERIAL    0x1234abcdu
#define ADMIN_PIN bytes_from_string("12345678")

static struct swtpm swtpm;
/* What went to the dongle, and what is to go wrong there. */
static unsigned codes_sent, busy_answers;
static bool unplugged;
/* The report that carried the first piece of a secret. */
static uint8_t secret_report[HOTP_HID_REPORT_SIZE];
static unsigned secrets_sent;

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	hid_dongle_make("librem-key", SERIAL);
	codes_sent = busy_answers = secrets_sent = 0;
	unplugged = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	return 0;
}

static int exchange(void *context, const uint8_t report[HOTP_HID_REPORT_SIZE], uint8_t answer[HOTP_HID_REPORT_SIZE],
                    bool only_receive, struct error *error)
{
	static uint8_t last[HOTP_HID_REPORT_SIZE];

	(void)context;
	if (unplugged)
		return error_set(error, E_IO, "dongle", "unplugged");
	if (!only_receive) {
		codes_sent += report[0] == HOTP_HID_VERIFY_CODE;
		if (report[0] == HOTP_HID_SEND_DATA && secrets_sent++ == 0)
			memcpy(secret_report, report, sizeof(secret_report));
		hid_dongle_run(report, last);
	}
	memcpy(answer, last, HOTP_HID_REPORT_SIZE);
	if (busy_answers > 0) {
		const uint8_t rest[2] = {report[0]};

		busy_answers--;
		hotp_hid_encode((enum hotp_hid_command)1, bytes_make(rest, sizeof(rest)), answer); /* busy */
	}
	return 0;
}

/* The same for a Nitrokey 3: its card reader, whole messages. */
static int transmit(void *context, struct bytes command, struct buffer *answer, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer message = {0};
	struct ccid_answer got;
	uint8_t received[4096];
	size_t size;
	int r;

	(void)context;
	if (unplugged)
		return error_set(error, E_IO, "dongle", "unplugged");
	codes_sent += command.data[1] == 0xb1;
	ccid_encode(CCID_TRANSFER, 7, command, &message);
	size = hid_dongle_reader(message.data, message.size, received, sizeof(received));
	r = ccid_decode(bytes_make(received, size), &got, error);
	if (r == 0)
		assert_int_equal(got.sequence, 7);
	if (r == 0)
		buffer_append_bytes(answer, got.data);
	return r;
}

static void plug(enum hotp_model model, struct hotp_dongle *dongle)
{
	*dongle = HOTP_DONGLE_CLOSED;
	dongle->model = model;
	if (model == HOTP_NITROKEY_3)
		dongle->transmit = transmit;
	else
		dongle->exchange = exchange;
}

static void program(struct tpm *tpm)
{
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	struct error error = {.code = E_NONE};

	plug(HOTP_LIBREM_KEY, &dongle);
	if (hotp_dongle_log_in(&dongle, ADMIN_PIN, &error) < 0 || hotp_new(tpm, &dongle, BYTES_EMPTY, &error) < 0)
		fail_msg("%s", error.sentence);
}

/* A start of the machine: what the dongle says, or a negative error. */
static int check_at_start(enum hotp_model model, struct error *error)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	struct hotp_setup known;
	struct hotp_result result;
	int r;

	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	plug(model, &dongle);
	r = hotp_look(tpm, &known, error);
	if (r == 0)
		r = hotp_check(tpm, &known, &dongle, &result, error);
	return r < 0 ? r : (int)result.answer;
}

static uint64_t counter(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint64_t value = 0;

	assert_int_equal(tpm_counter_read(tpm, TPM_COUNTER_HOTP, &value, NULL), 0);
	return value;
}

static void test_confirms_at_every_start(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct hotp_setup known;
	struct hotp_result result;
	struct error error;
	uint64_t before;
	unsigned commands = tpm_command_count(tpm);

	(void)state;
	assert_int_equal(hotp_look(tpm, &known, &error), -E_NO_SECRET);
	assert_in_range(tpm_command_count(tpm) - commands, 1, 1);
	program(tpm);
	assert_int_equal(hotp_look(tpm, &known, &error), 0);
	assert_int_equal(known.model, HOTP_LIBREM_KEY);
	assert_int_equal(known.serial, SERIAL);
	assert_int_equal(hotp_check(tpm, &known, NULL, &result, &error), 0);
	assert_int_equal(result.answer, HOTP_ABSENT);
	tpm_close(&tpm);
	before = counter();
	/* beyond the window of ten: the two counters go together */
	for (unsigned i = 0; i < 13; i++)
		assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_RIGHT);
	assert_int_equal(counter(), before + 13);
	/* anew, over what is there */
	tpm = swtpm_open(&swtpm);
	program(tpm);
	tpm_close(&tpm);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_RIGHT);
}

static void test_other_models(void **state)
{
	static const struct {
		const char *name;
		enum hotp_model model;
	} models[] = {{"nitrokey-pro", HOTP_NITROKEY_PRO}, {"nitrokey-storage", HOTP_NITROKEY_STORAGE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
		CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
		struct hotp_setup known;
		struct error error;

		hid_dongle_make(models[i].name, 7);
		plug(models[i].model, &dongle);
		busy_answers = 3;
		assert_int_equal(hotp_dongle_log_in(&dongle, ADMIN_PIN, &error), 0);
		assert_int_equal(hotp_new(tpm, &dongle, BYTES_EMPTY, &error), 0);
		assert_int_equal(hotp_look(tpm, &known, &error), 0);
		assert_int_equal(known.serial, 7);
		tpm_close(&tpm);
		assert_int_equal(check_at_start(models[i].model, &error), HOTP_RIGHT);
	}
}

/* Another dongle gets no code, though it might even know the secret; nor does the counter rise for it. */
static void test_A9_a_foreign_dongle_gets_no_code(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;
	uint64_t before;

	(void)state;
	program(tpm);
	tpm_close(&tpm);
	before = counter();
	codes_sent = 0;
	hid_dongle_rename(SERIAL + 1);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_FOREIGN);
	hid_dongle_rename(SERIAL);
	assert_int_equal(check_at_start(HOTP_NITROKEY_PRO, &error), HOTP_FOREIGN);
	assert_int_equal(codes_sent, 0);
	assert_int_equal(counter(), before);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_RIGHT);
}

/* Changed firmware gets no code from the TPM, and uses none up. */
static void test_A9_changed_firmware_has_no_code(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	struct hotp_setup known;
	struct hotp_result result;
	struct error error;
	uint64_t before;

	(void)state;
	program(tpm);
	tpm_close(&tpm);
	before = counter();
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	extend_text(tpm, 2, "other firmware");
	codes_sent = 0;
	plug(HOTP_LIBREM_KEY, &dongle);
	assert_int_equal(hotp_look(tpm, &known, &error), 0);
	assert_int_equal(hotp_check(tpm, &known, &dongle, &result, &error), -E_WRONG_PCR);
	assert_non_null(strstr(error.sentence, "PCR 2 changed"));
	assert_false(result.sent);
	assert_int_equal(codes_sent, 0);
	tpm_close(&tpm);
	assert_int_equal(counter(), before);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_RIGHT);
}

/* A code whose answer got lost is not sent again: the next start has the next one. */
static void test_A9_no_code_is_sent_twice(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;
	uint64_t value;

	(void)state;
	program(tpm);
	/* another program of the approved firmware used codes up, within the window */
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_HOTP, &value, &error), 0);
	tpm_close(&tpm);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_RIGHT);
	tpm = swtpm_open(&swtpm);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_HOTP, &value, &error), 0);
	tpm_close(&tpm);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_WRONG);
	/* the cap ends it: neither code nor counter */
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	extend_text(tpm, 4, "handover");
	assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_HOTP, &value, &error), -E_WRONG_PCR);
}

static void test_what_the_dongle_has_lost(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;

	(void)state;
	program(tpm);
	tpm_close(&tpm);
	hid_dongle_make("librem-key", SERIAL);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_NOT_PROGRAMMED);
	unplugged = true;
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), -E_IO);
}

/* A wrong PIN changes nothing and says what is left; the last try is never spent. */
static void test_admin_pin(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	const struct bytes wrong = bytes_from_string("87654321");
	struct hotp_identity identity;
	struct error error;

	(void)state;
	program(tpm);
	plug(HOTP_LIBREM_KEY, &dongle);
	assert_int_equal(hotp_new(tpm, &dongle, BYTES_EMPTY, &error), -E_ORDER);
	assert_int_equal(hotp_dongle_log_in(&dongle, BYTES_EMPTY, &error), -E_USAGE);
	assert_int_equal(hotp_dongle_log_in(&dongle, bytes_from_string("1234567890123456789012345"), &error), -E_USAGE);
	assert_int_equal(hotp_dongle_log_in(&dongle, wrong, &error), -E_WRONG_AUTH);
	assert_non_null(strstr(error.sentence, "2 tries are left"));
	assert_int_equal(hotp_dongle_log_in(&dongle, wrong, &error), -E_WRONG_AUTH);
	assert_non_null(strstr(error.sentence, "1 try is left"));
	assert_int_equal(hotp_dongle_log_in(&dongle, ADMIN_PIN, &error), -E_LOCKED_OUT);
	assert_int_equal(hotp_dongle_identify(&dongle, &identity, &error), 0);
	assert_int_equal(identity.admin_tries, 1);
	assert_int_equal(dongle.password.size, 0);
	tpm_close(&tpm);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_RIGHT);
}

/* The plug is pulled while the dongle is programmed: said so, and repeated. */
static void test_interrupted(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	struct error error;

	(void)state;
	program(tpm);
	plug(HOTP_LIBREM_KEY, &dongle);
	assert_int_equal(hotp_dongle_log_in(&dongle, ADMIN_PIN, &error), 0);
	hid_dongle_make("librem-key", SERIAL); /* it forgets the password that stands for the PIN */
	assert_int_equal(hotp_new(tpm, &dongle, BYTES_EMPTY, &error), -E_MALFORMED);
	tpm_close(&tpm);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), -E_NO_SECRET);
	assert_non_null(strstr(error.sentence, "interrupted"));
	tpm = swtpm_open(&swtpm);
	program(tpm);
	tpm_close(&tpm);
	assert_int_equal(check_at_start(HOTP_LIBREM_KEY, &error), HOTP_RIGHT);
}

/* Nothing of the flash makes a HOTP secret: without a TPM there is none, and the dongle gets nothing. With one, the
 * same firmware on the same machine makes another secret each time. */
static void test_A10_no_secret_comes_from_the_flash(void **state)
{
	static const char *const without[] = {"/nonexistent/tpm0", "swtpm:/nonexistent/socket"};
	static const char *const verbs[] = {"new", "check"};
	const uint8_t *secret = secret_report + 1 + HOTP_HID_PASSWORD_SIZE + 2; /* password, kind and number */
	uint8_t first[HOTP_HID_SECRET_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(verbs); k++) {
			CLEANUP(buffer_clear) struct buffer output = {0};

			assert_int_equal(
			    swtpm_tool(&swtpm, &output, "%s --json --tpm %s hotp %s", TEST_HEADS, without[i], verbs[k]),
			    3);
			assert_non_null(strstr(buffer_string(&output), "\"no-device\""));
		}
	}
	assert_int_equal(codes_sent + secrets_sent, 0);
	for (int machine = 0; machine < 2; machine++) {
		struct tpm *tpm = swtpm_open(&swtpm);

		secrets_sent = 0;
		program(tpm);
		tpm_close(&tpm);
		assert_in_range(secrets_sent, 1, 8);
		if (machine == 0)
			memcpy(first, secret, sizeof(first));
		else
			assert_memory_not_equal(first, secret, sizeof(first));
		swtpm_stop(&swtpm);
		swtpm_start(&swtpm);
	}
}

static void test_commands(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(buffer_clear) struct buffer output = {0};

	(void)state;
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "%s --tpm %s hotp check", TEST_HEADS, swtpm.where), 1);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "%s --tpm %s hotp check now", TEST_HEADS, swtpm.where), 2);
	tpm = swtpm_open(&swtpm);
	program(tpm);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, &output, "%s --json --tpm %s hotp check", TEST_HEADS, swtpm.where), 3);
	assert_string_equal(buffer_string(&output), "{\"answer\":\"absent\",\"dongle\":null}\n");
	assert_int_equal(swtpm_tool(&swtpm, NULL, "%s --tpm %s hotp new", TEST_HEADS, swtpm.where), 3);
}

/* A Nitrokey 3: the first PIN is set, a wrong one is told with its tries, the last one is never spent; foreign, wrong,
 * emptied and unplugged ones are told apart, and a foreign one gets no code. */
static void test_A9_nitrokey_3(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	const struct bytes pin = bytes_from_string("first PIN"), wrong = bytes_from_string("wrong PIN");
	struct hotp_identity identity;
	struct hotp_setup known;
	struct error error;
	uint64_t value;

	(void)state;
	hid_dongle_make("nitrokey-3", SERIAL);
	plug(HOTP_NITROKEY_3, &dongle);
	assert_int_equal(hotp_dongle_identify(&dongle, &identity, &error), 0);
	assert_int_equal(identity.says.serial, SERIAL);
	assert_int_equal(identity.says.major, 1);
	assert_int_equal(identity.says.minor, 8);
	assert_false(identity.has_pin);
	assert_int_equal(hotp_dongle_program(&dongle, bytes_from_string("12345678901234567890"), &error), -E_ORDER);
	assert_int_equal(hotp_dongle_log_in(&dongle, pin, &error), 0);
	assert_int_equal(hotp_dongle_identify(&dongle, &identity, &error), 0);
	assert_true(identity.has_pin);
	assert_int_equal(identity.admin_tries, 8);
	assert_int_equal(hotp_new(tpm, &dongle, BYTES_EMPTY, &error), 0);
	assert_int_equal(hotp_look(tpm, &known, &error), 0);
	assert_int_equal(known.model, HOTP_NITROKEY_3);
	assert_int_equal(known.serial, SERIAL);
	/* anew, over what is there; and with a PIN that is not right any more what is there stays */
	assert_int_equal(hotp_new(tpm, &dongle, BYTES_EMPTY, &error), 0);
	tpm_close(&tpm);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(check_at_start(HOTP_NITROKEY_3, &error), HOTP_RIGHT);
	assert_int_equal(hotp_dongle_log_in(&dongle, wrong, &error), -E_WRONG_AUTH);
	assert_non_null(strstr(error.sentence, "7 tries are left"));
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(hotp_dongle_log_in(&dongle, wrong, &error), -E_WRONG_AUTH);
	assert_non_null(strstr(error.sentence, "1 try is left"));
	assert_int_equal(hotp_dongle_log_in(&dongle, pin, &error), -E_LOCKED_OUT);
	assert_int_equal(check_at_start(HOTP_NITROKEY_3, &error), HOTP_RIGHT);
	codes_sent = 0;
	hid_dongle_rename(SERIAL + 1);
	assert_int_equal(check_at_start(HOTP_NITROKEY_3, &error), HOTP_FOREIGN);
	hid_dongle_rename(SERIAL);
	assert_int_equal(codes_sent, 0);
	tpm = swtpm_open(&swtpm);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_HOTP, &value, &error), 0);
	tpm_close(&tpm);
	assert_int_equal(check_at_start(HOTP_NITROKEY_3, &error), HOTP_WRONG);
	hid_dongle_make("nitrokey-3", SERIAL);
	assert_int_equal(check_at_start(HOTP_NITROKEY_3, &error), HOTP_NOT_PROGRAMMED);
	unplugged = true;
	assert_int_equal(check_at_start(HOTP_NITROKEY_3, &error), -E_IO);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_confirms_at_every_start),
	    WITH_TPM(test_other_models),
	    WITH_TPM(test_A9_a_foreign_dongle_gets_no_code),
	    WITH_TPM(test_A9_changed_firmware_has_no_code),
	    WITH_TPM(test_A9_no_code_is_sent_twice),
	    WITH_TPM(test_what_the_dongle_has_lost),
	    WITH_TPM(test_admin_pin),
	    WITH_TPM(test_interrupted),
	    WITH_TPM(test_A10_no_secret_comes_from_the_flash),
	    WITH_TPM(test_commands),
	    WITH_TPM(test_A9_nitrokey_3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
