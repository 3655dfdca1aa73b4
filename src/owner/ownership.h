/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a machine its owner's in one run: all is asked and shown before anything is changed, then step follows step.
 *
 * Nothing remembers how far a run came: each step looks at the TPM, the key, /boot and the ROM and says whether it is
 * done. So whatever ends a run - a power cut, a dongle that was pulled out, a refusal - the next one with the same
 * answers goes on where it was, in the same start or in a later one. The ROM is written last: what was sealed before is
 * approved for what it will hold (owner/approval.h), so that one restart ends the run.
 *
 *     struct ownership ownership = {.world = &world, .answers = &answers};
 *     r = ownership_look(&ownership, error);      changes nothing: states say what is done, what is left
 *     r = ownership_run(&ownership, error);       states say what was done, and which step failed
 *     ownership_clear(&ownership); */
#ifndef HEADS_OWNER_OWNERSHIP_H
#define HEADS_OWNER_OWNERSHIP_H

#include "dongle/openpgp.h"
#include "format/diceware.h"
#include "format/ownership_answers.h"

enum ownership_step {
	OWNERSHIP_DISK,     /* the disk's passphrase is another one, and where wanted its volume key */
	OWNERSHIP_TPM,      /* cleared, with a new owner passphrase */
	OWNERSHIP_KEY,      /* the owner's OpenPGP key, on the dongle, on the stick or on the backup drive */
	OWNERSHIP_COUNTER,  /* an older /boot is refused */
	OWNERSHIP_BOOT,     /* /boot signed */
	OWNERSHIP_DISK_KEY, /* the TPM opens the disk */
	OWNERSHIP_HOTP,     /* the dongle's secret */
	OWNERSHIP_TOTP,     /* the phone's secret */
	OWNERSHIP_ROM,      /* key and TPM recorded in the flash */
	OWNERSHIP_STEPS
};

enum ownership_state {
	OWNERSHIP_LEFT,
	OWNERSHIP_NOT_WANTED, /* by the answers */
	OWNERSHIP_WAS_DONE,   /* by an earlier run */
	OWNERSHIP_DONE,       /* by this one */
	OWNERSHIP_FAILED
};

#define OWNERSHIP_SECRET_FILE     "heads-owner-key"        /* .asc, -2.asc, ... at the top of the stick */
#define OWNERSHIP_PUBLIC_FILE     "heads-owner-public"     /* likewise */
#define OWNERSHIP_REVOCATION_FILE "heads-owner-revocation" /* likewise */
#define OWNERSHIP_MAX_FILES       9                        /* of one kind on a stick */

/* Starts zeroed; release with ownership_key_clear. */
struct ownership_key {
	struct buffer public;                  /* armoured, what the ROM gets */
	struct buffer secret;                  /* armoured; empty: it is on the card alone. Under the passphrase,
	                                        * where it is not kept on the backup drive, which has that one */
	char fingerprint[OPENPGP_FINGERPRINT]; /* of the primary key */
};
void ownership_key_clear(struct ownership_key *key);

/* Who signs /boot. */
struct ownership_signer {
	const struct ownership_key *key;
	struct bytes passphrase; /* of key->secret, where that is not empty and has one */
	struct bytes pin;        /* of the dongle, where it is */
	bool first_entry;        /* the first entry that can be booted becomes the default */
};

/* All that a run touches. Those that ask return 1 for yes and 0 for no; all return a negative error where they cannot,
 * and borrow their arguments for the call. None tries again by itself. */
struct ownership_world {
	void *context;
	/* The disks that are built in and encrypted. -E_NOT_FOUND: none is. */
	int (*disk_opens)(void *context, struct bytes passphrase, struct error *error);               /* all of them */
	int (*disk_has_other)(void *context, struct bytes old, struct error *error);                  /* any of them */
	int (*disk_change)(void *context, struct bytes old, struct bytes fresh, struct error *error); /* repeatable */
	/* With another volume key, and then the other passphrase. Goes on where it was interrupted; disk_is_unfinished:
	 * it was, and the calls above cannot be asked. */
	int (*disk_is_unfinished)(void *context, struct error *error);
	int (*disk_reencrypt)(void *context, struct bytes old, struct bytes fresh, struct error *error);
	int (*disk_key_is_there)(void *context, struct error *error);
	int (*disk_key_make)(void *context, struct bytes disk, struct bytes unlock, struct bytes owner,
	                     struct error *error);
	/* owner: its passphrase. */
	int (*tpm_is_owned)(void *context, struct bytes owner, struct error *error);
	int (*tpm_take)(void *context, struct bytes owner, struct error *error);
	int (*counter_is_there)(void *context, struct error *error);
	int (*counter_make)(void *context, struct bytes owner, struct error *error);
	/* The top of the stick. -E_NO_DEVICE: none is plugged in; -E_NOT_FOUND: no such file. A file that was written
	 * is on the stick when this returns; one of that name is never replaced. */
	int (*medium_read)(void *context, const char *name, struct buffer *content, struct error *error);
	int (*medium_write)(void *context, const char *name, struct bytes content, struct error *error);
	/* The stick that is, or becomes, the encrypted backup drive. drive_look: the one that was chosen is there and
	 * can become it (-E_NO_DEVICE, -E_REFUSED, -E_UNSUPPORTED where not): that one, and no other, is written.
	 * drive_read: appends the secret key that is on it, without a passphrase of its own; -E_NOT_FOUND: it is no
	 * backup drive, or not a whole one, and nothing else says that. drive_write: everything on the stick is lost;
	 * it is a whole backup drive with this key when this returns. */
	int (*drive_look)(void *context, struct error *error);
	int (*drive_read)(void *context, struct bytes passphrase, struct buffer *secret, struct error *error);
	int (*drive_write)(void *context, struct bytes passphrase, const struct ownership_key *key,
	                   struct bytes revocation, struct error *error);
	/* A file with a public key, or a secret one that opens with this passphrase (-E_WRONG_AUTH where not). */
	int (*key_open)(void *context, struct bytes file, struct bytes passphrase, struct ownership_key *ret_key,
	                struct error *error);
	/* passphrase: of the secret key that is returned; empty: none. */
	int (*key_generate)(void *context, const struct openpgp_request *request, struct bytes passphrase,
	                    struct ownership_key *ret_key, struct buffer *revocation, struct error *error);
	/* The dongle. card_look: is one there? That one, and no other, is set back. card_holds: its signature key is
	 * one of these public ones. */
	int (*card_look)(void *context, struct error *error);
	int (*card_holds)(void *context, struct bytes public, struct error *error);
	int (*card_check_pin)(void *context, struct bytes pin, struct error *error);
	int (*card_reset)(void *context, struct error *error); /* the one that was looked at */
	int (*card_set_pins)(void *context, struct bytes user, struct bytes admin, struct error *error);
	int (*card_generate)(void *context, const struct openpgp_request *request, struct bytes user,
	                     struct bytes admin, struct ownership_key *ret_key, struct error *error);
	int (*card_move)(void *context, const struct ownership_key *key, struct bytes passphrase, struct bytes admin,
	                 struct error *error);
	/* /boot, verified with these public keys; first_entry: and it has a default that is there. */
	int (*boot_is_signed)(void *context, struct bytes public, bool first_entry, struct error *error);
	int (*boot_sign)(void *context, const struct ownership_signer *signer, struct error *error);
	int (*hotp_is_set)(void *context, struct error *error);
	int (*hotp_make)(void *context, struct bytes admin, struct bytes owner, struct error *error);
	int (*totp_is_there)(void *context, struct error *error);
	/* Makes it, shows it, and has the owner compare a code. */
	int (*totp_make)(void *context, struct bytes owner, struct error *error);
	/* The owner's files in the flash as it is now. rom_key: the key in it, -E_NOT_FOUND where there is none.
	 * rom_holds: this key, and the Name of the TPM's storage key. rom_store: approves what is sealed for what
	 * comes, then writes. */
	int (*rom_key)(void *context, struct buffer *public, struct error *error);
	int (*rom_holds)(void *context, struct bytes public, struct error *error);
	int (*rom_store)(void *context, struct bytes public, struct bytes owner, struct error *error);
	/* The flash was changed in this start: what is sealed now would not open after the restart. */
	bool (*rom_is_pending)(void *context);
	/* Before each step that is run. */
	void (*progress)(void *context, enum ownership_step step);
};

struct ownership {
	const struct ownership_world *world;
	/* Borrowed. A PIN that the dongle refused is taken back: it is never sent twice. */
	struct ownership_answers *answers;
	struct ownership_key key;
	enum ownership_state states[OWNERSHIP_STEPS];
	bool drive_has_key; /* the stick was found to be a backup drive that the passphrase opens */
	bool pin_was_asked; /* the card was asked whether it has the user PIN of the answers */
	int pin_answer;
};

/* "left to do", "was done before" */
const char *ownership_state_name(enum ownership_state state);
/* "the owner's key" */
const char *ownership_step_name(enum ownership_step step);
/* The word of the console log: "tpm", "key", "disk-key". */
const char *ownership_step_word(enum ownership_step step);
/* Whether a run with these answers has this step. Pure. */
bool ownership_wants(const struct ownership_answers *answers, enum ownership_step step);
/* What a step that is left will destroy or change for good, in a sentence; NULL: nothing. */
const char *ownership_destroys(const struct ownership *ownership, enum ownership_step step);

/* What is left to do. Changes nothing; where the dongle's PIN has to be known, one try of it may be spent, never the
 * last one and never twice.
 * Errors: those of ownership_answers_check, and of the world: a stick, dongle or disk that is missing, a passphrase
 * that does not open the disk. */
int ownership_look(struct ownership *ownership, struct error *error);
/* Does all that is left, in order. Stops at the first step that fails; its sentence says which and what it found, and
 * states say what was done before. */
int ownership_run(struct ownership *ownership, struct error *error);
bool ownership_is_complete(const struct ownership *ownership);
/* Wipes; fits CLEANUP(). */
void ownership_clear(struct ownership *ownership);

/* Gives every secret that is wanted and not given this passphrase; the PINs get its first words (diceware_begin).
 * Errors: -E_USAGE (it is too short or too long for one of them), -E_MEMORY. */
int ownership_fill(struct ownership_answers *answers, struct bytes passphrase, struct error *error);

#endif
