/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/gnupg_status.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define PREFIX "[GNUPG:] "

bool gnupg_status_is(struct bytes line, const char *keyword, struct bytes *ret_rest)
{
	const size_t prefix = strlen(PREFIX);
	struct bytes rest;

	if (!bytes_start_with(line, PREFIX))
		return false;
	rest = bytes_slice(line, prefix, line.size);
	if (!bytes_equal(text_take_field(&rest, ' '), bytes_from_string(keyword)))
		return false;
	if (ret_rest)
		*ret_rest = rest;
	return true;
}

static bool find(struct bytes output, const char *keyword, struct bytes *ret_words)
{
	while (output.size > 0)
		if (gnupg_status_is(text_take_field(&output, '\n'), keyword, ret_words))
			return true;
	return false;
}

bool gnupg_status_has(struct bytes output, const char *keyword)
{
	return find(output, keyword, NULL);
}

bool gnupg_status_word(struct bytes output, const char *keyword, unsigned place, char *word, size_t size)
{
	struct bytes words, found;

	if (!find(output, keyword, &words))
		return false;
	for (; place > 0; place--)
		(void)text_take_field(&words, ' ');
	found = text_take_field(&words, ' ');
	if (found.size == 0 || found.size >= size || memchr(found.data, '\0', found.size))
		return false;
	memcpy(word, found.data, found.size);
	word[found.size] = '\0';
	return true;
}

/* Of the fields of doc/DETAILS, from 1. */
enum {
	FIELD_TYPE = 1,
	FIELD_VALIDITY = 2,
	FIELD_EXPIRES = 7,
	FIELD_NAME = 10, /* of fpr and uid lines */
	FIELD_CAPABILITIES = 12,
	FIELD_TOKEN = 15,
	FIELDS = 16
};

static bool is_type(const struct bytes *fields, const char *type)
{
	return bytes_equal(fields[FIELD_TYPE], bytes_from_string(type));
}

static int add_key(const struct bytes *fields, bool primary, struct gnupg_keys *keys, struct error *error)
{
	struct gnupg_key *key;
	size_t used = 0;

	if (keys->count == GNUPG_MAX_KEYS)
		return error_set(error, E_TOO_LARGE, "keys", "there are more than %d keys", GNUPG_MAX_KEYS);
	key = &keys->keys[keys->count++];
	*key = (struct gnupg_key){.primary = primary};
	key->usable = fields[FIELD_VALIDITY].size == 0 || !strchr("redin", fields[FIELD_VALIDITY].data[0]);
	/* Upper case stands for the key with its subkeys. */
	for (size_t i = 0; i < fields[FIELD_CAPABILITIES].size; i++) {
		char letter = (char)fields[FIELD_CAPABILITIES].data[i];

		if (letter != '\0' && strchr("csea", letter) && used + 1 < sizeof(key->capabilities))
			key->capabilities[used++] = letter;
	}
	/* "+": the secret key is here, "#": it is not, and else the serial number of its card. */
	key->on_card = fields[FIELD_TOKEN].size > 1;
	key->elsewhere = bytes_equal(fields[FIELD_TOKEN], bytes_from_string("#"));
	for (size_t i = 0; i < fields[FIELD_EXPIRES].size && i < 12; i++) {
		if (fields[FIELD_EXPIRES].data[i] < '0' || fields[FIELD_EXPIRES].data[i] > '9')
			return error_set(error, E_MALFORMED, "keys", "the list of keys has a date that is none");
		key->expires = key->expires * 10 + fields[FIELD_EXPIRES].data[i] - '0';
	}
	return 0;
}

static int add_fingerprint(struct bytes field, struct gnupg_keys *keys, struct error *error)
{
	struct gnupg_key *key = keys->count > 0 ? &keys->keys[keys->count - 1] : NULL;

	if (!key || key->fingerprint[0] || field.size < 32 || field.size >= sizeof(key->fingerprint))
		return error_set(error, E_MALFORMED, "keys", "the list of keys has a fingerprint that is none");
	for (size_t i = 0; i < field.size; i++) {
		if (field.data[i] == '\0' || !strchr("0123456789ABCDEF", field.data[i]))
			return error_set(error, E_MALFORMED, "keys", "the list of keys has a fingerprint that is none");
		key->fingerprint[i] = (char)field.data[i];
	}
	return 0;
}

int gnupg_keys_read(struct bytes listing, struct gnupg_keys *ret_keys, struct error *error)
{
	int r = 0;

	*ret_keys = (struct gnupg_keys){0};
	while (r == 0 && listing.size > 0) {
		struct bytes line = text_take_field(&listing, '\n'), fields[FIELDS] = {0};
		bool primary;

		for (size_t i = FIELD_TYPE; i < FIELDS && line.size > 0; i++)
			fields[i] = text_take_field(&line, ':');
		primary = is_type(fields, "sec") || is_type(fields, "pub");
		if (primary || is_type(fields, "ssb") || is_type(fields, "sub"))
			r = add_key(fields, primary, ret_keys, error);
		else if (is_type(fields, "fpr"))
			r = add_fingerprint(fields[FIELD_NAME], ret_keys, error);
		else if (is_type(fields, "uid") && !ret_keys->user[0])
			(void)text_escape_into(fields[FIELD_NAME], ret_keys->user, sizeof(ret_keys->user));
	}
	for (size_t i = 0; r == 0 && i < ret_keys->count; i++)
		if (!ret_keys->keys[i].fingerprint[0])
			r = error_set(error, E_MALFORMED, "keys", "the list of keys has a key without fingerprint");
	return r;
}
