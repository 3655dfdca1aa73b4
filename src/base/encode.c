/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/encode.h"

void hex_encode(struct bytes bytes, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.size; i++) {
		*text++ = digits[bytes.data[i] >> 4];
		*text++ = digits[bytes.data[i] & 15];
	}
	*text = '\0';
}

static int hex_digit(uint8_t character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return -1;
}

bool hex_decode(struct bytes text, uint8_t *ret_data, size_t size)
{
	if (text.size / 2 != size || text.size % 2 != 0)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_data[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void base32_encode(struct bytes bytes, char *text)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint32_t pending = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < bytes.size; i++) {
		pending = pending << 8 | bytes.data[i];
		for (bits += 8; bits >= 5; bits -= 5)
			*text++ = alphabet[pending >> (bits - 5) & 31];
		pending &= (1u << bits) - 1;
	}
	if (bits > 0)
		*text++ = alphabet[pending << (5 - bits) & 31];
	*text = '\0';
}
