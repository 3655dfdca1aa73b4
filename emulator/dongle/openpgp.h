/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The OpenPGP application ("Functional Specification of the OpenPGP application on ISO Smart Card Operating Systems",
 * version 3.4). */
#ifndef HEADS_DONGLE_OPENPGP_H
#define HEADS_DONGLE_OPENPGP_H

#include "apdu.h"

#define OPENPGP_SLOTS 3
#define OPENPGP_TRIES 3

enum openpgp_slot { SLOT_SIGN, SLOT_DECIPHER, SLOT_AUTHENTICATE };

/* Runs a command of this application. Returns the status word. */
uint16_t openpgp_run(struct card *card, const struct apdu *apdu, struct buffer *answer);

/* openpgp_data.c: GET DATA and PUT DATA. */
uint16_t openpgp_get_data(const struct card *card, const struct apdu *apdu, struct buffer *answer);
uint16_t openpgp_put_data(struct card *card, const struct apdu *apdu);

/* openpgp_key.c: GENERATE ASYMMETRIC KEY PAIR, and PUT DATA with a key inside. */
uint16_t openpgp_generate(struct card *card, const struct apdu *apdu, struct buffer *answer);
uint16_t openpgp_import(struct card *card, const struct apdu *apdu);
/* Whether keys of these algorithm attributes can be had in the slot. */
bool openpgp_attributes_are_known(enum openpgp_slot slot, struct bytes attributes);

/* openpgp_use.c: PERFORM SECURITY OPERATION, INTERNAL AUTHENTICATE. */
uint16_t openpgp_sign(const struct card *card, enum openpgp_slot slot, struct bytes data, struct buffer *answer);
uint16_t openpgp_decipher(const struct card *card, struct bytes data, struct buffer *answer);

enum openpgp_kind { KIND_RSA, KIND_ECDSA, KIND_ECDH, KIND_EDDSA, KIND_X25519 };

/* What algorithm attributes mean. */
struct openpgp_algorithm {
	enum openpgp_kind kind;
	unsigned int bits; /* of the modulus, or of the curve's field */
	const char *curve; /* its name in libgcrypt; NULL for RSA */
	const char *flags; /* of a private key in libgcrypt */
};
bool openpgp_algorithm(struct bytes attributes, struct openpgp_algorithm *ret_algorithm);

#endif
