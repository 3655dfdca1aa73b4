/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists and signs everything below a boot directory, so that the original accepts it too (DESIGN section 5). */
#ifndef HEADS_BOOT_SIGN_H
#define HEADS_BOOT_SIGN_H

#include "base/bytes.h"
#include "base/error.h"
#include "boot/signing_key.h"
#include "boot/verify.h"
#include "dongle/openpgp.h"
#include <stdint.h>

/* A further file of the signed set, written or taken out with this signing: "kexec_default.1.txt". */
#define SIGN_MAX_EXTRA 32
struct sign_file {
	const char *name;     /* one that signed_set_is_name accepts, and none of the three lists */
	struct bytes content; /* borrowed, not empty; BYTES_EMPTY takes the file out of the set, where it is there */
};

/* The owner's key on the security dongle (dongle/openpgp.h), in a session that has its public key. All borrowed. */
struct sign_card {
	struct openpgp *session;
	struct bytes pin;
	struct bytes owner; /* the public keys that the signature must hold for */
};

struct sign_request {
	int directory; /* the root of the boot filesystem, borrowed */
	/* The owner's secret key, opened, which signs in the place of gpg; or NULL. home and key are not looked at
	 * then.
	 */
	const struct signing_key *secret;
	const struct sign_card *card;  /* the dongle, which signs where secret is NULL; or NULL */
	const char *home;              /* GNUPGHOME with the owner's secret key, or the card that stands for it */
	const char *key;               /* fingerprint or other name of the key, NULL: gpg's default */
	const struct sign_file *files; /* borrowed; at most SIGN_MAX_EXTRA */
	size_t file_count;
	/* The value of the TPM's counter that is bound into the set (A15, boot/rollback.h): this one, or without it one
	 * more than the set says so far, where it says any. */
	bool rollback_is_set;
	uint64_t rollback;
	/* What was read before and shown to who signs, all of it hashed; or NULL. Nothing else is signed (A6).
	 * Borrowed. */
	const struct snapshot *shown;
	/* Where not NULL: called when all is signed and checked, before the first byte is written, to make the file
	 * system writable. What it returns below 0 ends the signing. */
	int (*make_writable)(void *context, struct error *error);
	void *context;
};

struct sign_result {
	uint64_t files;  /* in the manifest */
	char signer[65]; /* fingerprint of the primary key */
};

/* Reads every file once, makes kexec_hashes.txt, kexec_tree.txt, kexec_types.txt and the files of the request, signs
 * these and every other kexec*.txt of the set in force, publishes them with kexec.sig as one transaction
 * (boot/signed_set.h: what an interruption leaves is the old set or the new one, whole), and verifies the result. All
 * is prepared, signed and checked before the first byte is written. Removes the original's
 * kexec_package_trigger_*.txt, as the original does.
 *
 * Errors: -E_USAGE (a name of the request that cannot be signed), -E_REFUSED, with nothing written (a name with a byte
 * that the original's formats cannot carry: control, backslash, beyond ASCII; a device, pipe or socket; a foreign
 * kexec* name; no file at all; other files than were shown; gpg does not sign), -E_IO, -E_PROCESS (no gpg), -E_SYSTEM
 * (what was written does not verify). */
int sign_directory(const struct sign_request *request, struct sign_result *ret_result, struct error *error);

/* Has gpg sign the message, armoured and detached, exports the public key that it signed with into the keyring, and has
 * gpgv check the one against the other. With a secret key in the request that key signs, and its owner's public keys
 * are what gpgv checks against.
 * Errors: -E_REFUSED (gpg did not sign: with its reason), -E_PROCESS, -E_MEMORY. */
int sign_message(const struct sign_request *request, struct bytes message, struct verify_keyring *keyring,
                 struct buffer *signature, char signer[65], struct error *error);

#endif
