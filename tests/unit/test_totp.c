/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "unit/cmocka_all.h"
#include <string.h>

/* RFC 6238, appendix B, SHA-1; the last six of its eight digits. */
static void test_codes_of_rfc_6238(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *code;
	} vectors[] = {
	    {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
	    {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
	};
	const struct bytes secret = bytes_from_string("12345678901234567890");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		char code[7];

		totp_code(secret, vectors[i].seconds, code);
		assert_string_equal(code, vectors[i].code);
	}
}

static void test_a_code_lasts_thirty_seconds(void **state)
{
	const struct bytes secret = bytes_from_string("12345678901234567890");
	char first[7], last[7], next[7];

	(void)state;
	totp_code(secret, 1234567890, first);
	totp_code(secret, 1234567890 + 29, last);
	totp_code(secret, 1234567890 + 30, next);
	assert_string_equal(first, last);
	assert_string_not_equal(first, next);
	assert_int_equal(totp_seconds_left(1234567890), 30);
	assert_int_equal(totp_seconds_left(1234567890 + 29), 1);
}

static void check_uri(const char *label, const char *expected)
{
	CLEANUP(buffer_clear) struct buffer uri = {0};

	totp_uri(label, bytes_from_string("12345678901234567890"), &uri);
	assert_string_equal(buffer_string(&uri), expected);
}

static void test_uri(void **state)
{
	(void)state;
	check_uri("Heads", "otpauth://totp/Heads?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	check_uri("a b?c&d=e/f%g", "otpauth://totp/a%20b%3Fc%26d%3De%2Ff%25g?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	check_uri("\xc3\xa4\x1b[2J", "otpauth://totp/%C3%A4%1B%5B2J?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

static void test_a_clock_before_the_release_is_not_believed(void **state)
{
	struct error error = {.code = E_NONE};

	(void)state;
	assert_int_equal(totp_check_clock(0, &error), -E_CLOCK);
	assert_int_equal(error.code, E_CLOCK);
	assert_int_equal(totp_check_clock((uint64_t)HEADS_RELEASE_EPOCH - 1, NULL), -E_CLOCK);
	assert_int_equal(totp_check_clock((uint64_t)HEADS_RELEASE_EPOCH, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_codes_of_rfc_6238),
	    cmocka_unit_test(test_a_code_lasts_thirty_seconds),
	    cmocka_unit_test(test_uri),
	    cmocka_unit_test(test_a_clock_before_the_release_is_not_believed),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
