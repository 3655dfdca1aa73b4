/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of resets and their record, with somebody on the bus who wants a reset to look like none (A2, A3). */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "format/start_record.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_client.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <time.h>

#define RECORD_SIZE START_RECORD_SIZE
#define START_TIME  1700000000

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

static int start(struct tpm *tpm, struct tpm_since_start *ret_since)
{
	struct tpm_info info;

	*ret_since = (struct tpm_since_start){.history = TPM_HISTORY_NONE};
	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	return tpm_record_start(tpm, &info, false, START_TIME, ret_since, NULL);
}

static struct tpm_since_start good_start(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_since_start since;

	assert_int_equal(start(tpm, &since), 0);
	assert_int_equal(tpm_shutdown(tpm, NULL), 0);
	return since;
}

static void make_storage_key(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};

	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, NULL), 0);
}

/* A reset that the TPM has noticed: it counts with the first command behind it. */
static void reset_tpm(void)
{
	struct tpm *tpm;

	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	tpm_close(&tpm);
}

/* A start that was recorded, and two resets since: the second one is to be hidden. */
static int setup_reset(void **state)
{
	(void)setup(state);
	make_storage_key();
	assert_int_equal(good_start().history, TPM_HISTORY_NONE);
	reset_tpm();
	reset_tpm();
	return 0;
}

/* One start with a fault; gives what tpm_record_start says. */
static int start_with(struct proxy *proxy, struct tpm_since_start *ret_since)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	int result;

	assert_int_equal(proxy_open(proxy, &swtpm, &tpm, NULL), 0);
	result = start(tpm, ret_since);
	tpm_close(&tpm);
	buffer_clear(&proxy->traffic);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	return result;
}

static void expect_forged(struct proxy *proxy)
{
	struct tpm_since_start since;

	assert_int_equal(start_with(proxy, &since), -E_TPM_FORGED);
	assert_true(proxy->fired);
}

/* Nothing that was tried has changed the record: the owner is told. */
static void expect_told(void)
{
	struct tpm_since_start since = good_start();

	assert_int_equal(since.history, TPM_HISTORY_UNUSUAL);
	assert_int_equal(since.resets, 2);
}

/* TPMS_TIME_INFO of ReadClock, with the resetCount that a single reset would have led to. */
static void test_A3_a_forged_count_is_no_normal_start(void **state)
{
	const size_t count_at = 10 + 8 + 8;
	struct proxy proxy = {.command_code = TPM_CC_ReadClock, .at = ~0u};
	uint8_t answer[TPM_MESSAGE_LIMIT];
	struct tpm *tpm = NULL;
	struct tpm_info info;

	(void)state;
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
	assert_int_equal(proxy.hit_answer_size, count_at + 4 + 4 + 1);
	memcpy(answer, proxy.hit_answer, proxy.hit_answer_size);
	assert_int_equal(answer[count_at + 3], (uint8_t)info.reset_count);
	answer[count_at + 3]--;
	proxy = (struct proxy){.command_code = TPM_CC_ReadClock,
	                       .fault = PROXY_INVENT,
	                       .invented = bytes_make(answer, proxy.hit_answer_size)};
	expect_forged(&proxy);
	/* Any bit of the two counts. */
	for (size_t bit = count_at * 8; bit < (count_at + 8) * 8; bit += 5) {
		proxy = (struct proxy){.command_code = TPM_CC_ReadClock, .fault = PROXY_FLIP_ANSWER, .bit = bit};
		expect_forged(&proxy);
	}
	expect_told();
}

/* The TPM's own comparison: its refusal, and every answer that is not its own. */
static void test_A3_a_forged_comparison_is_no_normal_start(void **state)
{
	static const uint8_t plain[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0};
	static const uint8_t empty[] = {0x80, 0x02, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
	const struct bytes invented[] = {bytes_make(plain, sizeof(plain)), bytes_make(empty, sizeof(empty))};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(invented); i++) {
		struct proxy proxy = {
		    .command_code = TPM_CC_PolicyCounterTimer, .fault = PROXY_INVENT, .invented = invented[i]};

		expect_forged(&proxy);
	}
	for (size_t bit = (10 + 4) * 8; bit < (10 + 4 + 2 + 32 + 1 + 2 + 32) * 8; bit += 61) {
		struct proxy proxy = {
		    .command_code = TPM_CC_PolicyCounterTimer, .fault = PROXY_FLIP_ANSWER, .bit = bit};

		expect_forged(&proxy);
	}
	/* Behind header, handle, the session's area and a size: the counts that are to be compared. */
	for (size_t bit = 93 * 8; bit < 101 * 8; bit += 7) {
		struct proxy proxy = {
		    .command_code = TPM_CC_PolicyCounterTimer, .fault = PROXY_FLIP_COMMAND, .bit = bit};

		expect_forged(&proxy);
	}
	expect_told();
}

/* As TPM2_NV_Read answers without a session: a record that the last start did not write. */
static void test_A3_a_forged_record_is_no_normal_start(void **state)
{
	static const size_t behind = 5; /* of the empty password session */
	CLEANUP(buffer_clear) struct buffer record = {0};
	uint8_t answer[10 + 4 + 2 + RECORD_SIZE + 5] = {0x80, 0x02};
	struct tpm2_writer writer = tpm2_writer_make(answer + 2, sizeof(answer) - 2);
	struct start_record forged;
	uint8_t *content = answer + 10 + 4 + 2;
	struct proxy proxy = {
	    .command_code = TPM_CC_NV_Read, .fault = PROXY_INVENT, .invented = bytes_make(answer, sizeof(answer))};

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, &record, "tpm2_nvread -C 0x01404801 -s 216 0x01404801"), 0);
	assert_int_equal(record.size, RECORD_SIZE);
	tpm2_put_u32(&writer, sizeof(answer));
	tpm2_put_u32(&writer, TPM_RC_SUCCESS);
	tpm2_put_u32(&writer, 2 + RECORD_SIZE);
	tpm2_put_u16(&writer, RECORD_SIZE);
	memcpy(content, record.data, RECORD_SIZE);
	assert_true(start_record_decode(bytes_make(content, RECORD_SIZE), &forged));
	forged.reset_count++;
	start_record_encode(&forged, content);
	answer[sizeof(answer) - behind + 2] = TPMA_SESSION_CONTINUE;
	expect_forged(&proxy);
	/* Each byte of the true answer behind its header. */
	for (size_t bit = 10 * 8; bit < (10 + 4 + 2 + RECORD_SIZE + 2 + 32 + 1 + 2 + 32) * 8; bit += 31) {
		proxy = (struct proxy){.command_code = TPM_CC_NV_Read, .fault = PROXY_FLIP_ANSWER, .bit = bit};
		expect_forged(&proxy);
	}
	expect_told();
}

/* "There is no record" is what a first start finds, and no warning goes with it. */
static void test_A3_a_hidden_record_is_no_first_start(void **state)
{
	static const uint32_t refusals[] = {TPM_RC_HANDLE | 0x100, TPM_RC_NV_UNWRITTEN, TPM_RC_AUTH_FAIL | 0x900};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct proxy proxy = {
		    .command_code = TPM_CC_NV_Read, .fault = PROXY_REFUSED, .code = refusals[i], .repeat = 2};
		expect_forged(&proxy);
	}
	expect_told();
}

/* Any two commands in a row are answered with "there is no such handle"; what the TPM lists carries an HMAC. */
static void test_A3_nothing_hidden_makes_a_start_normal(void **state)
{
	bool fired = true;

	(void)state;
	for (unsigned n = 0; fired; n++) {
		struct proxy proxy = {.fault = PROXY_NONE, .code = TPM_RC_HANDLE | 0x100, .repeat = 2};
		struct tpm_since_start since;
		struct tpm_info info;
		struct tpm *tpm = NULL;
		int result;

		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
		proxy.at = proxy.count + n;
		proxy.fault = PROXY_REFUSED;
		result = tpm_record_start(tpm, &info, false, START_TIME, &since, NULL);
		assert_true(result < 0 || since.history == TPM_HISTORY_UNUSUAL);
		/* Behind ReadPublic and StartAuthSession: NV_Read and NV_ReadPublic. */
		if (n == 2)
			assert_int_equal(result, -E_TPM_FORGED);
		fired = proxy.fired;
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		(void)good_start();
		reset_tpm();
		reset_tpm();
	}
}

/* Before the first seal, with the first seal, and from a TPM whose room for the record was made and not filled. */
static void test_A3_a_true_start_is_told_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(good_start().history, TPM_HISTORY_NONE);
	swtpm_power_cycle(&swtpm);
	assert_int_equal(good_start().history, TPM_HISTORY_NORMAL);
	make_storage_key();
	swtpm_power_cycle(&swtpm);
	assert_int_equal(good_start().history, TPM_HISTORY_NORMAL);
	swtpm_power_cycle(&swtpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C platform 0x01404801"), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_nvdefine -C platform -s 24 -a "
	                            "'ppwrite|ppread|authread|no_da|platformcreate' 0x01404801"),
	                 0);
	assert_int_equal(good_start().history, TPM_HISTORY_NONE);
	swtpm_power_cycle(&swtpm);
	assert_int_equal(good_start().history, TPM_HISTORY_NORMAL);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* One start with its end, as the menu and PID 1 write them; nothing written: a power cut. */
static void start_and_end(uint32_t time, uint8_t outcome, unsigned *ret_commands)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_since_start since;
	struct tpm_info info;
	unsigned before;
	bool disabled;

	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	assert_int_equal(tpm_record_start(tpm, &info, false, time, &since, NULL), 0);
	before = tpm_command_count(tpm);
	if (outcome)
		assert_int_equal(tpm_record_outcome(tpm, outcome, NULL), 0);
	*ret_commands = tpm_command_count(tpm) - before;
	assert_int_equal(tpm_lock_platform(tpm, &disabled, NULL), 0);
	/* Whoever comes behind the firmware writes no other end. */
	assert_int_equal(tpm_record_outcome(tpm, START_BOOTED, NULL), -E_WRONG_AUTH);
	assert_int_equal(tpm_shutdown(tpm, NULL), 0);
	tpm_close(&tpm);
	swtpm_power_cycle(&swtpm);
}

/* Boot history: the last twenty starts with their ends, the newest first, from the program too. */
static void test_the_ends_of_the_starts_are_kept(void **state)
{
	static const uint8_t ends[] = {START_BOOTED, 0, START_SHELL | START_OFF, START_FORCED, START_CRASHED};
	CLEANUP(buffer_clear) struct buffer output = {0};
	struct start_record record = {0};
	struct tpm *tpm = swtpm_open(&swtpm);
	unsigned commands;

	(void)state;
	assert_int_equal(tpm_read_starts(tpm, &record, NULL), -E_NOT_FOUND);
	assert_int_equal(tpm_record_outcome(tpm, START_BOOTED, NULL), -E_NOT_FOUND);
	tpm_close(&tpm);
	for (unsigned i = 0; i < START_RECORD_STARTS + 2; i++) {
		start_and_end(START_TIME + i, ends[i % ARRAY_SIZE(ends)], &commands);
		assert_int_equal(commands, ends[i % ARRAY_SIZE(ends)] ? 1 : 0);
	}
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_read_starts(tpm, &record, NULL), 0);
	tpm_close(&tpm);
	for (unsigned i = 0; i < START_RECORD_STARTS; i++) {
		const unsigned number = START_RECORD_STARTS + 1 - i;

		assert_int_equal(record.starts[i].time, START_TIME + number);
		assert_int_equal(record.starts[i].outcome, ends[number % ARRAY_SIZE(ends)]);
		assert_int_equal(record.starts[i].resets, 1);
	}
	assert_int_equal(swtpm_tool(&swtpm, &output, "%s --tpm %s tpm history", TEST_HEADS, swtpm.where), 0);
	assert_true(bytes_start_with(buffer_bytes(&output), "2023-11-14 22:13:41  cut off or reset\n"
	                                                    "2023-11-14 22:13:40  booted what you signed\n"));
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "%s --json --tpm %s tpm history | tr -d ' \\n' | "
	                            "grep -q '^{\"starts\":\\[{\"time\":\"2023-11-1422:13:41\",\"outcome\":\\[\\],"
	                            "\"resets\":1},{[^{]*\"outcome\":\\[\"booted\"\\]'",
	                            TEST_HEADS, swtpm.where),
	                 0);
}

/* What somebody else put in the record's place is not taken for it. */
static void test_A3_a_foreign_record_is_told(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct tpm_since_start since;

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C platform 0x01404801"), 0);
	assert_int_equal(
	    swtpm_tool(&swtpm, NULL, "tpm2_nvdefine -C owner -s 24 -a 'ownerwrite|ownerread|authread' 0x01404801"), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(start(tpm, &since), -E_FOREIGN_TPM);
}

/* The index of an older version, which had no tag, makes room for ours. */
static void expect_replaced(const char *remove)
{
	struct tpm_since_start since;

	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "%s tpm2_nvdefine -C platform -s 24 -a "
	                            "'ppwrite|ppread|authread|no_da|platformcreate' 0x01404801 && "
	                            "head -c 24 /dev/zero >old && tpm2_nvwrite -C platform -i old 0x01404801",
	                            remove),
	                 0);
	since = good_start();
	assert_int_equal(since.history, TPM_HISTORY_NONE);
	reset_tpm();
	since = good_start();
	assert_int_equal(since.history, TPM_HISTORY_NORMAL);
	assert_int_equal(since.resets, 1);
}

static void test_a_record_of_an_older_version_is_replaced(void **state)
{
	(void)state;
	expect_replaced("tpm2_nvundefine -C platform 0x01404801 &&");
}

/* Also where there is no storage key yet, and all goes in the plain. */
static void test_a_plain_record_of_an_older_version_is_replaced(void **state)
{
	(void)state;
	expect_replaced("");
}

/* The record tells what the kept list is, so that a start needs no look at it; not while the list is being written. */
static void test_the_record_tells_what_is_kept(void **state)
{
	const struct digest one = digest_of(HASH_SHA256, bytes_from_string("one"));
	const struct digest two = digest_of(HASH_SHA256, bytes_from_string("two"));
	struct proxy proxy = {
	    .command_code = TPM_CC_NV_Write, .fault = PROXY_REFUSED, .code = TPM_RC_FAILURE, .at = ~0u};
	struct tpm_since_start since;
	struct tpm *tpm = NULL;
	unsigned before;
	bool same = true;

	(void)state;
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	assert_int_equal(start(tpm, &since), 0);
	assert_int_equal(tpm_baseline_is(tpm, &one, &same, NULL), 0);
	assert_false(same);
	assert_int_equal(tpm_baseline_write(tpm, &one, bytes_from_string("text"), NULL), 0);
	assert_int_equal(tpm_baseline_is(tpm, &one, &same, NULL), 0);
	assert_true(same);
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
	for (unsigned at = 0; at < 4; at++) { /* record, text, header, record */
		reset_tpm();
		proxy = (struct proxy){.command_code = TPM_CC_NV_Write, .at = ~0u};
		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		assert_int_equal(start(tpm, &since), 0);
		before = tpm_command_count(tpm);
		assert_int_equal(tpm_baseline_is(tpm, &one, &same, NULL), 0);
		assert_int_equal(tpm_command_count(tpm), before);
		assert_true(same);
		proxy.fault = PROXY_REFUSED;
		proxy.code = TPM_RC_FAILURE;
		proxy.at = proxy.matches + at;
		assert_true(tpm_baseline_write(tpm, &two, bytes_from_string("other"), NULL) < 0);
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		reset_tpm();
		tpm = swtpm_open(&swtpm);
		assert_int_equal(start(tpm, &since), 0);
		assert_int_equal(tpm_baseline_is(tpm, &two, &same, NULL), 0);
		assert_false(same);
		/* Still "one" only where nothing at all was changed. */
		assert_int_equal(tpm_baseline_is(tpm, &one, &same, NULL), 0);
		assert_int_equal(same, at == 0);
		assert_int_equal(tpm_baseline_write(tpm, &one, bytes_from_string("text"), NULL), 0);
		tpm_close(&tpm);
	}
}

/* The comparison uses the policy session and leaves it fit for the seal; with it a start costs so many commands. */
static void test_A3_the_secret_opens_after_the_comparison(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(totp_close) struct totp totp = {0};
	struct tpm_since_start since;
	unsigned before;

	(void)state;
	(void)good_start();
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	before = tpm_command_count(tpm);
	assert_int_equal(start(tpm, &since), 0);
	assert_int_equal(since.history, TPM_HISTORY_NORMAL);
	/* Three of tpm_get_info, three for the two sessions, list of indices, record, comparison, restart of the
	 * policy, new record. */
	assert_int_equal(tpm_command_count(tpm) - before, 3 + 3 + 5);
	assert_int_equal(totp_open(tpm, (uint64_t)time(NULL), 30, &totp, NULL), 0);
}

int main(void)
{
#define WITH_RESET(test) cmocka_unit_test_setup_teardown(test, setup_reset, teardown)
#define WITH_TPM(test)   cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_RESET(test_A3_a_forged_count_is_no_normal_start),
	    WITH_RESET(test_A3_a_forged_comparison_is_no_normal_start),
	    WITH_RESET(test_a_record_of_an_older_version_is_replaced),
	    WITH_TPM(test_a_plain_record_of_an_older_version_is_replaced),
	    WITH_RESET(test_the_record_tells_what_is_kept),
	    WITH_RESET(test_A3_a_forged_record_is_no_normal_start),
	    WITH_RESET(test_A3_a_hidden_record_is_no_first_start),
	    WITH_RESET(test_A3_nothing_hidden_makes_a_start_normal),
	    WITH_TPM(test_A3_a_true_start_is_told_as_it_is),
	    WITH_TPM(test_the_ends_of_the_starts_are_kept),
	    WITH_RESET(test_A3_a_foreign_record_is_told),
	    WITH_RESET(test_A3_the_secret_opens_after_the_comparison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
