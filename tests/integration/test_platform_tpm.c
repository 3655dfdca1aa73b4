/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platform hierarchy at the hand-over (A21), with tpm2-tools as the operating system that tries. */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_constants.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <time.h>

#define START_TIME 1700000000

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

static struct tpm_since_start start(struct tpm *tpm, bool again)
{
	struct tpm_since_start since;
	struct tpm_info info;
	struct error error = {.code = E_NONE};

	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	if (tpm_record_start(tpm, &info, again, START_TIME, &since, &error) < 0)
		fail_msg("%s", error.sentence);
	return since;
}

/* One start of Heads as the menu and PID 1 make it, orderly to its end. */
static struct tpm_since_start whole_start(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_since_start since = start(tpm, false);
	bool disabled;

	assert_int_equal(tpm_lock_platform(tpm, &disabled, NULL), 0);
	assert_int_equal(tpm_shutdown(tpm, NULL), 0);
	return since;
}

static void expect_words(const struct tpm_since_start *since, const char *words)
{
	char text[160];

	tpm_since_start_text(since, text, sizeof(text));
	assert_non_null(strstr(text, words));
}

static void test_A3_resets_are_counted(void **state)
{
	struct tpm_since_start since;
	struct tpm *tpm;

	(void)state;
	since = whole_start();
	assert_int_equal(since.history, TPM_HISTORY_NONE);
	swtpm_power_cycle(&swtpm);
	since = whole_start();
	assert_int_equal(since.history, TPM_HISTORY_NORMAL);
	assert_int_equal(since.resets, 1);
	expect_words(&since, "1 reset since the last start");
	/* Twice without a start of Heads between: somebody pulled the TPM's reset line. */
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	tpm_close(&tpm);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	since = start(tpm, false);
	assert_int_equal(since.history, TPM_HISTORY_UNUSUAL);
	assert_int_equal(since.resets, 2);
	expect_words(&since, "reset while running");
	expect_words(&since, "resetCount +2");
	/* The menu again, in the same start. */
	since = start(tpm, true);
	assert_int_equal(since.history, TPM_HISTORY_NORMAL);
	assert_int_equal(since.resets, 0);
	tpm_close(&tpm);
	/* And again, after a reset that no start of the machine explains. */
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	since = start(tpm, true);
	assert_int_equal(since.history, TPM_HISTORY_UNUSUAL);
	assert_int_equal(since.resets, 1);
	expect_words(&since, "resetCount +1");
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_A3_a_cleared_tpm_is_told(void **state)
{
	struct tpm_since_start since;

	(void)state;
	(void)whole_start();
	swtpm_power_cycle(&swtpm);
	(void)whole_start();
	swtpm_power_cycle(&swtpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_clear -c platform"), 0);
	since = whole_start();
	assert_int_equal(since.history, TPM_HISTORY_CLEARED);
	expect_words(&since, "cleared");
}

/* The operating system reads the record and cannot make it say something else. */
static void test_A3_the_record_is_the_firmwares(void **state)
{
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
	struct tpm_since_start since;

	(void)state;
	(void)whole_start();
	assert_int_equal(swtpm_tool(&swtpm, &before, "tpm2_nvread -C 0x01404801 -s 216 0x01404801"), 0);
	assert_int_equal(before.size, 216);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "echo x | tpm2_nvwrite -C 0x01404801 -i - 0x01404801"), 0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "echo x | tpm2_nvwrite -C owner -i - 0x01404801"), 0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "echo x | tpm2_nvwrite -C platform -i - 0x01404801"), 0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C owner 0x01404801"), 0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C platform 0x01404801"), 0);
	assert_int_equal(swtpm_tool(&swtpm, &after, "tpm2_nvread -C 0x01404801 -s 216 0x01404801"), 0);
	assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
	swtpm_power_cycle(&swtpm);
	since = whole_start();
	assert_int_equal(since.resets, 1);
}

static void test_A3_compare(void **state)
{
	static const struct {
		struct tpm_counters last, now;
		bool again;
		enum tpm_history history;
		uint32_t resets, restarts;
	} cases[] = {
	    {{5, 0, 1000}, {6, 0, 900}, false, TPM_HISTORY_NORMAL, 1, 0}, /* a power cut set the clock back */
	    {{5, 3, 1000}, {6, 0, 2000}, false, TPM_HISTORY_NORMAL, 1, 0},
	    {{5, 3, 1000}, {5, 3, 2000}, false, TPM_HISTORY_NORMAL, 0, 0},
	    {{5, 3, 1000}, {5, 4, 2000}, false, TPM_HISTORY_UNUSUAL, 0, 1},
	    {{5, 3, 1000}, {6, 2, 2000}, false, TPM_HISTORY_UNUSUAL, 1, 2},
	    {{5, 3, 1000}, {6, 0, 2000}, true, TPM_HISTORY_UNUSUAL, 1, 0},
	    {{5, 3, 1000}, {5, 3, 2000}, true, TPM_HISTORY_NORMAL, 0, 0},
	    {{5, 3, 1000}, {7, 0, 2000}, false, TPM_HISTORY_UNUSUAL, 2, 0},
	    {{5, 3, 1000}, {4, 0, 2000}, false, TPM_HISTORY_CLEARED, 0, 0},
	    {{5, 3, 1000}, {5, 2, 2000}, false, TPM_HISTORY_CLEARED, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tpm_since_start since = tpm_compare_counters(&cases[i].last, &cases[i].now, cases[i].again);

		assert_int_equal(since.history, cases[i].history);
		assert_int_equal(since.resets, cases[i].resets);
		assert_int_equal(since.restarts, cases[i].restarts);
	}
}

/* Each command of the recording fails or loses its answer once: nothing is left open, and the next start works. */
static void test_A3_a_failure_is_no_dead_end(void **state)
{
	static const enum proxy_fault faults[] = {PROXY_NOT_SENT, PROXY_ANSWER_LOST, PROXY_REFUSED, PROXY_POWER_CUT};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		for (unsigned n = 0; n < 3; n++) {
			struct proxy proxy = {.fault = PROXY_NONE, .code = TPM_RC_FAILURE};
			struct tpm_since_start since;
			struct tpm_info info;
			struct tpm *tpm = NULL;

			assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
			assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
			proxy.at = proxy.count + n;
			proxy.fault = faults[i];
			assert_true(tpm_record_start(tpm, &info, false, START_TIME, &since, NULL) < 0 || !proxy.fired);
			tpm_close(&tpm);
			buffer_clear(&proxy.traffic);
			swtpm_power_cycle(&swtpm);
			(void)whole_start();
			assert_int_equal(swtpm_left_open(&swtpm), 0);
			swtpm_power_cycle(&swtpm);
			/* The first round also covers a TPM that has no record yet. */
			if (n < 2)
				assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C platform 0x01404801"), 0);
		}
	}
}

/* What an operating system would do with the firmware's rights: each must fail after the hand-over. */
static const char *const attempts[] = {
    "tpm2_changeauth -c platform mine",
    "tpm2_clear -c platform",
    "tpm2_hierarchycontrol -C platform shEnable clear",
    "tpm2_nvdefine -C platform -s 8 -a 'ppwrite|ppread|platformcreate' 0x01400001",
};

static void make_storage_key(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};

	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, NULL), 0);
}

static void check_locked(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct error error = {.code = E_NONE};
	bool disabled = true;

	/* The same words work while the hierarchy is open. */
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c platform mine"), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c platform -p mine"), 0);
	tpm = swtpm_open(&swtpm);
	if (tpm_lock_platform(tpm, &disabled, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_false(disabled);
	/* Nobody kept it: not even the one who made it. */
	assert_int_equal(tpm_lock_platform(tpm, &disabled, NULL), -E_WRONG_AUTH);
	assert_int_equal(tpm_shutdown(tpm, NULL), 0);
	tpm_close(&tpm);
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		assert_int_not_equal(swtpm_tool(&swtpm, NULL, "%s", attempts[i]), 0);
	/* With an empty authorisation as another client sends it: TPM_RC_BAD_AUTH for session 1. */
	assert_int_equal(swtpm_tool(&swtpm, NULL, ": >tools.log; tpm2_clear -c platform; grep -qi 0x9a2 tools.log"), 0);
	/* The owner's own rights are as they were. */
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner owned"), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner -p owned"), 0);
	/* A reset opens the hierarchy again, for the firmware. */
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_lock_platform(tpm, &disabled, NULL), 0);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_A21_the_platform_hierarchy_is_locked(void **state)
{
	(void)state;
	make_storage_key();
	check_locked();
}

static void test_A21_it_is_locked_without_a_storage_key(void **state)
{
	(void)state;
	check_locked();
}

static void test_A21_a_disabled_hierarchy_is_told(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	bool disabled = false;

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_hierarchycontrol -C platform phEnable clear"), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_lock_platform(tpm, &disabled, NULL), 0);
	assert_true(disabled);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* One fault in the one exchange that matters: never success. */
static int lock_with_fault(enum proxy_fault fault, size_t bit)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct proxy proxy = {.fault = PROXY_NONE};
	bool disabled = false;
	int result;

	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	proxy.command_code = TPM_CC_HierarchyChangeAuth;
	proxy.fault = fault;
	proxy.bit = bit;
	proxy.code = TPM_RC_FAILURE;
	result = tpm_lock_platform(tpm, &disabled, NULL);
	assert_true(proxy.fired || fault == PROXY_NONE);
	assert_false(disabled);
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
	return result;
}

static void test_A21_a_lock_that_fails_is_no_success(void **state)
{
	static const enum proxy_fault lost[] = {PROXY_NOT_SENT, PROXY_ANSWER_LOST, PROXY_REFUSED};

	(void)state;
	make_storage_key();
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		assert_true(lock_with_fault(lost[i], 0) < 0);
		assert_int_equal(swtpm_left_open(&swtpm), 0);
		swtpm_power_cycle(&swtpm);
	}
	/* Behind the header and the size of the parameters there is the HMAC's area alone. */
	for (size_t bit = (10 + 4) * 8; bit < (10 + 4 + 2 + 32 + 1 + 2 + 32) * 8; bit += 61) {
		assert_int_equal(lock_with_fault(PROXY_FLIP_ANSWER, bit), -E_TPM_FORGED);
		swtpm_power_cycle(&swtpm);
	}
	/* Our nonce, attributes, HMAC and the encrypted value on their way. */
	for (size_t bit = (10 + 4 + 4 + 4 + 2) * 8; bit < (10 + 4 + 4 + 4 + 2 + 32 + 1 + 2 + 32 + 2 + 32) * 8;
	     bit += 61) {
		assert_true(lock_with_fault(PROXY_FLIP_COMMAND, bit) < 0);
		swtpm_power_cycle(&swtpm);
	}
	assert_int_equal(lock_with_fault(PROXY_NONE, 0), 0);
}

/* A1: the value crosses the bus encrypted; whoever recorded all of it cannot use the hierarchy. */
static void test_A1_A21_the_command_carries_no_clear_value(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct proxy proxy = {.fault = PROXY_NONE};
	const uint8_t code[] = {0, 0, 0x01, 0x29, 0x40, 0, 0, 0x0c, 0, 0, 0, 0x49};
	const uint8_t *found;
	bool disabled = false;

	(void)state;
	make_storage_key();
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	assert_int_equal(tpm_lock_platform(tpm, &disabled, NULL), 0);
	tpm_close(&tpm);
	found = memmem(proxy.traffic.data, proxy.traffic.size, code, sizeof(code));
	assert_non_null(found);
	/* Session handle, nonce of 32 bytes, then the attributes: decrypt is set. */
	assert_true(found[sizeof(code) + 4 + 2 + 32] & TPMA_SESSION_DECRYPT);
	/* The 32 bytes behind the HMAC, tried as the authorisation. */
	{
		char hex[65];
		const uint8_t *value = found + sizeof(code) + 0x49 + 2;

		for (size_t i = 0; i < 32; i++)
			(void)snprintf(hex + 2 * i, 3, "%02x", value[i]);
		assert_int_not_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c platform -p hex:%s mine", hex), 0);
	}
	buffer_clear(&proxy.traffic);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_A3_resets_are_counted),
	    WITH_TPM(test_A3_a_cleared_tpm_is_told),
	    WITH_TPM(test_A3_the_record_is_the_firmwares),
	    cmocka_unit_test(test_A3_compare),
	    WITH_TPM(test_A3_a_failure_is_no_dead_end),
	    WITH_TPM(test_A21_the_platform_hierarchy_is_locked),
	    WITH_TPM(test_A21_it_is_locked_without_a_storage_key),
	    WITH_TPM(test_A21_a_disabled_hierarchy_is_told),
	    WITH_TPM(test_A21_a_lock_that_fails_is_no_success),
	    WITH_TPM(test_A1_A21_the_command_carries_no_clear_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
