/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/openpgp_key.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "format/armour.h"
#include <string.h>

/* Packet tags (RFC 4880 section 4.3). */
enum { TAG_SECRET_KEY = 5, TAG_PUBLIC_KEY = 6, TAG_SECRET_SUBKEY = 7, TAG_PUBLIC_SUBKEY = 14 };
/* Algorithms (section 9.1, RFC 6637, and GnuPG's EdDSA). */
enum { NUMBER_RSA = 1, NUMBER_RSA_SIGN = 3, NUMBER_ELGAMAL = 16, NUMBER_DSA = 17, NUMBER_ECDH = 18 };
enum { NUMBER_ECDSA = 19, NUMBER_EDDSA = 22 };
/* How the secret part is protected (section 5.5.3), and the S2K that is GnuPG's own. */
enum { USAGE_PLAIN = 0, USAGE_SHA1 = 254, USAGE_SUM = 255, S2K_GNU = 101 };
enum { CIPHER_AES128 = 7, CIPHER_AES256 = 9 };

static const uint8_t oid_ed25519[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01};
static const uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

struct bytes openpgp_take_number(struct cursor *cursor)
{
	uint16_t bits = cursor_u16be(cursor);

	return cursor_bytes(cursor, ((size_t)bits + 7) / 8);
}

static void take_curve(struct cursor *cursor, struct openpgp_key *key)
{
	struct bytes oid = cursor_bytes(cursor, cursor_u8(cursor));

	key->numbers[0] = openpgp_take_number(cursor);
	if (key->algorithm_number == NUMBER_EDDSA && bytes_equal(oid, bytes_make(oid_ed25519, sizeof(oid_ed25519))))
		key->algorithm = OPENPGP_KEY_ED25519;
	if (key->algorithm_number == NUMBER_ECDSA && bytes_equal(oid, bytes_make(oid_p256, sizeof(oid_p256))))
		key->algorithm = OPENPGP_KEY_P256;
}

/* Goes past the public numbers. False: of an algorithm whose numbers are not known here. */
static bool take_public(struct cursor *cursor, struct openpgp_key *key)
{
	switch (key->algorithm_number) {
	case NUMBER_RSA:
	case NUMBER_RSA_SIGN:
		key->algorithm = OPENPGP_KEY_RSA;
		key->numbers[0] = openpgp_take_number(cursor);
		key->numbers[1] = openpgp_take_number(cursor);
		return true;
	case NUMBER_ECDSA:
	case NUMBER_EDDSA:
		take_curve(cursor, key);
		return true;
	case NUMBER_ECDH:
		take_curve(cursor, key);
		(void)cursor_bytes(cursor, cursor_u8(cursor));
		return true;
	case NUMBER_ELGAMAL:
	case NUMBER_DSA:
		for (unsigned i = key->algorithm_number == NUMBER_DSA ? 4 : 3; i > 0; i--)
			(void)openpgp_take_number(cursor);
		return true;
	default:
		return false;
	}
}

/* String to key, and the start of the cipher (sections 3.7 and 5.5.3). */
static enum openpgp_secret take_protection(struct cursor *cursor, struct openpgp_key *key)
{
	uint8_t count;

	key->cipher = cursor_u8(cursor);
	key->s2k = cursor_u8(cursor);
	if (key->s2k == S2K_GNU)
		return OPENPGP_STUB;
	key->hash = cursor_u8(cursor);
	if (key->s2k > 3 || key->s2k == 2 || key->cipher < CIPHER_AES128 || key->cipher > CIPHER_AES256)
		return OPENPGP_UNSUPPORTED;
	for (size_t i = 0; key->s2k > 0 && i < sizeof(key->salt); i++)
		key->salt[i] = cursor_u8(cursor);
	if (key->s2k == 3) {
		count = cursor_u8(cursor);
		key->s2k_bytes = (16U + (count & 15U)) << ((count >> 4) + 6U);
	}
	for (size_t i = 0; i < sizeof(key->iv); i++)
		key->iv[i] = cursor_u8(cursor);
	return OPENPGP_PASSPHRASE;
}

static void take_secret(struct cursor *cursor, struct openpgp_key *key)
{
	uint8_t usage = cursor_u8(cursor);

	if (usage == USAGE_PLAIN) {
		key->state = OPENPGP_PLAIN;
	} else if (usage == USAGE_SHA1 || usage == USAGE_SUM) {
		key->state = take_protection(cursor, key);
		/* A sum of 16 bits does not tell a wrong passphrase from a right one. */
		if (usage == USAGE_SUM && key->state == OPENPGP_PASSPHRASE)
			key->state = OPENPGP_UNSUPPORTED;
	} else {
		key->state = OPENPGP_UNSUPPORTED;
	}
	key->secret = cursor->rest;
}

/* Section 12.2. */
static void set_fingerprint(struct openpgp_key *key, struct bytes body)
{
	const uint8_t head[] = {0x99, (uint8_t)(body.size >> 8), (uint8_t)body.size};
	const struct bytes parts[] = {bytes_make(head, sizeof(head)), body};
	struct digest digest = digest_of_parts(HASH_SHA1, parts, ARRAY_SIZE(parts));

	memcpy(key->fingerprint, digest.data, sizeof(key->fingerprint));
}

/* False where it is cut short. */
static bool read_key(unsigned tag, struct bytes body, struct openpgp_key *key, bool *ret_known)
{
	struct cursor cursor = cursor_make(body);
	bool secret = tag == TAG_SECRET_KEY || tag == TAG_SECRET_SUBKEY;

	*key = (struct openpgp_key){.primary = tag == TAG_SECRET_KEY || tag == TAG_PUBLIC_KEY};
	*ret_known = cursor_u8(&cursor) == 4;
	if (!*ret_known)
		return body.size > 0;
	(void)cursor_u32be(&cursor);
	key->algorithm_number = cursor_u8(&cursor);
	*ret_known = take_public(&cursor, key) && body.size - cursor.rest.size <= UINT16_MAX;
	if (!*ret_known || cursor.failed)
		return !cursor.failed;
	set_fingerprint(key, bytes_slice(body, 0, body.size - cursor.rest.size));
	if (secret)
		take_secret(&cursor, key);
	return !cursor.failed;
}

int openpgp_keys_read(struct bytes packets, const char *name, struct openpgp_keys *ret_keys, struct error *error)
{
	struct cursor cursor = cursor_make(packets);
	bool passed_over = true; /* subkeys of a key that is not known */

	*ret_keys = (struct openpgp_keys){0};
	while (cursor.rest.size > 0) {
		struct openpgp_key key;
		struct bytes body;
		unsigned tag;
		bool known;

		if (!armour_next_packet(&cursor, &tag, &body))
			return error_set(error, E_MALFORMED, name, "%s ends within a packet", name);
		if (tag != TAG_SECRET_KEY && tag != TAG_PUBLIC_KEY && tag != TAG_SECRET_SUBKEY &&
		    tag != TAG_PUBLIC_SUBKEY)
			continue;
		if (!read_key(tag, body, &key, &known))
			return error_set(error, E_MALFORMED, name, "%s holds a key that is cut short", name);
		if (key.primary)
			passed_over = !known;
		if (!known || passed_over)
			continue;
		if (ret_keys->count == OPENPGP_MAX_KEYS)
			return error_set(error, E_TOO_LARGE, name, "%s holds more than %d keys", name,
			                 OPENPGP_MAX_KEYS);
		ret_keys->keys[ret_keys->count++] = key;
	}
	return 0;
}

const struct openpgp_key *openpgp_keys_find(const struct openpgp_keys *keys,
                                            const uint8_t fingerprint[OPENPGP_FINGERPRINT_SIZE])
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->keys[i].primary &&
		    memcmp(keys->keys[i].fingerprint, fingerprint, OPENPGP_FINGERPRINT_SIZE) == 0)
			return &keys->keys[i];
	return NULL;
}
