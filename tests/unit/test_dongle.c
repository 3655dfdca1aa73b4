/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual dongle, command by command: what a host sends, and the status word and data that come back. GnuPG's own
 * programs work with it in tests/integration/test_dongle_gpg.c. */
#include "apdu.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "ccid.h"
#include "fault.h"
#include "hid.h"
#include "hotp.h"
#include "unit/cmocka_all.h"
#include <string.h>

static struct card card;

/* libgcrypt keeps what it gathers randomness with until the end of the process. */
const char *__lsan_default_suppressions(void); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
const char *__lsan_default_suppressions(void)  /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
{
	return "leak:libgcrypt";
}

/* Text without blanks, as bytes. */
static void from_hex(const char *text, struct buffer *bytes)
{
	char digits[4096];
	uint8_t data[2048];
	size_t size = 0;

	for (; *text; text++)
		if (*text != ' ')
			digits[size++] = *text;
	assert_true(hex_decode(bytes_make(digits, size), data, size / 2));
	buffer_append(bytes, data, size / 2);
}

/* Sends a command in hexadecimal; the answer with its status word has to begin and end like this. */
static void expect(const char *command, const char *begin, const char *end)
{
	CLEANUP(buffer_clear) struct buffer sent = {0}, answer = {0}, first = {0}, last = {0};

	from_hex(command, &sent);
	from_hex(begin, &first);
	from_hex(end, &last);
	apdu_run(&card, buffer_bytes(&sent), &answer);
	if (answer.size < first.size + last.size ||
	    memcmp(answer.data, first.data ? first.data : sent.data, first.size) != 0 ||
	    memcmp(answer.data + answer.size - last.size, last.data, last.size) != 0) {
		char hex[8192] = "";

		hex_encode(bytes_slice(buffer_bytes(&answer), 0, 2000), hex);
		fail_msg("%s: %s", command, hex);
	}
}

#define SELECT      "00a4040006 d27600012401"
#define USER_PIN    "0020008206 313233343536"
#define SIGN_PIN    "0020008106 313233343536"
#define ADMIN_PIN   "0020008308 3132333435363738"
#define WRONG_PIN   "0020008206 363534333231"
#define WRONG_ADMIN "0020008308 3837363534333231"

static int new_card(void **state)
{
	(void)state;
	digest_library_start();
	memset(&card, 0, sizeof(card));
	card.serial = 0x12345678;
	card_make_new(&card);
	return 0;
}

static int drop_card(void **state)
{
	(void)state;
	card_clear(&card);
	return 0;
}

static void test_select_and_data(void **state)
{
	(void)state;
	expect("00ca00c400", "", "6d00"); /* nothing is selected */
	expect("00a4040006 d27600012402", "", "6a82");
	expect(SELECT, "", "9000");
	expect("00ca004f00", "d276000124010304 0005 12345678 0000", "9000");
	expect("00ca00c400", "00 7f7f7f 03 00 03", "9000");
	expect("00ca00c100", "010800002000", "9000");
	expect("00ca006500", "65 08 5b00 5f2d00 5f3500", "9000");
	expect("00ca009900", "", "6a88");
	expect("00da005b03 414243", "", "6982"); /* without the admin PIN */
	expect(ADMIN_PIN, "", "9000");
	expect("00da005b03 414243", "", "9000");
	expect("00ca006500", "65 0b 5b03414243", "9000");
	expect("00da003501 31", "", "6a88");
	expect("00", "", "6700");
	expect("00ff0000", "", "6d00");
}

static void test_pins_count_down_and_block(void **state)
{
	(void)state;
	expect(SELECT, "", "9000");
	expect("00200082", "", "63c3");
	expect(WRONG_PIN, "", "63c2");
	expect(USER_PIN, "", "9000");
	expect("00200082", "", "9000");
	expect("0020ff82", "", "9000"); /* forget it */
	expect("00200082", "", "63c3");
	expect(WRONG_PIN, "", "63c2");
	expect(WRONG_PIN, "", "63c1");
	expect(WRONG_PIN, "", "6983");
	expect(USER_PIN, "", "6983");
	expect("00ca00c400", "00 7f7f7f 00 00 03", "9000");
	/* a reset code is set and unblocks */
	expect("002c000110", "", "6a86");
	expect(ADMIN_PIN, "", "9000");
	expect("00da00d308 3131313131313131", "", "9000");
	expect("002c00810e 3131313131313132 363636363636", "", "63c2");
	expect("002c00810e 3131313131313131 363636363636", "", "9000");
	expect("0020008206 363636363636", "", "9000");
	/* and the admin PIN does without it; too short a PIN is none */
	expect("002c028105 3535353535", "", "6a80");
	expect("002c028106 353535353535", "", "9000");
	expect("002400810c 353535353535 343434343434", "", "9000");
	expect("0020008206 343434343434", "", "9000");
}

static void test_terminate_and_activate(void **state)
{
	(void)state;
	expect(SELECT, "", "9000");
	expect("00e60000", "", "6982");
	expect(WRONG_ADMIN, "", "63c2");
	expect(WRONG_ADMIN, "", "63c1");
	expect(WRONG_ADMIN, "", "6983");
	expect("00e60000", "", "9000");
	expect("00ca00c400", "", "6285");
	expect(SELECT, "", "6285");
	expect("00440000", "", "9000");
	expect(SELECT, "", "9000");
	expect(ADMIN_PIN, "", "9000");
}

/* Every elliptic curve makes a key, shows it again, and signs; the PIN of a signature holds for one. */
static void test_keys(void **state)
{
	static const struct {
		const char *attributes, *public;
	} keys[] = {
	    {"13 2a8648ce3d030107", "7f4943 8641 04"},
	    {"13 2b81040022", "7f4963 8661 04"},
	    {"16 2b06010401da470f01", "7f4922 8620"},
	};

	(void)state;
	expect(SELECT, "", "9000");
	expect("0047810002 b600 00", "", "6a88");
	expect("0047800002 b600 00", "", "6982");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char command[64];
		size_t size = 0;

		expect(ADMIN_PIN, "", "9000");
		for (const char *c = keys[i].attributes; *c; c++)
			size += *c != ' ';
		(void)snprintf(command, sizeof(command), "00da00c1%02zx %s", size / 2, keys[i].attributes);
		expect(command, "", "9000");
		expect("0047810002 b600 00", "", "6a88");
		expect("0047800002 b600 00", keys[i].public, "9000");
		expect("0047810002 b600 00", keys[i].public, "9000");
		expect("002a9e9a20 0000000000000000000000000000000000000000000000000000000000000001 00", "", "6982");
		expect(SIGN_PIN, "", "9000");
		expect("002a9e9a20 0000000000000000000000000000000000000000000000000000000000000001 00", "", "9000");
		expect("002a9e9a20 0000000000000000000000000000000000000000000000000000000000000001 00", "", "6982");
		expect("00ca007a00", "7a05 9303 000001", "9000");
	}
	expect("00da00c106 0104000020 00", "", "6a80");        /* RSA-1024 */
	expect("00da00c20a 162b06010401da470f01", "", "6a80"); /* Ed25519 deciphers nothing */
}

/* The base point of P-256 (FIPS 186-4, D.1.2.3) belongs to the secret number 1; any point times 1 is itself. */
#define BASE_X "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define BASE_Y "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define ONE    "0000000000000000000000000000000000000000000000000000000000000001"

static void test_import_and_decipher(void **state)
{
	(void)state;
	expect(SELECT, "", "9000");
	expect(ADMIN_PIN, "", "9000");
	expect("00da00c209 122a8648ce3d030107", "", "9000");
	expect("00db3fff2c 4d2a b800 7f48029221 5f4820" ONE, "", "6a80");
	expect("00db3fff2c 4d2a b900 7f48029220 5f4820" ONE, "", "6a80");
	expect("00db3fff2c 4d2a b800 7f48029220 5f4820" ONE, "", "9000");
	expect("0047810002 b800 00", "7f4943 8641 04" BASE_X BASE_Y, "9000");
	expect("002a808648 a646 7f4943 8641 04" BASE_X BASE_Y "00", "", "6982");
	expect(USER_PIN, "", "9000");
	expect("002a808648 a646 7f4943 8641 04" BASE_X BASE_Y "00", BASE_X, "9000");
	expect("002a808648 a646 7f4943 8641 04" BASE_X ONE "00", "", "6a80"); /* not on the curve */
}

static void test_extended_and_chained(void **state)
{
	(void)state;
	expect(SELECT, "", "9000");
	expect("00200082 00 0006 313233343536", "", "9000"); /* extended, without Le */
	expect("00ca006e 00 0000", "6e", "9000");            /* extended Le: all at once */
	expect("00ca006e10", "6e", "61d7");
	expect("00c0000000", "", "9000");
	expect("10da5f5002 6161", "", "9000"); /* a chain of two */
	expect("00da5f5002 6262", "", "6982");
	expect(ADMIN_PIN, "", "9000");
	expect("10da5f5002 6161", "", "9000");
	expect("00da5f5002 6262", "", "9000");
	expect("00ca5f5000", "61616262", "9000");
}

/* RFC 4226, appendix D. */
static void test_hotp_codes(void **state)
{
	static const uint32_t codes[] = {755224, 287082, 359152, 969429, 338314,
	                                 254676, 287922, 162583, 399871, 520489};
	struct bytes secret = bytes_from_string("12345678901234567890");
	uint8_t ahead;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		assert_int_equal(hotp_code(secret, i, 6), codes[i]);
	assert_int_equal(hotp_code(secret, 0, 8), 84755224);
	assert_int_equal(hotp_check(&card, codes[0], &ahead), HOTP_NOT_PROGRAMMED);
	assert_true(hotp_program(&card, secret, 0, 6, BYTES_EMPTY));
	assert_int_equal(hotp_check(&card, codes[3], &ahead), HOTP_RIGHT);
	assert_int_equal(ahead, 3);
	assert_int_equal(hotp_check(&card, codes[3], &ahead), HOTP_WRONG); /* used */
	assert_int_equal(hotp_check(&card, codes[4], &ahead), HOTP_RIGHT);
	assert_int_equal(hotp_check(&card, hotp_code(secret, 5 + HOTP_WINDOW, 6), &ahead), HOTP_WRONG);
}

#define NAME     "71 10 48454144532056616c69646174696f6e" /* "HEADS Validation" */
#define SELECT_3 "00a4040007 a0000005272101"

static void test_nitrokey_3(void **state)
{
	(void)state;
	expect(SELECT_3, "", "6a82"); /* only a Nitrokey 3 has it */
	card.model = MODEL_NITROKEY_3;
	expect(SELECT_3, "7903 040d00 8f04 12345678", "9000");
	expect("00b1000018" NAME "7504 000b8618", "", "6a82");
	expect("00b2000005 8003 313233", "", "6982"); /* no PIN yet */
	expect("00b4000005 8003 313233", "", "9000");
	expect("0001000032" NAME "7316 31 06 3132333435363738393031323334353637383930 7800 7a04 00000000", "", "6982");
	expect("00b2000005 8003 313234", "", "6300");
	expect(SELECT_3, "7903 040d00 8201 07 8f04 12345678", "9000");
	expect("00b2000005 8003 313233", "", "9000");
	expect("0001000032" NAME "7316 31 06 3132333435363738393031323334353637383930 7800 7a04 00000000", "", "9000");
	expect("00b1000018" NAME "7504 000b8618", "", "9000"); /* 755224 */
	expect("00b1000018" NAME "7504 000b8618", "", "6300");
	expect("0002000012" NAME, "", "9000");
	expect("00b1000018" NAME "7504 0004616a", "", "6a82");
	expect("00a4040009 a00000084700000001", "", "9000");
	expect("0061000004", "00400203", "9000");
}

static void hid(uint8_t command, const void *payload, size_t size, uint8_t status, uint8_t answer[HID_REPORT_SIZE])
{
	uint8_t report[HID_REPORT_SIZE] = {command};
	uint32_t crc;

	if (size > 0)
		memcpy(report + 1, payload, size);
	crc = hid_crc(report, 60);
	for (size_t i = 0; i < 4; i++)
		report[60 + i] = (uint8_t)(crc >> (8 * i));
	hid_run(&card, report, answer);
	assert_int_equal(answer[1], command);
	assert_memory_equal(answer + 2, report + 60, 4);
	assert_int_equal(answer[6], status);
}

static void test_hid(void **state)
{
	uint8_t answer[HID_REPORT_SIZE], login[50] = "12345678", data[57] = "", slot[47] = "";
	static const uint8_t code[4] = {0x18, 0x86, 0x0b, 0}, bad[HID_REPORT_SIZE] = {0};

	(void)state;
	hid_run(&card, bad, answer);
	assert_int_equal(answer[6], 1); /* wrong CRC */
	hid(0x18, code, 4, 3, answer);  /* not programmed */
	hid(0x09, NULL, 0, 0, answer);
	assert_int_equal(answer[7], 3);
	hid(0x17, data, sizeof(data), 5, answer); /* not authorised */
	memcpy(login + 25, "temporary", 9);
	login[0] = '0';
	hid(0x07, login, sizeof(login), 4, answer);
	hid(0x09, NULL, 0, 0, answer);
	assert_int_equal(answer[7], 2);
	login[0] = '1';
	hid(0x07, login, sizeof(login), 0, answer);
	memcpy(data, "temporary", 9);
	memcpy(data + 25,
	       "S\0"
	       "12345678901234567890",
	       22);
	hid(0x17, data, sizeof(data), 0, answer);
	memcpy(slot, "temporary", 9);
	slot[25] = 0x10;
	hid(0x01, slot, sizeof(slot), 2, answer); /* another slot */
	slot[25] = 0x13;
	hid(0x01, slot, sizeof(slot), 0, answer);
	hid(0x18, code, 4, 0, answer);
	assert_int_equal(answer[7], 1);
	hid(0x18, code, 4, 0, answer);
	assert_int_equal(answer[7], 0);
	hid(0x99, NULL, 0, 9, answer);
	/* the answer is protected as the command is */
	assert_int_equal(hid_crc(answer, 60), (uint32_t)answer[60] | (uint32_t)answer[61] << 8 |
	                                          (uint32_t)answer[62] << 16 | (uint32_t)answer[63] << 24);
}

/* The vector of the STM32's unit: one word of zeros. */
static void test_crc(void **state)
{
	static const uint8_t zeros[4];

	(void)state;
	assert_int_equal(hid_crc(zeros, 4), 0xc704dd7b);
}

static void test_reader(void **state)
{
	struct ccid ccid = {&card, false};
	CLEANUP(buffer_clear) struct buffer message = {0}, answer = {0};
	bool unplug;

	(void)state;
	from_hex("62 00000000 00 07 000000", &message);
	assert_int_equal(ccid_message_size(buffer_bytes(&message)), 10);
	assert_int_equal(ccid_message_size(bytes_slice(buffer_bytes(&message), 0, 9)), 0);
	assert_true(ccid_run(&ccid, buffer_bytes(&message), &answer, &unplug));
	assert_memory_equal(answer.data, "\x80\x15\0\0\0\0\x07\0\0\0\x3b\xda", 12);
	answer.size = message.size = 0;
	from_hex("6f 0b000000 00 08 000000" SELECT, &message);
	assert_int_equal(ccid_message_size(buffer_bytes(&message)), 21);
	assert_true(ccid_run(&ccid, buffer_bytes(&message), &answer, &unplug));
	assert_memory_equal(answer.data, "\x80\x02\0\0\0\0\x08\0\0\0\x90\0", 12);
	answer.size = 0;
	assert_true(fault_parse("status=6f00@1", &card.faults) && fault_parse("unplug@3", &card.faults) &&
	            fault_parse("stall@2", &card.faults));
	assert_true(ccid_run(&ccid, buffer_bytes(&message), &answer, &unplug));
	assert_memory_equal(answer.data + 10, "\x6f\0", 2);
	assert_false(ccid_run(&ccid, buffer_bytes(&message), &answer, &unplug));
	assert_false(unplug);
	assert_false(ccid_run(&ccid, buffer_bytes(&message), &answer, &unplug));
	assert_true(unplug);
	card.faults = (struct card_faults){0};
	assert_true(fault_parse("unplug-after=card-a4@2", &card.faults));
	assert_int_equal(fault_next(&card.faults, CHANNEL_CARD, 0xca), FAULT_NONE);
	assert_int_equal(fault_next(&card.faults, CHANNEL_HID, 0xa4), FAULT_NONE);
	answer.size = 0;
	assert_true(ccid_run(&ccid, buffer_bytes(&message), &answer, &unplug));
	assert_memory_equal(answer.data + 10, "\x90\0", 2);
	card.applet = APPLET_NONE;
	answer.size = 0;
	assert_false(ccid_run(&ccid, buffer_bytes(&message), &answer, &unplug));
	assert_true(unplug && answer.size == 0 && card.applet == APPLET_OPENPGP); /* carried out, not answered */
	assert_int_equal(fault_next(&card.faults, CHANNEL_CARD, 0xca), FAULT_UNPLUG);
	card.faults = (struct card_faults){0};
	assert_true(fault_parse("unplug=hid-07@1", &card.faults));
	assert_int_equal(fault_next(&card.faults, CHANNEL_CARD, 0x07), FAULT_NONE);
	assert_int_equal(fault_next(&card.faults, CHANNEL_HID, 0x07), FAULT_UNPLUG);
	assert_false(fault_parse("unplug=47@1", &card.faults) || fault_parse("unplug=card-4@1", &card.faults) ||
	             fault_parse("unplug=card-47", &card.faults) || fault_parse("unplug=hid-07@0", &card.faults));
	assert_false(fault_parse("unplug@", &card.faults) || fault_parse("stall@x", &card.faults) ||
	             fault_parse("status=6f@1", &card.faults) || fault_parse("nothing", &card.faults));
}

/* What was true at the end is true at the beginning; a damaged state is not used. */
static void test_state_is_kept(void **state)
{
	char folder[] = "/tmp/heads-dongle-XXXXXX", path[64];
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct error error;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/state", folder);
	card.state_path = path;
	expect(SELECT, "", "9000");
	expect(WRONG_PIN, "", "63c2");
	expect(ADMIN_PIN, "", "9000");
	expect("00da005b03 414243", "", "9000");
	card_power_off(&card);
	memset(card.values, 0, sizeof(card.values));
	assert_int_equal(card_load(&card, &error), 0);
	expect(SELECT, "", "9000");
	expect("00200082", "", "63c2");
	expect("00ca005b00", "414243", "9000");
	assert_int_equal(file_read(path, 100000, &text, &error), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text.data, 1, text.size / 2, file), text.size / 2);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(card_load(&card, &error), -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "damaged"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, new_card, drop_card)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_select_and_data),
	    TEST(test_pins_count_down_and_block),
	    TEST(test_terminate_and_activate),
	    TEST(test_keys),
	    TEST(test_import_and_decipher),
	    TEST(test_extended_and_chained),
	    TEST(test_hotp_codes),
	    TEST(test_nitrokey_3),
	    TEST(test_hid),
	    TEST(test_crc),
	    TEST(test_reader),
	    TEST(test_state_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
