/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apdu.h"
#include "base/cleanup.h"
#include "openpgp.h"
#include "secrets.h"

#define CLA_CHAINED      0x10
#define INS_SELECT       0xa4
#define INS_GET_RESPONSE 0xc0
#define SHORT_LIMIT      256
#define LONG_LIMIT       65536
#define CHAIN_LIMIT      8192

/* Extended lengths: a zero, Lc in two bytes, data, Le in two bytes; Lc or Le may be missing. */
static bool parse_long(struct cursor cursor, struct apdu *apdu)
{
	size_t size;

	(void)cursor_u8(&cursor);
	size = cursor_u16be(&cursor);
	if (cursor.rest.size == 0) {
		apdu->has_limit = true;
		apdu->limit = size == 0 ? LONG_LIMIT : size;
		return !cursor.failed;
	}
	apdu->data = cursor_bytes(&cursor, size);
	if (cursor.rest.size == 0)
		return !cursor.failed && size > 0;
	size = cursor_u16be(&cursor);
	apdu->has_limit = true;
	apdu->limit = size == 0 ? LONG_LIMIT : size;
	return !cursor.failed && cursor.rest.size == 0;
}

static bool parse_short(struct cursor cursor, struct apdu *apdu)
{
	size_t size;

	if (cursor.rest.size == 0)
		return true;
	if (cursor.rest.size > 1) {
		apdu->data = cursor_bytes(&cursor, cursor_u8(&cursor));
		if (cursor.rest.size == 0)
			return !cursor.failed;
	}
	size = cursor_u8(&cursor);
	apdu->has_limit = true;
	apdu->limit = size == 0 ? SHORT_LIMIT : size;
	return !cursor.failed && cursor.rest.size == 0;
}

bool apdu_parse(struct bytes bytes, struct apdu *ret_apdu)
{
	struct cursor cursor = cursor_make(bytes);

	*ret_apdu = (struct apdu){.limit = SHORT_LIMIT};
	ret_apdu->cla = cursor_u8(&cursor);
	ret_apdu->ins = cursor_u8(&cursor);
	ret_apdu->p1 = cursor_u8(&cursor);
	ret_apdu->p2 = cursor_u8(&cursor);
	if (cursor.failed)
		return false;
	return cursor.rest.size >= 3 && cursor.rest.data[0] == 0 ? parse_long(cursor, ret_apdu)
	                                                         : parse_short(cursor, ret_apdu);
}

static uint16_t select_applet(struct card *card, const struct apdu *apdu, struct buffer *answer)
{
	static const struct {
		struct bytes aid;
		enum card_applet applet;
		bool nitrokey_3; /* only it has this one */
	} applets[] = {
	    {{(const uint8_t *)"\xd2\x76\x00\x01\x24\x01", 6}, APPLET_OPENPGP, false},
	    {{(const uint8_t *)"\xa0\x00\x00\x05\x27\x21\x01", 7}, APPLET_SECRETS, true},
	    {{(const uint8_t *)"\xa0\x00\x00\x08\x47\x00\x00\x00\x01", 9}, APPLET_ADMIN, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(applets); i++) {
		if (!bytes_equal(bytes_slice(apdu->data, 0, applets[i].aid.size), applets[i].aid) ||
		    (applets[i].nitrokey_3 && card->model != MODEL_NITROKEY_3))
			continue;
		card->applet = applets[i].applet;
		card->shown = 0;
		if (card->applet == APPLET_SECRETS)
			return secrets_select(card, answer);
		return card->applet == APPLET_OPENPGP && card->numbers[NUMBER_TERMINATED] ? SW_TERMINATED : SW_OK;
	}
	return SW_NOT_FOUND;
}

static uint16_t run(struct card *card, const struct apdu *apdu, struct buffer *answer)
{
	if (apdu->ins == INS_SELECT && apdu->p1 == 4)
		return select_applet(card, apdu, answer);
	switch (card->applet) {
	case APPLET_OPENPGP:
		return openpgp_run(card, apdu, answer);
	case APPLET_SECRETS:
		return secrets_run(card, apdu, answer);
	case APPLET_ADMIN:
		return secrets_run_admin(apdu, answer);
	case APPLET_NONE:
		break;
	}
	return SW_NO_INSTRUCTION;
}

/* As much of the answer as was asked for; GET RESPONSE fetches the rest. */
static void give(struct card *card, size_t limit, uint16_t status, struct buffer *answer)
{
	CLEANUP(buffer_clear) struct buffer all = card->rest;
	size_t left;

	card->rest = (struct buffer){0};
	buffer_append_bytes(answer, bytes_slice(buffer_bytes(&all), 0, limit));
	left = all.size > limit ? all.size - limit : 0;
	if (left > 0) {
		buffer_append_bytes(&card->rest, bytes_slice(buffer_bytes(&all), limit, left));
		status = (uint16_t)(0x6100 | (left > UINT8_MAX ? UINT8_MAX : left));
	}
	buffer_append_u16be(answer, status);
}

void apdu_run(struct card *card, struct bytes command, struct buffer *answer)
{
	CLEANUP(buffer_clear) struct buffer chained = {0};
	uint16_t status;
	struct apdu apdu;

	if (!apdu_parse(command, &apdu) || card->chain.size + apdu.data.size > CHAIN_LIMIT) {
		buffer_clear(&card->chain);
		buffer_append_u16be(answer, SW_WRONG_LENGTH);
		return;
	}
	if (apdu.ins == INS_GET_RESPONSE) {
		give(card, apdu.limit, SW_OK, answer);
		return;
	}
	buffer_clear(&card->rest);
	if (apdu.cla & CLA_CHAINED) {
		buffer_append_bytes(&card->chain, apdu.data);
		buffer_append_u16be(answer, SW_OK);
		return;
	}
	if (card->chain.size > 0) {
		chained = card->chain;
		card->chain = (struct buffer){0};
		buffer_append_bytes(&chained, apdu.data);
		apdu.data = buffer_bytes(&chained);
	}
	status = run(card, &apdu, &card->rest);
	if (card_save(card, NULL) < 0)
		status = SW_FAILED;
	give(card, apdu.limit, status, answer);
}
