/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a signed set says of the TPM's counter, and what follows from it (A15). */
#include "base/encode.h"
#include "boot/rollback.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

static void test_value_there_and_back(void **state)
{
	static const uint64_t values[] = {0, 7, 4294967296, ROLLBACK_MAX_VALUE};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct buffer text = {0};
		uint64_t value = 1;

		rollback_append(&text, values[i]);
		assert_int_equal(rollback_parse(buffer_bytes(&text), &value, NULL), 0);
		assert_true(value == values[i]);
		buffer_clear(&text);
	}
}

static void test_malformed_values(void **state)
{
	static const char *const texts[] = {"",
	                                    "heads counter 1\nvalue \n",
	                                    "heads counter 1\nvalue 7",
	                                    "heads counter 1\nvalue 07\n",
	                                    "heads counter 1\nvalue -1\n",
	                                    "heads counter 1\nvalue 7\n\n",
	                                    "heads counter 1\nvalue 7 \n",
	                                    "heads counter 2\nvalue 7\n",
	                                    "heads counter 1\nvalue 18446744073709551616\n",
	                                    "heads counter 1\nvalue 9999999999999999999\n"};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(rollback_parse(bytes_from_string(texts[i]), &value, NULL), -E_MALFORMED);
}

/* As the original writes it: sha256sum of a file that holds "1a2b3c4: 0000000000000009\n". */
static void original_line(char *line, size_t size, const char *id, uint64_t value)
{
	char content[64], hex[65];
	struct digest digest;
	int length = snprintf(content, sizeof(content), "%s: %016llx\n", id, (unsigned long long)value);

	digest = digest_of(HASH_SHA256, bytes_make(content, (size_t)length));
	hex_encode(digest_bytes(&digest), hex);
	(void)snprintf(line, size, "%s  /tmp/counter-%s\n", hex, id);
}

static void test_original_line(void **state)
{
	struct rollback_original original;
	char line[128];

	(void)state;
	original_line(line, sizeof(line), "1a2b3c4", 9);
	assert_int_equal(rollback_original_parse(bytes_from_string(line), &original, NULL), 0);
	assert_int_equal(original.index, 0x01a2b3c4);
	assert_true(rollback_original_fits(&original, 9));
	assert_false(rollback_original_fits(&original, 8));
	assert_false(rollback_original_fits(&original, 10));
	original_line(line, sizeof(line), "0x01A2B3C4", 9);
	assert_int_equal(rollback_original_parse(bytes_from_string(line), &original, NULL), 0);
	assert_int_equal(original.index, 0x01a2b3c4);
	original_line(line, sizeof(line), "2862570992", 9); /* of a TPM 1.2 */
	assert_int_equal(rollback_original_parse(bytes_from_string(line), &original, NULL), -E_MALFORMED);
	original_line(line, sizeof(line), "7", 9);
	assert_int_equal(rollback_original_parse(bytes_from_string(line), &original, NULL), -E_UNSUPPORTED);
	original_line(line, sizeof(line), "1a2b3c4;reboot", 9);
	assert_int_equal(rollback_original_parse(bytes_from_string(line), &original, NULL), -E_MALFORMED);
	line[3] = 'x';
	assert_int_equal(rollback_original_parse(bytes_from_string(line), &original, NULL), -E_MALFORMED);
	assert_int_equal(rollback_original_parse(BYTES_EMPTY, &original, NULL), -E_MALFORMED);
}

struct judged {
	bool bound;
	uint64_t value;
	enum rollback_counter state;
	uint64_t counter;
	enum verify_rollback expected;
	bool refused;
	uint64_t raise_by;
	const char *words;
};

static const struct judged cases[] = {
    {true, 9, ROLLBACK_COUNTED, 9, VERIFY_ROLLBACK_OK, false, 0, ""},
    {true, 10, ROLLBACK_COUNTED, 9, VERIFY_ROLLBACK_OK, false, 1, ""},
    {true, 1009, ROLLBACK_COUNTED, 9, VERIFY_ROLLBACK_OK, false, 1000, ""},
    {true, 1010, ROLLBACK_COUNTED, 9, VERIFY_ROLLBACK_UNKNOWN, true, 0, "another TPM"},
    {true, 7, ROLLBACK_COUNTED, 9, VERIFY_ROLLBACK_OLD, true, 0, "older than the last signed one (7 < 9)"},
    {false, 0, ROLLBACK_COUNTED, 9, VERIFY_ROLLBACK_OLD, true, 0, "--rollback 10"},
    {true, 9, ROLLBACK_NO_COUNTER, 0, VERIFY_ROLLBACK_UNKNOWN, false, 0, "no counter"},
    {true, 9, ROLLBACK_NO_TPM, 0, VERIFY_ROLLBACK_UNKNOWN, false, 0, "no counter of a TPM"},
    {true, 9, ROLLBACK_UNREADABLE, 0, VERIFY_ROLLBACK_UNKNOWN, true, 0, "does not tell"},
    {false, 0, ROLLBACK_UNREADABLE, 0, VERIFY_ROLLBACK_UNKNOWN, true, 0, "does not tell"},
    {false, 0, ROLLBACK_NO_COUNTER, 0, VERIFY_ROLLBACK_ABSENT, false, 0, ""},
    {false, 0, ROLLBACK_NO_TPM, 0, VERIFY_ROLLBACK_ABSENT, false, 0, ""},
};

static void test_A15_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct judged *judged = &cases[i];
		const struct rollback_facts facts = {.set = {.bound = judged->bound, .value = judged->value},
		                                     .state = judged->state,
		                                     .counter = judged->counter};
		struct rollback_verdict verdict;

		rollback_judge(&facts, &verdict);
		if (verdict.state != judged->expected || verdict.refused != judged->refused ||
		    verdict.raise_by != judged->raise_by || !strstr(verdict.sentence, judged->words) ||
		    (verdict.sentence[0] == '\0') != (judged->words[0] == '\0'))
			fail_msg("case %zu: %s", i, verdict.sentence);
	}
}

static void test_A15_the_originals_counter(void **state)
{
	struct rollback_facts facts = {.set = {.has_original = true},
	                               .state = ROLLBACK_NO_COUNTER,
	                               .original_state = ROLLBACK_COUNTED,
	                               .original_counter = 9};
	struct rollback_verdict verdict;
	char line[128];

	(void)state;
	original_line(line, sizeof(line), "1a2b3c4", 9);
	assert_int_equal(rollback_original_parse(bytes_from_string(line), &facts.set.original, NULL), 0);
	rollback_judge(&facts, &verdict);
	assert_int_equal(verdict.state, VERIFY_ROLLBACK_OK);
	facts.original_counter = 10;
	rollback_judge(&facts, &verdict);
	assert_int_equal(verdict.state, VERIFY_ROLLBACK_OLD);
	assert_true(verdict.refused);
	assert_non_null(strstr(verdict.sentence, "older than the last signed one"));
	facts.original_state = ROLLBACK_NO_COUNTER;
	rollback_judge(&facts, &verdict);
	assert_int_equal(verdict.state, VERIFY_ROLLBACK_UNKNOWN);
	assert_false(verdict.refused);
	/* Migrated: ours binds, the original's stays valid beside it. */
	facts.state = ROLLBACK_COUNTED;
	facts.counter = 3;
	facts.set.bound = true;
	facts.set.value = 4;
	rollback_judge(&facts, &verdict);
	assert_int_equal(verdict.state, VERIFY_ROLLBACK_OK);
	assert_true(verdict.raise_by == 1);
	facts.original_state = ROLLBACK_COUNTED;
	rollback_judge(&facts, &verdict);
	assert_true(verdict.refused);
	facts.original_counter = 9;
	rollback_judge(&facts, &verdict);
	assert_false(verdict.refused);
	assert_true(verdict.raise_by == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_value_there_and_back),
	    cmocka_unit_test(test_malformed_values),
	    cmocka_unit_test(test_original_line),
	    cmocka_unit_test(test_A15_verdicts),
	    cmocka_unit_test(test_A15_the_originals_counter),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
