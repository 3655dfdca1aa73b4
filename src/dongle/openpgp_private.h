/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What openpgp*.c share. Nobody else includes it. */
#ifndef HEADS_DONGLE_OPENPGP_PRIVATE_H
#define HEADS_DONGLE_OPENPGP_PRIVATE_H

#include "dongle/openpgp.h"
#include "format/gnupg_status.h"

struct openpgp {
	char home[80];
	struct openpgp_card card; /* as it was read last */
};

/* What is given where gpg asks for this: "passphrase.enter", "cardedit.prompt". Each is given once and in order, the
 * last one of a keyword for ever where repeat is set, and only once a status line `after` was seen, where that is set.
 * Where gpg asks for what is not here, its input ends. */
struct openpgp_answer {
	const char *keyword;
	struct bytes value;
	bool repeat;
	const char *after;
};
#define OPENPGP_MAX_ANSWERS 16

struct openpgp_run {
	const char *const *arguments; /* behind those that all runs have; NULL-terminated */
	const struct openpgp_answer *answers;
	size_t answer_count;
	int input; /* a descriptor that the arguments name as /proc/self/fd/N, -1: none */
};
/* gpg: what it prints, status lines among it, is appended. ret_status: its exit status; 0 alone is not success of all
 * that was asked for. Errors: -E_PROCESS, -E_SYSTEM, -E_TOO_LARGE, -E_MEMORY. */
int openpgp_gpg(struct openpgp *session, const struct openpgp_run *run, struct buffer *output, int *ret_status,
                struct error *error);
/* Path of a file in the session's home. */
void openpgp_path(const struct openpgp *session, const char *name, char *path, size_t size);
#define OPENPGP_PATH 128
/* Appends and removes the file that gpg wrote with --output; -E_NOT_FOUND where there is none. */
int openpgp_take_output(struct openpgp *session, struct buffer *content, struct error *error);
#define OPENPGP_OUTPUT "output"

/* Ends gpg-agent and scdaemon: the card forgets that it was unlocked, so it is known which PINs are asked for next. */
void openpgp_stop(struct openpgp *session);
/* Gives the card that was read last one PIN, for nothing but that: it is unlocked afterwards for what needs it. Spends
 * one try where it is wrong. False: it is not unlocked (openpgp_after_failure says why). OPENPGP_PIN or
 * OPENPGP_ADMIN_PIN. */
bool openpgp_give_pin(struct openpgp *session, enum openpgp_pin which, struct bytes pin);
/* A card whose reset was interrupted between its end (TERMINATE DF) and its new beginning (ACTIVATE FILE; OpenPGP card
 * 3.4, 7.2.17) holds nothing any more, and GnuPG sees no card in it: the reset is ended. False: there is no such card.
 */
bool openpgp_end_reset(struct openpgp *session);

/* After gpg did not do what was asked with this PIN: why, by the card's own count. what: "the card did not ...". */
int openpgp_after_failure(struct openpgp *session, enum openpgp_pin which, const char *what, struct error *error);
/* Can it be sent, and is it long enough for the card? */
int openpgp_check_pin(enum openpgp_pin which, struct bytes pin, struct error *error);

/* The keys with this fingerprint. secret: those of which the secret part is known. Errors: -E_NOT_FOUND. */
int openpgp_find(struct openpgp *session, const char *fingerprint, bool secret, struct gnupg_keys *ret_keys,
                 struct error *error);

#endif
