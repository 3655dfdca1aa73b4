/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signature with an opened key. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "boot/signing_key.h"
#include <gcrypt.h>
#include <string.h>

#define CURVE_SIZE 32 /* of a secret number and of each half of a signature */

/* RFC 4880 sections 5.2.1, 5.2.3.1 and 9.4. */
enum { VERSION = 4, OF_BINARY = 0, SHA256_NUMBER = 8, TAG_SIGNATURE_LONG = 0x80 | 2 << 2 | 1 };
enum { PACKET_CREATED = 2, PACKET_ISSUER = 16, PACKET_ISSUER_FINGERPRINT = 33 };

/* What stands in the signature and is covered by it: all up to the unhashed packets. */
static void append_hashed(const struct openpgp_key *key, uint32_t signed_at, struct buffer *text)
{
	const uint8_t head[] = {VERSION, OF_BINARY, key->algorithm_number, SHA256_NUMBER};

	buffer_append(text, head, sizeof(head));
	buffer_append_u16be(text, 2 + 1 + OPENPGP_FINGERPRINT_SIZE + 2 + 4);
	buffer_append_byte(text, 2 + OPENPGP_FINGERPRINT_SIZE);
	buffer_append_byte(text, PACKET_ISSUER_FINGERPRINT);
	buffer_append_byte(text, VERSION);
	buffer_append(text, key->fingerprint, OPENPGP_FINGERPRINT_SIZE);
	buffer_append_byte(text, 1 + 4);
	buffer_append_byte(text, PACKET_CREATED);
	buffer_append_u32be(text, signed_at);
}

static void append_unhashed(const struct openpgp_key *key, struct buffer *text)
{
	buffer_append_u16be(text, 2 + 8);
	buffer_append_byte(text, 1 + 8);
	buffer_append_byte(text, PACKET_ISSUER);
	buffer_append(text, key->fingerprint + OPENPGP_FINGERPRINT_SIZE - 8, 8);
}

static struct digest hash_message(struct bytes message, struct bytes hashed)
{
	const uint8_t trailer[] = {VERSION, 0xff, 0, 0, (uint8_t)(hashed.size >> 8), (uint8_t)hashed.size};
	const struct bytes parts[] = {message, hashed, bytes_make(trailer, sizeof(trailer))};

	return digest_of_parts(HASH_SHA256, parts, ARRAY_SIZE(parts));
}

/* The secret number in libgcrypt's locked memory, so that it keeps it there; a curve's in its full width. */
static uint8_t *copy_number(const struct openpgp_key *key, struct bytes number, size_t *ret_size)
{
	size_t size = key->algorithm == OPENPGP_KEY_RSA ? number.size : CURVE_SIZE;
	uint8_t *copy = number.size > 0 && number.size <= size ? gcry_malloc_secure(size) : NULL;

	if (!copy)
		return NULL;
	memset(copy, 0, size);
	memcpy(copy + size - number.size, number.data, number.size);
	*ret_size = size;
	return copy;
}

static gcry_error_t build_key(const struct openpgp_key *key, struct bytes secret, gcry_sexp_t *ret_key)
{
	struct cursor cursor = cursor_make(secret);
	struct bytes number = openpgp_take_number(&cursor);
	const struct bytes *a = &key->numbers[0], *b = &key->numbers[1];
	size_t size = 0;
	uint8_t *copy = cursor.failed ? NULL : copy_number(key, number, &size);
	gcry_error_t failed;

	if (!copy)
		return gcry_error(GPG_ERR_BAD_SECKEY);
	if (key->algorithm == OPENPGP_KEY_RSA)
		failed = gcry_sexp_build(ret_key, NULL, "(private-key (rsa (n %b) (e %b) (d %b)))", (int)a->size,
		                         a->data, (int)b->size, b->data, (int)size, copy);
	else if (key->algorithm == OPENPGP_KEY_ED25519)
		failed =
		    gcry_sexp_build(ret_key, NULL, "(private-key (ecc (curve Ed25519) (flags eddsa) (q %b) (d %b)))",
		                    (int)a->size, a->data, (int)size, copy);
	else
		failed = gcry_sexp_build(ret_key, NULL, "(private-key (ecc (curve \"NIST P-256\") (q %b) (d %b)))",
		                         (int)a->size, a->data, (int)size, copy);
	memory_wipe(copy, size);
	gcry_free(copy);
	return failed;
}

static gcry_error_t build_data(const struct openpgp_key *key, const struct digest *digest, gcry_sexp_t *ret_data)
{
	const char *format = "(data (flags raw) (hash sha256 %b))";

	if (key->algorithm == OPENPGP_KEY_RSA)
		format = "(data (flags pkcs1) (hash sha256 %b))";
	else if (key->algorithm == OPENPGP_KEY_ED25519)
		format = "(data (flags eddsa) (hash-algo sha512) (value %b))";
	return gcry_sexp_build(ret_data, NULL, format, (int)digest->size, digest->data);
}

/* Appends one number of the result as OpenPGP writes it. */
static bool append_number(gcry_sexp_t result, const char *name, struct buffer *text)
{
	gcry_sexp_t list = gcry_sexp_find_token(result, name, 0);
	size_t size = 0, bits;
	const char *data = list ? gcry_sexp_nth_data(list, 1, &size) : NULL;

	for (; size > 0 && *data == 0; size--)
		data++;
	if (size > 0 && size < 8192) {
		bits = size * 8;
		for (uint8_t top = (uint8_t)*data; !(top & 0x80); top = (uint8_t)(top << 1))
			bits--;
		buffer_append_u16be(text, (uint16_t)bits);
		buffer_append(text, data, size);
	}
	gcry_sexp_release(list);
	return size > 0 && size < 8192;
}

static bool sign_digest(const struct openpgp_key *key, struct bytes secret, const struct digest *digest,
                        struct buffer *numbers)
{
	gcry_sexp_t private_key = NULL, data = NULL, result = NULL;
	bool good = build_key(key, secret, &private_key) == 0 && build_data(key, digest, &data) == 0 &&
	            gcry_pk_sign(&result, data, private_key) == 0;

	if (good && key->algorithm == OPENPGP_KEY_RSA)
		good = append_number(result, "s", numbers);
	else if (good)
		good = append_number(result, "r", numbers) && append_number(result, "s", numbers);
	gcry_sexp_release(result);
	gcry_sexp_release(data);
	gcry_sexp_release(private_key);
	return good;
}

static const struct openpgp_key *find_opened(const struct signing_key *key, size_t n, struct bytes *ret_secret)
{
	for (size_t i = 0; i < key->count; i++) {
		if (key->numbers[i].size == 0 || n-- > 0)
			continue;
		*ret_secret = secret_bytes(&key->numbers[i]);
		return &key->keys.keys[key->first + i];
	}
	return NULL;
}

int signing_key_sign(const struct signing_key *key, size_t n, struct bytes message, uint32_t signed_at,
                     struct buffer *signature, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer body = {0}, numbers = {0};
	struct bytes secret = BYTES_EMPTY;
	const struct openpgp_key *one = find_opened(key, n, &secret);
	struct digest digest;

	if (!one)
		return error_set(error, E_NOT_FOUND, key->fingerprint, "the key %s has no further key that could sign",
		                 key->fingerprint);
	append_hashed(one, signed_at, &body);
	digest = hash_message(message, buffer_bytes(&body));
	append_unhashed(one, &body);
	buffer_append(&body, digest.data, 2);
	if (!sign_digest(one, secret, &digest, &numbers))
		return error_set(error, E_REFUSED, key->fingerprint, "the key %s does not sign: its file is damaged",
		                 key->fingerprint);
	buffer_append_bytes(&body, buffer_bytes(&numbers));
	buffer_append_byte(signature, TAG_SIGNATURE_LONG);
	buffer_append_u16be(signature, (uint16_t)body.size);
	buffer_append_bytes(signature, buffer_bytes(&body));
	if (body.failed || numbers.failed || signature->failed)
		return error_set(error, E_MEMORY, key->fingerprint, "there is not enough memory to sign");
	return 0;
}
