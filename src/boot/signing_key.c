/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and opening; signing is in signing_key_sign.c. */
#include "boot/signing_key.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "format/armour.h"
#include <gcrypt.h>
#include <stdio.h>
#include <string.h>

#define SHA1_SIZE 20

static bool can_sign(const struct openpgp_key *key)
{
	return key->algorithm != OPENPGP_KEY_OTHER && (key->state == OPENPGP_PLAIN || key->state == OPENPGP_PASSPHRASE);
}

static void write_fingerprint(const struct openpgp_key *key, char text[SIGNING_KEY_MAX_TEXT])
{
	for (size_t i = 0; i < OPENPGP_FINGERPRINT_SIZE; i++)
		(void)snprintf(text + 2 * i, 3, "%02X", key->fingerprint[i]);
}

/* The first primary key of the file that is the owner's. */
static int find_owned(struct signing_key *key, const char *name, struct error *error)
{
	bool any = armour_is_keybox(buffer_bytes(&key->owner));
	struct openpgp_keys owned = {0};
	int r = any ? 0 : openpgp_keys_read(buffer_bytes(&key->owner), "owner.asc", &owned, error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < key->keys.count; i++) {
		const struct openpgp_key *found = &key->keys.keys[i];

		if (!found->primary)
			continue;
		write_fingerprint(found, key->fingerprint);
		if (!any && !openpgp_keys_find(&owned, found->fingerprint))
			continue;
		key->first = i;
		for (key->count = 1; i + key->count < key->keys.count && !key->keys.keys[i + key->count].primary;)
			key->count++;
		return 0;
	}
	if (key->fingerprint[0] == '\0')
		return error_set(error, E_UNSUPPORTED, name,
		                 "%s holds no key of version 4 with an algorithm that is known here", name);
	return error_set(
	    error, E_REFUSED, name,
	    "the key %s in %s is none of the owner's keys in the ROM: a /boot that it signs would be refused",
	    key->fingerprint, name);
}

static int check_usable(const struct signing_key *key, const char *name, struct error *error)
{
	bool stub = false;

	for (size_t i = key->first; i < key->first + key->count; i++) {
		if (can_sign(&key->keys.keys[i]))
			return 0;
		stub = stub || key->keys.keys[i].state == OPENPGP_STUB;
	}
	if (stub)
		return error_set(
		    error, E_UNSUPPORTED, name,
		    "%s holds only a mark that the secret key %s is on a card or elsewhere: export it from "
		    "where it is",
		    name, key->fingerprint);
	return error_set(error, E_UNSUPPORTED, name,
	                 "the key %s in %s cannot be used here: it must be RSA, Ed25519 or NIST P-256, protected with "
	                 "AES, as gpg --export-secret-keys writes it",
	                 key->fingerprint, name);
}

int signing_key_read(struct bytes file, const char *name, struct bytes owner, struct signing_key *ret_key,
                     struct error *error)
{
	int r = armour_read(file, ARMOUR_SECRET_KEY, name, &ret_key->packets, error);

	if (r == 0)
		r = openpgp_keys_read(buffer_bytes(&ret_key->packets), name, &ret_key->keys, error);
	if (r == 0)
		r = armour_read(owner, ARMOUR_PUBLIC_KEY, "owner.asc", &ret_key->owner, error);
	if (r == 0)
		r = find_owned(ret_key, name, error);
	if (r == 0)
		r = check_usable(ret_key, name, error);
	return r;
}

bool signing_key_is_protected(const struct signing_key *key)
{
	for (size_t i = key->first; i < key->first + key->count; i++)
		if (can_sign(&key->keys.keys[i]) && key->keys.keys[i].state == OPENPGP_PASSPHRASE)
			return true;
	return false;
}

/* The passphrase's key for the cipher (RFC 4880 section 3.7.1); the numbers of ciphers and hashes are libgcrypt's too.
 */
static bool derive(const struct openpgp_key *key, struct bytes passphrase, struct secret *cipher_key)
{
	static const int kinds[] = {GCRY_KDF_SIMPLE_S2K, GCRY_KDF_SALTED_S2K, 0, GCRY_KDF_ITERSALTED_S2K};
	size_t size = gcry_cipher_get_algo_keylen(key->cipher);

	if (size == 0 || size > cipher_key->capacity || gcry_md_test_algo(key->hash) != 0)
		return false;
	cipher_key->size = size;
	return gcry_kdf_derive(passphrase.data, passphrase.size, kinds[key->s2k], key->hash,
	                       key->s2k ? key->salt : NULL, key->s2k ? sizeof(key->salt) : 0, key->s2k_bytes, size,
	                       cipher_key->data) == 0;
}

static bool decrypt(const struct openpgp_key *key, const struct secret *cipher_key, struct secret *numbers)
{
	gcry_cipher_hd_t cipher;
	bool good;

	if (gcry_cipher_open(&cipher, key->cipher, GCRY_CIPHER_MODE_CFB, GCRY_CIPHER_SECURE) != 0)
		return false;
	good = gcry_cipher_setkey(cipher, cipher_key->data, cipher_key->size) == 0 &&
	       gcry_cipher_setiv(cipher, key->iv, sizeof(key->iv)) == 0 &&
	       gcry_cipher_decrypt(cipher, numbers->data, numbers->size, NULL, 0) == 0;
	gcry_cipher_close(cipher);
	return good;
}

/* Whether what came out is what went in: its SHA-1, or for a key without protection the sum of its bytes. */
static bool take_sum_off(const struct openpgp_key *key, struct secret *numbers)
{
	size_t size = key->state == OPENPGP_PLAIN ? 2 : SHA1_SIZE;
	struct bytes body, sum;
	uint16_t expected = 0;

	if (numbers->size <= size)
		return false;
	numbers->size -= size;
	body = secret_bytes(numbers);
	sum = bytes_make(numbers->data + numbers->size, size);
	if (key->state == OPENPGP_PASSPHRASE) {
		struct digest digest = digest_of(HASH_SHA1, body);

		return bytes_equal_secret(digest_bytes(&digest), sum);
	}
	for (size_t i = 0; i < body.size; i++)
		expected = (uint16_t)(expected + body.data[i]);
	return sum.data[0] == expected >> 8 && sum.data[1] == (expected & 0xff);
}

static int open_one(const struct openpgp_key *key, struct bytes passphrase, struct secret *ret_numbers)
{
	CLEANUP(secret_clear) struct secret numbers = {0}, cipher_key = {0};

	if (secret_copy(key->secret, &numbers) < 0 || secret_allocate(64, &cipher_key) < 0)
		return -E_MEMORY;
	if (key->state == OPENPGP_PASSPHRASE &&
	    (!derive(key, passphrase, &cipher_key) || !decrypt(key, &cipher_key, &numbers)))
		return -E_WRONG_AUTH;
	if (!take_sum_off(key, &numbers))
		return key->state == OPENPGP_PLAIN ? -E_MALFORMED : -E_WRONG_AUTH;
	*ret_numbers = TAKE(numbers, (struct secret){0});
	return 0;
}

int signing_key_open(struct signing_key *key, struct bytes passphrase, struct error *error)
{
	int result = -E_WRONG_AUTH;

	for (size_t i = 0; i < key->count; i++) {
		const struct openpgp_key *one = &key->keys.keys[key->first + i];
		int r;

		if (!can_sign(one))
			continue;
		secret_clear(&key->numbers[i]);
		r = open_one(one, passphrase, &key->numbers[i]);
		if (r == -E_MEMORY)
			return error_set(error, E_MEMORY, key->fingerprint, "there is not enough memory for the key");
		if (r == -E_MALFORMED && result != 0)
			result = r;
		if (r == 0)
			result = 0;
	}
	if (result == -E_MALFORMED)
		return error_set(error, E_MALFORMED, key->fingerprint, "the file of the key %s is damaged",
		                 key->fingerprint);
	if (result < 0)
		return error_set(error, E_WRONG_AUTH, key->fingerprint, "that is not the passphrase of the key %s",
		                 key->fingerprint);
	return 0;
}

void signing_key_clear(struct signing_key *key)
{
	for (size_t i = 0; i < OPENPGP_MAX_KEYS; i++)
		secret_clear(&key->numbers[i]);
	buffer_clear(&key->packets);
	buffer_clear(&key->owner);
	*key = (struct signing_key){0};
}
