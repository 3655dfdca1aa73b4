/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cap of PCR 4 before a way out (A5), and what stands between PID 1 and the TPM at that moment (A2). The way out is
 * the recovery shell: it caps as all do, and comes back. */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "boot/handover.h"
#include "boot/seen_key.h"
#include "format/start_record.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct swtpm swtpm, other;
static int seen_fd = -1;

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	swtpm_start(&other);
	seen_fd = seen_key_open(NULL);
	assert_true(seen_fd >= 0);
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

/* A start of the menu: a secret, and with it the storage key, whose Name is written down. */
static void meet(const struct swtpm *machine)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(machine);
	CLEANUP(secret_clear) struct secret secret = {0};
	struct error error;

	if (totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, &error) < 0)
		fail_msg("%s", error.sentence);
	seen_key_write(seen_fd, tpm);
}

static bool is_capped(const struct swtpm *machine)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(machine);
	const uint8_t zero[32] = {0};
	struct tpm_pcrs pcrs;

	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, 1u << TRUST_MODE_PCR, &pcrs, NULL), 0);
	return memcmp(pcrs.values[TRUST_MODE_PCR].data, zero, sizeof(zero)) != 0;
}

static int leave(enum trust_exit exit, const char *where, struct bytes recorded, struct error *error)
{
	const struct handover_start start = {recorded, seen_fd, 0};

	error->code = E_NONE;
	error->sentence[0] = '\0';
	return handover_leave(exit, where, &start, error);
}

static void test_A5_the_cap_is_on_the_tpm_that_was_seen(void **state)
{
	struct error error;

	(void)state;
	meet(&swtpm);
	assert_false(is_capped(&swtpm));
	assert_int_equal(leave(TRUST_EXIT_RECOVERY, swtpm.where, BYTES_EMPTY, &error), 0);
	assert_true(is_capped(&swtpm));
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* Honest until the secrets are out, then another TPM answers: the genuine one would stay open. */
static void test_A2_another_tpm_at_the_cap(void **state)
{
	uint8_t first[TPM_NAME_SIZE], second[TPM_NAME_SIZE];
	struct error error;

	(void)state;
	meet(&swtpm);
	for (int exit = 0; exit < TRUST_EXITS; exit++) {
		if (exit != TRUST_EXIT_RECOVERY && exit != TRUST_EXIT_CRASH)
			continue; /* a boot stays for want of a kernel, before it looks; the others leave this machine
			           */
		assert_int_equal(leave((enum trust_exit)exit, other.where, BYTES_EMPTY, &error), -E_FOREIGN_TPM);
		assert_non_null(strstr(error.sentence, "nothing is started"));
	}
	assert_false(is_capped(&other));
	/* One with a storage key of its own, too, and whatever the ROM records. */
	assert_int_equal(seen_key_read(seen_fd, first).size, TPM_NAME_SIZE);
	meet(&other);
	assert_int_equal(seen_key_read(seen_fd, second).size, TPM_NAME_SIZE);
	assert_int_equal(pwrite(seen_fd, first, sizeof(first), 0), sizeof(first));
	assert_int_equal(leave(TRUST_EXIT_RECOVERY, other.where, bytes_make(second, sizeof(second)), &error),
	                 -E_FOREIGN_TPM);
	assert_false(is_capped(&other));
	assert_int_equal(swtpm_left_open(&other), 0);
}

static void test_A2_no_tpm_at_the_cap(void **state)
{
	struct error error;

	(void)state;
	meet(&swtpm);
	assert_int_equal(leave(TRUST_EXIT_RECOVERY, "/nonexistent/tpm0", BYTES_EMPTY, &error), -E_NO_DEVICE);
	assert_non_null(strstr(error.sentence, "is gone"));
}

/* A machine whose TPM never was the recorded one, or that has none, is not held back: nothing of ours is in there. */
static void test_a_tpm_that_was_never_ours_is_left(void **state)
{
	const uint8_t recorded[TPM_NAME_SIZE] = {0x00, 0x0b, 1};
	struct error error;

	(void)state;
	assert_int_equal(leave(TRUST_EXIT_RECOVERY, other.where, bytes_make(recorded, sizeof(recorded)), &error), 0);
	assert_true(is_capped(&other));
	assert_int_equal(leave(TRUST_EXIT_RECOVERY, "/nonexistent/tpm0", BYTES_EMPTY, &error), 0);
}

/* Only a key that the program accepts is written down. */
static void test_A2_a_stranger_is_not_written_down(void **state)
{
	const uint8_t recorded[TPM_NAME_SIZE] = {0x00, 0x0b, 1};
	uint8_t name[TPM_NAME_SIZE];
	struct tpm *tpm;

	(void)state;
	tpm = swtpm_open(&swtpm);
	seen_key_write(seen_fd, tpm); /* a TPM without a storage key */
	assert_int_equal(seen_key_read(seen_fd, name).size, 0);
	tpm_close(&tpm);
	meet(&swtpm);
	assert_int_equal(seen_key_read(seen_fd, name).size, TPM_NAME_SIZE);
	assert_int_equal(ftruncate(seen_fd, 0), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_pin_storage_key(tpm, bytes_make(recorded, sizeof(recorded)), NULL), 0);
	seen_key_write(seen_fd, tpm);
	tpm_close(&tpm);
	assert_int_equal(seen_key_read(seen_fd, name).size, 0);
	assert_int_equal(seen_key_read(-1, name).size, 0);
}

/* Before the first secret, too: no key is seen, and yet this start stands in the record. A TPM without the record is no
 * reason to stay. */
static void test_the_end_of_a_start_is_recorded(void **state)
{
	const struct handover_start shell = {.recorded = BYTES_EMPTY, .seen_fd = seen_fd, .outcome = START_SHELL};
	struct start_record record = {0};
	struct tpm_since_start since;
	uint8_t name[TPM_NAME_SIZE];
	struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_info info;

	(void)state;
	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	assert_int_equal(tpm_record_start(tpm, &info, false, 1700000000, &since, NULL), 0);
	tpm_close(&tpm);
	assert_false(seen_start_is_recorded(seen_fd));
	assert_false(seen_start_is_recorded(-1));
	seen_start_write(seen_fd);
	assert_true(seen_start_is_recorded(seen_fd));
	assert_int_equal(seen_key_read(seen_fd, name).size, 0);
	assert_int_equal(handover_leave(TRUST_EXIT_RECOVERY, swtpm.where, &shell, NULL), 0);
	assert_true(is_capped(&swtpm));
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_read_starts(tpm, &record, NULL), 0);
	tpm_close(&tpm);
	assert_int_equal(record.starts[0].outcome, START_SHELL);
	assert_int_equal(handover_leave(TRUST_EXIT_RECOVERY, other.where, &shell, NULL), 0);
	assert_true(is_capped(&other));
	meet(&other);
	assert_int_equal(seen_key_read(seen_fd, name).size, TPM_NAME_SIZE);
	assert_true(seen_start_is_recorded(seen_fd));
}

int main(void)
{
#define WITH_TPMS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPMS(test_A5_the_cap_is_on_the_tpm_that_was_seen),
	    WITH_TPMS(test_A2_another_tpm_at_the_cap),
	    WITH_TPMS(test_A2_no_tpm_at_the_cap),
	    WITH_TPMS(test_a_tpm_that_was_never_ours_is_left),
	    WITH_TPMS(test_A2_a_stranger_is_not_written_down),
	    WITH_TPMS(test_the_end_of_a_start_is_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
