/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ccid.h"
#include "apdu.h"
#include "base/cleanup.h"
#include "fault.h"

enum message {
	PC_SET_PARAMETERS = 0x61,
	PC_POWER_ON = 0x62,
	PC_POWER_OFF = 0x63,
	PC_STATUS = 0x65,
	PC_GET_PARAMETERS = 0x6c,
	PC_RESET_PARAMETERS = 0x6d,
	PC_TRANSFER = 0x6f,
	READER_DATA = 0x80,
	READER_STATUS = 0x81,
	READER_PARAMETERS = 0x82,
};

#define STATUS_ACTIVE   0
#define STATUS_INACTIVE 1
#define STATUS_FAILED   0x40

/* T=1, extended lengths; the check byte is over all but the first. */
static const uint8_t atr[] = {0x3b, 0xda, 0x18, 0xff, 0x81, 0xb1, 0xfe, 0x75, 0x1f, 0x03,
                              0x00, 0x31, 0xf5, 0x73, 0xc0, 0x01, 0xe0, 0x05, 0x90, 0x00};
static const uint8_t parameters[] = {0x11, 0x10, 0x00, 0x15, 0x00, 0xfe, 0x00};

size_t ccid_message_size(struct bytes bytes)
{
	struct cursor cursor = cursor_make(bytes);
	uint32_t size;

	if (bytes.size < CCID_HEADER_SIZE)
		return 0;
	(void)cursor_u8(&cursor);
	size = cursor_u32le(&cursor);
	return CCID_HEADER_SIZE + (size_t)size;
}

static void append_answer(const struct ccid *ccid, struct bytes message, enum message type, uint8_t failed,
                          struct bytes data, struct buffer *answer)
{
	buffer_append_byte(answer, (uint8_t)type);
	for (unsigned int i = 0; i < 4; i++)
		buffer_append_byte(answer, (uint8_t)(data.size >> (8 * i)));
	buffer_append(answer, message.data + 5, 2); /* slot, number of the message */
	buffer_append_byte(answer, (uint8_t)(failed | (ccid->powered ? STATUS_ACTIVE : STATUS_INACTIVE)));
	buffer_append_byte(answer, 0); /* error: the command is not supported */
	buffer_append_byte(answer, type == READER_PARAMETERS ? 1 : 0);
	buffer_append_bytes(answer, data);
}

static bool transfer(struct ccid *ccid, struct bytes message, struct buffer *answer, bool *ret_unplug)
{
	CLEANUP(buffer_clear) struct buffer data = {0};
	const struct bytes apdu = bytes_slice(message, CCID_HEADER_SIZE, message.size);
	const enum fault fault = fault_next(&ccid->card->faults, CHANNEL_CARD, fault_instruction(apdu));

	*ret_unplug = fault == FAULT_UNPLUG || fault == FAULT_UNPLUG_AFTER;
	if (fault == FAULT_UNPLUG || fault == FAULT_STALL)
		return false;
	if (fault == FAULT_STATUS)
		buffer_append_u16be(&data, ccid->card->faults.status_word);
	else
		apdu_run(ccid->card, apdu, &data);
	if (fault == FAULT_UNPLUG_AFTER)
		return false;
	append_answer(ccid, message, READER_DATA, 0, buffer_bytes(&data), answer);
	return true;
}

bool ccid_run(struct ccid *ccid, struct bytes message, struct buffer *answer, bool *ret_unplug)
{
	uint8_t all[sizeof(atr) + 1], check = 0;

	*ret_unplug = false;
	switch (message.data[0]) {
	case PC_TRANSFER:
		/* Some programs send a first command before they switch the card on. */
		return transfer(ccid, message, answer, ret_unplug);
	case PC_POWER_ON:
		for (size_t i = 0; i < sizeof(atr); i++) {
			all[i] = atr[i];
			check ^= i > 0 ? atr[i] : 0;
		}
		all[sizeof(atr)] = check;
		ccid->powered = true;
		card_power_off(ccid->card);
		append_answer(ccid, message, READER_DATA, 0, bytes_make(all, sizeof(all)), answer);
		break;
	case PC_POWER_OFF:
		ccid->powered = false;
		card_power_off(ccid->card);
		append_answer(ccid, message, READER_STATUS, 0, BYTES_EMPTY, answer);
		break;
	case PC_STATUS:
		append_answer(ccid, message, READER_STATUS, 0, BYTES_EMPTY, answer);
		break;
	case PC_SET_PARAMETERS:
	case PC_GET_PARAMETERS:
	case PC_RESET_PARAMETERS:
		append_answer(ccid, message, READER_PARAMETERS, 0, bytes_make(parameters, sizeof(parameters)), answer);
		break;
	default:
		append_answer(ccid, message, READER_STATUS, STATUS_FAILED, BYTES_EMPTY, answer);
		break;
	}
	return true;
}
