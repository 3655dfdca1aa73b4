/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hid.h"
#include "base/cleanup.h"
#include "hotp.h"
#include "openpgp.h"
#include <string.h>

#define CRC_OFFSET    (HID_REPORT_SIZE - 4)
#define ANSWER_OFFSET 7 /* of the answer's payload */
#define PASSWORD_SIZE 25
#define SECRET_SIZE   20
#define HOTP_SLOT     0x13 /* the third one, which Heads uses */
#define EIGHT_DIGITS  1u

enum command {
	COMMAND_STATUS = 0x00,
	COMMAND_WRITE_SLOT = 0x01,
	COMMAND_AUTHENTICATE = 0x07,
	COMMAND_ADMIN_TRIES = 0x09,
	COMMAND_USER_TRIES = 0x0f,
	COMMAND_SEND_DATA = 0x17,
	COMMAND_VERIFY_CODE = 0x18,
	COMMAND_NEW_KEYS_STORAGE = 0x26,
	COMMAND_STORAGE_STATUS = 0x2e,
	COMMAND_NEW_KEYS = 0x6b,
};

enum status {
	STATUS_OK = 0,
	STATUS_WRONG_CRC = 1,
	STATUS_WRONG_SLOT = 2,
	STATUS_NOT_PROGRAMMED = 3,
	STATUS_WRONG_PASSWORD = 4,
	STATUS_NOT_AUTHORISED = 5,
	STATUS_UNKNOWN = 9,
};

uint32_t hid_crc(const uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_make(bytes_make(data, size));
	uint32_t crc = UINT32_MAX;

	while (cursor.rest.size >= 4) {
		crc ^= cursor_u32le(&cursor);
		for (int bit = 0; bit < 32; bit++)
			crc = crc & 0x80000000u ? crc << 1 ^ 0x04c11db7u : crc << 1;
	}
	return crc;
}

static void put_u32le(uint8_t *to, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* A PIN in a field of fixed size ends with its first zero. */
static struct bytes text_of(struct bytes field)
{
	const uint8_t *end = field.size > 0 ? memchr(field.data, 0, field.size) : NULL;

	return end ? bytes_slice(field, 0, (size_t)(end - field.data)) : field;
}

static bool is_authorised(const struct card *card, struct bytes payload)
{
	return card->has_temporary_password && bytes_equal_secret(bytes_slice(payload, 0, PASSWORD_SIZE),
	                                                          bytes_make(card->temporary_password, PASSWORD_SIZE));
}

static bool try_admin_pin(struct card *card, struct bytes field)
{
	return card_try_pin(card, VALUE_ADMIN_PIN, NUMBER_ADMIN_TRIES, OPENPGP_TRIES, text_of(field));
}

static enum status authenticate(struct card *card, struct bytes payload)
{
	card->has_temporary_password = false;
	if (!try_admin_pin(card, bytes_slice(payload, 0, PASSWORD_SIZE)))
		return STATUS_WRONG_PASSWORD;
	memcpy(card->temporary_password, payload.data + PASSWORD_SIZE, PASSWORD_SIZE);
	card->has_temporary_password = true;
	return STATUS_OK;
}

/* Secret (S) or name (N), in pieces of 30 bytes. */
static enum status send_data(struct card *card, struct bytes payload)
{
	uint8_t type = payload.data[PASSWORD_SIZE], piece = payload.data[PASSWORD_SIZE + 1];

	if (!is_authorised(card, payload))
		return STATUS_NOT_AUTHORISED;
	if (type == 'S' && piece == 0)
		memcpy(card->hid_secret, payload.data + PASSWORD_SIZE + 2, SECRET_SIZE);
	return STATUS_OK;
}

static enum status write_slot(struct card *card, struct bytes payload)
{
	struct cursor cursor = cursor_make(bytes_slice(payload, PASSWORD_SIZE, payload.size));
	uint8_t slot = cursor_u8(&cursor), config;
	uint64_t counter = cursor_u64le(&cursor);

	config = cursor_u8(&cursor);
	if (!is_authorised(card, payload))
		return STATUS_NOT_AUTHORISED;
	if (slot != HOTP_SLOT)
		return STATUS_WRONG_SLOT;
	(void)hotp_program(card, bytes_make(card->hid_secret, SECRET_SIZE), counter, config & EIGHT_DIGITS ? 8 : 6,
	                   bytes_from_string("slot 3"));
	return STATUS_OK;
}

static enum status verify_code(struct card *card, struct bytes payload, uint8_t *answer)
{
	struct cursor cursor = cursor_make(payload);
	enum hotp_answer result = hotp_check(card, cursor_u32le(&cursor), &answer[1]);

	answer[0] = result == HOTP_RIGHT;
	return result == HOTP_NOT_PROGRAMMED ? STATUS_NOT_PROGRAMMED : STATUS_OK;
}

static void tell_status(const struct card *card, uint8_t *answer)
{
	answer[0] = card->model == MODEL_NITROKEY_STORAGE ? 1 : card->model == MODEL_LIBREM_KEY ? 10 : 15;
	answer[1] = 0;
	put_u32le(answer + 2, card->serial);
	answer[6] = answer[7] = answer[8] = 0xff; /* no code on keys of the keyboard */
}

/* The part that matters of StatusResponsePayloadStorage, 22 bytes into the payload. */
static void tell_storage_status(const struct card *card, uint8_t *answer)
{
	answer[22 + 4] = 0;
	answer[22 + 5] = 57;
	answer[22 + 18] = (uint8_t)card->numbers[NUMBER_USER_TRIES];
	answer[22 + 19] = (uint8_t)card->numbers[NUMBER_ADMIN_TRIES];
	put_u32le(answer + 22 + 20, card->serial);
}

static enum status run(struct card *card, uint8_t command, struct bytes payload, uint8_t *answer)
{
	bool storage = card->model == MODEL_NITROKEY_STORAGE;

	switch (command) {
	case COMMAND_STATUS:
		tell_status(card, answer);
		return STATUS_OK;
	case COMMAND_ADMIN_TRIES:
		answer[0] = (uint8_t)card->numbers[NUMBER_ADMIN_TRIES];
		return STATUS_OK;
	case COMMAND_USER_TRIES:
		answer[0] = (uint8_t)card->numbers[NUMBER_USER_TRIES];
		return STATUS_OK;
	case COMMAND_AUTHENTICATE:
		return authenticate(card, payload);
	case COMMAND_SEND_DATA:
		return send_data(card, payload);
	case COMMAND_WRITE_SLOT:
		return write_slot(card, payload);
	case COMMAND_VERIFY_CODE:
		return verify_code(card, payload, answer);
	case COMMAND_STORAGE_STATUS:
		if (!storage)
			return STATUS_UNKNOWN;
		tell_storage_status(card, answer);
		return STATUS_OK;
	case COMMAND_NEW_KEYS_STORAGE:
	case COMMAND_NEW_KEYS:
		if (storage != (command == COMMAND_NEW_KEYS_STORAGE))
			return STATUS_UNKNOWN;
		if (!try_admin_pin(card, bytes_slice(payload, storage ? 1 : 0, storage ? 30 : 20)))
			return STATUS_WRONG_PASSWORD;
		hotp_forget(card);
		return STATUS_OK;
	default:
		return STATUS_UNKNOWN;
	}
}

void hid_run(struct card *card, const uint8_t report[HID_REPORT_SIZE], uint8_t answer[HID_REPORT_SIZE])
{
	struct cursor sum = cursor_make(bytes_make(report + CRC_OFFSET, 4));
	uint32_t crc = cursor_u32le(&sum);
	enum status status = STATUS_WRONG_CRC;

	memset(answer, 0, HID_REPORT_SIZE);
	if (crc == hid_crc(report, CRC_OFFSET))
		status = run(card, report[0], bytes_make(report + 1, CRC_OFFSET - 1), answer + ANSWER_OFFSET);
	answer[1] = report[0];
	put_u32le(answer + 2, crc);
	answer[6] = (uint8_t)status;
	(void)card_save(card, NULL);
	put_u32le(answer + CRC_OFFSET, hid_crc(answer, CRC_OFFSET));
}
