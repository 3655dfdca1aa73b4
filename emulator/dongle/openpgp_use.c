/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private keys of the OpenPGP application at work. */
#include "base/cleanup.h"
#include "key.h"
#include "openpgp.h"
#include <gcrypt.h>
#include <string.h>

#define PADDING_SIZE 11 /* of PKCS #1 v1.5, at least */
#define RSA_MAX      512
#define POINT_MAX    97

/* DigestInfo in the padding of PKCS #1 v1.5 (RFC 8017, section 9.2), without another hash. */
static gcry_error_t build_rsa(struct bytes data, size_t size, gcry_sexp_t *ret_data)
{
	uint8_t block[RSA_MAX];
	size_t filled = size - data.size - 3;

	block[0] = 0;
	block[1] = 1;
	memset(block + 2, 0xff, filled);
	block[2 + filled] = 0;
	memcpy(block + 3 + filled, data.data, data.size);
	return gcry_sexp_build(ret_data, NULL, "(data(flags raw)(value%b))", (int)size, block);
}

uint16_t openpgp_sign(const struct card *card, enum openpgp_slot slot, struct bytes data, struct buffer *answer)
{
	CLEANUP(key_clear) gcry_sexp_t key = key_load(card, slot), input = NULL, signature = NULL;
	struct openpgp_algorithm algorithm;
	gcry_error_t failed;
	size_t size;
	bool good;

	if (!key || !openpgp_algorithm(card_value(card, (enum card_value)(VALUE_ATTRIBUTES + slot)), &algorithm))
		return SW_NO_SUCH_DATA;
	size = algorithm.bits / 8;
	if (data.size == 0 || (algorithm.kind == KIND_RSA ? data.size + PADDING_SIZE > size : data.size > UINT8_MAX))
		return SW_WRONG_DATA;
	if (algorithm.kind == KIND_RSA)
		failed = build_rsa(data, size, &input);
	else if (algorithm.kind == KIND_EDDSA)
		failed = gcry_sexp_build(&input, NULL, "(data(flags eddsa)(hash-algo sha512)(value%b))", (int)data.size,
		                         data.data);
	else
		failed = gcry_sexp_build(&input, NULL, "(data(flags raw)(value%b))", (int)data.size, data.data);
	if (failed || gcry_pk_sign(&signature, input, key))
		return SW_FAILED;
	good = algorithm.kind == KIND_RSA
	           ? key_part(signature, "s", size, answer)
	           : key_part(signature, "r", size, answer) && key_part(signature, "s", size, answer);
	return good ? SW_OK : SW_FAILED;
}

static uint16_t decipher_rsa(gcry_sexp_t key, size_t size, struct bytes data, struct buffer *answer)
{
	CLEANUP(key_clear) gcry_sexp_t input = NULL, output = NULL;
	const char *plain;
	size_t plain_size;

	/* A zero in front says that it is RSA. */
	if (data.size != size + 1 || data.data[0] != 0)
		return SW_WRONG_DATA;
	if (gcry_sexp_build(&input, NULL, "(enc-val(flags pkcs1)(rsa(a%b)))", (int)size, data.data + 1) ||
	    gcry_pk_decrypt(&output, input, key))
		return SW_WRONG_DATA;
	plain = gcry_sexp_nth_data(output, 1, &plain_size);
	if (!plain)
		return SW_FAILED;
	buffer_append(answer, plain, plain_size);
	return SW_OK;
}

/* The other side's point comes in A6 { 7F49 { 86 } }; the answer is the shared secret, the x coordinate. */
static uint16_t decipher_ecc(gcry_sexp_t key, const struct openpgp_algorithm *algorithm, struct bytes data,
                             struct buffer *answer)
{
	CLEANUP(key_clear) gcry_sexp_t input = NULL, output = NULL;
	size_t size = algorithm->bits / 8, shared_size;
	uint8_t point[POINT_MAX];
	struct bytes value;
	const char *shared;

	if (!tlv_find(data, 0xa6, &value) || !tlv_find(value, 0x7f49, &value) || !tlv_find(value, 0x86, &value))
		return SW_WRONG_DATA;
	if (algorithm->kind == KIND_X25519 && value.size == size) {
		point[0] = 0x40;
		memcpy(point + 1, value.data, size);
		value = bytes_make(point, size + 1);
	}
	if (gcry_sexp_build(&input, NULL, "(enc-val(ecdh(e%b)))", (int)value.size, value.data) ||
	    gcry_pk_decrypt(&output, input, key))
		return SW_WRONG_DATA;
	shared = gcry_sexp_nth_data(output, 1, &shared_size);
	if (!shared || shared_size < size + 1)
		return SW_FAILED;
	buffer_append(answer, shared + 1, size); /* behind 04 or 40 */
	return SW_OK;
}

uint16_t openpgp_decipher(const struct card *card, struct bytes data, struct buffer *answer)
{
	CLEANUP(key_clear) gcry_sexp_t key = key_load(card, SLOT_DECIPHER);
	struct openpgp_algorithm algorithm;

	if (!key ||
	    !openpgp_algorithm(card_value(card, (enum card_value)(VALUE_ATTRIBUTES + SLOT_DECIPHER)), &algorithm))
		return SW_NO_SUCH_DATA;
	return algorithm.kind == KIND_RSA ? decipher_rsa(key, algorithm.bits / 8, data, answer)
	                                  : decipher_ecc(key, &algorithm, data, answer);
}
