/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hotp.h"
#include "base/cleanup.h"

uint32_t hotp_code(struct bytes secret, uint64_t counter, uint64_t digits)
{
	CLEANUP(buffer_clear) struct buffer message = {0};
	struct digest mac;
	struct cursor cursor;
	struct bytes part;

	buffer_append_u64be(&message, counter);
	part = buffer_bytes(&message);
	mac = hmac_of(HASH_SHA1, secret, &part, 1);
	cursor = cursor_make(bytes_slice(digest_bytes(&mac), mac.data[mac.size - 1] & 0xf, 4));
	return (cursor_u32be(&cursor) & 0x7fffffff) % (digits == 8 ? 100000000u : 1000000u);
}

enum hotp_answer hotp_check(struct card *card, uint32_t code, uint8_t *ret_ahead)
{
	uint64_t counter = card->numbers[NUMBER_HOTP_COUNTER];

	*ret_ahead = 0;
	if (card->numbers[NUMBER_HOTP_DIGITS] == 0)
		return HOTP_NOT_PROGRAMMED;
	for (uint8_t ahead = 0; ahead < HOTP_WINDOW; ahead++) {
		if (hotp_code(card_value(card, VALUE_HOTP_SECRET), counter + ahead,
		              card->numbers[NUMBER_HOTP_DIGITS]) != code)
			continue;
		card->numbers[NUMBER_HOTP_COUNTER] = counter + ahead + 1;
		*ret_ahead = ahead;
		return HOTP_RIGHT;
	}
	return HOTP_WRONG;
}

bool hotp_program(struct card *card, struct bytes secret, uint64_t counter, uint64_t digits, struct bytes name)
{
	if (secret.size == 0 || (digits != 6 && digits != 8) || !card_set(card, VALUE_HOTP_SECRET, secret) ||
	    !card_set(card, VALUE_HOTP_NAME, name))
		return false;
	card->numbers[NUMBER_HOTP_COUNTER] = counter;
	card->numbers[NUMBER_HOTP_DIGITS] = digits;
	return true;
}

void hotp_forget(struct card *card)
{
	(void)card_set(card, VALUE_HOTP_SECRET, BYTES_EMPTY);
	(void)card_set(card, VALUE_HOTP_NAME, BYTES_EMPTY);
	card->numbers[NUMBER_HOTP_COUNTER] = 0;
	card->numbers[NUMBER_HOTP_DIGITS] = 0;
}
