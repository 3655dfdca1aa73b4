/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands to a Nitrokey 3 and the messages of its card reader, byte by byte. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "format/ccid.h"
#include "format/hotp_secrets.h"
#include "unit/cmocka_all.h"
#include <string.h>

static struct error error;

static void expect(struct buffer *command, const char *hex)
{
	char text[513] = "";

	assert_in_range(command->size, 1, 256);
	hex_encode(buffer_bytes(command), text);
	assert_string_equal(text, hex);
	buffer_clear(command);
}

static void test_commands(void **state)
{
	CLEANUP(buffer_clear) struct buffer command = {0};

	(void)state;
	hotp_secrets_select(HOTP_SECRETS_ITSELF, &command);
	expect(&command, "00a4040007a000000527210100");
	hotp_secrets_select(HOTP_SECRETS_ADMIN, &command);
	expect(&command, "00a4040009a0000008470000000100");
	hotp_secrets_version(&command);
	expect(&command, "0061000000");
	hotp_secrets_verify_pin(bytes_from_string("12345678"), &command);
	expect(&command, "00b200000a8008313233343536373800");
	hotp_secrets_set_pin(bytes_from_string("1"), &command);
	expect(&command, "00b4000003800131"
	                 "00");
	hotp_secrets_delete(&command);
	expect(&command, "000200000771054865616473"
	                 "00");
	/* the secret of RFC 4226, appendix D: reverse HOTP with SHA-1, six digits, no touch, counter 0 */
	hotp_secrets_put(bytes_from_string("12345678901234567890"), &command);
	expect(&command, "0001000027"
	                 "71054865616473"
	                 "731631063132333435363738393031323334353637383930"
	                 "7800"
	                 "7a0400000000"
	                 "00");
	hotp_secrets_verify_code(755224, &command);
	expect(&command, "00b100000d710548656164737504000b861800");
}

static void test_answers(void **state)
{
	struct hotp_secrets_identity identity;
	struct bytes data;
	uint8_t major, minor;
	uint16_t status;

	(void)state;
	assert_int_equal(hotp_secrets_decode(bytes_make("\x6a\x82", 2), &status, &data, &error), 0);
	assert_int_equal(status, HOTP_SECRETS_NOT_FOUND);
	assert_int_equal(data.size, 0);
	assert_int_equal(hotp_secrets_decode(bytes_make("\x90", 1), &status, &data, &error), -E_MALFORMED);
	/* version, tries, serial number */
	assert_int_equal(hotp_secrets_decode_identity(bytes_make("\x79\3\4\x0d\0\x82\1\7\x8f\4\x12\x34\xab\xcd", 14),
	                                              &identity, &error),
	                 0);
	assert_int_equal(identity.serial, 0x1234abcd);
	assert_true(identity.has_pin);
	assert_int_equal(identity.tries, 7);
	/* without a PIN there are no tries */
	assert_int_equal(
	    hotp_secrets_decode_identity(bytes_make("\x79\3\4\x0d\0\x8f\4\0\0\0\1", 11), &identity, &error), 0);
	assert_false(identity.has_pin);
	/* no serial number, one of another size, a field that is cut */
	assert_int_equal(hotp_secrets_decode_identity(bytes_make("\x79\3\4\x0d\0", 5), &identity, &error),
	                 -E_MALFORMED);
	assert_int_equal(hotp_secrets_decode_identity(bytes_make("\x8f\2\0\1", 4), &identity, &error), -E_MALFORMED);
	assert_int_equal(hotp_secrets_decode_identity(bytes_make("\x8f\4\0\0\0\1\x79\3\4", 9), &identity, &error),
	                 -E_MALFORMED);
	assert_int_equal(hotp_secrets_decode_version(bytes_make("\x00\x40\x02\x03", 4), &major, &minor, &error), 0);
	assert_int_equal(major, 1); /* 1.8.3 */
	assert_int_equal(minor, 8);
	assert_int_equal(hotp_secrets_decode_version(bytes_make("\0\x40\2", 3), &major, &minor, &error), -E_MALFORMED);
	assert_int_equal(hotp_secrets_decode_version(bytes_make("\0\x40\2\3\4", 5), &major, &minor, &error),
	                 -E_MALFORMED);
}

static void test_reader(void **state)
{
	static const uint8_t late[] = {0x80, 0, 0, 0, 0, 0, 9, 0x80, 1, 0},
	                     failed[] = {0x80, 0, 0, 0, 0, 0, 9, 0x41, 0xfe, 0};
	static const uint8_t good[] = {0x80, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0x90, 0},
	                     slot[] = {0x81, 0, 0, 0, 0, 0, 9, 0, 0, 0};
	static const uint8_t huge[] = {0x80, 1, 0x0c, 0, 0, 0, 9, 0, 0, 0};
	CLEANUP(buffer_clear) struct buffer message = {0};
	struct ccid_answer answer;
	size_t size;

	(void)state;
	ccid_encode(CCID_POWER_ON, 1, BYTES_EMPTY, &message);
	expect(&message, "62000000000001000000");
	ccid_encode(CCID_TRANSFER, 255, bytes_make("\0\xb2", 2), &message);
	expect(&message, "6f0200000000ff00000000b2");
	assert_int_equal(ccid_decode(bytes_make(good, sizeof(good)), &answer, &error), 0);
	assert_int_equal(answer.sequence, 9);
	assert_false(answer.wants_time || answer.failed);
	assert_true(bytes_equal(answer.data, bytes_make("\x90\0", 2)));
	assert_int_equal(ccid_decode(bytes_make(late, sizeof(late)), &answer, &error), 0);
	assert_true(answer.wants_time && !answer.failed);
	assert_int_equal(ccid_decode(bytes_make(failed, sizeof(failed)), &answer, &error), 0);
	assert_true(answer.failed && !answer.wants_time);
	assert_int_equal(answer.error, 0xfe);
	/* cut, too long, another message, more than a message may have */
	assert_int_equal(ccid_decode(bytes_make(good, sizeof(good) - 1), &answer, &error), -E_MALFORMED);
	assert_int_equal(ccid_decode(bytes_make(good, 9), &answer, &error), -E_MALFORMED);
	assert_int_equal(ccid_decode(bytes_make(slot, sizeof(slot)), &answer, &error), -E_MALFORMED);
	assert_int_equal(ccid_size(bytes_make(huge, sizeof(huge)), &size, &error), -E_MALFORMED);
	assert_int_equal(ccid_size(bytes_make(good, CCID_HEADER_SIZE), &size, &error), 0);
	assert_int_equal(size, sizeof(good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
