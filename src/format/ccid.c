/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/ccid.h"

#define DATA_BLOCK    0x80
#define STATUS_MASK   0xc0
#define STATUS_FAILED 0x40
#define STATUS_TIME   0x80

void ccid_encode(enum ccid_command command, uint8_t sequence, struct bytes data, struct buffer *message)
{
	const uint8_t rest[] = {0, sequence, 0, 0, 0}; /* slot; the last three: any voltage, no chaining */

	buffer_append_byte(message, (uint8_t)command);
	for (unsigned i = 0; i < 4; i++)
		buffer_append_byte(message, (uint8_t)(data.size >> (8 * i)));
	buffer_append(message, rest, sizeof(rest));
	buffer_append_bytes(message, data);
}

int ccid_size(struct bytes start, size_t *ret_size, struct error *error)
{
	struct cursor cursor = cursor_make(start);
	uint32_t size;

	(void)cursor_u8(&cursor);
	size = cursor_u32le(&cursor);
	if (start.size < CCID_HEADER_SIZE || size > CCID_MAX_DATA)
		return error_set(error, E_MALFORMED, "dongle", "the dongle's answer is no message of a card reader");
	*ret_size = CCID_HEADER_SIZE + (size_t)size;
	return 0;
}

int ccid_decode(struct bytes message, struct ccid_answer *ret_answer, struct error *error)
{
	size_t size;
	int r = ccid_size(message, &size, error);

	if (r < 0)
		return r;
	if (message.size != size || message.data[0] != DATA_BLOCK)
		return error_set(error, E_MALFORMED, "dongle", "the dongle's answer is no data of a card");
	*ret_answer = (struct ccid_answer){
	    .sequence = message.data[6],
	    .wants_time = (message.data[7] & STATUS_MASK) == STATUS_TIME,
	    .failed = (message.data[7] & STATUS_MASK) == STATUS_FAILED,
	    .error = message.data[8],
	    .data = bytes_slice(message, CCID_HEADER_SIZE, message.size),
	};
	return 0;
}
