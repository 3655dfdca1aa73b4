/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of the OpenPGP application: made, imported, and their public halves shown. Arithmetic is libgcrypt's. */
#include "base/cleanup.h"
#include "key.h"
#include "openpgp.h"
#include <gcrypt.h>
#include <string.h>

#define MODE_GENERATE 0x80
#define MODE_READ     0x81

static const struct known {
	struct bytes oid; /* with the algorithm's number in front */
	struct openpgp_algorithm algorithm;
} known[] = {
    {{(const uint8_t *)"\x13\x2a\x86\x48\xce\x3d\x03\x01\x07", 9}, {KIND_ECDSA, 256, "NIST P-256", ""}},
    {{(const uint8_t *)"\x12\x2a\x86\x48\xce\x3d\x03\x01\x07", 9}, {KIND_ECDH, 256, "NIST P-256", ""}},
    {{(const uint8_t *)"\x13\x2b\x81\x04\0\x22", 6}, {KIND_ECDSA, 384, "NIST P-384", ""}},
    {{(const uint8_t *)"\x12\x2b\x81\x04\0\x22", 6}, {KIND_ECDH, 384, "NIST P-384", ""}},
    {{(const uint8_t *)"\x16\x2b\x06\x01\x04\x01\xda\x47\x0f\x01", 10}, {KIND_EDDSA, 256, "Ed25519", "(flags eddsa)"}},
    {{(const uint8_t *)"\x12\x2b\x06\x01\x04\x01\x97\x55\x01\x05\x01", 11},
     {KIND_X25519, 256, "Curve25519", "(flags djb-tweak)"}},
};

bool openpgp_algorithm(struct bytes attributes, struct openpgp_algorithm *ret_algorithm)
{
	if (attributes.size == 6 && attributes.data[0] == 1) {
		unsigned int bits = (unsigned int)attributes.data[1] << 8 | attributes.data[2];

		*ret_algorithm = (struct openpgp_algorithm){KIND_RSA, bits, NULL, NULL};
		return (bits == 2048 || bits == 3072 || bits == 4096) && attributes.data[5] == 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct bytes rest = bytes_slice(attributes, known[i].oid.size, attributes.size);

		if (!bytes_equal(bytes_slice(attributes, 0, known[i].oid.size), known[i].oid) || rest.size > 1 ||
		    (rest.size == 1 && rest.data[0] != 0 && rest.data[0] != 0xff))
			continue;
		*ret_algorithm = known[i].algorithm;
		return true;
	}
	return false;
}

bool openpgp_attributes_are_known(enum openpgp_slot slot, struct bytes attributes)
{
	struct openpgp_algorithm algorithm;

	if (!openpgp_algorithm(attributes, &algorithm))
		return false;
	if (algorithm.kind == KIND_RSA)
		return true;
	return (slot == SLOT_DECIPHER) == (algorithm.kind == KIND_ECDH || algorithm.kind == KIND_X25519);
}

/* By the control reference template: B6 signs, B8 deciphers, A4 authenticates. */
static bool slot_of(uint8_t reference, enum openpgp_slot *ret_slot)
{
	static const uint8_t references[OPENPGP_SLOTS] = {0xb6, 0xb8, 0xa4};

	for (unsigned int i = 0; i < OPENPGP_SLOTS; i++)
		if (references[i] == reference) {
			*ret_slot = (enum openpgp_slot)i;
			return true;
		}
	return false;
}

static uint16_t show_public(const struct card *card, enum openpgp_slot slot, struct buffer *answer)
{
	CLEANUP(buffer_clear) struct buffer content = {0}, first = {0}, second = {0};
	CLEANUP(key_clear) gcry_sexp_t key = key_load(card, slot);
	struct openpgp_algorithm algorithm;

	if (!key || !openpgp_algorithm(card_value(card, (enum card_value)(VALUE_ATTRIBUTES + slot)), &algorithm))
		return SW_NO_SUCH_DATA;
	if (algorithm.kind == KIND_RSA) {
		if (!key_part(key, "n", algorithm.bits / 8, &first) || !key_part(key, "e", 3, &second))
			return SW_FAILED;
		tlv_append(&content, 0x81, buffer_bytes(&first));
		tlv_append(&content, 0x82, buffer_bytes(&second));
	} else {
		if (!key_part(key, "q", 0, &first))
			return SW_FAILED;
		tlv_append(&content, 0x86, buffer_bytes(&first));
	}
	tlv_append(answer, 0x7f49, buffer_bytes(&content));
	return SW_OK;
}

static uint16_t make(struct card *card, enum openpgp_slot slot)
{
	CLEANUP(key_clear) gcry_sexp_t wish = NULL, pair = NULL, private = NULL;
	struct openpgp_algorithm algorithm;
	gcry_error_t failed;

	if (!openpgp_algorithm(card_value(card, (enum card_value)(VALUE_ATTRIBUTES + slot)), &algorithm))
		return SW_FAILED;
	/* What protects nothing may come from the faster generator. */
	if (algorithm.kind == KIND_RSA) {
		failed = gcry_sexp_build(&wish, NULL, "(genkey(rsa(nbits %u)(flags transient-key)))", algorithm.bits);
	} else {
		CLEANUP(buffer_clear) struct buffer text = {0};

		buffer_append_format(&text, "(genkey(ecc(curve \"%s\")%s))", algorithm.curve, algorithm.flags);
		failed = gcry_sexp_new(&wish, text.data, text.size, 1);
	}
	if (failed == 0)
		failed = gcry_pk_genkey(&pair, wish);
	if (failed)
		return SW_FAILED;
	private = gcry_sexp_find_token(pair, "private-key", 0);
	if (!private || !key_store(card, slot, private))
		return SW_FAILED;
	if (slot == SLOT_SIGN)
		card->numbers[NUMBER_SIGNATURES] = 0;
	return SW_OK;
}

uint16_t openpgp_generate(struct card *card, const struct apdu *apdu, struct buffer *answer)
{
	enum openpgp_slot slot;
	uint16_t status;

	if (apdu->data.size < 2 || !slot_of(apdu->data.data[0], &slot))
		return SW_WRONG_DATA;
	if (apdu->p1 != MODE_GENERATE && apdu->p1 != MODE_READ)
		return SW_WRONG_PLACE;
	if (apdu->p1 == MODE_GENERATE) {
		if (!(card->shown & SHOWN_ADMIN))
			return SW_NOT_SHOWN;
		status = make(card, slot);
		if (status != SW_OK)
			return status;
	}
	return show_public(card, slot, answer);
}

/* The parts of a key lie one behind the other; their lengths are in a template of their own. */
struct parts {
	struct bytes e, first, second; /* 91, 92, 93 */
};

static bool read_parts(struct bytes lengths, struct bytes values, struct parts *parts)
{
	struct cursor cursor = cursor_make(values);
	unsigned int tag;
	size_t size;

	*parts = (struct parts){{0}, {0}, {0}};
	while (lengths.size > 0) {
		struct bytes value;

		if (!tlv_next_header(&lengths, &tag, &size))
			return false;
		value = cursor_bytes(&cursor, size);
		if (tag == 0x91)
			parts->e = value;
		else if (tag == 0x92)
			parts->first = value;
		else if (tag == 0x93)
			parts->second = value;
	}
	return !cursor.failed && parts->first.size > 0;
}

static gcry_mpi_t number_of(struct bytes bytes)
{
	gcry_mpi_t number = NULL;

	(void)gcry_mpi_scan(&number, GCRYMPI_FMT_USG, bytes.data, bytes.size, NULL);
	return number;
}

/* n, d and u from e, p and q, as libgcrypt wants them: p below q, u the inverse of p modulo q. */
static gcry_sexp_t make_rsa(const struct parts *parts)
{
	gcry_mpi_t e = number_of(parts->e), p = number_of(parts->first), q = number_of(parts->second);
	gcry_mpi_t n = gcry_mpi_new(0), d = gcry_mpi_new(0), u = gcry_mpi_new(0), p1 = gcry_mpi_new(0);
	gcry_mpi_t q1 = gcry_mpi_new(0), order = gcry_mpi_new(0);
	gcry_sexp_t key = NULL;

	if (e && p && q && gcry_mpi_cmp_ui(p, 1) > 0 && gcry_mpi_cmp_ui(q, 1) > 0) {
		if (gcry_mpi_cmp(p, q) > 0)
			gcry_mpi_swap(p, q);
		gcry_mpi_mul(n, p, q);
		gcry_mpi_sub_ui(p1, p, 1);
		gcry_mpi_sub_ui(q1, q, 1);
		gcry_mpi_mul(order, p1, q1);
		if (gcry_mpi_invm(d, e, order) && gcry_mpi_invm(u, p, q))
			(void)gcry_sexp_build(&key, NULL, "(private-key(rsa(n%m)(e%m)(d%m)(p%m)(q%m)(u%m)))", n, e, d,
			                      p, q, u);
	}
	gcry_mpi_t all[] = {e, p, q, n, d, u, p1, q1, order};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		gcry_mpi_release(all[i]);
	return key;
}

/* The public point of a secret number. */
static bool find_point(const struct openpgp_algorithm *algorithm, struct bytes secret, struct buffer *point)
{
	CLEANUP(key_clear) gcry_sexp_t half = NULL, public = NULL;
	CLEANUP(buffer_clear) struct buffer text = {0};
	gcry_ctx_t curve = NULL;
	bool good;

	buffer_append_format(&text, "(private-key(ecc(curve \"%s\")%s(d%%b)))", algorithm->curve, algorithm->flags);
	if (!buffer_string(&text) ||
	    gcry_sexp_build(&half, NULL, (const char *)text.data, (int)secret.size, secret.data) ||
	    gcry_mpi_ec_new(&curve, half, NULL))
		return false;
	good = gcry_pubkey_get_sexp(&public, GCRY_PK_GET_PUBKEY, curve) == 0 && key_part_raw(public, "q", point);
	gcry_ctx_release(curve);
	return good;
}

/* The same for Curve25519, whose numbers libgcrypt's multiplication takes with the lowest byte first. */
static bool find_point_x25519(struct bytes secret, struct buffer *point)
{
	uint8_t scalar[32] = {0}, result[32];

	if (secret.size > sizeof(scalar))
		return false;
	for (size_t i = 0; i < secret.size; i++)
		scalar[secret.size - 1 - i] = secret.data[i];
	if (gcry_ecc_mul_point(GCRY_ECC_CURVE25519, result, scalar, NULL))
		return false;
	buffer_append_byte(point, 0x40);
	buffer_append(point, result, sizeof(result));
	memory_wipe(scalar, sizeof(scalar));
	return true;
}

static gcry_sexp_t make_ecc(const struct openpgp_algorithm *algorithm, struct bytes secret)
{
	CLEANUP(buffer_clear) struct buffer text = {0}, point = {0};
	gcry_sexp_t key = NULL;

	if (!(algorithm->kind == KIND_X25519 ? find_point_x25519(secret, &point)
	                                     : find_point(algorithm, secret, &point)))
		return NULL;
	buffer_append_format(&text, "(private-key(ecc(curve \"%s\")%s(q%%b)(d%%b)))", algorithm->curve,
	                     algorithm->flags);
	if (buffer_string(&text))
		(void)gcry_sexp_build(&key, NULL, (const char *)text.data, (int)point.size, point.data,
		                      (int)secret.size, secret.data);
	return key;
}

uint16_t openpgp_import(struct card *card, const struct apdu *apdu)
{
	CLEANUP(key_clear) gcry_sexp_t key = NULL;
	struct bytes list, lengths, values;
	struct openpgp_algorithm algorithm;
	enum openpgp_slot slot;
	struct parts parts;

	if (!(card->shown & SHOWN_ADMIN))
		return SW_NOT_SHOWN;
	if (apdu->p1 != 0x3f || apdu->p2 != 0xff)
		return SW_WRONG_PLACE;
	if (!tlv_find(apdu->data, 0x4d, &list) || list.size < 2 || !slot_of(list.data[0], &slot))
		return SW_WRONG_DATA;
	list = bytes_slice(list, 2 + (size_t)list.data[1], list.size);
	if (!tlv_find(list, 0x7f48, &lengths) || !tlv_find(list, 0x5f48, &values) ||
	    !read_parts(lengths, values, &parts) ||
	    !openpgp_algorithm(card_value(card, (enum card_value)(VALUE_ATTRIBUTES + slot)), &algorithm))
		return SW_WRONG_DATA;
	key = algorithm.kind == KIND_RSA ? make_rsa(&parts) : make_ecc(&algorithm, parts.first);
	/* The numbers of an RSA key could be anything; a point is computed from its secret, and always fits. */
	if (!key || (algorithm.kind == KIND_RSA && gcry_pk_testkey(key)) ||
	    gcry_pk_get_nbits(key) + 8 < algorithm.bits || !key_store(card, slot, key))
		return SW_WRONG_DATA;
	if (slot == SLOT_SIGN)
		card->numbers[NUMBER_SIGNATURES] = 0;
	return SW_OK;
}
