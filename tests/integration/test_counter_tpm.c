/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters that only rise: against swtpm, with tpm2-tools as the witness. */
#include "base/cleanup.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_constants.h"
#include "unit/cmocka_all.h"
#include <json-c/json.h>
#include <string.h>

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

static uint64_t value(struct tpm *tpm, enum tpm_counter which)
{
	struct error error = {.code = E_NONE};
	uint64_t value = 0;

	if (tpm_counter_read(tpm, which, &value, &error) < 0)
		fail_msg("%s", error.sentence);
	return value;
}

static void create(struct tpm *tpm, enum tpm_counter which)
{
	struct error error = {.code = E_NONE};

	if (tpm_counter_create(tpm, which, BYTES_EMPTY, &error) < 0)
		fail_msg("%s", error.sentence);
}

static void test_rises_by_one(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint64_t first, now = 0;

	(void)state;
	assert_int_equal(tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &now, NULL), -E_NOT_FOUND);
	assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &now, NULL), -E_NOT_FOUND);
	create(tpm, TPM_COUNTER_ROLLBACK);
	create(tpm, TPM_COUNTER_HOTP);
	first = value(tpm, TPM_COUNTER_ROLLBACK);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &now, NULL), 0);
		assert_int_equal(now, first + i);
	}
	assert_int_equal(tpm_counter_create(tpm, TPM_COUNTER_ROLLBACK, BYTES_EMPTY, NULL), -E_EXISTS);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(value(tpm, TPM_COUNTER_ROLLBACK), first + 3);
}

static void test_agrees_with_tpm2_tools(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(buffer_clear) struct buffer theirs = {0}, about = {0};
	struct cursor cursor;
	uint64_t ours;

	(void)state;
	create(tpm, TPM_COUNTER_HOTP);
	ours = value(tpm, TPM_COUNTER_HOTP);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, &theirs, "tpm2_nvread 0x01804802"), 0);
	cursor = cursor_make(buffer_bytes(&theirs));
	assert_int_equal(cursor_u64be(&cursor), ours);
	assert_int_equal(swtpm_tool(&swtpm, &about, "tpm2_nvreadpublic 0x01804802"), 0);
	assert_true(bytes_contain(buffer_bytes(&about),
	                          bytes_from_string("policywrite|nt=0x1|ownerread|authread|no_da|written")));
}

static void test_never_falls(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint64_t highest = 0;

	(void)state;
	create(tpm, TPM_COUNTER_ROLLBACK);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &highest, NULL), 0);
	assert_int_equal(tpm_counter_destroy(tpm, TPM_COUNTER_ROLLBACK, BYTES_EMPTY, NULL), 0);
	assert_int_equal(tpm_counter_destroy(tpm, TPM_COUNTER_ROLLBACK, BYTES_EMPTY, NULL), 0);
	assert_int_equal(tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &highest, NULL), -E_NOT_FOUND);
	create(tpm, TPM_COUNTER_ROLLBACK);
	assert_true(value(tpm, TPM_COUNTER_ROLLBACK) > highest);
	highest = value(tpm, TPM_COUNTER_ROLLBACK);
	tpm_close(&tpm);
	/* Nor after the TPM was cleared. */
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_clear -c p"), 0);
	tpm = swtpm_open(&swtpm);
	create(tpm, TPM_COUNTER_ROLLBACK);
	assert_true(value(tpm, TPM_COUNTER_ROLLBACK) > highest);
}

/* Whoever comes after Heads cannot raise it, not even the owner. */
static void test_A18_does_not_rise_after_the_cap(void **state)
{
	static const char increment[] = "tpm2_nvincrement -C 0x01804801 -P pcr:sha256:4 0x01804801";
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;
	uint64_t before, now = 0;

	(void)state;
	create(tpm, TPM_COUNTER_ROLLBACK);
	before = value(tpm, TPM_COUNTER_ROLLBACK);
	tpm_close(&tpm);
	/* The same command raises it before the cap: so it is the cap that stops it. */
	assert_int_equal(swtpm_tool(&swtpm, NULL, increment), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(value(tpm, TPM_COUNTER_ROLLBACK), before + 1);
	extend_text(tpm, 4, "handover");
	assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &now, &error), -E_WRONG_PCR);
	assert_non_null(strstr(error.sentence, "PCR 4 was extended"));
	assert_int_equal(value(tpm, TPM_COUNTER_ROLLBACK), before + 1);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, increment), 0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvincrement -C o 0x01804801"), 0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvincrement 0x01804801"), 0);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &now, NULL), 0);
	assert_int_equal(now, before + 2);
}

/* An ordinary index of the same size in the counter's place, with a value of the attacker's choice. */
static void test_A15_an_index_that_is_no_counter_is_refused(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint64_t now = 0;

	(void)state;
	create(tpm, TPM_COUNTER_ROLLBACK);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_nvundefine -C o 0x01804801 && "
	                            "tpm2_nvdefine -Q -C o -s 8 -a 'ownerread|authread|authwrite|no_da' 0x01804801 && "
	                            "printf '\\0\\0\\0\\0\\0\\0\\0\\1' | tpm2_nvwrite -i - 0x01804801"),
	                 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &now, NULL), -E_FOREIGN_TPM);
	assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &now, NULL), -E_FOREIGN_TPM);
	create(tpm, TPM_COUNTER_ROLLBACK);
	assert_true(value(tpm, TPM_COUNTER_ROLLBACK) > 0);
}

static void test_A2_a_changed_counter_is_noticed(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	const enum proxy_fault faults[] = {PROXY_FLIP_ANSWER, PROXY_FLIP_COMMAND};

	(void)state;
	create(tpm, TPM_COUNTER_ROLLBACK);
	tpm_close(&tpm);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		/* Behind the header of the answer; in the command the index and what follows. */
		for (size_t bit = 10 * 8; bit < 60 * 8; bit += 9) {
			struct proxy proxy = {.fault = PROXY_NONE};
			uint64_t now = 0;
			int result;

			assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
			proxy.fault = faults[i];
			proxy.command_code = TPM_CC_NV_Read;
			proxy.bit = bit;
			result = tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &now, NULL);
			assert_true(proxy.fired);
			assert_true(result < 0);
			if (faults[i] == PROXY_FLIP_ANSWER)
				assert_int_equal(result, -E_TPM_FORGED);
			tpm_close(&tpm);
			buffer_clear(&proxy.traffic);
			assert_int_equal(swtpm_left_open(&swtpm), 0);
		}
	}
}

/* An increment that never reached the TPM is not taken for one that did. */
static void test_A15_an_invented_increment_is_noticed(void **state)
{
	static const uint32_t codes[] = {TPM_CC_NV_Increment, TPM_CC_PolicyPCR};
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	(void)state;
	create(tpm, TPM_COUNTER_ROLLBACK);
	tpm_close(&tpm);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		static const uint8_t good[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0};
		struct proxy proxy = {.fault = PROXY_NONE};
		uint64_t now = 0;

		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		proxy.fault = PROXY_INVENT;
		proxy.command_code = codes[i];
		proxy.invented = bytes_make(good, sizeof(good));
		assert_true(tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &now, NULL) < 0);
		assert_true(proxy.fired);
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		assert_int_equal(swtpm_left_open(&swtpm), 0);
	}
}

static void test_owner_passphrase(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	const struct bytes right = bytes_from_string("right"), wrong = bytes_from_string("wrong");
	uint64_t now;

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner right"), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_counter_create(tpm, TPM_COUNTER_HOTP, wrong, NULL), -E_WRONG_AUTH);
	assert_int_equal(tpm_counter_create(tpm, TPM_COUNTER_HOTP, right, NULL), 0);
	assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_HOTP, &now, NULL), 0);
	assert_int_equal(tpm_counter_destroy(tpm, TPM_COUNTER_HOTP, wrong, NULL), -E_WRONG_AUTH);
	assert_int_equal(tpm_counter_destroy(tpm, TPM_COUNTER_HOTP, right, NULL), 0);
}

/* As the original makes it: random index, authwrite, label ignored. */
static void test_the_counter_of_the_original_is_read(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	uint64_t theirs = 0;

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_nvdefine -Q -C o -s 8 -a 'ownerread|authread|authwrite|nt=1' 0x01a2b3c4 && "
	                            "tpm2_nvincrement 0x01a2b3c4 && tpm2_nvincrement 0x01a2b3c4 && "
	                            "tpm2_nvdefine -Q -C o -s 8 -a 'ownerread|authread|authwrite' 0x01a2b3c5"),
	                 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_counter_read_index(tpm, 0x01a2b3c4, &theirs, NULL), 0);
	assert_int_equal(theirs, 2);
	create(tpm, TPM_COUNTER_ROLLBACK);
	assert_int_equal(tpm_counter_read_index(tpm, 0x01a2b3c4, &theirs, NULL), 0);
	assert_int_equal(tpm_counter_read_index(tpm, 0x01a2b3c5, &theirs, NULL), -E_UNSUPPORTED);
	assert_int_equal(tpm_counter_read_index(tpm, 0x01a2b3c6, &theirs, NULL), -E_NOT_FOUND);
	assert_int_equal(tpm_counter_read_index(tpm, tpm_counter_index(TPM_COUNTER_ROLLBACK), &theirs, NULL), 0);
	assert_int_equal(theirs, value(tpm, TPM_COUNTER_ROLLBACK));
}

/* Runs the program; gives its exit status and, where it printed JSON, the object. */
static int heads(const char *arguments, struct json_object **ret_object)
{
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status = swtpm_tool(&swtpm, &output, "%s --json --tpm %s %s", TEST_HEADS, swtpm.where, arguments);

	buffer_append_byte(&output, 0);
	*ret_object = json_tokener_parse((const char *)output.data);
	return status;
}

static int64_t command_value(const char *arguments)
{
	struct json_object *object = NULL, *value = NULL;
	int64_t number;

	assert_int_equal(heads(arguments, &object), 0);
	assert_true(json_object_object_get_ex(object, "value", &value));
	number = json_object_get_int64(value);
	json_object_put(object);
	return number;
}

static void check_error(const char *arguments, int status, const char *code)
{
	struct json_object *object = NULL, *inner = NULL, *found = NULL;

	assert_int_equal(heads(arguments, &object), status);
	assert_true(json_object_object_get_ex(object, "error", &inner));
	assert_true(json_object_object_get_ex(inner, "code", &found));
	assert_string_equal(json_object_get_string(found), code);
	json_object_put(object);
}

static void test_commands(void **state)
{
	int64_t first;

	(void)state;
	check_error("tpm counter read rollback", 2, "not-found");
	first = command_value("tpm counter create rollback");
	assert_int_equal(command_value("tpm counter read rollback"), first);
	assert_int_equal(command_value("tpm counter increment rollback"), first + 1);
	check_error("tpm counter create rollback", 1, "exists");
	check_error("tpm counter read hotp", 2, "not-found");
	check_error("tpm counter read fuel", 2, "usage");
	check_error("tpm counter fill rollback", 2, "usage");
	check_error("tpm counter read", 2, "usage");
	check_error("tpm counter read rollback --owner-passphrase x", 2, "usage");
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_pcrextend 4:sha256=%064d", 1), 0);
	check_error("tpm counter increment rollback", 1, "wrong-pcr");
	assert_int_equal(command_value("tpm counter destroy rollback"), first + 1);
	check_error("tpm counter read rollback", 2, "not-found");
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_rises_by_one),
	    WITH_TPM(test_agrees_with_tpm2_tools),
	    WITH_TPM(test_never_falls),
	    WITH_TPM(test_A18_does_not_rise_after_the_cap),
	    WITH_TPM(test_A15_an_index_that_is_no_counter_is_refused),
	    WITH_TPM(test_A2_a_changed_counter_is_noticed),
	    WITH_TPM(test_A15_an_invented_increment_is_noticed),
	    WITH_TPM(test_owner_passphrase),
	    WITH_TPM(test_the_counter_of_the_original_is_read),
	    WITH_TPM(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
