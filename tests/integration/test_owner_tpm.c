/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking ownership of a TPM, with tpm2-tools as the witness of what is really set. */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "integration/swtpm.h"
#include "owner/tpm_reset.h"
#include "tpm/tpm2_constants.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PASSPHRASE "correct horse battery"

static struct swtpm swtpm;

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	return 0;
}

static int reset_with(struct tpm *tpm, const char *passphrase, const char *present, struct tpm_reset_result *ret_result,
                      struct error *error)
{
	const struct tpm_reset_request request = {.passphrase = bytes_from_string(passphrase),
	                                          .present = bytes_from_string(present)};

	return owner_tpm_reset(tpm, &request, ret_result, error);
}

static struct tpm_reset_result reset(struct tpm *tpm, const char *present)
{
	struct tpm_reset_result result = {0};
	struct error error = {.code = E_NONE};

	if (reset_with(tpm, PASSPHRASE, present, &result, &error) < 0)
		fail_msg("%s", error.sentence);
	return result;
}

static struct tpm_info info_of(struct tpm *tpm)
{
	struct tpm_info info;

	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	return info;
}

static bool works(const char *line)
{
	return swtpm_tool(&swtpm, NULL, "%s", line) == 0;
}

/* The firmware's right is gone, as on a running system. */
static void lock_platform(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	bool disabled;

	assert_int_equal(tpm_lock_platform(tpm, &disabled, NULL), 0);
}

static bool property_is(const char *name, const char *value)
{
	return swtpm_tool(&swtpm, NULL, "tpm2_getcap properties-variable | grep -Eq '^ *%s: +%s$'", name, value) == 0;
}

static void expect_owned(void)
{
	assert_true(property_is("ownerAuthSet", "1"));
	assert_true(property_is("endorsementAuthSet", "1"));
	assert_true(property_is("lockoutAuthSet", "1"));
	assert_true(property_is("TPM2_PT_MAX_AUTH_FAIL", "0xA"));
	assert_true(property_is("TPM2_PT_LOCKOUT_INTERVAL", "0x258"));
	assert_true(property_is("TPM2_PT_LOCKOUT_RECOVERY", "0x15180"));
}

/* The same as Heads sees it, and that the passphrase is the right one. */
static void check_owned(struct tpm *tpm)
{
	const struct tpm_info info = info_of(tpm);

	assert_true(info.owner_auth_set && info.endorsement_auth_set && info.lockout_auth_set);
	assert_int_equal(info.lockout_max, TPM_RESET_TRIES);
	assert_int_equal(tpm_check_owner(tpm, bytes_from_string(PASSPHRASE), NULL), 0);
}

static void test_reset_at_boot(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret secret = {0};
	struct tpm_reset_result result;
	struct tpm_since_start since;
	struct tpm_info info;

	(void)state;
	/* Somebody was here before, and forbade to clear. */
	assert_true(works("tpm2_changeauth -c owner theirs && tpm2_changeauth -c lockout theirs && "
	                  "tpm2_nvdefine -C owner -P theirs -s 8 0x1500001 && tpm2_clearcontrol -C platform s"));
	tpm = swtpm_open(&swtpm);
	result = reset(tpm, "");
	assert_true(result.by_platform);
	assert_int_equal(result.name.size, 34);
	info = info_of(tpm);
	assert_true(info.owner_auth_set && info.endorsement_auth_set && info.lockout_auth_set);
	assert_int_equal(info.lockout_max, TPM_RESET_TRIES);
	tpm_close(&tpm); /* swtpm serves one at a time */
	expect_owned();
	assert_false(works("tpm2_nvreadpublic 0x1500001"));
	/* The passphrase is right for all three, and nothing else is. */
	assert_false(works("tpm2_changeauth -c owner x"));
	assert_false(works("tpm2_changeauth -c endorsement x"));
	assert_true(works("tpm2_changeauth -c owner -p '" PASSPHRASE "' '" PASSPHRASE "'"));
	assert_true(works("tpm2_changeauth -c endorsement -p '" PASSPHRASE "' '" PASSPHRASE "'"));
	assert_true(works("tpm2_dictionarylockout -c -p '" PASSPHRASE "'"));
	/* It serves: a secret can be made with it, and not without. */
	tpm = swtpm_open(&swtpm);
	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, NULL), -E_WRONG_AUTH);
	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), bytes_from_string(PASSPHRASE), &secret, NULL), 0);
	assert_int_equal(tpm_check_owner(tpm, bytes_from_string(PASSPHRASE), NULL), 0);
	assert_int_equal(tpm_check_owner(tpm, bytes_from_string("correct horse batterz"), NULL), -E_WRONG_AUTH);
	info = info_of(tpm);
	assert_int_equal(info.lockout_counter, 0);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	/* The next start is a normal one, although the clear set the counters back. */
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	info = info_of(tpm);
	assert_int_equal(tpm_record_start(tpm, &info, false, 1700000000, &since, NULL), 0);
	assert_int_equal(since.history, TPM_HISTORY_NORMAL);
}

static void test_reset_on_a_running_system(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct tpm_reset_result result;
	struct tpm_info info;
	struct error error;

	(void)state;
	tpm = swtpm_open(&swtpm);
	(void)reset(tpm, "");
	tpm_close(&tpm);
	lock_platform();
	tpm = swtpm_open(&swtpm);
	/* A wrong one is noticed where it costs nothing: the lockout hierarchy stays open. */
	assert_int_equal(reset_with(tpm, PASSPHRASE, "a wrong one", &result, &error), -E_WRONG_AUTH);
	assert_non_null(strstr(error.sentence, "nothing was changed"));
	tpm_close(&tpm);
	assert_true(works("tpm2_dictionarylockout -c -p '" PASSPHRASE "'"));
	tpm = swtpm_open(&swtpm);
	info = info_of(tpm);
	assert_true(info.owner_auth_set);
	result = reset(tpm, PASSPHRASE);
	assert_false(result.by_platform);
	tpm_close(&tpm);
	expect_owned();
	/* A TPM of nobody is cleared without any. */
	assert_true(works("tpm2_clear -c lockout '" PASSPHRASE "'"));
	tpm = swtpm_open(&swtpm);
	(void)reset(tpm, "");
	tpm_close(&tpm);
	expect_owned();
}

static void test_A20_the_bank_that_nobody_extends_is_closed(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	const enum hash_algorithm *banks;
	struct tpm_reset_result result;

	(void)state;
	assert_true(works("tpm2_pcrallocate sha1:all+sha256:all+sha384:all+sha512:none"));
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_banks(tpm, &banks), 3);
	result = reset(tpm, "");
	assert_true(result.banks_pending);
	/* Until the TPM is reset, all of it works as before. */
	extend_text(tpm, 4, "menu");
	tpm_close(&tpm);
	tpm = swtpm_open(&swtpm);
	extend_text(tpm, 4, "cap");
	assert_int_equal(tpm_shutdown(tpm, NULL), 0);
	tpm_close(&tpm);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_banks(tpm, &banks), 1);
	assert_int_equal(banks[0], HASH_SHA256);
	result = reset(tpm, "");
	assert_false(result.banks_pending);
	tpm_close(&tpm);
	/* On a running system the banks cannot be changed, and that is told. */
	assert_true(works("tpm2_pcrallocate sha1:all+sha256:all+sha384:none+sha512:none"));
	swtpm_power_cycle(&swtpm);
	lock_platform();
	tpm = swtpm_open(&swtpm);
	result = reset(tpm, PASSPHRASE);
	assert_true(result.banks_open && !result.banks_pending);
}

static void test_A1_the_passphrase_never_crosses_the_bus(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct proxy proxy = {.fault = PROXY_NONE};
	struct tpm_reset_result result;
	struct error error = {.code = E_NONE};

	(void)state;
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	if (reset_with(tpm, PASSPHRASE, "", &result, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_int_equal(tpm_check_owner(tpm, bytes_from_string(PASSPHRASE), NULL), 0);
	assert_int_equal(tpm_end_lockout(tpm, bytes_from_string(PASSPHRASE), NULL), 0);
	tpm_close(&tpm);
	assert_true(proxy.traffic.size > 1000);
	assert_false(bytes_contain(buffer_bytes(&proxy.traffic), bytes_from_string(PASSPHRASE)));
	assert_false(bytes_contain(buffer_bytes(&proxy.traffic), bytes_from_string("correct")));
	assert_false(bytes_contain(buffer_bytes(&proxy.traffic), bytes_from_string("battery")));
	buffer_clear(&proxy.traffic);
}

/* A18: whatever interrupts it, it says so, leaves nothing open, and runs again to its end. */
static void check_fault_everywhere(enum proxy_fault fault, unsigned step)
{
	bool fired = true;

	for (unsigned n = 0; fired; n += step) {
		CLEANUP(tpm_close) struct tpm *tpm = NULL;
		struct proxy proxy = {.fault = PROXY_NONE, .code = TPM_RC_FAILURE};
		struct tpm_reset_result result;
		struct error error = {.code = E_NONE};
		int r;

		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		proxy.at = proxy.count + n;
		proxy.fault = fault;
		r = reset_with(tpm, PASSPHRASE, "", &result, &error);
		fired = proxy.fired;
		proxy.fault = PROXY_NONE;
		if (r < 0)
			assert_true(strlen(error.sentence) > 0 && error.code == (enum error_code) - r);
		else
			check_owned(tpm);
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		if (fault == PROXY_POWER_CUT || fault == PROXY_CUT_AFTER)
			swtpm_power_cycle(&swtpm);
		tpm = swtpm_open(&swtpm);
		(void)reset(tpm, "");
		check_owned(tpm);
		tpm_close(&tpm);
		assert_int_equal(swtpm_left_open(&swtpm), 0);
	}
}

static void test_A18_a_power_cut_before_any_command(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_POWER_CUT, 1);
}

static void test_A18_a_power_cut_after_any_command(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_CUT_AFTER, 1);
}

static void test_A18_a_command_that_is_refused(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_REFUSED, 1);
}

static void test_A18_an_answer_that_is_lost(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_ANSWER_LOST, 1);
}

/* The same on a running system, where the way back in is the passphrase that was set last, or none. */
static void test_A18_a_power_cut_on_a_running_system(void **state)
{
	bool fired = true;

	(void)state;
	for (unsigned n = 0; fired; n++) {
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
		struct proxy proxy = {.fault = PROXY_NONE};
		struct tpm_reset_result result;
		struct error error;

		(void)reset(tpm, "");
		tpm_close(&tpm);
		lock_platform();
		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		proxy.at = proxy.count + n;
		proxy.fault = PROXY_POWER_CUT;
		(void)reset_with(tpm, "another passphrase", PASSPHRASE, &result, &error);
		fired = proxy.fired;
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		swtpm_power_cycle(&swtpm);
		lock_platform();
		tpm = swtpm_open(&swtpm);
		/* The owner knows two; the one before is tried first where an owner is set. */
		if (!info_of(tpm).lockout_auth_set)
			assert_int_equal(reset_with(tpm, PASSPHRASE, "", &result, &error), 0);
		else if (info_of(tpm).owner_auth_set && tpm_check_owner(tpm, bytes_from_string(PASSPHRASE), NULL) == 0)
			assert_int_equal(reset_with(tpm, PASSPHRASE, PASSPHRASE, &result, &error), 0);
		else
			assert_int_equal(reset_with(tpm, PASSPHRASE, "another passphrase", &result, &error), 0);
		check_owned(tpm);
		tpm_close(&tpm);
		swtpm_power_cycle(&swtpm);
		assert_int_equal(swtpm_left_open(&swtpm), 0);
	}
}

static void test_A2_a_changed_exchange_is_no_success(void **state)
{
	static const uint32_t codes[] = {TPM_CC_Clear, TPM_CC_DictionaryAttackParameters, TPM_CC_HierarchyChangeAuth};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		for (unsigned at = 0; at < (codes[i] == TPM_CC_HierarchyChangeAuth ? 3 : 1); at++) {
			for (unsigned way = 0; way < 3; way++) {
				static const enum proxy_fault ways[] = {PROXY_FLIP_ANSWER, PROXY_FLIP_COMMAND,
				                                        PROXY_INVENT};
				/* An answer of success without a session, as one might invent it. */
				static const uint8_t invented[] = {0x80, 1, 0, 0, 0, 10, 0, 0, 0, 0};
				CLEANUP(tpm_close) struct tpm *tpm = NULL;
				struct proxy proxy = {.fault = ways[way],
				                      .command_code = codes[i],
				                      .at = at,
				                      .bit = way == 0
				                                 ? (size_t)(10 + 4 + 2) * 8 + 3
				                                 : (size_t)(10 + 4 + 4 + 4 + 2 + 32 + 1 + 2) * 8 + 5,
				                      .invented = bytes_make(invented, sizeof(invented))};
				struct tpm_reset_result result;
				struct error error = {.code = E_NONE};
				int r;

				assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
				r = reset_with(tpm, PASSPHRASE, "", &result, &error);
				assert_true(proxy.fired);
				/* A Clear that the platform seems to refuse is tried, and done, by the lockout
				 * hierarchy, which is empty here. */
				if (way == 1 && codes[i] == TPM_CC_Clear)
					assert_int_equal(r, 0);
				else
					assert_true(r < 0);
				if (way != 1)
					assert_int_equal(r, -E_TPM_FORGED);
				tpm_close(&tpm);
				buffer_clear(&proxy.traffic);
				assert_int_equal(swtpm_left_open(&swtpm), 0);
				/* What a flipped bit at the lockout hierarchy counts is over with the next clear. */
				swtpm_power_cycle(&swtpm);
			}
		}
	}
}

static void test_the_passphrase_has_a_length(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_reset_result result;
	char longest[OWNER_PASSPHRASE_MAX + 2];
	struct error error;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[OWNER_PASSPHRASE_MAX + 1] = '\0';
	assert_int_equal(reset_with(tpm, "seven77", "", &result, &error), -E_USAGE);
	assert_non_null(strstr(error.sentence, "at least 8"));
	assert_int_equal(reset_with(tpm, longest, "", &result, &error), -E_USAGE);
	assert_false(info_of(tpm).owner_auth_set);
	/* Longer than a hash: tpm2-tools wants the SHA-256 of it. */
	longest[OWNER_PASSPHRASE_MAX] = '\0';
	assert_int_equal(reset_with(tpm, longest, "", &result, &error), 0);
	assert_int_equal(tpm_check_owner(tpm, bytes_from_string(longest), NULL), 0);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_changeauth -c owner -p hex:$(printf %%s %s | sha256sum | cut -c1-64) x",
	                            longest),
	                 0);
}

/* A18: reached on purpose, explained, and ended by the owner. */
static void test_A18_the_lockout_is_told_and_ended(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	struct tpm_pcrs pcrs;
	struct tpm_info info;
	struct error error;
	char text[160];
	int r = 0;

	(void)state;
	(void)reset(tpm, "");
	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, 0xff, &pcrs, NULL), 0);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, bytes_from_string("disk key"), &pcrs, bytes_from_string("right"),
	                          bytes_from_string(PASSPHRASE), NULL),
	                 0);
	for (unsigned i = 0; i < TPM_RESET_TRIES; i++) {
		r = tpm_unseal(tpm, TPM_SLOT_DISK, bytes_from_string("wrong"), &secret, &error);
		assert_int_equal(r, -E_WRONG_AUTH);
	}
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_DISK, bytes_from_string("right"), &secret, &error), -E_LOCKED_OUT);
	info = info_of(tpm);
	assert_true(info.in_lockout);
	assert_int_equal(info.lockout_counter, TPM_RESET_TRIES);
	tpm_lockout_text(&info, 0, text, sizeof(text));
	assert_non_null(strstr(text, "in at most 10 min 00 s"));
	assert_int_equal(tpm_end_lockout(tpm, bytes_from_string(PASSPHRASE), &error), 0);
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_DISK, bytes_from_string("right"), &secret, &error), 0);
	/* One wrong passphrase closes the lockout hierarchy itself. */
	assert_int_equal(tpm_end_lockout(tpm, bytes_from_string("wrong"), &error), -E_WRONG_AUTH);
	assert_int_equal(tpm_end_lockout(tpm, bytes_from_string(PASSPHRASE), &error), -E_LOCKED_OUT);
}

static void lock_out(uint32_t interval)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	struct tpm_pcrs pcrs;

	(void)reset(tpm, "");
	assert_int_equal(
	    tpm_set_lockout(tpm, bytes_from_string(PASSPHRASE), 1, interval, TPM_RESET_LOCKOUT_SECONDS, NULL), 0);
	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, 0xff, &pcrs, NULL), 0);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, bytes_from_string("disk key"), &pcrs, bytes_from_string("right"),
	                          bytes_from_string(PASSPHRASE), NULL),
	                 0);
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_DISK, bytes_from_string("wrong"), &secret, NULL), -E_WRONG_AUTH);
	assert_true(info_of(tpm).in_lockout);
}

static long ms_since(const struct timespec *began)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - began->tv_sec) * 1000 + (now.tv_nsec - began->tv_nsec) / 1000000;
}

/* The screen says how long the wait is at most: an interval from the last wrong try, or from the TPM's start where that
 * came later. */
static void test_A18_the_lockout_ends_when_it_is_said(void **state)
{
	const uint32_t interval = 2;
	struct timespec began;
	struct tpm *tpm;

	(void)state;
	for (int cycled = 0; cycled < 2; cycled++) {
		lock_out(interval);
		if (cycled)
			swtpm_power_cycle(&swtpm);
		(void)clock_gettime(CLOCK_MONOTONIC, &began);
		tpm = swtpm_open(&swtpm);
		assert_true(info_of(tpm).in_lockout);
		while (info_of(tpm).in_lockout && ms_since(&began) < 10000)
			(void)usleep(20000);
		assert_in_range(ms_since(&began), 0, interval * 1000 + 500); /* half a second for a busy machine */
		tpm_close(&tpm);
	}
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_A18_the_lockout_ends_when_it_is_said),
	    WITH_TPM(test_reset_at_boot),
	    WITH_TPM(test_reset_on_a_running_system),
	    WITH_TPM(test_A20_the_bank_that_nobody_extends_is_closed),
	    WITH_TPM(test_A1_the_passphrase_never_crosses_the_bus),
	    WITH_TPM(test_A18_a_power_cut_before_any_command),
	    WITH_TPM(test_A18_a_power_cut_after_any_command),
	    WITH_TPM(test_A18_a_command_that_is_refused),
	    WITH_TPM(test_A18_an_answer_that_is_lost),
	    WITH_TPM(test_A18_a_power_cut_on_a_running_system),
	    WITH_TPM(test_A2_a_changed_exchange_is_no_success),
	    WITH_TPM(test_the_passphrase_has_a_length),
	    WITH_TPM(test_A18_the_lockout_is_told_and_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
