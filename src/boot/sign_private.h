/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sign.c and sign_*.c share. Nobody else includes it. */
#ifndef HEADS_BOOT_SIGN_PRIVATE_H
#define HEADS_BOOT_SIGN_PRIVATE_H

#include "base/bytes.h"
#include "boot/sign.h"
#include "boot/signed_set.h"
#include "boot/verify.h"

#define SIGN_MAX_FILES (SIGN_MAX_EXTRA + 8)

/* One file that this signing writes, or removes where its content is empty. */
struct sign_output {
	struct signed_set_name name;
	struct buffer content;
};

/* All that this signing changes: the three lists, what was asked for, and kexec.sig, which is apart. */
struct sign_set {
	struct sign_output files[SIGN_MAX_FILES];
	size_t count;
	struct buffer signature;
};
/* Adds a file; its content is copied. Errors: -E_MEMORY, -E_TOO_LARGE (too many). */
int sign_set_add(struct sign_set *set, const char *name, struct bytes content, struct error *error);
/* The file of this name, or NULL. */
const struct sign_output *sign_set_find(const struct sign_set *set, const char *name);
/* Frees; fits CLEANUP(). */
void sign_set_clear(struct sign_set *set);

/* Names that the lists of the original can carry (assert_signable there): printable ASCII without the backslash. */
bool sign_name_is_carried(const char *path);
/* Adds what the request brings and takes away, the next value of the counter, the default entry's hashes as they are
 * now, and the removal of what signing ends (the original's triggers, an older default).
 * Errors: -E_USAGE (a name of the request), -E_NOT_FOUND (a file of a new default), -E_MALFORMED (what is there already
 * cannot be read), -E_MEMORY. */
int sign_add_extra(const struct sign_request *request, struct snapshot *snapshot, enum signed_set in_force,
                   struct sign_set *set, struct error *error);

/* Adds the public keys of the home that could have signed an earlier set: the one of the request, or all of them. */
int sign_keyring(const struct sign_request *request, struct verify_keyring *keyring, struct error *error);

/* Has gpgv check an armoured signature over the message. Errors: those of armour_read, -E_PROCESS, -E_MEMORY. */
int sign_check(const struct verify_keyring *keyring, int message, struct bytes signature,
               struct verify_status *ret_status, struct error *error);
/* The signature of the request's secret key, or of one of its subkeys: the first that gpgv accepts from the owner's
 * keys, which are added to the keyring. Errors: -E_REFUSED (gpgv accepts none), those of signing_key_sign and
 * sign_check. */
int sign_by_secret(const struct signing_key *key, struct bytes message, int message_fd, struct verify_keyring *keyring,
                   struct buffer *signature, struct verify_status *ret_status, struct error *error);

/* The signature of the dongle's signature key, checked by gpgv against the owner's keys, which are added to the
 * keyring. Errors: -E_REFUSED (gpgv does not accept it), those of openpgp_sign and sign_check. */
int sign_by_card(const struct sign_card *card, struct bytes message, int message_fd, struct verify_keyring *keyring,
                 struct buffer *signature, struct verify_status *ret_status, struct error *error);

/* Removes what an interrupted signing staged and did not commit, kexec.sig.new first. Errors: -E_IO. */
int sign_discard(int directory, const struct snapshot *snapshot, struct error *error);
/* Steps 1 to 4 of boot/signed_set.h. Where it fails before the commit point, what was staged is removed again; after
 * it, what was staged stays and is in force. Errors: -E_IO. */
int sign_publish(int directory, const struct sign_set *set, struct error *error);
/* Steps 3 and 4 for a set that an interrupted signing had committed: its files were read into the snapshot, and kept.
 * Errors: -E_IO, -E_MEMORY. */
int sign_complete(int directory, struct snapshot *snapshot, struct error *error);

#endif
