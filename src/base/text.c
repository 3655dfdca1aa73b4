/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "base/encode.h"
#include <string.h>

static bool plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

static void append_escape(struct buffer *buffer, uint8_t byte)
{
	buffer_append_format(buffer, "\\x%02x", byte);
}

void text_escape(struct bytes bytes, struct buffer *buffer)
{
	for (size_t i = 0; i < bytes.size; i++) {
		if (plain(bytes.data[i]))
			buffer_append_byte(buffer, bytes.data[i]);
		else
			append_escape(buffer, bytes.data[i]);
	}
}

char *text_escape_into(struct bytes bytes, char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	if (size == 0)
		return text;
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t byte = bytes.data[i];

		if (plain(byte)) {
			if (used + 1 >= size)
				break;
			text[used++] = (char)byte;
			continue;
		}
		if (used + 4 >= size)
			break;
		text[used++] = '\\';
		text[used++] = 'x';
		text[used++] = digits[byte >> 4];
		text[used++] = digits[byte & 15];
	}
	text[used] = '\0';
	return text;
}

bool text_unescape(struct bytes text, struct buffer *buffer)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t value = text.data[i];

		if (value < 0x20 || value > 0x7e)
			return false;
		if (value == '\\') {
			if (i + 4 > text.size || text.data[i + 1] != 'x' ||
			    !hex_decode(bytes_slice(text, i + 2, 2), &value, 1))
				return false;
			i += 3;
		}
		buffer_append_byte(buffer, value);
	}
	return true;
}

struct bytes text_take_field(struct bytes *rest, uint8_t separator)
{
	const uint8_t *end = rest->size > 0 ? memchr(rest->data, separator, rest->size) : NULL;
	struct bytes field = bytes_slice(*rest, 0, end ? (size_t)(end - rest->data) : rest->size);

	*rest = bytes_slice(*rest, field.size + 1, rest->size);
	return field;
}

/* Size of the well-formed UTF-8 sequence (RFC 3629) of a printable character at the front, or 0. C1 controls, the
 * directional formatting characters and the other invisible ones of the general punctuation block are not printable:
 * they could make a title look like another one. */
static size_t utf8_printable(struct bytes bytes)
{
	static const struct {
		uint8_t mask, lead;
		size_t size;
		uint32_t least;
	} forms[] = {{0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint32_t value;

		if ((bytes.data[0] & forms[i].mask) != forms[i].lead)
			continue;
		if (bytes.size < forms[i].size)
			return 0;
		value = bytes.data[0] & (uint8_t)~forms[i].mask;
		for (size_t j = 1; j < forms[i].size; j++) {
			if ((bytes.data[j] & 0xc0) != 0x80)
				return 0;
			value = value << 6 | (bytes.data[j] & 0x3f);
		}
		if (value < forms[i].least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
			return 0;
		if (value < 0xa0 || (value >= 0x200b && value <= 0x200f) || (value >= 0x2028 && value <= 0x202e) ||
		    (value >= 0x2060 && value <= 0x206f) || value == 0xfeff || value >= 0xe0000)
			return 0;
		return forms[i].size;
	}
	return 0;
}

void text_escape_utf8(struct bytes bytes, struct buffer *buffer)
{
	while (bytes.size > 0) {
		size_t size = plain(bytes.data[0]) ? 1 : utf8_printable(bytes);

		if (size > 0)
			buffer_append(buffer, bytes.data, size);
		else
			append_escape(buffer, bytes.data[0]);
		if (size == 0)
			size = 1;
		bytes = bytes_slice(bytes, size, bytes.size);
	}
}
