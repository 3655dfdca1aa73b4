/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "unit/cmocka_all.h"
#include <string.h>

/* As a phone computes it. */
static void phone_code(struct bytes secret, uint64_t unix_seconds, char code[7])
{
	uint8_t message[TOTP_MESSAGE_SIZE];
	const struct bytes part = bytes_make(message, sizeof(message));
	struct digest mac;

	totp_message(unix_seconds, message);
	mac = hmac_of(HASH_SHA1, secret, &part, 1);
	totp_digits(&mac, code);
}

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

		phone_code(secret, vectors[i].seconds, code);
		assert_string_equal(code, vectors[i].code);
	}
}

static void test_a_code_lasts_thirty_seconds(void **state)
{
	const struct bytes secret = bytes_from_string("12345678901234567890");
	char first[7], last[7], next[7];

	(void)state;
	phone_code(secret, 1234567890, first);
	phone_code(secret, 1234567890 + 29, last);
	phone_code(secret, 1234567890 + 30, next);
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
	assert_int_equal(totp_check_clock(0, 0, 90, &error), -E_CLOCK);
	assert_int_equal(error.code, E_CLOCK);
	assert_int_equal(totp_check_clock((uint64_t)HEADS_RELEASE_EPOCH - 1, 0, 90, NULL), -E_CLOCK);
	assert_int_equal(totp_check_clock((uint64_t)HEADS_RELEASE_EPOCH, 0, 90, NULL), 0);
	assert_int_equal(totp_check_clock((uint64_t)1 << 40, 0, 90, NULL), -E_CLOCK);
	assert_int_equal(totp_check_clock(UINT64_MAX, 0, 90, NULL), -E_CLOCK);
}

static void test_A8_the_floor(void **state)
{
	const uint64_t day = 86400, now = (uint64_t)HEADS_RELEASE_EPOCH + 1000 * day, floor = now / TOTP_STEP_SECONDS;
	struct error error = {.code = E_NONE};

	(void)state;
	assert_int_equal(totp_check_clock(now, floor, 90, NULL), 0);
	assert_int_equal(totp_check_clock(now - 290, floor, 90, NULL), 0);
	assert_int_equal(totp_check_clock(now - 360, floor, 90, &error), -E_CLOCK);
	assert_non_null(strstr(error.sentence, "was shown before"));
	assert_int_equal(totp_check_clock(now + 89 * day, floor, 90, NULL), 0);
	assert_int_equal(totp_check_clock(now + 91 * day, floor, 90, &error), -E_CLOCK);
	assert_non_null(strstr(error.sentence, "90 days or more"));
	assert_int_equal(totp_check_clock(now + 91 * day, floor, TOTP_AHEAD_DAYS_LIMIT, NULL), 0);
	assert_int_equal(totp_check_clock(now, UINT32_MAX, 90, NULL), -E_CLOCK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_codes_of_rfc_6238),
	    cmocka_unit_test(test_a_code_lasts_thirty_seconds),
	    cmocka_unit_test(test_uri),
	    cmocka_unit_test(test_a_clock_before_the_release_is_not_believed),
	    cmocka_unit_test(test_A8_the_floor),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
