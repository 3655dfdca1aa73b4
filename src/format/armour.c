/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/armour.h"
#include "base/cleanup.h"
#include <string.h>

#define ARMOUR_MAX_SIZE ((size_t)16 << 20)

/* Packet tags (RFC 4880 section 4.3). */
enum { TAG_SIGNATURE = 2, TAG_SECRET_KEY = 5, TAG_PUBLIC_KEY = 6, TAG_SECRET_SUBKEY = 7 };

static const struct {
	const char *begin, *end, *what;
} kinds[] = {
    [ARMOUR_PUBLIC_KEY] = {"-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----",
                           "an OpenPGP public key"},
    [ARMOUR_SIGNATURE] = {"-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----",
                          "a detached OpenPGP signature"},
    [ARMOUR_SECRET_KEY] = {"-----BEGIN PGP PRIVATE KEY BLOCK-----", "-----END PGP PRIVATE KEY BLOCK-----",
                           "an OpenPGP secret key"},
};

uint32_t armour_crc24(struct bytes data)
{
	uint32_t crc = 0xb704ce;

	for (size_t i = 0; i < data.size; i++) {
		crc ^= (uint32_t)data.data[i] << 16;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x800000 ? crc << 1 ^ 0x864cfb : crc << 1;
	}
	return crc & 0xffffff;
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Takes a line without its end and without white space behind it. */
static struct bytes take_line(struct bytes *rest)
{
	const uint8_t *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
	struct bytes line = bytes_slice(*rest, 0, end ? (size_t)(end - rest->data) : rest->size);

	*rest = bytes_slice(*rest, line.size + 1, rest->size);
	while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]) && line.data[line.size - 1] != '\0')
		line.size--;
	return line;
}

/* Base64 across lines: four characters at a time, padding at the very end alone. */
struct decoder {
	uint32_t bits;
	unsigned count; /* characters in bits, 0 to 3 */
	bool ended;     /* padding was seen */
};

static bool decode_line(struct decoder *decoder, struct bytes line, struct buffer *binary)
{
	for (size_t i = 0; i < line.size; i++) {
		int value = base64_value(line.data[i]);

		if (decoder->ended)
			return false;
		if (line.data[i] == '=') {
			size_t padding = line.size - i;

			if (decoder->count < 2 || padding != 4 - decoder->count || line.data[line.size - 1] != '=')
				return false;
			decoder->bits <<= 6 * padding;
			buffer_append_byte(binary, (uint8_t)(decoder->bits >> 16));
			if (padding == 1)
				buffer_append_byte(binary, (uint8_t)(decoder->bits >> 8));
			decoder->count = 0;
			decoder->ended = true;
			return true;
		}
		if (value < 0)
			return false;
		decoder->bits = decoder->bits << 6 | (uint32_t)value;
		if (++decoder->count == 4) {
			buffer_append_byte(binary, (uint8_t)(decoder->bits >> 16));
			buffer_append_byte(binary, (uint8_t)(decoder->bits >> 8));
			buffer_append_byte(binary, (uint8_t)decoder->bits);
			*decoder = (struct decoder){0};
		}
	}
	return true;
}

/* The checksum line: '=' and four characters. */
static bool read_checksum(struct bytes line, uint32_t *ret_crc)
{
	*ret_crc = 0;
	if (line.size != 5 || line.data[0] != '=')
		return false;
	for (size_t i = 1; i < 5; i++) {
		int value = base64_value(line.data[i]);

		if (value < 0)
			return false;
		*ret_crc = *ret_crc << 6 | (uint32_t)value;
	}
	return true;
}

/* Reads one block behind its BEGIN line, up to and with its END line. */
static bool read_block(struct bytes *rest, enum armour_kind kind, struct buffer *binary)
{
	struct bytes end = bytes_from_string(kinds[kind].end);
	size_t start = binary->size;
	struct decoder decoder = {0};
	bool checked = false;
	uint32_t crc;

	/* Armour headers, "Key: value", up to an empty line. */
	for (;;) {
		struct bytes line;

		if (rest->size == 0)
			return false;
		line = take_line(rest);
		if (line.size == 0)
			break;
		if (!memchr(line.data, ':', line.size))
			return false;
	}
	while (rest->size > 0) {
		struct bytes line = take_line(rest);

		if (bytes_equal(line, end))
			return decoder.count == 0 && binary->size > start;
		if (checked)
			return false;
		if (line.size > 0 && line.data[0] == '=' && decoder.count == 0) {
			if (!read_checksum(line, &crc))
				return false;
			checked = true;
			if (crc != armour_crc24(bytes_slice(buffer_bytes(binary), start, binary->size)))
				return false;
		} else if (!decode_line(&decoder, line, binary)) {
			return false;
		}
	}
	return false;
}

/* The length of a packet's body in the new format, a whole or a partial one (RFC 4880 section 4.2.2). */
static size_t new_length(struct cursor *cursor, bool *ret_partial)
{
	uint8_t first = cursor_u8(cursor);

	*ret_partial = false;
	if (first < 192)
		return first;
	if (first < 224)
		return ((size_t)(first - 192) << 8) + cursor_u8(cursor) + 192;
	if (first == 255)
		return cursor_u32be(cursor);
	*ret_partial = true;
	return 0;
}

/* Partial and unknown lengths are for messages alone: refused. */
bool armour_next_packet(struct cursor *cursor, unsigned *ret_tag, struct bytes *ret_body)
{
	uint8_t head = cursor_u8(cursor);
	bool partial = false;
	size_t size;

	if (cursor->failed || !(head & 0x80))
		return false;
	if (head & 0x40) {
		*ret_tag = head & 0x3f;
		size = new_length(cursor, &partial);
	} else {
		*ret_tag = head >> 2 & 0xf;
		switch (head & 3) {
		case 0:
			size = cursor_u8(cursor);
			break;
		case 1:
			size = cursor_u16be(cursor);
			break;
		case 2:
			size = cursor_u32be(cursor);
			break;
		default:
			return false;
		}
	}
	*ret_body = cursor_bytes(cursor, size);
	return !partial && !cursor->failed;
}

bool armour_is_keybox(struct bytes data)
{
	return data.size > 12 && memcmp(data.data + 8, "KBXf", 4) == 0;
}

static bool packets_are(struct bytes binary, enum armour_kind kind)
{
	struct cursor cursor = cursor_make(binary);
	struct bytes body;
	unsigned tag;

	if (kind == ARMOUR_PUBLIC_KEY && armour_is_keybox(binary))
		return true;
	for (bool first = true; cursor.rest.size > 0; first = false) {
		if (!armour_next_packet(&cursor, &tag, &body))
			return false;
		if (kind == ARMOUR_SIGNATURE && tag != TAG_SIGNATURE)
			return false;
		if (kind == ARMOUR_SECRET_KEY && first && tag != TAG_SECRET_KEY)
			return false;
		if (kind == ARMOUR_PUBLIC_KEY &&
		    ((first && tag != TAG_PUBLIC_KEY) || tag == TAG_SECRET_KEY || tag == TAG_SECRET_SUBKEY))
			return false;
	}
	return binary.size > 0;
}

int armour_read(struct bytes data, enum armour_kind kind, const char *name, struct buffer *binary, struct error *error)
{
	struct bytes begin = bytes_from_string(kinds[kind].begin);
	size_t start = binary->size, blocks = 0;

	if (data.size > ARMOUR_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, name, "%s is larger than %zu bytes", name, ARMOUR_MAX_SIZE);
	if (data.size > 0 && (data.data[0] & 0x80 || armour_is_keybox(data))) {
		buffer_append_bytes(binary, data);
		blocks = 1;
	} else {
		while (data.size > 0) {
			if (!bytes_equal(take_line(&data), begin))
				continue;
			if (!read_block(&data, kind, binary))
				return error_set(error, E_MALFORMED, name, "the armour of %s is damaged", name);
			blocks++;
		}
	}
	if (binary->failed)
		return error_set(error, E_MEMORY, name, "there is not enough memory to read %s", name);
	if (blocks == 0 || !packets_are(bytes_slice(buffer_bytes(binary), start, binary->size), kind))
		return error_set(error, E_MALFORMED, name, "%s does not hold %s", name, kinds[kind].what);
	return 0;
}

#define LINE_SIZE 48 /* bytes that a line of 64 characters holds */

static void append_base64(struct bytes data, struct buffer *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < data.size; i += 3) {
		struct bytes group = bytes_slice(data, i, 3);
		uint32_t bits = (uint32_t)group.data[0] << 16;

		if (group.size > 1)
			bits |= (uint32_t)group.data[1] << 8;
		if (group.size > 2)
			bits |= group.data[2];
		for (size_t digit = 0; digit < 4; digit++)
			buffer_append_byte(text, digit > group.size ? (uint8_t)'='
			                                            : (uint8_t)digits[bits >> (18 - 6 * digit) & 0x3f]);
	}
	buffer_append_byte(text, '\n');
}

void armour_write_signature(struct bytes binary, struct buffer *text)
{
	uint32_t crc = armour_crc24(binary);
	const uint8_t sum[3] = {(uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};

	buffer_append_format(text, "%s\n\n", kinds[ARMOUR_SIGNATURE].begin);
	for (size_t i = 0; i < binary.size; i += LINE_SIZE)
		append_base64(bytes_slice(binary, i, LINE_SIZE), text);
	buffer_append_byte(text, '=');
	append_base64(bytes_make(sum, sizeof(sum)), text);
	buffer_append_format(text, "%s\n", kinds[ARMOUR_SIGNATURE].end);
}
