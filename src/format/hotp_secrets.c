/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/hotp_secrets.h"

#include "base/cleanup.h"

#define KIND_REVERSE_SHA1 0x31
#define DIGITS            6

enum instruction {
	INS_PUT = 0x01,
	INS_DELETE = 0x02,
	INS_VERSION = 0x61,
	INS_SELECT = 0xa4,
	INS_VERIFY_CODE = 0xb1,
	INS_VERIFY_PIN = 0xb2,
	INS_SET_PIN = 0xb4,
};

enum tag {
	TAG_NAME = 0x71,
	TAG_KEY = 0x73,
	TAG_CODE = 0x75,
	TAG_PROPERTIES = 0x78, /* a tag and a value, without a length */
	TAG_COUNTER = 0x7a,
	TAG_PIN = 0x80,
	TAG_TRIES = 0x82,
	TAG_SERIAL = 0x8f,
};

static const struct bytes applications[] = {
    [HOTP_SECRETS_ITSELF] = {(const uint8_t *)"\xa0\x00\x00\x05\x27\x21\x01", 7},
    [HOTP_SECRETS_ADMIN] = {(const uint8_t *)"\xa0\x00\x00\x08\x47\x00\x00\x00\x01", 9},
};

/* Data of at most 255 bytes; any length of answer. */
static void append_command(enum instruction instruction, uint8_t p1, struct bytes data, struct buffer *command)
{
	buffer_append_byte(command, 0);
	buffer_append_byte(command, (uint8_t)instruction);
	buffer_append_byte(command, p1);
	buffer_append_byte(command, 0);
	if (data.size > 0) {
		buffer_append_byte(command, (uint8_t)data.size);
		buffer_append_bytes(command, data);
	}
	buffer_append_byte(command, 0);
}

static void append_field(enum tag tag, struct bytes value, struct buffer *data)
{
	buffer_append_byte(data, (uint8_t)tag);
	buffer_append_byte(data, (uint8_t)value.size);
	buffer_append_bytes(data, value);
}

static void append_number(enum tag tag, uint32_t number, struct buffer *data)
{
	CLEANUP(buffer_clear) struct buffer value = {0};

	buffer_append_u32be(&value, number);
	append_field(tag, buffer_bytes(&value), data);
}

static void append_name(struct buffer *data)
{
	append_field(TAG_NAME, bytes_from_string(HOTP_SECRETS_NAME), data);
}

void hotp_secrets_select(enum hotp_secrets_application application, struct buffer *command)
{
	append_command(INS_SELECT, 4, applications[application], command);
}

void hotp_secrets_version(struct buffer *command)
{
	append_command(INS_VERSION, 0, BYTES_EMPTY, command);
}

static void append_pin(enum instruction instruction, struct bytes pin, struct buffer *command)
{
	CLEANUP(buffer_clear) struct buffer data = {0};

	append_field(TAG_PIN, bytes_slice(pin, 0, HOTP_SECRETS_PIN_LIMIT), &data);
	append_command(instruction, 0, buffer_bytes(&data), command);
}

void hotp_secrets_verify_pin(struct bytes pin, struct buffer *command)
{
	append_pin(INS_VERIFY_PIN, pin, command);
}

void hotp_secrets_set_pin(struct bytes pin, struct buffer *command)
{
	append_pin(INS_SET_PIN, pin, command);
}

void hotp_secrets_delete(struct buffer *command)
{
	CLEANUP(buffer_clear) struct buffer data = {0};

	append_name(&data);
	append_command(INS_DELETE, 0, buffer_bytes(&data), command);
}

void hotp_secrets_put(struct bytes secret, struct buffer *command)
{
	CLEANUP(buffer_clear) struct buffer data = {0}, key = {0};

	buffer_append_byte(&key, KIND_REVERSE_SHA1);
	buffer_append_byte(&key, DIGITS);
	buffer_append_bytes(&key, bytes_slice(secret, 0, HOTP_SECRETS_SECRET));
	append_name(&data);
	append_field(TAG_KEY, buffer_bytes(&key), &data);
	buffer_append_byte(&data, TAG_PROPERTIES);
	buffer_append_byte(&data, 0);
	append_number(TAG_COUNTER, 0, &data);
	append_command(INS_PUT, 0, buffer_bytes(&data), command);
}

void hotp_secrets_verify_code(uint32_t code, struct buffer *command)
{
	CLEANUP(buffer_clear) struct buffer data = {0};

	append_name(&data);
	append_number(TAG_CODE, code, &data);
	append_command(INS_VERIFY_CODE, 0, buffer_bytes(&data), command);
}

/* --- answers -------------------------------------------------------------------------------------------------------
 */

int hotp_secrets_decode(struct bytes answer, uint16_t *ret_status, struct bytes *ret_data, struct error *error)
{
	if (answer.size < 2)
		return error_set(error, E_MALFORMED, "dongle", "the Nitrokey 3 answers without a status");
	*ret_status = (uint16_t)(answer.data[answer.size - 2] << 8 | answer.data[answer.size - 1]);
	*ret_data = bytes_slice(answer, 0, answer.size - 2);
	return 0;
}

int hotp_secrets_decode_identity(struct bytes data, struct hotp_secrets_identity *ret_identity, struct error *error)
{
	struct hotp_secrets_identity identity = {0};
	struct cursor cursor = cursor_make(data);
	bool has_serial = false;

	while (cursor.rest.size > 0 && !cursor.failed) {
		const uint8_t tag = cursor_u8(&cursor), size = cursor_u8(&cursor);
		struct cursor value = cursor_make(cursor_bytes(&cursor, size));

		if (tag == TAG_SERIAL && size == 4) {
			identity.serial = cursor_u32be(&value);
			has_serial = true;
		}
		if (tag == TAG_TRIES && size == 1) {
			identity.tries = cursor_u8(&value);
			identity.has_pin = true;
		}
	}
	if (cursor.failed || !has_serial)
		return error_set(error, E_MALFORMED, "dongle",
		                 "the Nitrokey 3 does not tell its serial number, by which it is known again");
	*ret_identity = identity;
	return 0;
}

int hotp_secrets_decode_version(struct bytes data, uint8_t *ret_major, uint8_t *ret_minor, struct error *error)
{
	struct cursor cursor = cursor_make(data);
	const uint32_t version = cursor_u32be(&cursor);

	if (cursor.failed || cursor.rest.size > 0)
		return error_set(error, E_MALFORMED, "dongle",
		                 "the Nitrokey 3 does not tell the version of its firmware");
	*ret_major = (uint8_t)(version >> 22);
	*ret_minor = (uint8_t)(version >> 6);
	return 0;
}
