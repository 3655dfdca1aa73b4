/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/quote.h"

#include <string.h>

/* Part 2 */
#define GENERATED    0xff544347u /* TPM_GENERATED_VALUE: no restricted key signs other bytes that begin so */
#define ATTEST_QUOTE 0x8018u
#define ALG_NULL     0x0010u
#define ALG_ECDSA    0x0018u
#define ALG_ECC      0x0023u
#define CURVE_P256   0x0003u
#define RH_OWNER     0x40000001u
#define PCR_BYTES    3
#define NONCE_MAX    64
/* fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, sign */
#define KEY_ATTRIBUTES 0x00050472u

static int malformed(const char *object, const char *why, struct error *error)
{
	return error_set(error, E_MALFORMED, object, "this is no quote as Heads makes it: %s", why);
}

static struct bytes get_sized(struct cursor *cursor)
{
	return cursor_bytes(cursor, cursor_u16be(cursor));
}

/* TPML_PCR_SELECTION with the SHA-256 bank alone. */
static bool get_selection(struct cursor *cursor, uint32_t *ret_mask)
{
	struct bytes bits;

	if (cursor_u32be(cursor) != 1 || cursor_u16be(cursor) != HASH_SHA256 || cursor_u8(cursor) != PCR_BYTES)
		return false;
	bits = cursor_bytes(cursor, PCR_BYTES);
	if (cursor->failed)
		return false;
	*ret_mask = (uint32_t)bits.data[0] | (uint32_t)bits.data[1] << 8 | (uint32_t)bits.data[2] << 16;
	return true;
}

int quote_parse(struct bytes attest, struct quote *ret_quote, struct error *error)
{
	struct cursor cursor = cursor_make(attest);
	struct quote quote = {.mask = 0};

	if (cursor_u32be(&cursor) != GENERATED || cursor.failed)
		return malformed("quote", "no TPM has generated it", error);
	if (cursor_u16be(&cursor) != ATTEST_QUOTE)
		return malformed("quote", "the TPM says something else in it", error);
	quote.signer = get_sized(&cursor);
	quote.nonce = get_sized(&cursor);
	quote.clock_ms = cursor_u64be(&cursor);
	quote.reset_count = cursor_u32be(&cursor);
	quote.restart_count = cursor_u32be(&cursor);
	if (cursor_u8(&cursor) > 1)
		return malformed("quote", "its clock is none", error);
	quote.firmware = cursor_u64be(&cursor);
	if (!get_selection(&cursor, &quote.mask))
		return malformed("quote", "it is not about PCRs of the SHA-256 bank", error);
	quote.values = get_sized(&cursor);
	if (cursor.failed || cursor.rest.size != 0 || quote.nonce.size > NONCE_MAX ||
	    quote.values.size != hash_size(HASH_SHA256))
		return malformed("quote", "it has another length", error);
	*ret_quote = quote;
	return 0;
}

int quote_signature_parse(struct bytes signature, struct quote_signature *ret_signature, struct error *error)
{
	struct cursor cursor = cursor_make(signature);
	bool known = cursor_u16be(&cursor) == ALG_ECDSA && cursor_u16be(&cursor) == HASH_SHA256;
	struct quote_signature parsed;

	parsed.r = get_sized(&cursor);
	parsed.s = get_sized(&cursor);
	if (!known || cursor.failed || cursor.rest.size != 0 || parsed.r.size != QUOTE_ECC_SIZE ||
	    parsed.s.size != QUOTE_ECC_SIZE)
		return malformed("signature", "the signature is not ECDSA of P-256 with SHA-256", error);
	*ret_signature = parsed;
	return 0;
}

static void put_sized(struct buffer *buffer, struct bytes bytes)
{
	buffer_append_u16be(buffer, (uint16_t)bytes.size);
	buffer_append_bytes(buffer, bytes);
}

void quote_key_write(struct bytes x, struct bytes y, struct buffer *area)
{
	buffer_append_u16be(area, ALG_ECC);
	buffer_append_u16be(area, HASH_SHA256);
	buffer_append_u32be(area, KEY_ATTRIBUTES);
	put_sized(area, BYTES_EMPTY);        /* no policy */
	buffer_append_u16be(area, ALG_NULL); /* encrypts nothing */
	buffer_append_u16be(area, ALG_ECDSA);
	buffer_append_u16be(area, HASH_SHA256);
	buffer_append_u16be(area, CURVE_P256);
	buffer_append_u16be(area, ALG_NULL);
	put_sized(area, x);
	put_sized(area, y);
}

/* Part 1, 26.5: the qualified Name of a primary key is H(handle of the hierarchy || Name). */
static struct digest chain_of(const struct digest *name)
{
	static const uint8_t owner[4] = {RH_OWNER >> 24, 0, 0, RH_OWNER & 0xff};
	static const uint8_t algorithm[2] = {0, HASH_SHA256};
	const struct bytes parts[3] = {bytes_make(owner, sizeof(owner)), bytes_make(algorithm, sizeof(algorithm)),
	                               digest_bytes(name)};

	return digest_of_parts(HASH_SHA256, parts, 3);
}

int quote_key_parse(struct bytes area, struct quote_key *ret_key, struct error *error)
{
	struct buffer same = {0};
	struct quote_key key;
	bool equal;

	/* The two coordinates stand at the end; all before them is as we write it, or it is another kind of key. */
	if (area.size < (size_t)2 * (2 + QUOTE_ECC_SIZE))
		return malformed("key", "the key is too short for one", error);
	key.y = bytes_slice(area, area.size - QUOTE_ECC_SIZE, QUOTE_ECC_SIZE);
	key.x = bytes_slice(area, area.size - 2 - (size_t)2 * QUOTE_ECC_SIZE, QUOTE_ECC_SIZE);
	quote_key_write(key.x, key.y, &same);
	equal = !same.failed && bytes_equal(buffer_bytes(&same), area);
	buffer_clear(&same);
	if (!equal)
		return malformed("key", "the key is of another kind, and might sign what no TPM has generated", error);
	key.name = digest_of(HASH_SHA256, area);
	key.chain = chain_of(&key.name);
	*ret_key = key;
	return 0;
}

int quote_key_parse_sized(struct bytes file, struct bytes *ret_area, struct quote_key *ret_key, struct error *error)
{
	struct cursor cursor = cursor_make(file);
	const struct bytes area = get_sized(&cursor);

	if (cursor.failed || cursor.rest.size != 0)
		return malformed("key", "the key has another length", error);
	if (ret_area)
		*ret_area = area;
	return quote_key_parse(area, ret_key, error);
}
