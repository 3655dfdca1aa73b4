/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sign.c and sign_gpg.c share. Nobody else includes it. */
#ifndef HEADS_BOOT_SIGN_PRIVATE_H
#define HEADS_BOOT_SIGN_PRIVATE_H

#include "base/bytes.h"
#include "boot/sign.h"
#include "boot/verify.h"

/* The files that signing writes, in the order in which they are put in place. */
enum { SIGN_HASHES, SIGN_TREE, SIGN_TYPES, SIGN_SIGNATURE, SIGN_STAGED };

struct sign_name {
	const char *name, *temporary;
};
extern const struct sign_name sign_staged[SIGN_STAGED];

struct sign_set {
	struct buffer contents[SIGN_STAGED];
};
/* Frees; fits CLEANUP(). */
void sign_set_clear(struct sign_set *set);

/* Has gpg sign the message, armoured and detached, exports the public key that it signed with into the keyring, and has
 * gpgv check the one against the other.
 * Errors: -E_REFUSED (gpg did not sign: with its reason), -E_PROCESS, -E_MEMORY. */
int sign_message(const struct sign_request *request, struct bytes message, struct verify_keyring *keyring,
                 struct buffer *signature, char signer[65], struct error *error);

#endif
