/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/hotp_hid.h"

#include <string.h>

#define CHECKSUM_OFFSET (HOTP_HID_REPORT_SIZE - 4)
#define PAYLOAD_SIZE    (CHECKSUM_OFFSET - 1)
#define POLYNOMIAL      0x04c11db7u

#define DEVICE_BUSY     1
#define DEVICE_RECEIVED 3 /* and has not begun */

#define SLOT_CHECKS_CODES 0x13
#define SIX_DIGITS        0
#define PIECE_SECRET      'S'
#define PIECE_NAME        'N'
#define PIECE_OFFSET      (HOTP_HID_PASSWORD_SIZE + 2)
#define NAME_LIMIT        15
/* Where a Storage's own status begins in its payload, and in that: version, serial number. */
#define STORAGE_VERSION 26
#define STORAGE_SERIAL  42

/* The CRC unit of the dongle's controller: little-endian words, the highest bit first, no reflection. */
static uint32_t checksum(const uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_make(bytes_make(data, size));
	uint32_t crc = UINT32_MAX;

	while (cursor.rest.size >= 4) {
		crc ^= cursor_u32le(&cursor);
		for (int bit = 0; bit < 32; bit++)
			crc = crc & 0x80000000u ? crc << 1 ^ POLYNOMIAL : crc << 1;
	}
	return crc;
}

static void put_u32le(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

void hotp_hid_encode(enum hotp_hid_command command, struct bytes payload, uint8_t report[HOTP_HID_REPORT_SIZE])
{
	memset(report, 0, HOTP_HID_REPORT_SIZE);
	report[0] = (uint8_t)command;
	if (payload.size > 0)
		memcpy(report + 1, payload.data, payload.size < PAYLOAD_SIZE ? payload.size : PAYLOAD_SIZE);
	put_u32le(report + CHECKSUM_OFFSET, checksum(report, CHECKSUM_OFFSET));
}

/* Encodes, and wipes the payload. */
static void encode_and_wipe(enum hotp_hid_command command, uint8_t payload[PAYLOAD_SIZE],
                            uint8_t report[HOTP_HID_REPORT_SIZE])
{
	hotp_hid_encode(command, bytes_make(payload, PAYLOAD_SIZE), report);
	memory_wipe(payload, PAYLOAD_SIZE);
}

void hotp_hid_encode_authenticate(struct bytes pin, const uint8_t password[HOTP_HID_PASSWORD_SIZE],
                                  uint8_t report[HOTP_HID_REPORT_SIZE])
{
	uint8_t payload[PAYLOAD_SIZE] = {0};

	if (pin.size > 0)
		memcpy(payload, pin.data, pin.size < HOTP_HID_PIN_LIMIT ? pin.size : HOTP_HID_PIN_LIMIT);
	memcpy(payload + HOTP_HID_PASSWORD_SIZE, password, HOTP_HID_PASSWORD_SIZE);
	encode_and_wipe(HOTP_HID_AUTHENTICATE, payload, report);
}

static void encode_piece(const uint8_t password[HOTP_HID_PASSWORD_SIZE], char type, struct bytes piece, size_t limit,
                         uint8_t report[HOTP_HID_REPORT_SIZE])
{
	uint8_t payload[PAYLOAD_SIZE] = {0};

	memcpy(payload, password, HOTP_HID_PASSWORD_SIZE);
	payload[HOTP_HID_PASSWORD_SIZE] = (uint8_t)type; /* then the piece's number, 0 */
	if (piece.size > 0)
		memcpy(payload + PIECE_OFFSET, piece.data, piece.size < limit ? piece.size : limit);
	encode_and_wipe(HOTP_HID_SEND_DATA, payload, report);
}

void hotp_hid_encode_secret(const uint8_t password[HOTP_HID_PASSWORD_SIZE], struct bytes secret,
                            uint8_t report[HOTP_HID_REPORT_SIZE])
{
	encode_piece(password, PIECE_SECRET, secret, HOTP_HID_SECRET_SIZE, report);
}

void hotp_hid_encode_name(const uint8_t password[HOTP_HID_PASSWORD_SIZE], const char *name,
                          uint8_t report[HOTP_HID_REPORT_SIZE])
{
	encode_piece(password, PIECE_NAME, bytes_from_string(name), NAME_LIMIT, report);
}

void hotp_hid_encode_slot(const uint8_t password[HOTP_HID_PASSWORD_SIZE], uint8_t report[HOTP_HID_REPORT_SIZE])
{
	uint8_t payload[PAYLOAD_SIZE] = {0};

	memcpy(payload, password, HOTP_HID_PASSWORD_SIZE);
	payload[HOTP_HID_PASSWORD_SIZE] = SLOT_CHECKS_CODES; /* then 8 bytes of the counter, 0 */
	payload[HOTP_HID_PASSWORD_SIZE + 9] = SIX_DIGITS;
	encode_and_wipe(HOTP_HID_WRITE_SLOT, payload, report);
}

void hotp_hid_encode_verify(uint32_t code, uint8_t report[HOTP_HID_REPORT_SIZE])
{
	uint8_t payload[PAYLOAD_SIZE] = {0};

	put_u32le(payload, code);
	encode_and_wipe(HOTP_HID_VERIFY_CODE, payload, report);
}

static uint32_t checksum_at(const uint8_t report[HOTP_HID_REPORT_SIZE])
{
	struct cursor cursor = cursor_make(bytes_make(report + CHECKSUM_OFFSET, 4));

	return cursor_u32le(&cursor);
}

uint32_t hotp_hid_checksum(const uint8_t report[HOTP_HID_REPORT_SIZE])
{
	return checksum_at(report);
}

int hotp_hid_decode(struct bytes report, struct hotp_hid_answer *ret_answer, struct error *error)
{
	struct cursor cursor = cursor_make(report);
	struct hotp_hid_answer answer = {0};
	uint8_t device;

	if (report.size != HOTP_HID_REPORT_SIZE)
		return error_set(error, E_MALFORMED, "dongle", "the dongle's answer has %zu bytes, not %d", report.size,
		                 HOTP_HID_REPORT_SIZE);
	if (checksum(report.data, CHECKSUM_OFFSET) != checksum_at(report.data))
		return error_set(error, E_MALFORMED, "dongle", "the checksum of the dongle's answer is wrong");
	device = cursor_u8(&cursor);
	answer.busy = device == DEVICE_BUSY || device == DEVICE_RECEIVED;
	answer.command = cursor_u8(&cursor);
	answer.checksum = cursor_u32le(&cursor);
	answer.result = cursor_u8(&cursor);
	answer.payload = bytes_slice(cursor.rest, 0, cursor.rest.size - 4);
	*ret_answer = answer;
	return 0;
}

int hotp_hid_decode_identity(const struct hotp_hid_answer *answer, struct hotp_hid_identity *ret_identity,
                             struct error *error)
{
	const bool storage = answer->command == HOTP_HID_STORAGE_STATUS;
	const struct bytes payload = answer->payload;
	struct cursor version = cursor_make(bytes_slice(payload, storage ? STORAGE_VERSION : 0, 2));
	struct cursor serial = cursor_make(bytes_slice(payload, storage ? STORAGE_SERIAL : 2, 4));
	struct hotp_hid_identity identity;
	const uint8_t first = cursor_u8(&version), second = cursor_u8(&version);

	identity.serial = cursor_u32le(&serial);
	if (version.failed || serial.failed)
		return error_set(error, E_MALFORMED, "dongle", "the dongle's status has only %zu bytes", payload.size);
	identity.major = storage ? first : second;
	identity.minor = storage ? second : first;
	*ret_identity = identity;
	return 0;
}
