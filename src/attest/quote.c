/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/quote.h"

#include <gcrypt.h>
#include <string.h>

#define VALUE_SIZE 32
/* A PCR that is extended between the reading and the quote makes both be done again, this often. */
#define TRIES 3

void quote_evidence_clear(struct quote_evidence *evidence)
{
	buffer_clear(&evidence->key);
	buffer_clear(&evidence->message);
	buffer_clear(&evidence->signature);
	buffer_clear(&evidence->values);
}

static int read_values(struct tpm *tpm, struct buffer *values, struct error *error)
{
	struct tpm_pcrs pcrs;
	int r = tpm_pcr_read(tpm, HASH_SHA256, QUOTE_PCR_MASK, &pcrs, error);

	for (unsigned pcr = 0; r == 0 && pcr < QUOTE_PCR_COUNT; pcr++)
		buffer_append_bytes(values, digest_bytes(&pcrs.values[pcr]));
	return r;
}

static int take_key(struct tpm *tpm, struct bytes owner, struct buffer *key, struct error *error)
{
	struct buffer area = {0};
	int r = tpm_quote_key_make(tpm, owner, error);

	if (r == 0)
		r = tpm_quote_key(tpm, &area, error);
	if (r == 0) {
		buffer_append_u16be(key, (uint16_t)area.size);
		buffer_append_bytes(key, buffer_bytes(&area));
		key->failed = key->failed || area.failed;
	}
	buffer_clear(&area);
	return r;
}

static bool is_about(struct bytes message, struct bytes values)
{
	struct quote quote;
	struct digest digest = digest_of(HASH_SHA256, values);

	return quote_parse(message, &quote, NULL) == 0 && bytes_equal(quote.values, digest_bytes(&digest));
}

int quote_make(struct tpm *tpm, struct bytes nonce, struct bytes owner, struct quote_evidence *ret_evidence,
               struct error *error)
{
	struct quote_evidence made = {0};
	bool agree = false;
	int r = take_key(tpm, owner, &made.key, error);

	for (int i = 0; r == 0 && i < TRIES && !agree; i++) {
		buffer_clear(&made.values);
		buffer_clear(&made.message);
		buffer_clear(&made.signature);
		r = read_values(tpm, &made.values, error);
		if (r == 0)
			r = tpm_quote(tpm, nonce, QUOTE_PCR_MASK, &made.message, &made.signature, error);
		agree = is_about(buffer_bytes(&made.message), buffer_bytes(&made.values));
	}
	if (r == 0 && !agree)
		r = error_set(error, E_TPM, "TPM", "the PCRs change while they are quoted");
	if (r == 0 && (made.key.failed || made.values.failed || made.message.failed || made.signature.failed))
		r = error_set(error, E_MEMORY, "TPM", "there is not enough memory for a quote");
	if (r < 0)
		quote_evidence_clear(&made);
	else
		*ret_evidence = made;
	return r;
}

/* ECDSA over the SHA-256 of the message. */
static bool is_signed(const struct quote_key *key, const struct quote_signature *signature, struct bytes message)
{
	const struct digest digest = digest_of(HASH_SHA256, message);
	gcry_sexp_t public_key = NULL, value = NULL, data = NULL;
	uint8_t point[1 + 2 * QUOTE_ECC_SIZE] = {4};
	bool good;

	memcpy(point + 1, key->x.data, QUOTE_ECC_SIZE);
	memcpy(point + 1 + QUOTE_ECC_SIZE, key->y.data, QUOTE_ECC_SIZE);
	good =
	    gcry_sexp_build(&public_key, NULL, "(public-key (ecc (curve \"NIST P-256\") (q %b)))", (int)sizeof(point),
	                    point) == 0 &&
	    gcry_sexp_build(&value, NULL, "(sig-val (ecdsa (r %b) (s %b)))", QUOTE_ECC_SIZE, signature->r.data,
	                    QUOTE_ECC_SIZE, signature->s.data) == 0 &&
	    gcry_sexp_build(&data, NULL, "(data (flags raw) (hash sha256 %b))", (int)digest.size, digest.data) == 0 &&
	    gcry_pk_verify(value, data, public_key) == 0;
	gcry_sexp_release(data);
	gcry_sexp_release(value);
	gcry_sexp_release(public_key);
	return good;
}

static int refuse(const char *object, const char *why, struct error *error)
{
	return error_set(error, E_REFUSED, object, "the quote proves nothing: %s", why);
}

/* The qualified Name: algorithm and digest. */
static bool is_signer(struct bytes signer, const struct quote_key *key)
{
	return signer.size == 2 + key->chain.size && signer.data[0] == 0 && signer.data[1] == HASH_SHA256 &&
	       bytes_equal(bytes_slice(signer, 2, signer.size), digest_bytes(&key->chain));
}

static int check_values(const struct quote *quote, struct bytes values, struct tpm_pcrs *ret_pcrs, struct error *error)
{
	const struct digest digest = digest_of(HASH_SHA256, values);

	if (values.size != (size_t)QUOTE_PCR_COUNT * VALUE_SIZE || !bytes_equal(quote->values, digest_bytes(&digest)))
		return refuse("values", "the values of the PCRs that came with it are not those that are signed",
		              error);
	*ret_pcrs = (struct tpm_pcrs){.bank = HASH_SHA256, .mask = QUOTE_PCR_MASK};
	for (unsigned pcr = 0; pcr < QUOTE_PCR_COUNT; pcr++) {
		ret_pcrs->values[pcr] = (struct digest){.algorithm = HASH_SHA256, .size = VALUE_SIZE};
		memcpy(ret_pcrs->values[pcr].data, values.data + (size_t)pcr * VALUE_SIZE, VALUE_SIZE);
	}
	return 0;
}

int quote_check(const struct quote_evidence *evidence, struct bytes trusted, struct bytes nonce,
                struct tpm_pcrs *ret_pcrs, struct error *error)
{
	const struct bytes message = buffer_bytes(&evidence->message);
	struct quote_signature signature = {BYTES_EMPTY, BYTES_EMPTY};
	struct quote_key key = {.x = BYTES_EMPTY, .y = BYTES_EMPTY};
	struct quote quote;
	int r = quote_key_parse_sized(trusted, NULL, &key, error);

	if (r == 0 && !bytes_equal(trusted, buffer_bytes(&evidence->key)))
		return refuse("key", "it is signed by another key than the one that was kept of this machine", error);
	if (r == 0)
		r = quote_signature_parse(buffer_bytes(&evidence->signature), &signature, error);
	if (r < 0)
		return r;
	/* First of all: what is not signed is not looked at. */
	if (!is_signed(&key, &signature, message))
		return refuse("signature", "the signature is not by that key over this message", error);
	r = quote_parse(message, &quote, error);
	if (r < 0)
		return r;
	if (!is_signer(quote.signer, &key))
		return refuse("signer", "the key is no primary key of the TPM's owner", error);
	if (!bytes_equal(quote.nonce, nonce))
		return refuse("nonce", "it is the answer to another question: an old one, or another machine's", error);
	if (quote.mask != QUOTE_PCR_MASK)
		return refuse("PCRs", "it is about other PCRs than 0 to 9", error);
	return check_values(&quote, buffer_bytes(&evidence->values), ret_pcrs, error);
}
