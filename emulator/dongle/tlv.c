/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apdu.h"

void tlv_append(struct buffer *buffer, unsigned int tag, struct bytes value)
{
	if (tag > UINT8_MAX)
		buffer_append_byte(buffer, (uint8_t)(tag >> 8));
	buffer_append_byte(buffer, (uint8_t)tag);
	if (value.size > UINT8_MAX) {
		buffer_append_byte(buffer, 0x82);
		buffer_append_u16be(buffer, (uint16_t)value.size);
	} else {
		if (value.size > 127)
			buffer_append_byte(buffer, 0x81);
		buffer_append_byte(buffer, (uint8_t)value.size);
	}
	buffer_append_bytes(buffer, value);
}

bool tlv_next_header(struct bytes *rest, unsigned int *ret_tag, size_t *ret_size)
{
	struct cursor cursor = cursor_make(*rest);
	unsigned int tag = cursor_u8(&cursor);
	size_t size;

	if ((tag & 0x1f) == 0x1f)
		tag = tag << 8 | cursor_u8(&cursor);
	size = cursor_u8(&cursor);
	if (size == 0x81)
		size = cursor_u8(&cursor);
	else if (size == 0x82)
		size = cursor_u16be(&cursor);
	else if (size > 127)
		return false;
	if (cursor.failed)
		return false;
	*rest = cursor.rest;
	*ret_tag = tag;
	*ret_size = size;
	return true;
}

bool tlv_next(struct bytes *rest, unsigned int *ret_tag, struct bytes *ret_value)
{
	struct cursor cursor;
	size_t size;

	if (!tlv_next_header(rest, ret_tag, &size))
		return false;
	cursor = cursor_make(*rest);
	*ret_value = cursor_bytes(&cursor, size);
	*rest = cursor.rest;
	return !cursor.failed;
}

bool tlv_find(struct bytes bytes, unsigned int tag, struct bytes *ret_value)
{
	unsigned int next;

	while (tlv_next(&bytes, &next, ret_value))
		if (next == tag)
			return true;
	return false;
}
