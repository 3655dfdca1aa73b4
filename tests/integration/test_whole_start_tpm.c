/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole start's commands, and the one session that PID 1 and the menu hand to each other in it (A2, A3). */
#include "attest/measure.h"
#include "attest/totp.h"
#include "base/cleanup.h"
#include "boot/handover.h"
#include "boot/seen_key.h"
#include "format/start_record.h"
#include "integration/whole_start.h"
#include "tpm/tpm2_client.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_COMMANDS 40

static struct swtpm swtpm, other;
static int seen_fd = -1;

/* The record of the starts says that it booted, written once and by the cap itself. */
static void expect_booted(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct start_record record = {0};

	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_read_starts(tpm, &record, NULL), 0);
	assert_int_equal(record.starts[0].outcome, START_BOOTED);
}

/* Every kind of machine that boots by itself, each with settings in the ROM and a rollback counter; the code of the
 * start is remembered in the TPM. */
static void test_a_start_takes_few_commands(void **state)
{
	static const struct {
		const char *name;
		struct whole_start_machine machine;
	} kinds[] = {
	    {"TOTP alone", {.owned = false}},
	    {"an unlock key", {.unlock_key = true}},
	    {"an unlock key with a passphrase", {.unlock_key = true, .unlock = "unlock it"}},
	    {"an owner", {.owned = true}},
	    {"an owner, an unlock key", {.owned = true, .unlock_key = true}},
	    {"an owner, an unlock key with a passphrase", {.owned = true, .unlock_key = true, .unlock = "unlock it"}},
	    {"an owner, two unlock keys, the first one", {.owned = true, .unlock_key = true, .other_key = true}},
	    {"an owner, two unlock keys, the second one",
	     {.owned = true, .unlock_key = true, .key = 1, .other_key = true}},
	    {"an owner, an unlock key, recorded", {.owned = true, .recorded = true, .unlock_key = true}},
	};

	(void)state;
	digest_library_start();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct whole_start_machine machine = kinds[i].machine;
		struct whole_start_cost cost = {0};

		machine.swtpm = &swtpm;
		whole_start_prepare(&machine);
		for (int start = 0; start < 2; start++)
			whole_start_run(&machine, &cost);
		print_message("%u commands: %s\n", cost.all, kinds[i].name);
		assert_in_range(cost.all, 1, MOST_COMMANDS);
		assert_int_equal(cost.all, cost.told); /* none behind the log's back */
		assert_in_range(cost.totp, 1, 8);
		assert_in_range(cost.unseal, 0, 8);
		assert_int_equal(swtpm_left_open(&swtpm), 0);
		expect_booted();
		whole_start_end(&machine);
	}
}

/* The machine that needs the most. One command of all that have a passphrase is sent twice: this TPM answers the first
 * one after a reset with TPM_RC_RETRY, when it has written down that passphrases are tried. */
static void test_the_most_that_a_start_takes(void **state)
{
	struct whole_start_machine machine = {
	    .owned = true, .recorded = true, .unlock_key = true, .unlock = "unlock it", .swtpm = &swtpm};
	struct whole_start_cost cost = {0};

	(void)state;
	whole_start_prepare(&machine);
	whole_start_run(&machine, &cost);
	print_message("%u commands\n", cost.all);
	assert_in_range(cost.all, 1, MOST_COMMANDS + 2); /* two of them measure the record's file into PCR 7 */
	assert_int_equal(cost.all, cost.told);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	whole_start_end(&machine);
}

static int setup(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret secret = {0};

	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	swtpm_start(&other);
	seen_fd = seen_key_open(NULL);
	assert_true(seen_fd >= 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)close(seen_fd);
	swtpm_stop(&swtpm);
	swtpm_stop(&other);
	return 0;
}

static int measure(struct tpm *tpm, const char *text, struct error *error)
{
	return measure_bytes(tpm, 9, text, bytes_from_string(text), error);
}

/* What a process does that measures something and leaves the session to the next one. */
static void hand_on(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	assert_int_equal(measure(tpm, "before", NULL), 0);
	assert_true(tpm_is_guarded(tpm));
	seen_key_write(seen_fd, tpm);
	seen_key_hand_on(seen_fd, tpm);
	assert_false(tpm_is_guarded(tpm));
}

static struct tpm *open_next(const struct swtpm *machine, bool in_order)
{
	struct tpm *tpm = NULL;
	struct error error;

	if (seen_key_open_tpm(seen_fd, machine->where, in_order, &tpm, &error) < 0)
		fail_msg("%s", error.sentence);
	return tpm;
}

static void test_the_session_goes_on(void **state)
{
	struct tpm *tpm;
	uint8_t name[TPM_NAME_SIZE];

	(void)state;
	hand_on();
	assert_int_equal(swtpm_left_open(&swtpm), 1);
	tpm = open_next(&swtpm, true);
	assert_int_equal(tpm_command_count(tpm), 0);
	/* The Name that was seen is that of the key that the session is salted to: nothing is asked. */
	assert_int_equal(tpm_pin_storage_key(tpm, seen_key_read(seen_fd, name), NULL), 0);
	assert_int_equal(tpm_check_storage_key(tpm, NULL), 0);
	assert_int_equal(measure(tpm, "after", NULL), 0);
	assert_true(tpm_is_guarded(tpm));
	assert_int_equal(tpm_command_count(tpm), 1);
	assert_int_equal(tpm_shutdown(tpm, NULL), 0);
	assert_int_equal(tpm_command_count(tpm), 2);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* Once: who takes the session leaves nothing of it in the memory file; who comes after a crash leaves none in the TPM.
 */
static void test_the_session_is_taken_once(void **state)
{
	uint8_t rest[64 + TPM_CONTINUED_MAX];
	struct tpm *tpm;

	(void)state;
	hand_on();
	tpm = open_next(&swtpm, false);
	assert_false(tpm_is_guarded(tpm));
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	assert_int_equal(pread(seen_fd, rest, sizeof(rest), 0), 64);
	hand_on();
	tpm = open_next(&swtpm, true);
	assert_true(tpm_is_guarded(tpm));
	tpm_close(&tpm);
	assert_int_equal(pread(seen_fd, rest, sizeof(rest), 0), 64);
	tpm = open_next(&swtpm, true);
	assert_false(tpm_is_guarded(tpm));
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* The session dies with the TPM's reset: what was measured before is gone from the PCRs, and that is noticed. */
static void test_A3_a_reset_between_two_processes_is_noticed(void **state)
{
	struct error error;
	struct tpm *tpm;

	(void)state;
	hand_on();
	swtpm_power_cycle(&swtpm);
	tpm = open_next(&swtpm, true);
	assert_int_equal(measure(tpm, "after", &error), -E_TPM);
	assert_non_null(strstr(error.sentence, "reset while the machine ran"));
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* Another TPM, also one that has a session of the same handle. */
static void test_A2_another_tpm_does_not_know_the_session(void **state)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct error error;
	struct tpm *tpm;

	(void)state;
	hand_on();
	tpm = open_next(&other, true);
	assert_int_equal(measure(tpm, "after", &error), -E_TPM);
	tpm_close(&tpm);
	tpm = swtpm_open(&other);
	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, NULL), 0);
	tpm_close(&tpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(measure(tpm, "before", NULL), 0);
	seen_key_hand_on(seen_fd, tpm);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&other, NULL, "tpm2_startauthsession -S s.ctx --hmac-session"), 0);
	tpm = open_next(&other, true);
	assert_true(measure(tpm, "after", &error) < 0);
	tpm_close(&tpm);
}

/* What is in the memory file is read as untrusted all the same: the TPM is opened anew. */
static void test_a_damaged_session_is_none(void **state)
{
	uint8_t state_bytes[TPM_CONTINUED_MAX];
	struct tpm *tpm;
	ssize_t size;

	(void)state;
	for (size_t byte = 0; byte < 24; byte += 4) {
		hand_on();
		size = pread(seen_fd, state_bytes, sizeof(state_bytes), 64);
		assert_int_equal(size, sizeof(state_bytes));
		if (byte == 4)
			continue; /* the handle: the TPM decides */
		state_bytes[byte] ^= 0xff;
		assert_int_equal(pwrite(seen_fd, state_bytes, sizeof(state_bytes), 64), sizeof(state_bytes));
		tpm = open_next(&swtpm, true);
		tpm_close(&tpm);
	}
	tpm = open_next(&swtpm, false);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* Without a storage key there is no session to hand on. */
static void test_nothing_to_hand_on(void **state)
{
	struct tpm *tpm;
	uint8_t name[TPM_NAME_SIZE];

	(void)state;
	tpm = swtpm_open(&other);
	assert_int_equal(measure(tpm, "before", NULL), 0);
	seen_key_hand_on(seen_fd, tpm);
	tpm_close(&tpm);
	assert_int_equal(seen_key_read(seen_fd, name).size, 0);
	tpm = open_next(&other, true);
	assert_int_equal(tpm_command_count(tpm), 1);
	seen_key_hand_on(-1, tpm);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&other), 0);
}

/* The shutdown that an interposer answers himself. */
static void test_A2_a_forged_shutdown_is_noticed(void **state)
{
	static const uint8_t plain[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0};
	static const uint8_t empty[] = {0x80, 0x02, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	const struct bytes invented[] = {bytes_make(plain, sizeof(plain)), bytes_make(empty, sizeof(empty))};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(invented); i++) {
		struct proxy proxy = {.command_code = TPM_CC_Shutdown, .fault = PROXY_INVENT, .invented = invented[i]};
		struct tpm *tpm = NULL;

		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		assert_int_equal(measure(tpm, "something", NULL), 0);
		assert_int_equal(tpm_shutdown(tpm, NULL), -E_TPM_FORGED);
		assert_true(proxy.fired);
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		assert_int_equal(swtpm_left_open(&swtpm), 0);
	}
}

int main(void)
{
#define WITH_TPMS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_start_takes_few_commands),
	    cmocka_unit_test(test_the_most_that_a_start_takes),
	    WITH_TPMS(test_the_session_goes_on),
	    WITH_TPMS(test_the_session_is_taken_once),
	    WITH_TPMS(test_A3_a_reset_between_two_processes_is_noticed),
	    WITH_TPMS(test_A2_another_tpm_does_not_know_the_session),
	    WITH_TPMS(test_a_damaged_session_is_none),
	    WITH_TPMS(test_nothing_to_hand_on),
	    WITH_TPMS(test_A2_a_forged_shutdown_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
