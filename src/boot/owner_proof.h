/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proof that somebody holds the owner's key. */
#ifndef HEADS_BOOT_OWNER_PROOF_H
#define HEADS_BOOT_OWNER_PROOF_H

#include "boot/sign.h"

/* Has an opened key sign a text with 32 fresh random bytes in it, and gpgv check that against the owner's public keys.
 * Nothing of it is kept; the text is none that could stand for a signed /boot. purpose: a word, what it is asked for.
 * Errors: -E_REFUSED (gpgv accepts no signature of the key: expired, revoked, not the owner's), -E_SYSTEM (no random
 * bytes), those of signing_key_sign and verify_detached. */
int owner_proof(const struct signing_key *key, const char *purpose, struct error *error);
/* The same by the key on the security dongle. Errors: -E_REFUSED, -E_SYSTEM, those of openpgp_sign and
 * verify_detached. */
int owner_proof_by_card(const struct sign_card *card, const char *purpose, struct error *error);

#endif
