/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP keys, public and secret, as `gpg --export` and `gpg --export-secret-keys` write them (RFC 4880 section 5.5,
 * version 4). Pure and bounded; decrypts nothing. */
#ifndef HEADS_FORMAT_OPENPGP_KEY_H
#define HEADS_FORMAT_OPENPGP_KEY_H

#include "base/bytes.h"
#include "base/error.h"

#define OPENPGP_MAX_KEYS         32
#define OPENPGP_FINGERPRINT_SIZE 20
#define OPENPGP_SALT_SIZE        8
#define OPENPGP_IV_SIZE          16

enum openpgp_key_algorithm {
	OPENPGP_KEY_OTHER, /* of no use for signing here */
	OPENPGP_KEY_RSA,
	OPENPGP_KEY_ED25519,
	OPENPGP_KEY_P256,
};

enum openpgp_secret {
	OPENPGP_PUBLIC,      /* none: a public key */
	OPENPGP_PLAIN,       /* not protected */
	OPENPGP_PASSPHRASE,  /* AES in CFB mode, with a SHA-1 sum inside */
	OPENPGP_STUB,        /* GnuPG's mark for "elsewhere": on a card, or taken off line */
	OPENPGP_UNSUPPORTED, /* protected in another way */
};

struct openpgp_key {
	bool primary; /* the subkeys that follow are its own */
	enum openpgp_key_algorithm algorithm;
	uint8_t algorithm_number;
	uint8_t fingerprint[OPENPGP_FINGERPRINT_SIZE];
	struct bytes numbers[2]; /* RSA: n, e; the others: the point. Borrowed from the packets */
	enum openpgp_secret state;
	struct bytes secret; /* the secret numbers and their sum, as they lie in the packet; borrowed */
	/* OPENPGP_PASSPHRASE; numbers are those of RFC 4880 section 9 */
	uint8_t cipher, hash;
	uint8_t s2k; /* 0 simple, 1 salted, 3 iterated */
	uint8_t salt[OPENPGP_SALT_SIZE];
	uint32_t s2k_bytes;
	uint8_t iv[OPENPGP_IV_SIZE];
};

struct openpgp_keys {
	struct openpgp_key keys[OPENPGP_MAX_KEYS];
	size_t count;
};

/* Reads the keys and subkeys among binary packets (format/armour.h takes the armour off); other packets and keys of
 * other versions are passed over. ret_keys borrows from packets. name is for the error.
 * Errors: -E_MALFORMED (a packet or key that is cut short), -E_TOO_LARGE (more than OPENPGP_MAX_KEYS).
 */
int openpgp_keys_read(struct bytes packets, const char *name, struct openpgp_keys *ret_keys, struct error *error);
/* The primary key with this fingerprint, or NULL. */
const struct openpgp_key *openpgp_keys_find(const struct openpgp_keys *keys,
                                            const uint8_t fingerprint[OPENPGP_FINGERPRINT_SIZE]);
/* A number of several digits: two bytes with its bits, then its bytes, most significant first (section 3.2). */
struct bytes openpgp_take_number(struct cursor *cursor);

#endif
