/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP keys in memory and on the security dongle, through GnuPG.
 *
 * A session is a GnuPG home of its own in a new directory that only we can enter, on a file system in memory where the
 * machine has one, with gpg-agent and scdaemon of its own. Nothing is kept: what has to last is exported, or lives on
 * the card. openpgp_close ends both programs and removes the home.
 *
 *     struct openpgp *session = NULL;
 *     r = openpgp_open(NULL, &session, error);
 *     r = openpgp_card_status(session, &card, error);      -E_NO_DEVICE where none is plugged in
 *     r = openpgp_card_change_pin(session, OPENPGP_PIN, old, new, error);
 *     openpgp_close(&session);
 *
 * Rules for all functions below:
 * - PINs and passphrases are struct bytes, borrowed for the call, 1 to OPENPGP_MAX_SECRET bytes without line feed or
 *   NUL; they go to gpg through a socket, never through an argument, an environment variable or a file.
 * - Answers are read from gpg's status lines and colon listings alone. What cannot be told apart there is asked again
 *   of the card: so a wrong PIN is known by its count.
 * - Before a PIN is sent the card is asked for the tries that are left. The last one is never spent by us: with one
 *   left it is -E_LOCKED_OUT, and the sentence says what is left and what helps.
 * - Errors of all that talk to a card: -E_NO_DEVICE (no card, or unplugged meanwhile), -E_WRONG_AUTH (the sentence
 * tells the tries left; openpgp_tries_left() the number), -E_LOCKED_OUT (none or one left; nothing was sent), -E_USAGE
 * (a PIN or text that cannot be sent, or is shorter than the card takes), -E_REFUSED (the card or gpg says no),
 *   -E_PROCESS (GnuPG is not installed, does not answer), -E_SYSTEM, -E_MEMORY. Each function names what it adds.
 * - Secret keys in a session are without a passphrase: the home is in memory and ours alone. A passphrase is asked for
 *   and set at the border, by openpgp_import and openpgp_export_secret.
 * - A session is for one thread, and one call at a time. */
#ifndef HEADS_DONGLE_OPENPGP_H
#define HEADS_DONGLE_OPENPGP_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include "format/openpgp_card.h"

#define OPENPGP_MAX_SECRET   99 /* bytes of a PIN or passphrase */
#define OPENPGP_MIN_PIN      6  /* bytes; OpenPGP card 3.4 section 4.3.1: of the user PIN */
#define OPENPGP_MIN_ADMIN    8  /* bytes: of the admin PIN and the reset code */
#define OPENPGP_FIRST_PIN    "123456"
#define OPENPGP_FIRST_ADMIN  "12345678"
#define OPENPGP_FINGERPRINT  65 /* characters with the NUL */
#define OPENPGP_MAX_EXPORT   ((size_t)1 << 20)
#define OPENPGP_SIGN_TIMEOUT 120 /* seconds: the dongle may ask for a touch */

struct openpgp;

struct openpgp_options {
	const char
	    *directory; /* where the home is made, NULL: /run, or /tmp where that is not ours. At most 60 bytes */
	/* Lines for scdaemon's configuration, NULL: none. Tests name a PC/SC library here. */
	const char *scdaemon_configuration;
};

/* options NULL: the usual. Starts no program yet. Errors: -E_PROCESS (GnuPG is not installed), -E_SYSTEM, -E_MEMORY. */
int openpgp_open(const struct openpgp_options *options, struct openpgp **ret_session, struct error *error);
/* Ends gpg-agent and scdaemon, wipes and removes the home, sets NULL; NULL is no error; fits CLEANUP(). Card and PIN
 * state: the card forgets that it was unlocked. */
void openpgp_close(struct openpgp **session);

/* --- the card ---------------------------------------------------------------------------------------------------- */

/* Is a card reader, which a security dongle is, on the USB? Starts no program and says nothing about who it is. */
bool openpgp_card_is_plugged_in(void);
/* Reads the card anew, whichever is plugged in now. Spends nothing. A reset that was interrupted when it had destroyed
 * what was on the card is ended first: until then nothing else can be done with it. */
int openpgp_card_status(struct openpgp *session, struct openpgp_card *ret_card, struct error *error);

enum openpgp_pin {
	OPENPGP_PIN,       /* PW1: signing, decrypting */
	OPENPGP_RESET,     /* reset code: unblocks the user PIN */
	OPENPGP_ADMIN_PIN, /* PW3: keys, attributes, unblocking */
};
/* "user PIN", "reset code", "admin PIN" */
const char *openpgp_pin_name(enum openpgp_pin which);
/* Tries that the card had left of this PIN when it was asked last: for a screen, after -E_WRONG_AUTH too. */
unsigned openpgp_tries_left(const struct openpgp *session, enum openpgp_pin which);

/* Before a PIN is asked for or sent: starts afresh, reads the card, and refuses to spend the last try (-E_LOCKED_OUT).
 */
int openpgp_before_pin(struct openpgp *session, enum openpgp_pin which, struct error *error);

/* Checks the user PIN, before something long begins that needs it. */
int openpgp_card_check_pin(struct openpgp *session, struct bytes pin, struct error *error);
/* OPENPGP_PIN or OPENPGP_ADMIN_PIN: old is the PIN so far. OPENPGP_RESET: old is the admin PIN (sets the reset code).
 */
int openpgp_card_change_pin(struct openpgp *session, enum openpgp_pin which, struct bytes old, struct bytes fresh,
                            struct error *error);
/* A new user PIN, with the admin PIN: for a user PIN that is locked or forgotten. */
int openpgp_card_unblock(struct openpgp *session, struct bytes admin, struct bytes fresh, struct error *error);
/* The same with the reset code, for somebody who has it and not the admin PIN. */
int openpgp_card_unblock_by_code(struct openpgp *session, struct bytes code, struct bytes fresh, struct error *error);
/* Everything on the card is destroyed; the PINs are OPENPGP_FIRST_PIN and OPENPGP_FIRST_ADMIN again. Works on a locked
 * card too. The caller has asked the owner. serial: of the card that was shown to the owner; -E_REFUSED with nothing
 * sent where another is plugged in now. */
int openpgp_card_factory_reset(struct openpgp *session, const char *serial, struct error *error);

/* --- keys -------------------------------------------------------------------------------------------------------- */

enum openpgp_algorithm {
	OPENPGP_RSA_2048, /* for old cards; weaker than the rest */
	OPENPGP_RSA_3072,
	OPENPGP_RSA_4096,
	OPENPGP_ED25519, /* with Cv25519 for encryption */
	OPENPGP_NIST_P256,
	OPENPGP_ALGORITHMS
};
/* As gpg names it: "rsa3072", "ed25519", "nistp256". */
const char *openpgp_algorithm_name(enum openpgp_algorithm algorithm);
/* The way back; false where there is none of that name. */
bool openpgp_algorithm_parse(const char *name, enum openpgp_algorithm *ret_algorithm);

struct openpgp_request {
	enum openpgp_algorithm algorithm;
	const char *name;    /* UTF-8, printable, 5 characters or more, not a digit first; without < > and line feed */
	const char *email;   /* printable ASCII with one @ */
	const char *comment; /* without ( ); NULL or empty: none */
	unsigned expires_days; /* 0: never */
};

/* Can a key be made of it? Before anything long begins. Errors: -E_USAGE (the sentence says what is wrong). */
int openpgp_check_request(const struct openpgp_request *request, struct error *error);
/* A primary key that certifies and signs, with subkeys for signing, encryption and authentication, in the session's
 * home: exists nowhere else until it is exported or moved. ret_fingerprint: of the primary key. Errors: -E_USAGE (name,
 * address), those above. RSA-4096 takes a minute under emulation. */
int openpgp_generate(struct openpgp *session, const struct openpgp_request *request,
                     char ret_fingerprint[OPENPGP_FINGERPRINT], struct error *error);
/* Three keys made on the card, which never leave it: there is no copy. Keys that are there are replaced: the caller has
 * asked the owner. Sets the card's algorithm. The public key is in the session afterwards, to be exported.
 * Errors: -E_UNSUPPORTED (the card does not know the algorithm), those above. */
int openpgp_generate_on_card(struct openpgp *session, const struct openpgp_request *request, struct bytes pin,
                             struct bytes admin, char ret_fingerprint[OPENPGP_FINGERPRINT], struct error *error);
/* Moves the three subkeys of a key of this session to the card, replacing what is there. Afterwards the session holds
 * stubs for them: export the secret key before, where a backup is wanted. Errors: -E_NOT_FOUND (no such secret key, or
 * no subkey for one of the three uses), -E_UNSUPPORTED (the card does not know the algorithm), those above. */
int openpgp_move_to_card(struct openpgp *session, const char *fingerprint, struct bytes admin, struct error *error);

/* Takes keys in, public or secret (then with its passphrase, empty where it has none), armoured or binary, at most
 * OPENPGP_MAX_EXPORT bytes. ret_fingerprint: of the first primary key. Errors: -E_MALFORMED (no OpenPGP key in it),
 * -E_WRONG_AUTH (passphrase), those above. */
int openpgp_import(struct openpgp *session, struct bytes key, struct bytes passphrase,
                   char ret_fingerprint[OPENPGP_FINGERPRINT], struct error *error);
/* Appends the armoured public key. Errors: -E_NOT_FOUND. */
int openpgp_export_public(struct openpgp *session, const char *fingerprint, struct buffer *armoured,
                          struct error *error);
/* Appends the armoured secret key, all of it, protected with this passphrase (empty: unprotected, only for an encrypted
 * medium). Errors: -E_NOT_FOUND (no such secret key, or parts of it are on the card already). */
int openpgp_export_secret(struct openpgp *session, const char *fingerprint, struct bytes passphrase,
                          struct buffer *armoured, struct error *error);
/* Appends an armoured revocation certificate, reason "no reason". pin: of the card where the primary key is there, else
 * empty. Errors: -E_NOT_FOUND. */
int openpgp_revocation(struct openpgp *session, const char *fingerprint, struct bytes pin, struct buffer *armoured,
                       struct error *error);
/* Sets when the primary key and all its subkeys expire, from now; 0: never. Export the public key afterwards: the old
 * export goes on saying the old date. */
int openpgp_set_expiry(struct openpgp *session, const char *fingerprint, unsigned days, struct bytes pin,
                       struct error *error);

/* Signs: detached, binary document (class 0x00), SHA-256, appended armoured. The public key has to be in the session
 * (openpgp_import). fingerprint: of a secret key or subkey in the session, pin empty; NULL: the signature key of the
 * card, with its PIN. ret_signer: of the key that signed. Counts only once gpgv accepts it (boot/sign.h).
 * Errors: -E_NOT_FOUND (no such key; or the card's signature key is none of the imported ones), -E_NO_SECRET (no key on
 * the card), -E_WRONG_AUTH, those above. */
int openpgp_sign(struct openpgp *session, const char *fingerprint, struct bytes pin, struct bytes message,
                 struct buffer *signature, char ret_signer[OPENPGP_FINGERPRINT], struct error *error);

#endif
