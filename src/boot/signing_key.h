/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's exported secret key, for signing in the firmware, where there is no gpg: from the file on a stick to an
 * OpenPGP signature. Passphrase and key stay in this process and its wiped memory: no home directory, no agent, no
 * argument of a program. What it signs counts only once gpgv says so (boot/sign.h). */
#ifndef HEADS_BOOT_SIGNING_KEY_H
#define HEADS_BOOT_SIGNING_KEY_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "format/openpgp_key.h"

#define SIGNING_KEY_MAX_FILE   ((size_t)1 << 20)
#define SIGNING_KEY_MAX_TEXT   41 /* a fingerprint in digits, with its NUL */
#define SIGNING_KEY_MAX_PHRASE 512

/* Starts zeroed; release with signing_key_clear. */
struct signing_key {
	struct buffer packets;
	struct openpgp_keys keys;                /* all of the file; borrow from packets */
	size_t first, count;                     /* of them: the owner's primary key and its subkeys */
	struct secret numbers[OPENPGP_MAX_KEYS]; /* by place from first: the secret numbers, once opened */
	char fingerprint[SIGNING_KEY_MAX_TEXT];  /* of the primary key, upper case */
	struct buffer owner;                     /* the public keys that the signature must hold for */
};

/* Reads an export, binary or armoured, and finds the secret key that is one of the owner's public keys (an export of
 * theirs, or a keybox, which is not looked into: there the check of the signature decides alone).
 * Errors: -E_MALFORMED, -E_TOO_LARGE, -E_REFUSED (of the wrong owner, by fingerprint), -E_UNSUPPORTED (no key among
 * them that can sign here: on a card, or of an algorithm or protection that is not read), -E_MEMORY. */
int signing_key_read(struct bytes file, const char *name, struct bytes owner, struct signing_key *ret_key,
                     struct error *error);
/* Whether it wants a passphrase. */
bool signing_key_is_protected(const struct signing_key *key);
/* Takes the secret numbers out of their protection. Errors: -E_WRONG_AUTH (no key opens with this passphrase),
 * -E_MALFORMED (opened, and not what it should be), -E_MEMORY. */
int signing_key_open(struct signing_key *key, struct bytes passphrase, struct error *error);
/* Signs with the n-th key of those that were opened (the primary key is the first): SHA-256, detached, version 4 (RFC
 * 4880 section 5.2.3), appended binary. signed_at: seconds since 1970.
 * Errors: -E_NOT_FOUND (there is no n-th one), -E_REFUSED (the library does not sign with it), -E_MEMORY. */
int signing_key_sign(const struct signing_key *key, size_t n, struct bytes message, uint32_t signed_at,
                     struct buffer *signature, struct error *error);
/* Wipes and frees; fits CLEANUP(). */
void signing_key_clear(struct signing_key *key);

#endif
