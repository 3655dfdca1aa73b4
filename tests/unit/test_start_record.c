/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/digest.h"
#include "format/start_record.h"
#include "unit/cmocka_all.h"
#include <string.h>

static struct start_record record_of(unsigned count)
{
	struct start_record record = {
	    .reset_count = 7, .restart_count = 1, .clock_ms = 0x123456789aull, .tag = {1, 2, 3}};

	for (unsigned i = 0; i < count; i++) {
		start_record_add(&record, 1000 + i, 1);
		record.starts[0].outcome = START_BOOTED;
	}
	return record;
}

static void test_the_last_twenty_are_kept(void **state)
{
	struct start_record record = record_of(25), again;
	uint8_t data[START_RECORD_SIZE];

	(void)state;
	start_record_encode(&record, data);
	assert_true(start_record_decode(bytes_make(data, sizeof(data)), &again));
	assert_memory_equal(&record, &again, sizeof(record));
	assert_int_equal(again.starts[0].time, 1024);
	assert_int_equal(again.starts[START_RECORD_STARTS - 1].time, 1005);
	assert_int_equal(again.clock_ms, 0x123456789aull);
}

/* Written by itself, where the rest says it stands; half written it was not. */
static void test_the_outcome_of_the_newest(void **state)
{
	struct start_record record = record_of(3), again;
	uint8_t data[START_RECORD_SIZE], outcome[START_OUTCOME_SIZE];

	(void)state;
	start_record_add(&record, 2000, 2);
	start_record_encode(&record, data);
	assert_true(start_record_decode(bytes_make(data, sizeof(data)), &again));
	assert_int_equal(again.starts[0].outcome, 0);
	start_outcome_encode(START_SHELL | START_OFF, outcome);
	memcpy(data + START_OUTCOME_OFFSET, outcome, 1);
	assert_true(start_record_decode(bytes_make(data, sizeof(data)), &again));
	assert_int_equal(again.starts[0].outcome, 0);
	memcpy(data + START_OUTCOME_OFFSET, outcome, sizeof(outcome));
	assert_true(start_record_decode(bytes_make(data, sizeof(data)), &again));
	assert_int_equal(again.starts[0].outcome, START_SHELL | START_OFF);
	assert_int_equal(again.starts[1].outcome, START_BOOTED);
	/* The next start keeps it. */
	start_record_add(&again, 3000, 1);
	start_record_encode(&again, data);
	assert_true(start_record_decode(bytes_make(data, sizeof(data)), &record));
	assert_int_equal(record.starts[1].outcome, START_SHELL | START_OFF);
}

/* Any other bit that is changed makes it no record. */
static void test_a_damaged_record_is_none(void **state)
{
	struct start_record record = record_of(20), again;
	uint8_t data[START_RECORD_SIZE];

	(void)state;
	start_record_encode(&record, data);
	for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
		const bool outcome =
		    bit / 8 >= START_OUTCOME_OFFSET && bit / 8 < START_OUTCOME_OFFSET + START_OUTCOME_SIZE;

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(start_record_decode(bytes_make(data, sizeof(data)), &again), outcome);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_false(start_record_decode(bytes_make(data, sizeof(data) - 1), &again));
	assert_false(start_record_decode(BYTES_EMPTY, &again));
}

static void test_words(void **state)
{
	static const struct {
		struct start start;
		const char *words;
	} cases[] = {
	    {{1795650720, START_BOOTED, 1}, "2026-11-25 23:52:00  booted what you signed"},
	    {{1795650720, START_SHELL | START_OFF, 1}, "2026-11-25 23:52:00  recovery shell, switched off"},
	    {{1795650720, START_FORCED, 2}, "2026-11-25 23:52:00  booted UNVERIFIED files (2 resets before it)"},
	    {{1795650720, 0, 0}, "2026-11-25 23:52:00  cut off or reset (0 resets before it)"},
	    {{1795650720, START_CRASHED | START_RESTARTED, START_RESETS_UNKNOWN},
	     "2026-11-25 23:52:00  the menu crashed, restarted (the first after the TPM was new or cleared)"},
	};
	char line[START_TEXT_SIZE];
	struct start every = {UINT32_MAX, START_OUTCOMES, START_RESETS_UNKNOWN};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start_text(&cases[i].start, line, sizeof(line));
		assert_string_equal(line, cases[i].words);
	}
	start_text(&every, line, sizeof(line));
	assert_true(strlen(line) < sizeof(line) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_last_twenty_are_kept),
	    cmocka_unit_test(test_the_outcome_of_the_newest),
	    cmocka_unit_test(test_a_damaged_record_is_none),
	    cmocka_unit_test(test_words),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
