/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner answers before the machine is made his: typed on the screen, or read from a file of KEY=value lines
 * for a run that nobody attends. All of it is known before anything is changed. Pure.
 *
 * A line is empty, or a comment that begins with #, or NAME=value: the value is everything behind the first = to the
 * end of the line, without quotes. Each name stands at most once. */
#ifndef HEADS_FORMAT_OWNERSHIP_ANSWERS_H
#define HEADS_FORMAT_OWNERSHIP_ANSWERS_H

#include "base/error.h"
#include "base/secret.h"

#define OWNERSHIP_ANSWERS_MAX_SIZE 16384
#define KEY_PASSPHRASE_MIN         8  /* characters, of a key that is made; one that is brought has what it has */
#define DRIVE_PASSPHRASE_MIN       12 /* of one that is kept on the backup drive, which has that passphrase */

enum ownership_answer {
	ANSWER_GENERATE,            /* yes: passphrases and PINs that are not given are drawn (format/diceware.h) */
	ANSWER_TPM_PASSPHRASE,      /* of the TPM's owner: the new one */
	ANSWER_KEY,                 /* memory, card, move, import */
	ANSWER_KEY_ALGORITHM,       /* ed25519, rsa3072, rsa4096, nistp256 */
	ANSWER_KEY_NAME,            /* of the owner, in the key */
	ANSWER_KEY_EMAIL,           /* likewise */
	ANSWER_KEY_PASSPHRASE,      /* of the file with the secret key, or of the backup drive that holds it */
	ANSWER_KEY_FILE,            /* import: its name at the top of the stick */
	ANSWER_BACKUP,              /* stick, drive: where a key that is made in memory is kept */
	ANSWER_USER_PIN,            /* of the dongle: the new one; import: the present one */
	ANSWER_ADMIN_PIN,           /* likewise */
	ANSWER_DISK_PASSPHRASE,     /* the present one */
	ANSWER_NEW_DISK_PASSPHRASE, /* the one that takes its place */
	ANSWER_REENCRYPT,           /* yes: the disk gets another volume key, and all of it is written anew */
	ANSWER_UNLOCK_KEY,          /* yes: the TPM opens the disk */
	ANSWER_UNLOCK_PASSPHRASE,   /* that the TPM wants for it; none: no question */
	ANSWER_DEFAULT_ENTRY,       /* keep, first */
	ANSWER_ROLLBACK,            /* yes: an older /boot is refused */
	ANSWER_HOTP,                /* yes: the dongle checks the firmware at each start */
	ANSWER_SUMMARY,             /* none, plain, secrets: what is written on the stick at the end */
	ANSWERS
};

enum answer_kind { ANSWER_CHOICE, ANSWER_TEXT, ANSWER_SECRET };

/* What is known of each answer: for the file, the questions on the screen, and the documents. */
struct answer_kind_info {
	const char *name; /* "KEY_NAME" */
	enum answer_kind kind;
	const char *choices[6]; /* of ANSWER_CHOICE, the first one where nothing is said; NULL-terminated */
	size_t least, most;     /* bytes of the others */
	const char *words;      /* "the TPM's owner passphrase" */
};
extern const struct answer_kind_info ownership_answer_info[ANSWERS];

/* Starts zeroed; release with ownership_answers_clear. */
struct ownership_answers {
	struct secret values[ANSWERS]; /* with a NUL behind them; size 0 and no data: not given */
	unsigned lines[ANSWERS];       /* where it stands in the file; 0: it was not read from one */
};

/* Reads a file; what it asks for is not looked at as a whole yet. name is for errors.
 * Errors: -E_MALFORMED (with the number of the line: an unknown name, one that stood before, a value that is none of
 * its choices, too short, too long, or with a control character), -E_TOO_LARGE, -E_MEMORY. */
int ownership_answers_parse(struct bytes text, const char *name, struct ownership_answers *ret_answers,
                            struct error *error);
/* Sets one answer, or with an empty value takes it back, under the rules of the file. Errors: -E_USAGE (the sentence
 * says what is expected), -E_MEMORY. */
int ownership_answers_set(struct ownership_answers *answers, enum ownership_answer answer, struct bytes value,
                          struct error *error);
/* Whether the answers go together: nothing is missing, nothing contradicts another, no secret is left without a use.
 * Errors: -E_USAGE, with the line where they came from a file. */
int ownership_answers_check(const struct ownership_answers *answers, const char *name, struct error *error);

/* Given and not empty. */
bool ownership_answers_have(const struct ownership_answers *answers, enum ownership_answer answer);
/* A choice as it was made, or the first one of its choices; of other kinds the text, "" where none was given. */
const char *ownership_answers_get(const struct ownership_answers *answers, enum ownership_answer answer);
bool ownership_answers_is(const struct ownership_answers *answers, enum ownership_answer answer, const char *choice);
static inline struct bytes ownership_answers_bytes(const struct ownership_answers *answers,
                                                   enum ownership_answer answer)
{
	return secret_bytes(&answers->values[answer]);
}
/* Whether this run has a use for it: what GENERATE draws where it is not given. */
bool ownership_answers_want(const struct ownership_answers *answers, enum ownership_answer answer);
/* Wipes; fits CLEANUP(). */
void ownership_answers_clear(struct ownership_answers *answers);

#endif
