/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm2_crypto.h"

#include <gcrypt.h>
#include <stdlib.h>
#include <string.h>

#define ECC_SIZE 32 /* bytes of a P-256 coordinate */
#define RSA_SIZE 256
/* OAEP label and KDFe use; its NUL counts. */
#define SALT_LABEL "SECRET"

static void put_be32(uint8_t data[4], uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		data[i] = (uint8_t)(value >> (24 - 8 * i));
}

void tpm2_kdfa(struct bytes secret, const char *label, struct bytes context_u, struct bytes context_v, uint8_t *key,
               size_t size)
{
	uint8_t counter[4], bits[4];
	uint32_t round = 0;

	put_be32(bits, (uint32_t)size * 8);
	while (size > 0) {
		struct bytes parts[5] = {bytes_make(counter, 4), bytes_make(label, strlen(label) + 1), context_u,
		                         context_v, bytes_make(bits, 4)};
		struct digest block;
		size_t take;

		put_be32(counter, ++round);
		block = hmac_of(HASH_SHA256, secret, parts, 5);
		take = size < block.size ? size : block.size;
		memcpy(key, block.data, take);
		memory_wipe(&block, sizeof(block));
		key += take;
		size -= take;
	}
}

void tpm2_kdfe(struct bytes z, const char *use, struct bytes party_u, struct bytes party_v,
               uint8_t key[TPM2_DIGEST_SIZE])
{
	static const uint8_t counter[4] = {0, 0, 0, 1};
	const struct bytes parts[5] = {bytes_make(counter, 4), z, bytes_make(use, strlen(use) + 1), party_u, party_v};
	struct digest digest = digest_of_parts(HASH_SHA256, parts, 5);

	memcpy(key, digest.data, TPM2_DIGEST_SIZE);
	memory_wipe(&digest, sizeof(digest));
}

void tpm2_cfb(bool encrypt, const uint8_t key[TPM2_AES_SIZE], const uint8_t iv[TPM2_AES_SIZE], uint8_t *data,
              size_t size)
{
	gcry_cipher_hd_t cipher;
	gcry_error_t failed;

	/* Without its cipher nothing may go over the bus: these calls fail only where the library is broken. */
	if (gcry_cipher_open(&cipher, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_CFB, GCRY_CIPHER_SECURE) != 0 ||
	    gcry_cipher_setkey(cipher, key, TPM2_AES_SIZE) != 0 || gcry_cipher_setiv(cipher, iv, TPM2_AES_SIZE) != 0)
		abort();
	failed = encrypt ? gcry_cipher_encrypt(cipher, data, size, NULL, 0)
	                 : gcry_cipher_decrypt(cipher, data, size, NULL, 0);
	if (failed != 0)
		abort();
	gcry_cipher_close(cipher);
}

/* The number as exactly ECC_SIZE bytes, big endian. */
static bool write_coordinate(gcry_mpi_t number, uint8_t data[ECC_SIZE])
{
	size_t size = 0;
	uint8_t text[ECC_SIZE + 1];

	if (gcry_mpi_print(GCRYMPI_FMT_USG, text, sizeof(text), &size, number) != 0 || size > ECC_SIZE)
		return false;
	memset(data, 0, ECC_SIZE - size);
	memcpy(data + ECC_SIZE - size, text, size);
	memory_wipe(text, sizeof(text));
	return true;
}

/* Everything that one ECDH needs, so that there is one place that releases. */
struct ecdh {
	gcry_ctx_t curve;
	gcry_mpi_point_t theirs, ours, shared;
	gcry_mpi_t scalar, x, y;
};

static void ecdh_clear(struct ecdh *ecdh)
{
	gcry_mpi_release(ecdh->scalar);
	gcry_mpi_release(ecdh->x);
	gcry_mpi_release(ecdh->y);
	gcry_mpi_point_release(ecdh->theirs);
	gcry_mpi_point_release(ecdh->ours);
	gcry_mpi_point_release(ecdh->shared);
	gcry_ctx_release(ecdh->curve);
}

/* The TPM's point; false where it does not lie on the curve. */
static bool ecdh_read_point(struct ecdh *ecdh, const struct tpm2_public *key)
{
	gcry_mpi_t x = NULL, y = NULL;
	bool good = gcry_mpi_scan(&x, GCRYMPI_FMT_USG, key->x.data, key->x.size, NULL) == 0 &&
	            gcry_mpi_scan(&y, GCRYMPI_FMT_USG, key->y.data, key->y.size, NULL) == 0;

	if (good) {
		gcry_mpi_point_set(ecdh->theirs, x, y, GCRYMPI_CONST_ONE);
		good = gcry_mpi_ec_curve_point(ecdh->theirs, ecdh->curve) != 0;
	}
	gcry_mpi_release(x);
	gcry_mpi_release(y);
	return good;
}

/* A random number from 1 to the order of the curve less one. */
static bool ecdh_make_scalar(struct ecdh *ecdh)
{
	gcry_mpi_t order = gcry_mpi_ec_get_mpi("n", ecdh->curve, 1);
	uint8_t random[ECC_SIZE];
	bool found = false;

	/* Nearly every number fits: 16 tries fail with a chance of 2^-512. */
	for (unsigned tries = 0; order && !found && tries < 16; tries++) {
		gcry_mpi_release(ecdh->scalar);
		ecdh->scalar = gcry_mpi_snew(ECC_SIZE * 8);
		random_fill(random, sizeof(random));
		for (size_t i = 0; i < sizeof(random); i++) {
			gcry_mpi_mul_2exp(ecdh->scalar, ecdh->scalar, 8);
			gcry_mpi_add_ui(ecdh->scalar, ecdh->scalar, random[i]);
		}
		found = gcry_mpi_cmp_ui(ecdh->scalar, 0) > 0 && gcry_mpi_cmp(ecdh->scalar, order) < 0;
	}
	memory_wipe(random, sizeof(random));
	gcry_mpi_release(order);
	return found;
}

static bool ecdh_open(struct ecdh *ecdh)
{
	if (gcry_mpi_ec_new(&ecdh->curve, NULL, "NIST P-256") != 0)
		return false;
	ecdh->theirs = gcry_mpi_point_new(0);
	ecdh->ours = gcry_mpi_point_new(0);
	ecdh->shared = gcry_mpi_point_new(0);
	ecdh->x = gcry_mpi_snew(ECC_SIZE * 8);
	ecdh->y = gcry_mpi_snew(ECC_SIZE * 8);
	return true;
}

/* The affine coordinates of scalar * point; y may be NULL. */
static bool ecdh_multiply(struct ecdh *ecdh, gcry_mpi_point_t point, gcry_mpi_point_t product, uint8_t x[ECC_SIZE],
                          uint8_t y[ECC_SIZE])
{
	gcry_mpi_ec_mul(product, ecdh->scalar, point, ecdh->curve);
	return gcry_mpi_ec_get_affine(ecdh->x, y ? ecdh->y : NULL, product, ecdh->curve) == 0 &&
	       write_coordinate(ecdh->x, x) && (!y || write_coordinate(ecdh->y, y));
}

/* Part 1, C.6.1: salt = KDFe(x of the shared point, "SECRET", x of ours, x of theirs); our point travels. */
static int make_ecc_salt(const struct tpm2_public *key, uint8_t salt[TPM2_DIGEST_SIZE], struct tpm2_writer *encrypted,
                         struct error *error)
{
	__attribute__((cleanup(ecdh_clear))) struct ecdh ecdh = {0};
	uint8_t x[ECC_SIZE], y[ECC_SIZE], z[ECC_SIZE];
	gcry_mpi_point_t generator;
	size_t place;
	bool good;

	if (!ecdh_open(&ecdh))
		return error_set(error, E_SYSTEM, "TPM", "the cryptographic library does not know the curve P-256");
	if (!ecdh_read_point(&ecdh, key))
		return error_set(error, E_TPM_FORGED, "TPM", "the TPM's storage key is no point of the curve P-256");
	generator = gcry_mpi_ec_get_point("g", ecdh.curve, 1);
	good = generator && ecdh_make_scalar(&ecdh) && ecdh_multiply(&ecdh, ecdh.theirs, ecdh.shared, z, NULL) &&
	       ecdh_multiply(&ecdh, generator, ecdh.ours, x, y);
	gcry_mpi_point_release(generator);
	if (!good)
		return error_set(error, E_SYSTEM, "TPM", "the key exchange with the TPM failed in the library");
	tpm2_kdfe(bytes_make(z, sizeof(z)), SALT_LABEL, bytes_make(x, sizeof(x)), key->x, salt);
	memory_wipe(z, sizeof(z));
	place = tpm2_begin_sized(encrypted);
	tpm2_put_sized(encrypted, bytes_make(x, sizeof(x)));
	tpm2_put_sized(encrypted, bytes_make(y, sizeof(y)));
	tpm2_end_sized(encrypted, place);
	return 0;
}

/* The value of "(a NUMBER)" in an encrypted S-expression, RSA_SIZE bytes. */
static bool write_ciphertext(gcry_sexp_t encrypted, uint8_t data[RSA_SIZE])
{
	gcry_sexp_t token = gcry_sexp_find_token(encrypted, "a", 1);
	gcry_mpi_t number = token ? gcry_sexp_nth_mpi(token, 1, GCRYMPI_FMT_USG) : NULL;
	unsigned char *text = NULL;
	size_t size = 0;
	bool good = number && gcry_mpi_aprint(GCRYMPI_FMT_USG, &text, &size, number) == 0 && size <= RSA_SIZE;

	if (good) {
		memset(data, 0, RSA_SIZE - size);
		memcpy(data + RSA_SIZE - size, text, size);
	}
	gcry_free(text);
	gcry_mpi_release(number);
	gcry_sexp_release(token);
	return good;
}

/* Part 1, B.10.4: RSAES-OAEP with SHA-256 and the label "SECRET" with its NUL. */
static int make_rsa_salt(const struct tpm2_public *key, uint8_t salt[TPM2_DIGEST_SIZE], struct tpm2_writer *encrypted,
                         struct error *error)
{
	static const uint8_t exponent[] = {1, 0, 1};
	gcry_sexp_t rsa = NULL, data = NULL, result = NULL;
	uint8_t ciphertext[RSA_SIZE];
	bool good;

	random_fill(salt, TPM2_DIGEST_SIZE);
	good = gcry_sexp_build(&rsa, NULL, "(public-key (rsa (n %b) (e %b)))", (int)key->modulus.size,
	                       key->modulus.data, (int)sizeof(exponent), exponent) == 0 &&
	       gcry_sexp_build(&data, NULL, "(data (flags oaep) (hash-algo sha256) (label %b) (value %b))",
	                       (int)sizeof(SALT_LABEL), SALT_LABEL, TPM2_DIGEST_SIZE, salt) == 0 &&
	       gcry_pk_encrypt(&result, data, rsa) == 0 && write_ciphertext(result, ciphertext);
	gcry_sexp_release(result);
	gcry_sexp_release(data);
	gcry_sexp_release(rsa);
	if (!good)
		return error_set(error, E_SYSTEM, "TPM", "the salt for the TPM cannot be encrypted to its RSA key");
	tpm2_put_sized(encrypted, bytes_make(ciphertext, sizeof(ciphertext)));
	return 0;
}

int tpm2_make_salt(const struct tpm2_public *key, uint8_t salt[TPM2_DIGEST_SIZE], struct tpm2_writer *encrypted,
                   struct error *error)
{
	int result;

	if (key->type == TPM_ALG_ECC)
		result = make_ecc_salt(key, salt, encrypted, error);
	else if (key->type == TPM_ALG_RSA)
		result = make_rsa_salt(key, salt, encrypted, error);
	else
		result = error_set(error, E_TPM_FORGED, "TPM", "the TPM's storage key is neither ECC nor RSA");
	if (result == 0 && encrypted->failed)
		result = error_set(error, E_SYSTEM, "TPM", "no room for the salt of the session with the TPM");
	return result;
}

struct digest tpm2_pcr_policy_after(const struct digest *before, const struct tpm_pcrs *expected)
{
	struct bytes values[TPM_PCR_COUNT];
	struct digest pcrs;
	uint8_t text[4 + 16];
	struct tpm2_writer writer = tpm2_writer_make(text, sizeof(text));
	size_t count = 0;

	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		if (expected->mask & (1u << pcr))
			values[count++] = digest_bytes(&expected->values[pcr]);
	}
	pcrs = digest_of_parts(HASH_SHA256, values, count);
	/* Part 3, 23.7: H(old || TPM_CC_PolicyPCR || selection || digest of the values) */
	tpm2_put_u32(&writer, TPM_CC_PolicyPCR);
	tpm2_put_pcr_selection(&writer, expected->bank, expected->mask);
	return digest_of_parts(
	    HASH_SHA256, (const struct bytes[]){digest_bytes(before), tpm2_written(&writer), digest_bytes(&pcrs)}, 3);
}

struct digest tpm2_seal_policy(const struct tpm_pcrs *expected, bool passphrase)
{
	const struct digest nothing = {.algorithm = HASH_SHA256, .size = TPM2_DIGEST_SIZE};
	const struct digest policy = tpm2_pcr_policy_after(&nothing, expected);
	uint8_t text[4];
	struct tpm2_writer writer = tpm2_writer_make(text, sizeof(text));

	if (!passphrase)
		return policy;
	/* Part 3, 23.17: H(old || TPM_CC_PolicyAuthValue) */
	tpm2_put_u32(&writer, TPM_CC_PolicyAuthValue);
	return digest_of_parts(HASH_SHA256, (const struct bytes[]){digest_bytes(&policy), tpm2_written(&writer)}, 2);
}

void tpm2_make_auth_value(struct bytes passphrase, struct tpm2_auth_value *ret_value)
{
	*ret_value = (struct tpm2_auth_value){.size = passphrase.size};
	if (passphrase.size > TPM2_DIGEST_SIZE) {
		struct digest digest = digest_of(HASH_SHA256, passphrase);

		ret_value->size = digest.size;
		memcpy(ret_value->data, digest.data, digest.size);
		memory_wipe(&digest, sizeof(digest));
	} else if (passphrase.size > 0) {
		memcpy(ret_value->data, passphrase.data, passphrase.size);
	}
	while (ret_value->size > 0 && ret_value->data[ret_value->size - 1] == 0)
		ret_value->size--;
}
