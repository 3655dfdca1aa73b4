/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "key.h"
#include "base/cleanup.h"

#define COMPRESSED_SIZE 33 /* of a point on Curve25519, with its prefix */

void key_clear(gcry_sexp_t *key)
{
	gcry_sexp_release(*key);
	*key = NULL;
}

gcry_sexp_t key_load(const struct card *card, enum openpgp_slot slot)
{
	struct bytes bytes = card_value(card, (enum card_value)(VALUE_KEY + slot));
	gcry_sexp_t key = NULL;

	if (bytes.size > 0)
		(void)gcry_sexp_new(&key, bytes.data, bytes.size, 0);
	return key;
}

bool key_store(struct card *card, enum openpgp_slot slot, gcry_sexp_t key)
{
	uint8_t bytes[CARD_VALUE_MAX];
	size_t size = gcry_sexp_sprint(key, GCRYSEXP_FMT_CANON, bytes, sizeof(bytes));
	bool good = size > 0 && card_set(card, (enum card_value)(VALUE_KEY + slot), bytes_make(bytes, size));

	memory_wipe(bytes, sizeof(bytes));
	return good;
}

bool key_part_raw(gcry_sexp_t key, const char *name, struct buffer *value)
{
	CLEANUP(key_clear) gcry_sexp_t found = gcry_sexp_find_token(key, name, 0);
	size_t size;
	const char *data = found ? gcry_sexp_nth_data(found, 1, &size) : NULL;

	if (!data)
		return false;
	buffer_append(value, data, size);
	return true;
}

bool key_part(gcry_sexp_t key, const char *name, size_t size, struct buffer *value)
{
	CLEANUP(buffer_clear) struct buffer raw = {0};
	struct bytes bytes;

	if (!key_part_raw(key, name, &raw))
		return false;
	bytes = buffer_bytes(&raw);
	if (size == 0 && bytes.size == COMPRESSED_SIZE && bytes.data[0] == 0x40)
		bytes = bytes_slice(bytes, 1, bytes.size);
	while (size > 0 && bytes.size > size && bytes.data[0] == 0)
		bytes = bytes_slice(bytes, 1, bytes.size);
	if (size > 0 && bytes.size > size)
		return false;
	for (size_t i = bytes.size; i < size; i++)
		buffer_append_byte(value, 0);
	buffer_append_bytes(value, bytes);
	return !value->failed;
}
