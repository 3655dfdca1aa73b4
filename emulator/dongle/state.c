/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dongle's memory: a text file, one line a value. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "card.h"
#include "openpgp.h"
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>

#define STATE_LIMIT ((size_t)1 << 20)
#define STATE_HEAD  "heads dongle 1\n"

static const char *const value_names[CARD_VALUES] = {
    [VALUE_USER_PIN] = "user-pin",
    [VALUE_ADMIN_PIN] = "admin-pin",
    [VALUE_RESET_CODE] = "reset-code",
    [VALUE_SECRETS_PIN] = "secrets-pin",
    [VALUE_NAME] = "name",
    [VALUE_LANGUAGE] = "language",
    [VALUE_SEX] = "sex",
    [VALUE_LOGIN] = "login",
    [VALUE_URL] = "url",
    [VALUE_PRIVATE] = "private-1",
    [VALUE_PRIVATE + 1] = "private-2",
    [VALUE_PRIVATE + 2] = "private-3",
    [VALUE_PRIVATE + 3] = "private-4",
    [VALUE_CERTIFICATE] = "certificate",
    [VALUE_ATTRIBUTES] = "sign-attributes",
    [VALUE_ATTRIBUTES + 1] = "decipher-attributes",
    [VALUE_ATTRIBUTES + 2] = "authenticate-attributes",
    [VALUE_FINGERPRINT] = "sign-fingerprint",
    [VALUE_FINGERPRINT + 1] = "decipher-fingerprint",
    [VALUE_FINGERPRINT + 2] = "authenticate-fingerprint",
    [VALUE_CA_FINGERPRINT] = "ca-fingerprint-1",
    [VALUE_CA_FINGERPRINT + 1] = "ca-fingerprint-2",
    [VALUE_CA_FINGERPRINT + 2] = "ca-fingerprint-3",
    [VALUE_TIME] = "sign-time",
    [VALUE_TIME + 1] = "decipher-time",
    [VALUE_TIME + 2] = "authenticate-time",
    [VALUE_KEY] = "sign-key",
    [VALUE_KEY + 1] = "decipher-key",
    [VALUE_KEY + 2] = "authenticate-key",
    [VALUE_HOTP_SECRET] = "hotp-secret",
    [VALUE_HOTP_NAME] = "hotp-name",
};

static const char *const number_names[CARD_NUMBERS] = {
    [NUMBER_USER_TRIES] = "user-tries",           [NUMBER_ADMIN_TRIES] = "admin-tries",
    [NUMBER_RESET_TRIES] = "reset-tries",         [NUMBER_SECRETS_TRIES] = "secrets-tries",
    [NUMBER_MANY_SIGNATURES] = "many-signatures", [NUMBER_SIGNATURES] = "signatures",
    [NUMBER_TERMINATED] = "terminated",           [NUMBER_HOTP_COUNTER] = "hotp-counter",
    [NUMBER_HOTP_DIGITS] = "hotp-digits",
};

bool card_set(struct card *card, enum card_value value, struct bytes bytes)
{
	struct card_bytes *to = &card->values[value];

	if (bytes.size > sizeof(to->data))
		return false;
	memory_wipe(to->data, to->size);
	if (bytes.size > 0)
		memcpy(to->data, bytes.data, bytes.size);
	to->size = bytes.size;
	return true;
}

void card_reset_openpgp(struct card *card)
{
	static const uint8_t zeros[20];

	for (size_t i = 0; i < VALUE_HOTP_SECRET; i++)
		if (i != VALUE_SECRETS_PIN)
			(void)card_set(card, (enum card_value)i, BYTES_EMPTY);
	(void)card_set(card, VALUE_USER_PIN, bytes_from_string("123456"));
	(void)card_set(card, VALUE_ADMIN_PIN, bytes_from_string("12345678"));
	for (size_t i = 0; i < OPENPGP_SLOTS; i++) {
		(void)card_set(card, (enum card_value)(VALUE_ATTRIBUTES + i), bytes_make("\x01\x08\0\0\x20\0", 6));
		(void)card_set(card, (enum card_value)(VALUE_FINGERPRINT + i), bytes_make(zeros, 20));
		(void)card_set(card, (enum card_value)(VALUE_CA_FINGERPRINT + i), bytes_make(zeros, 20));
		(void)card_set(card, (enum card_value)(VALUE_TIME + i), bytes_make(zeros, 4));
	}
	card->numbers[NUMBER_USER_TRIES] = OPENPGP_TRIES;
	card->numbers[NUMBER_ADMIN_TRIES] = OPENPGP_TRIES;
	card->numbers[NUMBER_RESET_TRIES] = 0;
	card->numbers[NUMBER_MANY_SIGNATURES] = 0;
	card->numbers[NUMBER_SIGNATURES] = 0;
	card->numbers[NUMBER_TERMINATED] = 0;
	card->shown = 0;
}

void card_make_new(struct card *card)
{
	for (size_t i = 0; i < CARD_VALUES; i++)
		(void)card_set(card, (enum card_value)i, BYTES_EMPTY);
	memset(card->numbers, 0, sizeof(card->numbers));
	card_reset_openpgp(card);
}

static int read_line(struct card *card, struct bytes line)
{
	const uint8_t *blank = memchr(line.data, ' ', line.size);
	struct bytes name, text;

	if (!blank)
		return -E_MALFORMED;
	name = bytes_slice(line, 0, (size_t)(blank - line.data));
	text = bytes_slice(line, name.size + 1, line.size);
	for (size_t i = 0; i < CARD_NUMBERS; i++)
		if (bytes_equal(name, bytes_from_string(number_names[i]))) {
			card->numbers[i] = strtoull((const char *)text.data, NULL, 10); /* a line ends with "\n" */
			return 0;
		}
	for (size_t i = 0; i < CARD_VALUES; i++) {
		if (!bytes_equal(name, bytes_from_string(value_names[i])))
			continue;
		card->values[i].size = text.size / 2;
		if (text.size / 2 > CARD_VALUE_MAX || text.size % 2 != 0 ||
		    !hex_decode(text, card->values[i].data, text.size / 2))
			return -E_MALFORMED;
		return 0;
	}
	return -E_MALFORMED;
}

int card_load(struct card *card, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct bytes rest;
	int r;

	card_make_new(card);
	if (!card->state_path || access(card->state_path, F_OK) != 0)
		return 0;
	r = file_read(card->state_path, STATE_LIMIT, &text, error);
	if (r < 0)
		return r;
	rest = buffer_bytes(&text);
	if (!bytes_start_with(rest, STATE_HEAD))
		return error_set(error, E_MALFORMED, card->state_path, "%s is no state of a dongle", card->state_path);
	rest = bytes_slice(rest, strlen(STATE_HEAD), rest.size);
	while (rest.size > 0) {
		const uint8_t *end = memchr(rest.data, '\n', rest.size);

		if (!end || read_line(card, bytes_slice(rest, 0, (size_t)(end - rest.data))) < 0)
			return error_set(error, E_MALFORMED, card->state_path, "the dongle's state %s is damaged",
			                 card->state_path);
		rest = bytes_slice(rest, (size_t)(end - rest.data) + 1, rest.size);
	}
	return 0;
}

int card_save(struct card *card, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	char folder[PATH_MAX], name[PATH_MAX], hex[2 * CARD_VALUE_MAX + 1];
	CLEANUP_CLOSE int directory = -1;
	struct digest digest;
	int r;

	if (!card->state_path)
		return 0;
	buffer_append_string(&text, STATE_HEAD);
	for (size_t i = 0; i < CARD_NUMBERS; i++)
		buffer_append_format(&text, "%s %llu\n", number_names[i], (unsigned long long)card->numbers[i]);
	for (size_t i = 0; i < CARD_VALUES; i++) {
		hex_encode(card_value(card, (enum card_value)i), hex);
		buffer_append_format(&text, "%s %s\n", value_names[i], hex);
	}
	if (text.failed)
		return error_set(error, E_MEMORY, card->state_path,
		                 "there is not enough memory for the dongle's state");
	digest = digest_of(HASH_SHA256, buffer_bytes(&text));
	if (digest_equal(&digest, &card->saved))
		return 0;
	(void)snprintf(folder, sizeof(folder), "%s", card->state_path);
	(void)snprintf(name, sizeof(name), "%s", card->state_path);
	directory = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_set(error, E_IO, card->state_path, "the dongle's state cannot be kept in %s",
		                 card->state_path);
	r = file_replace(directory, basename(name), buffer_bytes(&text), 0600, error);
	if (r == 0)
		card->saved = digest;
	return r;
}

void card_power_off(struct card *card)
{
	card->applet = APPLET_NONE;
	card->shown = 0;
	card->has_temporary_password = false;
	buffer_clear(&card->chain);
	buffer_clear(&card->rest);
}

void card_clear(struct card *card)
{
	card_power_off(card);
	memory_wipe(card->values, sizeof(card->values));
}

bool card_try_pin(struct card *card, enum card_value pin, enum card_number tries, uint64_t full, struct bytes given)
{
	if (card->numbers[tries] == 0)
		return false;
	card->numbers[tries]--;
	if (card_save(card, NULL) < 0 || card->faults.wrong_pin || card->values[pin].size == 0 ||
	    !bytes_equal_secret(card_value(card, pin), given))
		return false;
	card->numbers[tries] = full;
	return card_save(card, NULL) == 0;
}
