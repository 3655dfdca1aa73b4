/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Heads needs of a TPM. Behind it: our own TPM 2.0 client (tpm2_*.c) over a byte transport; a TPM 1.2 can serve
 * the same interface. Answers of the TPM are hostile input (A2). */
#ifndef HEADS_TPM_TPM_H
#define HEADS_TPM_TPM_H

#include "base/digest.h"
#include "base/error.h"
#include "base/secret.h"

#define TPM_PCR_COUNT 24
#define TPM_MAX_BANKS 5

/* Longest passphrase of the owner. Beyond 32 bytes its SHA-256 takes its place; tpm2-tools then wants that, as
 * hex:... */
#define OWNER_PASSPHRASE_MAX 64

/* The one bank that coreboot 4.15 extends. Another active one is open: whoever starts in the firmware's place can give
 * it any value (A20). */
#define TPM_FIRMWARE_BANK HASH_SHA256

struct start_record;
struct tpm;

/* Opens "swtpm:PATH" (UNIX data socket of swtpm) or the path of a character device; NULL means /dev/tpm0. Flushes
 * sessions and transient objects that somebody left, and learns the banks. Release with tpm_close.
 * Errors: -E_NO_DEVICE (absent), -E_TPM, -E_TPM_FORGED (an answer that no TPM gives). */
int tpm_open(const char *where, struct tpm **ret_tpm, struct error *error);
/* As tpm_open, but looks for nothing that was left, and so costs one command instead of three: for the first process
 * after the firmware, and for one that follows a process of ours which closed the TPM. */
int tpm_open_clean(const char *where, struct tpm **ret_tpm, struct error *error);
/* Leaves no session and no transient object behind. NULL and empty are accepted; fits CLEANUP(). */
void tpm_close(struct tpm **tpm);

/* Within one start, from one process of ours to the next: the session that extends and reads go through, the key it is
 * salted to and the banks. Between tpm_hand_on and tpm_close no other function may be called. ret_state: what
 * tpm_open_continued takes, as secret as the session's key; release with secret_clear. It is empty where no session
 * stands open (no storage key, or an answer was lost); then tpm_close leaves nothing behind.
 * Threat: A2, A3: a TPM that was exchanged or reset between the two does not know the session, and all that goes
 * through it fails. */
#define TPM_CONTINUED_MAX 1024
void tpm_hand_on(struct tpm *tpm, struct secret *ret_state);
/* Opens the TPM with what was handed on: no command at all. A state that is none, or an empty one, is as tpm_open.
 * Errors: as tpm_open. */
int tpm_open_continued(const char *where, struct bytes state, struct tpm **ret_tpm, struct error *error);

struct tpm_info {
	const char *family;    /* "2.0" */
	char manufacturer[16]; /* printable characters only */
	uint64_t firmware;
	size_t bank_count; /* active banks */
	enum hash_algorithm banks[TPM_MAX_BANKS];
	uint32_t lockout_counter, lockout_max, lockout_recovery_seconds;
	/* How long a wrong passphrase for the lockout hierarchy itself closes it; 0: until the TPM is reset. */
	uint32_t lockout_auth_seconds;
	/* For how long nobody can have tried a passphrase when this was read, as the caller knows, who fills it in:
	 * since the start of the machine, or since his own last try. 0: not known. */
	uint32_t lockout_quiet_seconds;
	bool in_lockout;
	/* Who took ownership gave the hierarchies an authorisation. */
	bool owner_auth_set, endorsement_auth_set, lockout_auth_set;
	bool
	    clear_disabled; /* the lockout hierarchy may not clear the TPM; the platform hierarchy may allow it again */
	uint32_t reset_count, restart_count;
	uint64_t clock_ms;
	size_t handle_count; /* persistent objects and NV indices: tpm_get_handles fills them in */
	uint32_t handles[64];
};
int tpm_get_info(struct tpm *tpm, struct tpm_info *ret_info, struct error *error);
/* The same without what a TPM says of its maker (manufacturer, firmware), for one command less. */
int tpm_get_state(struct tpm *tpm, struct tpm_info *ret_info, struct error *error);
int tpm_get_handles(struct tpm *tpm, struct tpm_info *info, struct error *error);
/* The dictionary-attack lockout in words, before any passphrase is tried (A18): "10 tries left", "1 wrong passphrase; 9
 * tries left; ...", or that it is locked and when it opens. age: seconds since info was read. The TPM tells the
 * interval and not how much of it is over, so the time is the longest that it can be: the interval began with the
 * last wrong try, or later with the start of the TPM (Part 1, 19.8), and so before the last moment at which either is
 * possible. Pure. */
void tpm_lockout_text(const struct tpm_info *info, uint64_t age, char *text, size_t size);

/* What happened to the TPM between two starts (A3, A4), by its own counters. A power-on or a reset of the machine is
 * one reset of the TPM; a resume from sleep is a restart. */
struct tpm_counters {
	uint32_t reset_count, restart_count;
	uint64_t clock_ms;
};
enum tpm_history {
	TPM_HISTORY_NONE,    /* no start was recorded before */
	TPM_HISTORY_NORMAL,  /* at most the reset that a start begins with */
	TPM_HISTORY_UNUSUAL, /* more resets than starts, or a restart */
	TPM_HISTORY_CLEARED  /* the counters went back: the TPM was cleared, or it is another one */
};
struct tpm_since_start {
	enum tpm_history history;
	uint32_t resets, restarts; /* since the last start */
	int64_t clock_ms;          /* time that the TPM was powered; negative where a power cut set it back */
};
/* Pure. last NULL: none was recorded. again: the same start as last, in which no reset is normal. */
struct tpm_since_start tpm_compare_counters(const struct tpm_counters *last, const struct tpm_counters *now,
                                            bool again);
/* Compares the counters with those of the last start and records them for the next one, in an NV index that only the
 * firmware's platform hierarchy writes: whoever comes after tpm_lock_platform cannot. Where there is a storage key, the
 * record is read in the guard and the TPM itself compares the counts of info with its own: something on the bus cannot
 * make resets look like none (A2, A3). The clock is as info has it; no decision rests on it. time: seconds since 1970
 * now; the start joins the record of the last ones, with no outcome yet.
 * Errors: -E_TPM, -E_WRONG_AUTH (the platform hierarchy is locked), -E_TPM_FORGED, -E_FOREIGN_TPM. */
int tpm_record_start(struct tpm *tpm, const struct tpm_info *info, bool again, uint32_t time,
                     struct tpm_since_start *ret_since, struct error *error);
/* How this start ends (START_... of format/start_record.h), into its place in the record; only after tpm_record_start,
 * and before tpm_lock_platform: one command. Errors: -E_WRONG_AUTH (locked), -E_NOT_FOUND (no record), -E_TPM. */
int tpm_record_outcome(struct tpm *tpm, uint8_t outcome, struct error *error);
/* The record of the last starts. Errors: -E_NOT_FOUND (none), -E_MALFORMED (damaged), -E_FOREIGN_TPM, -E_TPM,
 * -E_TPM_FORGED. */
int tpm_read_starts(struct tpm *tpm, struct start_record *ret_record, struct error *error);
/* What happened since the last start in words, for the owner. */
void tpm_since_start_text(const struct tpm_since_start *since, char *text, size_t size);

/* A text that the TPM keeps for the next start: the list of what was measured when the attestation secret last opened
 * (format/baseline.h). As the record of the starts, only the platform hierarchy writes it. It proves nothing; it
 * explains. A write that is broken off leaves it damaged.
 * Errors: -E_NOT_FOUND (nothing was kept), -E_MALFORMED (damaged), -E_TOO_LARGE, -E_WRONG_AUTH (the platform hierarchy
 * is locked), -E_TPM, -E_TPM_FORGED, -E_MEMORY. */
#define TPM_BASELINE_MAX_SIZE 2000
int tpm_baseline_read(struct tpm *tpm, struct buffer *text, struct error *error);
/* tag: 32 bytes that name the text. */
int tpm_baseline_write(struct tpm *tpm, const struct digest *tag, struct bytes text, struct error *error);
/* Whether the text that is kept has this tag: no command behind tpm_record_start, else one. */
int tpm_baseline_is(struct tpm *tpm, const struct digest *tag, bool *ret_same, struct error *error);

/* Active banks, known since tpm_open: costs no command. */
size_t tpm_banks(const struct tpm *tpm, const enum hash_algorithm **ret_banks);

/* Values of the PCRs in mask (bit n is PCR n) of one bank. */
struct tpm_pcrs {
	enum hash_algorithm bank;
	uint32_t mask;
	struct digest values[TPM_PCR_COUNT];
};
/* Errors: -E_USAGE, -E_UNSUPPORTED (the bank), -E_TPM_FORGED (A2), -E_FOREIGN_TPM (no key of the pinned Name), -E_TPM.
 */
int tpm_pcr_read(struct tpm *tpm, enum hash_algorithm bank, uint32_t mask, struct tpm_pcrs *ret_pcrs,
                 struct error *error);
/* Extends one PCR in every active bank (A20). digests holds one digest for each active bank, in any order; a bank
 * without one is -E_USAGE and nothing is extended. Other errors as tpm_pcr_read; after -E_TPM_FORGED and -E_IO the PCR
 * may have been extended or not. */
int tpm_pcr_extend(struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t count, struct error *error);

/* Extends and PCR reads go through a session salted to the storage key (A2): true from the first one on, where there is
 * such a key. false: anything on the bus could have invented what was read, and dropped what was extended. */
bool tpm_is_guarded(const struct tpm *tpm);

/* Where a sealed secret lives: on TPM 2.0 the persistent object 0x81000000 + slot, as the original places them. */
enum tpm_slot {
	TPM_SLOT_DISK = 3,
	TPM_SLOT_TOTP = 0x4d47,
	TPM_SLOT_HOTP = 0x4d48,
	/* Further disk unlock keys (disk/unlock.h). */
	TPM_SLOT_DISK_2 = 0x4d49,
	TPM_SLOT_DISK_3 = 0x4d4a,
	TPM_SLOT_DISK_4 = 0x4d4b,
};

/* Seals secret (at most 128 bytes) so that it opens only while the PCRs have the expected values, and replaces what the
 * slot held; with an owner passphrase the owner can approve other values later (tpm_approve). Beside it a public record
 * keeps the expected values, so that tpm_seal_difference can explain. passphrase and owner (the owner hierarchy's) may
 * be empty. The secret crosses the bus encrypted in a salted session (A1). No dictionary-attack count where there is no
 * passphrase (A18). Errors: -E_WRONG_AUTH (owner), -E_LOCKED_OUT, -E_TPM, -E_UNSUPPORTED (more than 8 PCRs, or not of
 * the SHA-256 bank), -E_FOREIGN_TPM (the storage key, or what stands in the slot, is none that Heads made),
 * -E_TPM_FORGED (A2). */
int tpm_seal(struct tpm *tpm, enum tpm_slot slot, struct bytes secret, const struct tpm_pcrs *expected,
             struct bytes passphrase, struct bytes owner, struct error *error);
/* As tpm_seal, but what goes in is a key of HMAC with SHA-1 that never comes out again: the TPM computes with it (A8).
 * Errors also: -E_UNSUPPORTED (a TPM without that HMAC). */
int tpm_hmac_make(struct tpm *tpm, enum tpm_slot slot, struct bytes key, const struct tpm_pcrs *expected,
                  struct bytes owner, struct error *error);
/* HMAC of a message (at most 64 bytes) by the key in the slot; the answer crosses the bus encrypted. ret_mac is as
 * secret as what is made of it: wipe it. Errors: as tpm_unseal. */
int tpm_hmac(struct tpm *tpm, enum tpm_slot slot, struct bytes message, struct digest *ret_mac, struct error *error);

/* Which PCRs open what the slot holds, from now on: one set, or two: sets[0] for good (the firmware after an update),
 * and sets[1] (the one before it) until tpm_approval_drop. Needs no secret; what was approved before opens nothing any
 * more. Only what was sealed with an owner
 * passphrase can be approved anew: without one, anybody could. All sets have the bank and the PCRs that the slot was
 * sealed to. Errors: -E_UNSUPPORTED (sealed without an owner passphrase, or by a TPM older than revision 1.38),
 * -E_NO_SECRET, -E_WRONG_AUTH (owner), -E_WRONG_PCR (PCR 4 was extended: too late in this start), -E_USAGE,
 * -E_TPM_FORGED, -E_TPM. */
#define TPM_APPROVE_MAX 2
int tpm_approve(struct tpm *tpm, enum tpm_slot slot, const struct tpm_pcrs *sets, size_t count, struct bytes owner,
                struct error *error);

/* What the owner approved for the slot last: the first set, as the TPM itself vouches for it (A2), for the PCRs that
 * nobody can foresee by measuring. Errors: as tpm_approve; -E_FOREIGN_TPM (the record is not of what is approved). */
int tpm_approved(struct tpm *tpm, enum tpm_slot slot, struct tpm_pcrs *ret_expected, struct error *error);
/* Whether a second set still opens the slot. One that does not hang on a second set costs no command where the slot was
 * the last one used. running_first: the PCRs are now those of the first set (0 to 5 and 7 of them). Valid where
 * pending. Errors: -E_NO_SECRET, -E_TPM, -E_TPM_FORGED. */
struct tpm_approval {
	bool pending, running_first;
};
int tpm_approval_look(struct tpm *tpm, enum tpm_slot slot, struct tpm_approval *ret_approval, struct error *error);
/* From now on no second set that was approved before opens anything, in any slot (A17). Needs no passphrase, because it
 * can only take away; before the cap alone, so the operating system cannot do it (A18). For good: nothing but a new
 * approval of the owner brings a set back. Errors: those of tpm_counter_increment. */
int tpm_approval_drop(struct tpm *tpm, struct error *error);

/* 8 bytes beside the slot that are no secret, written only while the slot opens, so by no other firmware and not after
 * the cap; anybody reads them, authenticated (A2). tpm_note_make also makes the room for them, as the owner. Errors:
 * -E_NOT_FOUND (none was made), -E_NO_SECRET (empty slot), -E_WRONG_PCR, -E_WRONG_AUTH (owner), -E_TPM_FORGED. */
int tpm_note_read(struct tpm *tpm, enum tpm_slot slot, uint64_t *ret_note, struct error *error);
int tpm_note_write(struct tpm *tpm, enum tpm_slot slot, uint64_t note, struct error *error);
int tpm_note_make(struct tpm *tpm, enum tpm_slot slot, uint64_t note, struct bytes owner, struct error *error);

/* Opens the slot. ret_secret: release with secret_clear.
 * Errors: -E_NO_SECRET (empty slot), -E_WRONG_PCR, -E_WRONG_AUTH (passphrase), -E_LOCKED_OUT, -E_TPM, -E_MALFORMED (the
 * record is damaged), -E_FOREIGN_TPM, -E_TPM_FORGED. */
int tpm_unseal(struct tpm *tpm, enum tpm_slot slot, struct bytes passphrase, struct secret *ret_secret,
               struct error *error);
/* The PCRs whose values differ now from those that the slot was sealed to (bit n is PCR n); only to explain.
 * Errors: -E_NO_SECRET, -E_TPM. */
int tpm_seal_difference(struct tpm *tpm, enum tpm_slot slot, uint32_t *ret_mask, struct error *error);
/* What a slot holds, without opening it: whether it takes a passphrase, and the PCRs it was sealed to.
 * Errors: -E_NO_SECRET, -E_MALFORMED (the record is damaged), -E_FOREIGN_TPM, -E_TPM. */
struct tpm_seal_state {
	bool passphrase;
	struct tpm_pcrs expected;
};
int tpm_seal_look(struct tpm *tpm, enum tpm_slot slot, struct tpm_seal_state *ret_state, struct error *error);
/* The same by the record alone, for one command less: that the object is still there, tpm_unseal finds out. */
int tpm_seal_look_record(struct tpm *tpm, enum tpm_slot slot, struct tpm_seal_state *ret_state, struct error *error);
/* Removes what the slot holds; an empty slot is no error. */
int tpm_forget(struct tpm *tpm, enum tpm_slot slot, struct bytes owner, struct error *error);

/* Counters that only ever rise (TPM 2.0: NV counters of 8 bytes). Anybody reads them; they rise only while PCR 4 is as
 * the reset left it: not after the cap, a forced boot or a recovery shell, so neither the OS nor its owner's passphrase
 * raises them (A18). One that is destroyed and created again starts above every value that any destroyed counter of
 * this TPM had (Part 1, 37.2.4), so no value comes back. Reads are authenticated in the guard (A2). */
enum tpm_counter { TPM_COUNTER_ROLLBACK, TPM_COUNTER_HOTP, TPM_COUNTER_APPROVAL, TPM_COUNTERS };
/* Errors: -E_NOT_FOUND (none was created), -E_FOREIGN_TPM (another kind of index stands there), -E_TPM_FORGED, -E_TPM.
 */
int tpm_counter_read(struct tpm *tpm, enum tpm_counter which, uint64_t *ret_value, struct error *error);
/* Makes the counter and raises it once, so that it has a value. May be repeated where it was interrupted.
 * Errors: -E_EXISTS (there is one, with a value), -E_WRONG_AUTH (owner), -E_WRONG_PCR (made, and has no value yet). */
int tpm_counter_create(struct tpm *tpm, enum tpm_counter which, struct bytes owner, struct error *error);
/* ret_value: what it is after that. Errors: -E_NOT_FOUND, -E_WRONG_PCR (PCR 4 was extended), -E_FOREIGN_TPM,
 * -E_TPM_FORGED, -E_TPM; after -E_IO and -E_TPM_FORGED it may have been raised or not. */
int tpm_counter_increment(struct tpm *tpm, enum tpm_counter which, uint64_t *ret_value, struct error *error);
/* An absent one is no error. */
int tpm_counter_destroy(struct tpm *tpm, enum tpm_counter which, struct bytes owner, struct error *error);
/* The value of any counter index, as the original keeps one under a random index that kexec_rollback.txt names.
 * Errors: -E_NOT_FOUND, -E_UNSUPPORTED (no counter, or not readable by anybody), -E_TPM_FORGED, -E_TPM. */
int tpm_counter_read_index(struct tpm *tpm, uint32_t index, uint64_t *ret_value, struct error *error);
/* The index of ours, as kexec_rollback.txt would name it. */
uint32_t tpm_counter_index(enum tpm_counter which);

/* size bytes (at most 32) of the TPM's random numbers. They cross the bus in clear: mix them with the kernel's, so that
 * either source suffices. */
int tpm_random(struct tpm *tpm, void *data, size_t size, struct error *error);

/* The Name that the storage key must have from now on (A2); empty: any key of our template. Where another one is found,
 * every later use is -E_FOREIGN_TPM. The Name is recorded at the TPM's reset and read from a measured or signed file.
 * Sessions that are salted to the key of this Name stay open; all others are closed. */
int tpm_pin_storage_key(struct tpm *tpm, struct bytes name, struct error *error);
/* Looks now whether the storage key has the pinned Name. -E_FOREIGN_TPM where it has another one, or is gone: from then
 * on extends and PCR reads go plain, as without a storage key, so that the machine can still be capped and the TPM be
 * taken over; whatever carries a secret or a passphrase stays refused. Nothing pinned: 0. Errors also: -E_TPM, ... */
int tpm_check_storage_key(struct tpm *tpm, struct error *error);
/* The Name of the storage key, to be recorded; valid as long as tpm. Errors: -E_NOT_FOUND (never sealed), -E_TPM,
 * -E_FOREIGN_TPM. */
int tpm_storage_key_name(struct tpm *tpm, struct bytes *ret_name, struct error *error);

/* The key that signs quotes of PCRs (A16): a primary key of the owner hierarchy, ECC P-256, that signs only what its
 * TPM has generated. area: its public area (TPMT_PUBLIC, format/quote.h), appended. Errors: -E_NOT_FOUND (none was
 * made), -E_FOREIGN_TPM (another object stands in its place), -E_TPM, -E_TPM_FORGED. */
int tpm_quote_key(struct tpm *tpm, struct buffer *area, struct error *error);
/* Makes it where there is none. Errors also: -E_WRONG_AUTH (owner). */
int tpm_quote_key_make(struct tpm *tpm, struct bytes owner, struct error *error);
/* What the PCRs in mask of the SHA-256 bank are, with the nonce of whoever asks: TPMS_ATTEST and TPMT_SIGNATURE,
 * appended. Errors: as tpm_quote_key; -E_USAGE. */
#define TPM_QUOTE_NONCE_MAX 32
int tpm_quote(struct tpm *tpm, struct bytes nonce, uint32_t mask, struct buffer *attest, struct buffer *signature,
              struct error *error);

/* Locks the platform hierarchy until the TPM is reset (A21): its authorisation, empty until then, becomes 32 random
 * bytes that cross the bus encrypted and that nobody keeps. ret_disabled: there was no platform hierarchy to lock,
 * because the firmware has disabled it.
 * Errors: -E_WRONG_AUTH (it is locked already), -E_TPM, -E_TPM_FORGED, -E_FOREIGN_TPM (no key of the pinned
 * Name). */
int tpm_lock_platform(struct tpm *tpm, bool *ret_disabled, struct error *error);

/* Taking ownership, command by command; owner/tpm_reset.h puts them in order. Each goes through a salted HMAC session
 * with parameter encryption: to the storage key, or where there is none to a key of the null hierarchy (A1).
 *
 * Makes the TPM forget its owner: every key, secret and index of the storage and endorsement hierarchies, their
 * authorisations, and the pinned Name (TPM2_Clear, Part 3, 24.6). lockout NULL: by the platform hierarchy, which the
 * firmware has open until tpm_lock_platform; else by the lockout hierarchy with this passphrase, of which one wrong
 * try closes that hierarchy for lockout_auth_seconds.
 * Errors: -E_WRONG_AUTH (the platform hierarchy is locked, or wrong passphrase), -E_NO_DEVICE (the platform hierarchy
 * is switched off), -E_LOCKED_OUT, -E_TPM, -E_TPM_FORGED. */
int tpm_clear(struct tpm *tpm, const struct bytes *lockout, struct error *error);
/* Leaves the SHA-256 bank alone active, the one that the firmware extends (A20), by the platform hierarchy
 * (TPM2_PCR_Allocate, Part 3, 22.5). ret_pending: it was not so, and becomes so with the next reset of the TPM. */
int tpm_allocate_sha256(struct tpm *tpm, bool *ret_pending, struct error *error);
/* Makes the storage key where there is none. Errors: -E_WRONG_AUTH (owner), -E_FOREIGN_TPM, -E_TPM, -E_TPM_FORGED. */
int tpm_make_storage_key(struct tpm *tpm, struct bytes owner, struct error *error);
/* The dictionary-attack protection (Part 3, 25.3): so many wrong passphrases lock; one is forgiven every
 * recovery_seconds; a wrong one for the lockout hierarchy closes that for lockout_seconds. lockout: its passphrase. */
int tpm_set_lockout(struct tpm *tpm, struct bytes lockout, uint32_t tries, uint32_t recovery_seconds,
                    uint32_t lockout_seconds, struct error *error);
/* Forgives all wrong passphrases at once (Part 3, 25.2). Errors: -E_WRONG_AUTH (which closes the lockout hierarchy),
 * -E_LOCKED_OUT (it is closed), -E_TPM, -E_TPM_FORGED. */
int tpm_end_lockout(struct tpm *tpm, struct bytes lockout, struct error *error);
enum tpm_hierarchy { TPM_HIERARCHY_OWNER, TPM_HIERARCHY_ENDORSEMENT, TPM_HIERARCHY_LOCKOUT };
/* Gives a hierarchy another authorisation (Part 3, 24.8). */
int tpm_set_passphrase(struct tpm *tpm, enum tpm_hierarchy hierarchy, struct bytes old, struct bytes passphrase,
                       struct error *error);
/* Is this the owner passphrase? Changes nothing, and the TPM does not count it. Errors: -E_WRONG_AUTH, ... */
int tpm_check_owner(struct tpm *tpm, struct bytes owner, struct error *error);

/* TPM2_Shutdown(CLEAR): the orderly end before the power goes, a reset or a kexec (A4, A18). It goes through the
 * session of extends and reads, where there is one, and ends it: one that somebody on the bus answers himself is
 * -E_TPM_FORGED. */
int tpm_shutdown(struct tpm *tpm, struct error *error);
/* Commands sent since tpm_open. */
unsigned tpm_command_count(const struct tpm *tpm);

/* The lowest firmware version that an update may install (A17), as a number that grows with the version.
 * Errors: -E_NOT_FOUND (no update was installed yet), -E_FOREIGN_TPM, -E_TPM_FORGED, -E_TPM. */
int tpm_floor_read(struct tpm *tpm, uint64_t *ret_value, struct error *error);
/* Raises it to value; a lower value leaves it. Only before the cap. owner is needed the first time alone.
 * Errors: -E_WRONG_PCR (after the cap), -E_WRONG_AUTH, -E_TPM_FORGED, -E_TPM. */
int tpm_floor_raise(struct tpm *tpm, uint64_t value, struct bytes owner, struct error *error);

#endif
