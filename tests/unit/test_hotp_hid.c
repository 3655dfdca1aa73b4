/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HID protocol of the security dongles, byte by byte. */
#include "base/encode.h"
#include "format/hotp_hid.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define CRC_STATUS 0xef6eb7dfu
#define CRC_VERIFY 0xdc53da94u
#define ZEROS_10   "00000000000000000000"
#define PASSWORD                                         \
	"7878787878787878787878787878787878787878787878" \
	"7878"

static const uint8_t password[HOTP_HID_PASSWORD_SIZE + 1] = "xxxxxxxxxxxxxxxxxxxxxxxxx";

/* All but the checksum, which stands at the end; text may be cut where only zeros follow. */
static void expect(const uint8_t report[HOTP_HID_REPORT_SIZE], const char *hex)
{
	char text[2 * HOTP_HID_REPORT_SIZE + 1];
	const size_t size = strlen(hex);

	hex_encode(bytes_make(report, HOTP_HID_REPORT_SIZE - 4), text);
	if (strncmp(text, hex, size) != 0)
		fail_msg("%s", text);
	assert_int_equal(strspn(text + size, "0"), 2 * (HOTP_HID_REPORT_SIZE - 4) - size);
}

static void test_commands(void **state)
{
	uint8_t report[HOTP_HID_REPORT_SIZE];

	(void)state;
	hotp_hid_encode(HOTP_HID_ADMIN_TRIES, BYTES_EMPTY, report);
	expect(report, "09");
	hotp_hid_encode_authenticate(bytes_from_string("12345678"), password, report);
	expect(report, "073132333435363738" ZEROS_10 "00000000000000" PASSWORD);
	hotp_hid_encode_secret(password, bytes_from_string("12345678901234567890"), report);
	expect(report, "17" PASSWORD "5300"
	               "3132333435363738393031323334353637383930");
	hotp_hid_encode_name(password, "Heads", report);
	expect(report, "17" PASSWORD "4e00"
	               "4865616473");
	hotp_hid_encode_slot(password, report);
	expect(report, "01" PASSWORD "13"
	               "0000000000000000"
	               "00");
	hotp_hid_encode_verify(755224, report); /* RFC 4226, appendix D */
	expect(report, "1818860b00");
}

/* The CRC unit of the STM32 (RM0041, chapter 4): init all ones; one word of zeros gives c704dd7b. Whole reports were
 * computed by a second implementation, in Python, bit by bit. */
static void test_checksum(void **state)
{
	uint8_t report[HOTP_HID_REPORT_SIZE];

	(void)state;
	hotp_hid_encode(HOTP_HID_STATUS, BYTES_EMPTY, report);
	assert_int_equal(hotp_hid_checksum(report), CRC_STATUS);
	hotp_hid_encode_verify(755224, report);
	assert_int_equal(hotp_hid_checksum(report), CRC_VERIFY);
	assert_int_equal(report[60], CRC_VERIFY & 0xff);
	assert_int_equal(report[63], CRC_VERIFY >> 24);
}

/* A report with this front, whatever its command, and the right checksum. */
static void answer_with(struct bytes front, uint8_t report[HOTP_HID_REPORT_SIZE])
{
	hotp_hid_encode((enum hotp_hid_command)front.data[0], bytes_slice(front, 1, front.size - 1), report);
}

static void test_answers(void **state)
{
	static const uint8_t right[] = {0, 0x18, 0x78, 0x56, 0x34, 0x12, 0, 1, 9};
	static const uint8_t busy[] = {1, 0x18}, received[] = {3, 0x18}, wrong[] = {0, 0x07, 1, 2, 3, 4, 4};
	uint8_t report[HOTP_HID_REPORT_SIZE];
	struct hotp_hid_answer answer;
	struct error error;

	(void)state;
	answer_with(bytes_make(right, sizeof(right)), report);
	assert_int_equal(hotp_hid_decode(bytes_make(report, sizeof(report)), &answer, &error), 0);
	assert_false(answer.busy);
	assert_int_equal(answer.command, HOTP_HID_VERIFY_CODE);
	assert_int_equal(answer.checksum, 0x12345678);
	assert_int_equal(answer.result, HOTP_HID_OK);
	assert_int_equal(answer.payload.size, 53);
	assert_int_equal(answer.payload.data[0], 1);
	assert_int_equal(answer.payload.data[1], 9);
	answer_with(bytes_make(busy, sizeof(busy)), report);
	assert_int_equal(hotp_hid_decode(bytes_make(report, sizeof(report)), &answer, &error), 0);
	assert_true(answer.busy);
	answer_with(bytes_make(received, sizeof(received)), report);
	assert_int_equal(hotp_hid_decode(bytes_make(report, sizeof(report)), &answer, &error), 0);
	assert_true(answer.busy);
	answer_with(bytes_make(wrong, sizeof(wrong)), report);
	assert_int_equal(hotp_hid_decode(bytes_make(report, sizeof(report)), &answer, &error), 0);
	assert_int_equal(answer.result, HOTP_HID_WRONG_PASSWORD);
	/* damaged, cut short */
	for (size_t i = 0; i < sizeof(report); i++) {
		report[i] ^= 0x10;
		assert_int_equal(hotp_hid_decode(bytes_make(report, sizeof(report)), &answer, &error), -E_MALFORMED);
		report[i] ^= 0x10;
	}
	assert_int_equal(hotp_hid_decode(bytes_make(report, 63), &answer, &error), -E_MALFORMED);
	assert_int_equal(hotp_hid_decode(BYTES_EMPTY, &answer, &error), -E_MALFORMED);
}

static void test_identity(void **state)
{
	static const uint8_t pro[] = {15, 0, 0xef, 0xbe, 0xad, 0xde};
	uint8_t storage[53] = {0};
	struct hotp_hid_answer answer = {.command = HOTP_HID_STATUS, .payload = bytes_make(pro, sizeof(pro))};
	struct hotp_hid_identity identity;
	struct error error;

	(void)state;
	assert_int_equal(hotp_hid_decode_identity(&answer, &identity, &error), 0);
	assert_int_equal(identity.major, 0);
	assert_int_equal(identity.minor, 15);
	assert_int_equal(identity.serial, 0xdeadbeef);
	answer.payload.size = 5;
	assert_int_equal(hotp_hid_decode_identity(&answer, &identity, &error), -E_MALFORMED);
	storage[27] = 57;
	memcpy(storage + 42, "\x04\x03\x02\x01", 4);
	answer = (struct hotp_hid_answer){.command = HOTP_HID_STORAGE_STATUS, .payload = bytes_make(storage, 53)};
	assert_int_equal(hotp_hid_decode_identity(&answer, &identity, &error), 0);
	assert_int_equal(identity.major, 0);
	assert_int_equal(identity.minor, 57);
	assert_int_equal(identity.serial, 0x01020304);
	answer.payload.size = 45;
	assert_int_equal(hotp_hid_decode_identity(&answer, &identity, &error), -E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_checksum),
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
