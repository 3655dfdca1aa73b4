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

/* Size of the well-formed UTF-8 sequence (RFC 3629) of more than one byte at the front, or 0. */
static size_t utf8_decode(struct bytes bytes, uint32_t *ret_code)
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
		*ret_code = value;
		return forms[i].size;
	}
	return 0;
}

/* As utf8_decode, of a printable character. C1 controls, the directional formatting characters and the other invisible
 * ones of the general punctuation block are not printable: they could make a title look like another one. */
static size_t utf8_printable(struct bytes bytes)
{
	uint32_t value;
	size_t size = utf8_decode(bytes, &value);

	if (size > 0 && (value < 0xa0 || (value >= 0x200b && value <= 0x200f) || (value >= 0x2028 && value <= 0x202e) ||
	                 (value >= 0x2060 && value <= 0x206f) || value == 0xfeff || value >= 0xe0000))
		return 0;
	return size;
}

/* Takes one character off the front, as its small letter: of the Latin, Greek and Cyrillic letters of the keyboards
 * that there are. A byte of no character is one that equals no character. */
static uint32_t take_small_letter(struct bytes *text)
{
	static const struct {
		uint32_t first, last, step, distance;
	} capitals[] = {
	    {'A', 'Z', 1, 32},     {0xc0, 0xd6, 1, 32},   {0xd8, 0xde, 1, 32},   {0x100, 0x12e, 2, 1},
	    {0x132, 0x136, 2, 1},  {0x139, 0x147, 2, 1},  {0x14a, 0x176, 2, 1},  {0x179, 0x17d, 2, 1},
	    {0x386, 0x386, 1, 38}, {0x388, 0x38a, 1, 37}, {0x38c, 0x38c, 1, 64}, {0x38e, 0x38f, 1, 63},
	    {0x391, 0x3a1, 1, 32}, {0x3a3, 0x3ab, 1, 32}, {0x400, 0x40f, 1, 80}, {0x410, 0x42f, 1, 32},
	};
	uint32_t code = text->data[0];
	size_t size = 1;

	if (code >= 0x80) {
		size = utf8_decode(*text, &code);
		if (size == 0) {
			code = 0x110000 + text->data[0];
			size = 1;
		}
	}
	*text = bytes_slice(*text, size, text->size);
	for (size_t i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++)
		if (code >= capitals[i].first && code <= capitals[i].last &&
		    (code - capitals[i].first) % capitals[i].step == 0)
			return code + capitals[i].distance;
	return code == 0x178 ? 0xff : code == 0x1e9e ? 0xdf : code;
}

bool text_holds(const char *text, const char *word)
{
	struct bytes rest = bytes_from_string(text);

	for (;;) {
		struct bytes here = rest, wanted = bytes_from_string(word);

		while (wanted.size > 0 && here.size > 0 && take_small_letter(&here) == take_small_letter(&wanted))
			if (wanted.size == 0)
				return true;
		if (word[0] == '\0' || rest.size == 0)
			return word[0] == '\0';
		(void)take_small_letter(&rest);
	}
}

size_t text_without_last(const char *text, size_t size)
{
	while (size > 0 && ((uint8_t)text[size - 1] & 0xc0) == 0x80)
		size--;
	return size > 0 ? size - 1 : 0;
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
