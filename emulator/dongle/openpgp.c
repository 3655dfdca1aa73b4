/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands, PINs and the life cycle of the OpenPGP application. */
#include "openpgp.h"
#include "base/digest.h"

#define PIN_MAX        127
#define USER_PIN_MIN   6
#define ADMIN_PIN_MIN  8
#define CHALLENGE_SIZE 255

enum instruction {
	INS_VERIFY = 0x20,
	INS_CHANGE_PIN = 0x24,
	INS_SECURITY_OPERATION = 0x2a,
	INS_UNBLOCK = 0x2c,
	INS_ACTIVATE = 0x44,
	INS_GENERATE = 0x47,
	INS_CHALLENGE = 0x84,
	INS_AUTHENTICATE = 0x88,
	INS_GET_DATA = 0xca,
	INS_PUT_DATA = 0xda,
	INS_IMPORT = 0xdb,
	INS_TERMINATE = 0xe6,
};

struct pin {
	enum card_value value;
	enum card_number tries;
	size_t least;
	unsigned int shown;
};

/* By P2. */
static const struct pin *pin_of(uint8_t reference)
{
	static const struct pin pins[] = {
	    {VALUE_USER_PIN, NUMBER_USER_TRIES, USER_PIN_MIN, SHOWN_SIGN},
	    {VALUE_USER_PIN, NUMBER_USER_TRIES, USER_PIN_MIN, SHOWN_USER},
	    {VALUE_ADMIN_PIN, NUMBER_ADMIN_TRIES, ADMIN_PIN_MIN, SHOWN_ADMIN},
	};

	return reference >= 0x81 && reference <= 0x83 ? &pins[reference - 0x81] : NULL;
}

static uint16_t wrong_pin(const struct card *card, enum card_number tries)
{
	return card->numbers[tries] == 0 ? SW_BLOCKED : (uint16_t)(SW_TRIES_LEFT | card->numbers[tries]);
}

static uint16_t verify(struct card *card, const struct apdu *apdu)
{
	const struct pin *pin = pin_of(apdu->p2);

	if (!pin || (apdu->p1 != 0 && apdu->p1 != 0xff))
		return SW_WRONG_PLACE;
	if (apdu->p1 == 0xff) {
		card->shown &= ~pin->shown;
		return SW_OK;
	}
	if (apdu->data.size == 0)
		return card->shown & pin->shown ? SW_OK : wrong_pin(card, pin->tries);
	if (!card_try_pin(card, pin->value, pin->tries, OPENPGP_TRIES, apdu->data)) {
		card->shown &= ~pin->shown;
		return wrong_pin(card, pin->tries);
	}
	card->shown |= pin->shown;
	return SW_OK;
}

/* The old PIN and the new one come in one piece. */
static uint16_t change_pin(struct card *card, const struct apdu *apdu)
{
	const struct pin *pin = pin_of(apdu->p2);
	struct bytes new_pin;
	size_t old_size;

	if (!pin || apdu->p2 == 0x82 || apdu->p1 != 0)
		return SW_WRONG_PLACE;
	old_size = card->values[pin->value].size;
	if (!card_try_pin(card, pin->value, pin->tries, OPENPGP_TRIES, bytes_slice(apdu->data, 0, old_size)))
		return wrong_pin(card, pin->tries);
	new_pin = bytes_slice(apdu->data, old_size, apdu->data.size);
	if (new_pin.size < pin->least || new_pin.size > PIN_MAX)
		return SW_WRONG_DATA;
	card->shown &= ~(pin->shown | (apdu->p2 == 0x81 ? SHOWN_USER : 0));
	return card_set(card, pin->value, new_pin) ? SW_OK : SW_WRONG_DATA;
}

static uint16_t unblock(struct card *card, const struct apdu *apdu)
{
	size_t code_size = card->values[VALUE_RESET_CODE].size;
	struct bytes new_pin = apdu->data;

	if (apdu->p2 != 0x81 || (apdu->p1 != 0 && apdu->p1 != 2))
		return SW_WRONG_PLACE;
	if (apdu->p1 == 2 && !(card->shown & SHOWN_ADMIN))
		return SW_NOT_SHOWN;
	if (apdu->p1 == 0) {
		if (!card_try_pin(card, VALUE_RESET_CODE, NUMBER_RESET_TRIES, OPENPGP_TRIES,
		                  bytes_slice(apdu->data, 0, code_size)))
			return wrong_pin(card, NUMBER_RESET_TRIES);
		new_pin = bytes_slice(apdu->data, code_size, apdu->data.size);
	}
	if (new_pin.size < USER_PIN_MIN || new_pin.size > PIN_MAX || !card_set(card, VALUE_USER_PIN, new_pin))
		return SW_WRONG_DATA;
	card->numbers[NUMBER_USER_TRIES] = OPENPGP_TRIES;
	return SW_OK;
}

static uint16_t terminate(struct card *card)
{
	if (!(card->shown & SHOWN_ADMIN) && card->numbers[NUMBER_ADMIN_TRIES] > 0)
		return SW_NOT_SHOWN;
	card->numbers[NUMBER_TERMINATED] = 1;
	card->shown = 0;
	return SW_OK;
}

static uint16_t security_operation(struct card *card, const struct apdu *apdu, struct buffer *answer)
{
	unsigned int operation = (unsigned int)apdu->p1 << 8 | apdu->p2;
	uint16_t status;

	if (operation == 0x8086)
		return card->shown & SHOWN_USER ? openpgp_decipher(card, apdu->data, answer) : SW_NOT_SHOWN;
	if (operation != 0x9e9a)
		return SW_WRONG_PLACE;
	if (!(card->shown & SHOWN_SIGN))
		return SW_NOT_SHOWN;
	status = openpgp_sign(card, SLOT_SIGN, apdu->data, answer);
	if (status == SW_OK) {
		card->numbers[NUMBER_SIGNATURES]++;
		if (!card->numbers[NUMBER_MANY_SIGNATURES])
			card->shown &= ~SHOWN_SIGN;
	}
	return status;
}

static uint16_t challenge(const struct apdu *apdu, struct buffer *answer)
{
	uint8_t data[CHALLENGE_SIZE];
	size_t size = apdu->limit < sizeof(data) ? apdu->limit : sizeof(data);

	random_fill(data, size);
	buffer_append(answer, data, size);
	return SW_OK;
}

uint16_t openpgp_run(struct card *card, const struct apdu *apdu, struct buffer *answer)
{
	if (apdu->ins == INS_ACTIVATE) {
		if (card->numbers[NUMBER_TERMINATED])
			card_reset_openpgp(card);
		return SW_OK;
	}
	if (card->numbers[NUMBER_TERMINATED])
		return SW_TERMINATED;
	switch (apdu->ins) {
	case INS_VERIFY:
		return verify(card, apdu);
	case INS_CHANGE_PIN:
		return change_pin(card, apdu);
	case INS_UNBLOCK:
		return unblock(card, apdu);
	case INS_SECURITY_OPERATION:
		return security_operation(card, apdu, answer);
	case INS_AUTHENTICATE:
		return card->shown & SHOWN_USER ? openpgp_sign(card, SLOT_AUTHENTICATE, apdu->data, answer)
		                                : SW_NOT_SHOWN;
	case INS_GENERATE:
		return openpgp_generate(card, apdu, answer);
	case INS_CHALLENGE:
		return challenge(apdu, answer);
	case INS_GET_DATA:
		return openpgp_get_data(card, apdu, answer);
	case INS_PUT_DATA:
		return openpgp_put_data(card, apdu);
	case INS_IMPORT:
		return openpgp_import(card, apdu);
	case INS_TERMINATE:
		return terminate(card);
	default:
		return SW_NO_INSTRUCTION;
	}
}
