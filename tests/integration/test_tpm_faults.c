/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a failure or a power cut at any command leaves: no handle, and always the old or the new secret (A18). */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_constants.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <time.h>

#define MASK 0x9fu

static struct swtpm swtpm;
static const char first_text[] = "the first secret of this test";
static const char second_text[] = "a second secret, which replaces it";

static struct bytes text(const char *string)
{
	return bytes_from_string(string);
}

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

static int seal(struct tpm *tpm, const char *secret, struct error *error)
{
	struct tpm_pcrs pcrs;
	int result = tpm_pcr_read(tpm, HASH_SHA256, MASK, &pcrs, error);

	if (result < 0)
		return result;
	return tpm_seal(tpm, TPM_SLOT_DISK, text(secret), &pcrs, BYTES_EMPTY, BYTES_EMPTY, error);
}

/* What the slot holds: 1 first_text, 2 second_text, 0 nothing. Anything else fails the test. */
static int content(struct tpm *tpm)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct error error = {.code = E_NONE};
	int result = tpm_unseal(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &secret, &error);

	if (result == -E_NO_SECRET)
		return 0;
	if (result < 0)
		fail_msg("%s: %s", error_name(error.code), error.sentence);
	if (bytes_equal(secret_bytes(&secret), text(first_text)))
		return 1;
	assert_true(bytes_equal(secret_bytes(&secret), text(second_text)));
	return 2;
}

struct operation {
	const char *name;
	int (*run)(struct tpm *tpm, struct error *error);
	bool changes; /* may leave the second secret, or nothing */
};

static int run_seal(struct tpm *tpm, struct error *error)
{
	return seal(tpm, second_text, error);
}

static int run_unseal(struct tpm *tpm, struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0};

	return tpm_unseal(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &secret, error);
}

static int run_forget(struct tpm *tpm, struct error *error)
{
	return tpm_forget(tpm, TPM_SLOT_DISK, BYTES_EMPTY, error);
}

static int run_totp(struct tpm *tpm, struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	CLEANUP(totp_close) struct totp totp = {0};
	int result = totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, error);

	return result < 0 ? result : totp_open(tpm, (uint64_t)time(NULL), 90, &totp, error);
}

static int run_info(struct tpm *tpm, struct error *error)
{
	struct tpm_info info;

	int result = tpm_get_info(tpm, &info, error);

	return result < 0 ? result : tpm_get_handles(tpm, &info, error);
}

static const struct operation operations[] = {
    {"unseal", run_unseal, false}, {"info", run_info, false},    {"totp", run_totp, false},
    {"seal", run_seal, true},      {"forget", run_forget, true},
};

/* Brings the slot to the first secret, whatever it was. */
static void restore(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error = {.code = E_NONE};

	if (content(tpm) == 1)
		return;
	if (seal(tpm, first_text, &error) < 0)
		fail_msg("restore: %s", error.sentence);
	assert_int_equal(content(tpm), 1);
}

/* Runs an operation with a fault at its n-th command. False when there is no such command any more. */
static bool run_with_fault(const struct operation *operation, enum proxy_fault fault, unsigned n)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct proxy proxy = {.fault = PROXY_NONE};
	struct error error = {.code = E_NONE};
	int result;

	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, &error), 0);
	proxy.at = proxy.count + n;
	proxy.fault = fault;
	proxy.code = TPM_RC_FAILURE;
	result = operation->run(tpm, &error);
	if (result < 0) {
		assert_int_equal(error.code, -result);
		assert_true(strlen(error.sentence) > 0);
	}
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
	return proxy.fired;
}

static void check_fault_everywhere(enum proxy_fault fault, bool power_is_gone)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		unsigned n = 0;

		for (;; n++) {
			CLEANUP(tpm_close) struct tpm *tpm = NULL;
			bool fired;
			int found;

			restore();
			fired = run_with_fault(&operations[i], fault, n);
			if (power_is_gone)
				swtpm_power_cycle(&swtpm);
			else
				assert_int_equal(swtpm_left_open(&swtpm), 0);
			tpm = swtpm_open(&swtpm);
			found = content(tpm);
			assert_true(operations[i].changes ? found >= 0 : found == 1);
			/* A new seal over an old one never leaves nothing. */
			if (operations[i].run == run_seal)
				assert_true(found == 1 || found == 2);
			tpm_close(&tpm);
			assert_int_equal(swtpm_left_open(&swtpm), 0);
			if (!fired)
				break;
		}
		assert_true(n >= 4);
	}
}

static void test_a_command_that_is_not_sent(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_NOT_SENT, false);
}

static void test_an_answer_that_is_lost(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_ANSWER_LOST, false);
}

static void test_a_command_that_is_refused(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_REFUSED, false);
}

static void test_A18_a_power_cut_before_any_command(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_POWER_CUT, true);
}

static void test_A18_a_power_cut_after_any_command(void **state)
{
	(void)state;
	check_fault_everywhere(PROXY_CUT_AFTER, true);
}

static void test_a_busy_tpm_is_asked_again(void **state)
{
	static const uint32_t codes[] = {TPM_RC_RETRY, TPM_RC_YIELDED, TPM_RC_TESTING};

	(void)state;
	restore();
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		for (unsigned n = 0; n < 5; n++) {
			CLEANUP(tpm_close) struct tpm *tpm = NULL;
			struct proxy proxy = {.fault = PROXY_NONE, .code = codes[i], .repeat = 2};

			assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
			proxy.at = proxy.count + n;
			proxy.fault = PROXY_REFUSED;
			assert_int_equal(content(tpm), 1);
			assert_true(proxy.fired);
			tpm_close(&tpm);
			buffer_clear(&proxy.traffic);
		}
	}
}

static void test_a_tpm_that_stays_busy_is_given_up(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct proxy proxy = {.fault = PROXY_NONE, .code = TPM_RC_RETRY, .repeat = 1000};
	struct error error = {.code = E_NONE};

	(void)state;
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	proxy.command_code = TPM_CC_NV_Read;
	proxy.fault = PROXY_REFUSED;
	assert_int_equal(run_unseal(tpm, &error), -E_TPM);
	assert_in_range(proxy.matches, 2, 100);
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_a_command_that_is_not_sent),        WITH_TPM(test_an_answer_that_is_lost),
	    WITH_TPM(test_a_command_that_is_refused),         WITH_TPM(test_A18_a_power_cut_before_any_command),
	    WITH_TPM(test_A18_a_power_cut_after_any_command), WITH_TPM(test_a_busy_tpm_is_asked_again),
	    WITH_TPM(test_a_tpm_that_stays_busy_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
