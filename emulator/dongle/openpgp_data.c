/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data objects of the OpenPGP application. */
#include "base/cleanup.h"
#include "openpgp.h"

#define FINGERPRINT_SIZE 20
#define TIME_SIZE        4
#define RESET_CODE_MIN   8
#define RESET_CODE_MAX   127

/* No secure messaging; challenges, import, changeable PIN status, private objects and algorithms. */
#define EXTENDED_CAPABILITIES ((struct bytes){(const uint8_t *)"\x7c\0\0\xff\x08\0\0\xff\0\0", 10})
/* Commands and answers of up to 2048 bytes. */
#define LENGTHS ((struct bytes){(const uint8_t *)"\x02\x02\x08\0\x02\x02\x08\0", 8})

/* Objects that are kept as they come. */
static const struct object {
	unsigned int tag;
	enum card_value value;
	size_t most;
	unsigned int write, read; /* PINs that are needed */
} objects[] = {
    {0x5b, VALUE_NAME, 39, SHOWN_ADMIN, 0},
    {0x5e, VALUE_LOGIN, 254, SHOWN_ADMIN, 0},
    {0x5f2d, VALUE_LANGUAGE, 8, SHOWN_ADMIN, 0},
    {0x5f35, VALUE_SEX, 1, SHOWN_ADMIN, 0},
    {0x5f50, VALUE_URL, 254, SHOWN_ADMIN, 0},
    {0x0101, VALUE_PRIVATE, 254, SHOWN_USER, 0},
    {0x0102, VALUE_PRIVATE + 1, 254, SHOWN_ADMIN, 0},
    {0x0103, VALUE_PRIVATE + 2, 254, SHOWN_USER, SHOWN_USER},
    {0x0104, VALUE_PRIVATE + 3, 254, SHOWN_ADMIN, SHOWN_ADMIN},
    {0x7f21, VALUE_CERTIFICATE, 2048, SHOWN_ADMIN, 0},
};

static const struct object *find_object(unsigned int tag)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		if (objects[i].tag == tag)
			return &objects[i];
	return NULL;
}

static void append_aid(const struct card *card, struct buffer *answer)
{
	buffer_append(answer, "\xd2\x76\x00\x01\x24\x01\x03\x04", 8);
	buffer_append_u16be(answer, card->model == MODEL_NITROKEY_3 ? 0x000f : 0x0005);
	buffer_append_u32be(answer, card->serial);
	buffer_append_u16be(answer, 0);
}

static void append_history(const struct card *card, struct buffer *answer)
{
	buffer_append(answer, "\0\x31\xf5\x73\xc0\x01\xe0", 7);
	buffer_append_byte(answer, card->numbers[NUMBER_TERMINATED] ? 3 : 5);
	buffer_append(answer, "\x90\0", 2);
}

static void append_three(const struct card *card, enum card_value first, struct buffer *answer)
{
	for (size_t i = 0; i < OPENPGP_SLOTS; i++)
		buffer_append_bytes(answer, card_value(card, (enum card_value)(first + i)));
}

static void append_pin_status(const struct card *card, struct buffer *answer)
{
	buffer_append_byte(answer, (uint8_t)card->numbers[NUMBER_MANY_SIGNATURES]);
	buffer_append(answer, "\x7f\x7f\x7f", 3);
	buffer_append_byte(answer, (uint8_t)card->numbers[NUMBER_USER_TRIES]);
	buffer_append_byte(answer, (uint8_t)card->numbers[NUMBER_RESET_TRIES]);
	buffer_append_byte(answer, (uint8_t)card->numbers[NUMBER_ADMIN_TRIES]);
}

/* Every algorithm for every slot, so that a program can offer them. */
static void append_algorithms(struct buffer *answer)
{
	static const struct bytes known[] = {
	    {(const uint8_t *)"\x01\x08\0\0\x20\0", 6},
	    {(const uint8_t *)"\x01\x0c\0\0\x20\0", 6},
	    {(const uint8_t *)"\x01\x10\0\0\x20\0", 6},
	    {(const uint8_t *)"\x13\x2a\x86\x48\xce\x3d\x03\x01\x07", 9},
	    {(const uint8_t *)"\x12\x2a\x86\x48\xce\x3d\x03\x01\x07", 9},
	    {(const uint8_t *)"\x13\x2b\x81\x04\0\x22", 6},
	    {(const uint8_t *)"\x12\x2b\x81\x04\0\x22", 6},
	    {(const uint8_t *)"\x16\x2b\x06\x01\x04\x01\xda\x47\x0f\x01", 10},
	    {(const uint8_t *)"\x12\x2b\x06\x01\x04\x01\x97\x55\x01\x05\x01", 11},
	};

	for (unsigned int slot = 0; slot < OPENPGP_SLOTS; slot++)
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (openpgp_attributes_are_known((enum openpgp_slot)slot, known[i]))
				tlv_append(answer, 0xc1 + slot, known[i]);
}

/* One object without tag and length, the constructed ones apart. False where there is none. */
static bool append_plain(const struct card *card, unsigned int tag, struct buffer *answer)
{
	switch (tag) {
	case 0x4f:
		append_aid(card, answer);
		return true;
	case 0x5f52:
		append_history(card, answer);
		return true;
	case 0x7f66:
		buffer_append_bytes(answer, LENGTHS);
		return true;
	case 0xc0:
		buffer_append_bytes(answer, EXTENDED_CAPABILITIES);
		return true;
	case 0xc1:
	case 0xc2:
	case 0xc3:
		buffer_append_bytes(answer, card_value(card, (enum card_value)(VALUE_ATTRIBUTES + (tag - 0xc1))));
		return true;
	case 0xc4:
		append_pin_status(card, answer);
		return true;
	case 0xc5:
		append_three(card, VALUE_FINGERPRINT, answer);
		return true;
	case 0xc6:
		append_three(card, VALUE_CA_FINGERPRINT, answer);
		return true;
	case 0xcd:
		append_three(card, VALUE_TIME, answer);
		return true;
	case 0x93:
		buffer_append_byte(answer, (uint8_t)(card->numbers[NUMBER_SIGNATURES] >> 16));
		buffer_append_u16be(answer, (uint16_t)card->numbers[NUMBER_SIGNATURES]);
		return true;
	default:
		return false;
	}
}

static void append_member(const struct card *card, unsigned int tag, struct buffer *answer)
{
	CLEANUP(buffer_clear) struct buffer value = {0};
	const struct object *object = find_object(tag);

	if (object)
		buffer_append_bytes(&value, card_value(card, object->value));
	else
		(void)append_plain(card, tag, &value);
	tlv_append(answer, tag, buffer_bytes(&value));
}

static void append_members(const struct card *card, const unsigned int *tags, size_t count, struct buffer *answer)
{
	for (size_t i = 0; i < count; i++)
		append_member(card, tags[i], answer);
}

static void append_discretionary(const struct card *card, struct buffer *answer)
{
	static const unsigned int members[] = {0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xcd};
	CLEANUP(buffer_clear) struct buffer content = {0};

	append_members(card, members, ARRAY_SIZE(members), &content);
	tlv_append(answer, 0x73, buffer_bytes(&content));
}

uint16_t openpgp_get_data(const struct card *card, const struct apdu *apdu, struct buffer *answer)
{
	static const unsigned int application[] = {0x4f, 0x5f52, 0x7f66}, holder[] = {0x5b, 0x5f2d, 0x5f35};
	static const unsigned int security[] = {0x93};
	unsigned int tag = (unsigned int)apdu->p1 << 8 | apdu->p2;
	const struct object *object = find_object(tag);
	CLEANUP(buffer_clear) struct buffer content = {0};

	if (object) {
		if (object->read & ~card->shown)
			return SW_NOT_SHOWN;
		buffer_append_bytes(answer, card_value(card, object->value));
		return SW_OK;
	}
	if (append_plain(card, tag, answer))
		return SW_OK;
	if (tag == 0x6e) {
		append_members(card, application, ARRAY_SIZE(application), &content);
		append_discretionary(card, &content);
	} else if (tag == 0x65) {
		append_members(card, holder, ARRAY_SIZE(holder), &content);
	} else if (tag == 0x7a) {
		append_members(card, security, ARRAY_SIZE(security), &content);
	} else if (tag == 0xfa) {
		append_algorithms(&content);
	} else {
		return SW_NO_SUCH_DATA;
	}
	tlv_append(answer, tag, buffer_bytes(&content));
	return SW_OK;
}

/* Another algorithm removes the key: a key of the old one would not fit. */
static uint16_t put_attributes(struct card *card, unsigned int slot, struct bytes data)
{
	if (!openpgp_attributes_are_known((enum openpgp_slot)slot, data))
		return SW_WRONG_DATA;
	if (!bytes_equal(card_value(card, (enum card_value)(VALUE_ATTRIBUTES + slot)), data))
		(void)card_set(card, (enum card_value)(VALUE_KEY + slot), BYTES_EMPTY);
	return card_set(card, (enum card_value)(VALUE_ATTRIBUTES + slot), data) ? SW_OK : SW_WRONG_DATA;
}

static uint16_t put_reset_code(struct card *card, struct bytes data)
{
	if (data.size > RESET_CODE_MAX || (data.size > 0 && data.size < RESET_CODE_MIN))
		return SW_WRONG_DATA;
	card->numbers[NUMBER_RESET_TRIES] = data.size > 0 ? OPENPGP_TRIES : 0;
	return card_set(card, VALUE_RESET_CODE, data) ? SW_OK : SW_WRONG_DATA;
}

uint16_t openpgp_put_data(struct card *card, const struct apdu *apdu)
{
	static const struct {
		unsigned int first;
		enum card_value value;
		size_t size;
	} rows[] = {{0xc7, VALUE_FINGERPRINT, FINGERPRINT_SIZE},
	            {0xca, VALUE_CA_FINGERPRINT, FINGERPRINT_SIZE},
	            {0xce, VALUE_TIME, TIME_SIZE}};
	unsigned int tag = (unsigned int)apdu->p1 << 8 | apdu->p2;
	const struct object *object = find_object(tag);

	if ((object ? object->write : SHOWN_ADMIN) & ~card->shown)
		return SW_NOT_SHOWN;
	if (object)
		return apdu->data.size <= object->most && card_set(card, object->value, apdu->data) ? SW_OK
		                                                                                    : SW_WRONG_DATA;
	if (tag >= 0xc1 && tag <= 0xc3)
		return put_attributes(card, tag - 0xc1, apdu->data);
	if (tag == 0xc4) {
		if (apdu->data.size == 0 || apdu->data.data[0] > 1)
			return SW_WRONG_DATA;
		card->numbers[NUMBER_MANY_SIGNATURES] = apdu->data.data[0];
		return SW_OK;
	}
	if (tag == 0xd3)
		return put_reset_code(card, apdu->data);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (tag < rows[i].first || tag >= rows[i].first + OPENPGP_SLOTS)
			continue;
		if (apdu->data.size != rows[i].size)
			return SW_WRONG_DATA;
		(void)card_set(card, (enum card_value)(rows[i].value + (tag - rows[i].first)), apdu->data);
		return SW_OK;
	}
	return SW_NO_SUCH_DATA;
}
