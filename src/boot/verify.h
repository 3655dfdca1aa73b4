/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether /boot is the owner's: signature, manifest, closed world, on the bytes of one snapshot (DESIGN section 5). */
#ifndef HEADS_BOOT_VERIFY_H
#define HEADS_BOOT_VERIFY_H

#include "base/error.h"
#include "boot/signed_set.h"
#include "boot/snapshot.h"
#include "format/rollback.h"
#include "format/tree.h"

/* The owner's public keys, as gpgv wants them: sealed memfds. */
#define VERIFY_MAX_KEYRINGS 6
struct verify_keyring {
	int fds[VERIFY_MAX_KEYRINGS];
	size_t count;
};

/* Adds the keys of an export, binary or armoured, or of a keybox. name is for errors.
 * Errors: -E_MALFORMED, -E_TOO_LARGE (also: more than VERIFY_MAX_KEYRINGS), -E_MEMORY. */
int verify_keyring_add(struct verify_keyring *keyring, struct bytes data, const char *name, struct error *error);
/* Closes; fits CLEANUP(). */
void verify_keyring_clear(struct verify_keyring *keyring);

/* Zero is bad: what was never filled in fails closed. */
enum verify_signature {
	VERIFY_BAD, /* does not match, cannot be read, of a kind that is not accepted (SHA-1, text mode) */
	VERIFY_GOOD,
	VERIFY_MISSING,     /* no kexec.sig: as good as a wrong one (A19) */
	VERIFY_UNKNOWN_KEY, /* by a key that is not in the keyring */
	VERIFY_EXPIRED,     /* the key or the signature has expired by this machine's clock */
	VERIFY_REVOKED,
};
/* "good", "unknown-key", ...: as in JSON and on the console log. */
const char *verify_signature_name(enum verify_signature signature);

enum verify_rollback { VERIFY_ROLLBACK_OK, VERIFY_ROLLBACK_OLD, VERIFY_ROLLBACK_UNKNOWN, VERIFY_ROLLBACK_ABSENT };
const char *verify_rollback_name(enum verify_rollback rollback);

/* Signing was interrupted (a power cut, a full disk), and one of the two sets is in force all the same, whole
 * (boot/signed_set.h). Tidied up by the next signing. */
enum verify_interrupted { VERIFY_NOT_INTERRUPTED, VERIFY_INTERRUPTED_OLD, VERIFY_INTERRUPTED_NEW };

/* "no", "old", "new": which set is in force. */
const char *verify_interrupted_name(enum verify_interrupted interrupted);

enum verify_kind {
	VERIFY_CHANGED, /* other content, or a link to another place */
	VERIFY_ADDED,
	VERIFY_REMOVED,
	VERIFY_RETYPED,
	VERIFY_UNREADABLE, /* an error of the disk, or it changed while it was read: refused like a change */
};

struct verify_finding {
	enum verify_kind kind;
	char *path;                     /* raw bytes, without a leading slash */
	enum tree_type expected, found; /* TREE_UNKNOWN where it is not known */
	char *package;                  /* that the OS says it belongs to (boot/packages.h), or NULL */
	char *detail;                   /* VERIFY_UNREADABLE: why; a link: where it points now; or NULL */
};

struct verify_result {
	bool ok;
	enum verify_signature signature;
	char signer[65];   /* fingerprint of the primary key, "" where nobody vouches */
	int64_t signed_at; /* seconds since 1970, 0 where nobody vouches */
	char reason[512];  /* what is wrong with the signature or the manifest: a sentence, escaped, or "" */
	uint64_t files;    /* how many the manifest lists */
	uint64_t bytes;    /* in those of them that are there */
	bool has_types;    /* types and link targets were checked: signed by Heads, not by the original */
	bool counter_file; /* kexec_hotp_counter is there, unsigned by its nature */
	enum verify_rollback rollback; /* until rollback_check: unknown or absent */
	struct rollback_set rollback_set;
	enum signed_set set; /* which one is in force */
	enum verify_interrupted interrupted;
	struct verify_finding *findings; /* in the order of paths */
	size_t finding_count;
	bool packages_known; /* the OS left a package database to look the findings up in */
};
void verify_result_clear(struct verify_result *result);

struct verify;

/* Reads kexec*.txt and kexec.sig (kept) and lets gpgv begin to check the signature beside whatever the caller does
 * next. The message that was signed is what `sha256sum kexec*.txt` prints in the directory. snapshot and keyring are
 * borrowed and must live until verify_close. Errors: -E_IO, -E_MEMORY. */
int verify_begin(struct snapshot *snapshot, const struct verify_keyring *keyring, struct verify **ret_verify,
                 struct error *error);
/* Waits for gpgv, tells what it says, and reads the manifest. May be called again.
 * Errors: -E_PROCESS (gpgv cannot be started), -E_MALFORMED, -E_TOO_LARGE (validly signed, but not a manifest). */
int verify_signature(struct verify *verify, enum verify_signature *ret_signature, struct error *error);
/* Which set is in force (after verify_signature). */
enum signed_set verify_set(const struct verify *verify);
/* Whether the file was read and is what the owner signed: ask before its content is parsed (after verify_signature).
 * Errors: -E_REFUSED (with the reason), -E_ORDER (not read yet, or verify_signature was not called). */
int verify_trusts(const struct verify *verify, const char *path, struct error *error);
/* Compares everything with the manifest, when every regular file was read. With a signature that is not good the lists
 * are filled as far as the manifest can be read. Release ret_result with verify_result_clear().
 * Errors: as verify_signature, -E_ORDER (a file was not read), -E_MEMORY. */
int verify_finish(struct verify *verify, struct verify_result *ret_result, struct error *error);
/* Waits for gpgv where it still runs, and frees; fits CLEANUP(). */
void verify_close(struct verify **verify);

/* All of it for a directory: walk, read, verify. For commands. */
int verify_directory(int directory, const struct verify_keyring *keyring, struct verify_result *ret_result,
                     struct error *error);

/* What gpgv's status lines and exit status mean; pure. */
struct verify_status {
	enum verify_signature signature;
	char signer[65];
	char issuer[65]; /* of a key that is not known: what the signature claims */
	int64_t signed_at;
	const char *why; /* why VERIFY_BAD, or NULL */
};
void verify_read_status(struct bytes text, int exit_status, struct verify_status *ret_status);
/* Has gpgv check a detached signature, armoured or binary, over a message that is not /boot's. What it says is in
 * ret_status. Errors: -E_MALFORMED (no signature), -E_PROCESS (gpgv cannot be started), -E_MEMORY. */
int verify_detached(const struct verify_keyring *keyring, struct bytes signature, struct bytes message,
                    struct verify_status *ret_status, struct error *error);

#endif
