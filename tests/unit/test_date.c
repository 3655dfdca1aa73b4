/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/date.h"
#include "unit/cmocka_all.h"
#include <string.h>

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} dates[] = {
	    {"1970-01-01 00:00:00", 0},          {"2000-02-29 12:00:00", 951825600},
	    {"2026-11-25 23:52:00", 1795650720}, {"2038-01-19 03:14:08", 2147483648},
	    {"2105-12-31 23:59:59", 4291747199},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dates); i++) {
		char text[DATE_SIZE];
		int64_t seconds = -1;

		assert_int_equal(date_parse(dates[i].text, &seconds, NULL), 0);
		assert_int_equal(seconds, dates[i].seconds);
		date_write(seconds, text);
		assert_string_equal(text, dates[i].text);
	}
}

static void test_without_seconds(void **state)
{
	int64_t seconds = -1;

	(void)state;
	assert_int_equal(date_parse("2026-11-25 23:52", &seconds, NULL), 0);
	assert_int_equal(seconds, 1795650720);
}

static void test_what_is_no_date(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "2026-11-25",
	    "2026-11-25T23:52",
	    "2026-11-25 23:52 ",
	    "2026-11-25 23:52:0",
	    "+026-11-25 23:52",
	    "2026-1-25 23:52:00",
	    "2026-02-29 00:00",
	    "2026-00-10 00:00",
	    "2026-13-10 00:00",
	    "2026-04-31 00:00",
	    "2026-04-00 00:00",
	    "2026-04-30 24:00",
	    "2026-04-30 23:60",
	    "2026-04-30 23:59:60",
	    "1969-12-31 23:59",
	    "2106-01-01 00:00",
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		int64_t seconds = -7;

		if (date_parse(wrong[i], &seconds, &error) != -E_USAGE)
			fail_msg("%s is taken for a date", wrong[i]);
		assert_int_equal(seconds, -7);
		assert_true(strlen(error.sentence) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_dates),
	    cmocka_unit_test(test_without_seconds),
	    cmocka_unit_test(test_what_is_no_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
