/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secrets.h"
#include "base/cleanup.h"
#include "hotp.h"

#define PIN_MAX          127
#define KIND_REVERSE     0x31 /* reverse HOTP with SHA-1 */
#define FIRMWARE_VERSION ((1u << 22) | (8u << 6) | 3u)

enum instruction {
	INS_PUT = 0x01,
	INS_DELETE = 0x02,
	INS_RESET = 0x04,
	INS_ADMIN_VERSION = 0x61,
	INS_VERIFY_CODE = 0xb1,
	INS_VERIFY_PIN = 0xb2,
	INS_CHANGE_PIN = 0xb3,
	INS_SET_PIN = 0xb4,
};

enum tag {
	TAG_NAME = 0x71,
	TAG_KEY = 0x73,
	TAG_CODE = 0x75,
	TAG_PROPERTIES = 0x78, /* a tag and a value, without a length */
	TAG_VERSION = 0x79,
	TAG_COUNTER = 0x7a,
	TAG_PIN = 0x80,
	TAG_NEW_PIN = 0x81,
	TAG_TRIES = 0x82,
	TAG_SERIAL = 0x8f,
};

uint16_t secrets_select(const struct card *card, struct buffer *answer)
{
	CLEANUP(buffer_clear) struct buffer serial = {0};
	uint8_t tries = (uint8_t)card->numbers[NUMBER_SECRETS_TRIES];

	tlv_append(answer, TAG_VERSION, bytes_make("\x04\x0d\0", 3));
	if (card->values[VALUE_SECRETS_PIN].size > 0)
		tlv_append(answer, TAG_TRIES, bytes_make(&tries, 1));
	buffer_append_u32be(&serial, card->serial);
	tlv_append(answer, TAG_SERIAL, buffer_bytes(&serial));
	return SW_OK;
}

/* As tlv_find, over properties too, which have no length. */
static bool find(struct bytes data, unsigned int wanted, struct bytes *ret_value)
{
	unsigned int tag;

	while (data.size > 0) {
		if (data.data[0] == TAG_PROPERTIES) {
			data = bytes_slice(data, 2, data.size);
			continue;
		}
		if (!tlv_next(&data, &tag, ret_value))
			return false;
		if (tag == wanted)
			return true;
	}
	return false;
}

static uint16_t put(struct card *card, struct bytes data)
{
	struct bytes name, key, counter = BYTES_EMPTY;
	struct cursor cursor;
	uint32_t first = 0;

	if (card->values[VALUE_SECRETS_PIN].size > 0 && !(card->shown & SHOWN_SECRETS))
		return SW_NOT_SHOWN;
	if (!find(data, TAG_NAME, &name) || !find(data, TAG_KEY, &key) || key.size < 3 || key.data[0] != KIND_REVERSE)
		return SW_WRONG_DATA;
	if (find(data, TAG_COUNTER, &counter)) {
		cursor = cursor_make(counter);
		first = cursor_u32be(&cursor);
		if (cursor.failed)
			return SW_WRONG_DATA;
	}
	return hotp_program(card, bytes_slice(key, 2, key.size), first, key.data[1], name) ? SW_OK : SW_WRONG_DATA;
}

static bool is_programmed(const struct card *card, struct bytes data)
{
	struct bytes name;

	return card->numbers[NUMBER_HOTP_DIGITS] > 0 && find(data, TAG_NAME, &name) &&
	       bytes_equal(name, card_value(card, VALUE_HOTP_NAME));
}

static uint16_t verify_code(struct card *card, struct bytes data)
{
	struct cursor cursor;
	struct bytes code;
	uint8_t ahead;

	if (!is_programmed(card, data))
		return SW_NOT_FOUND;
	if (!find(data, TAG_CODE, &code) || code.size != 4)
		return SW_WRONG_DATA;
	cursor = cursor_make(code);
	return hotp_check(card, cursor_u32be(&cursor), &ahead) == HOTP_RIGHT ? SW_OK : SW_WRONG_CODE;
}

static uint16_t set_pin(struct card *card, struct bytes pin)
{
	if (pin.size == 0 || pin.size > PIN_MAX || !card_set(card, VALUE_SECRETS_PIN, pin))
		return SW_WRONG_DATA;
	card->numbers[NUMBER_SECRETS_TRIES] = SECRETS_TRIES;
	return SW_OK;
}

static uint16_t use_pin(struct card *card, const struct apdu *apdu)
{
	bool is_set = card->values[VALUE_SECRETS_PIN].size > 0;
	struct bytes pin, new_pin;

	if (apdu->ins == INS_SET_PIN)
		return is_set || !find(apdu->data, TAG_PIN, &pin) ? SW_NOT_SHOWN : set_pin(card, pin);
	if (!is_set)
		return SW_NOT_SHOWN;
	if (!find(apdu->data, TAG_PIN, &pin))
		return SW_WRONG_DATA;
	card->shown = 0;
	if (!card_try_pin(card, VALUE_SECRETS_PIN, NUMBER_SECRETS_TRIES, SECRETS_TRIES, pin))
		return SW_WRONG_CODE;
	if (apdu->ins == INS_CHANGE_PIN)
		return find(apdu->data, TAG_NEW_PIN, &new_pin) ? set_pin(card, new_pin) : SW_WRONG_DATA;
	card->shown = SHOWN_SECRETS;
	return SW_OK;
}

uint16_t secrets_run(struct card *card, const struct apdu *apdu, struct buffer *answer)
{
	(void)answer;
	switch (apdu->ins) {
	case INS_PUT:
		return put(card, apdu->data);
	case INS_DELETE:
		if (!is_programmed(card, apdu->data))
			return SW_NOT_FOUND;
		hotp_forget(card);
		return SW_OK;
	case INS_RESET:
		if (apdu->p1 != 0xde || apdu->p2 != 0xad)
			return SW_WRONG_PLACE;
		hotp_forget(card);
		(void)card_set(card, VALUE_SECRETS_PIN, BYTES_EMPTY);
		return SW_OK;
	case INS_VERIFY_CODE:
		return verify_code(card, apdu->data);
	case INS_VERIFY_PIN:
	case INS_CHANGE_PIN:
	case INS_SET_PIN:
		return use_pin(card, apdu);
	default:
		return SW_NO_INSTRUCTION;
	}
}

uint16_t secrets_run_admin(const struct apdu *apdu, struct buffer *answer)
{
	if (apdu->ins != INS_ADMIN_VERSION)
		return SW_NO_INSTRUCTION;
	buffer_append_u32be(answer, FIRMWARE_VERSION);
	return SW_OK;
}
