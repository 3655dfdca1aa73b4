/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an OpenPGP card says of itself, from `gpg --card-status --with-colons` (doc/DETAILS of GnuPG; the data objects
 * are those of the OpenPGP card specification 3.4, section 4.4). Pure. */
#ifndef HEADS_FORMAT_OPENPGP_CARD_H
#define HEADS_FORMAT_OPENPGP_CARD_H

#include "base/bytes.h"
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

/* The three keys of a card, in its order. */
enum openpgp_slot { OPENPGP_SIGNATURE, OPENPGP_ENCRYPTION, OPENPGP_AUTHENTICATION, OPENPGP_SLOTS };

struct openpgp_card {
	char serial[33];                       /* of the card, as GnuPG writes it: digits, often 8 */
	char application[65];                  /* the whole application identifier in hex: unique in the world */
	char vendor[64];                       /* name of the manufacturer, or its number in hex */
	unsigned version_major, version_minor; /* of the specification that it follows: 3, 4 */
	char fingerprints[OPENPGP_SLOTS][65];  /* upper-case hex; empty: no key there */
	char attributes[OPENPGP_SLOTS][16];    /* "rsa3072", "ed25519", "nistp256", "algo99" */
	/* Wrong answers until it locks, 0: locked (the reset code also when none was set). */
	unsigned tries_pin, tries_reset, tries_admin;
	unsigned max_pin;        /* longest PIN that it takes, in bytes */
	bool pin_each_signature; /* the PIN is asked for each signature */
	uint64_t signatures;
};

/* Errors: -E_NO_DEVICE (it lists no card), -E_UNSUPPORTED (a card of another kind), -E_MALFORMED (what has to be there
 * is not). */
int openpgp_card_read(struct bytes listing, struct openpgp_card *ret_card, struct error *error);

/* The name of a slot in a sentence: "signature key". */
const char *openpgp_slot_name(enum openpgp_slot slot);

#endif
