/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the TPM 2.0 client: one command at a time, with at most one authorisation, over one transport. Only tpm2_*.c
 * includes this. Everything that can hold a secret lies in struct tpm, which is locked and wiped memory. */
#ifndef HEADS_TPM_TPM2_CLIENT_H
#define HEADS_TPM_TPM2_CLIENT_H

#include "base/cleanup.h"
#include "format/start_record.h"
#include "tpm/tpm2_crypto.h"
#include "tpm/tpm2_record.h"
#include "tpm/transport.h"

/* Sessions and transient objects of ours that may be open at once: a TPM has room for three of each. */
#define TPM2_MAX_OPEN 6
#define TPM2_SESSIONS 3

/* A session salted to the storage key. Whoever only listens on the bus learns neither its key nor what it encrypts
 * (A1); an answer without its HMAC is not believed (A2). */
struct tpm2_session {
	struct tpm *tpm; /* NULL: not in use */
	uint32_t handle;
	uint8_t key[TPM2_DIGEST_SIZE];
	uint8_t nonce_caller[TPM2_DIGEST_SIZE];
	size_t nonce_tpm_size;
	uint8_t nonce_tpm[DIGEST_MAX_SIZE];
};

/* A key that sessions are salted to, with its public area. */
struct tpm2_key {
	bool known;
	uint32_t handle;
	struct tpm2_name name;
	size_t area_size;
	uint8_t area[512];
	struct tpm2_public public_area; /* points into area */
};

/* What is recorded of this start. */
struct tpm2_start {
	bool known;
	struct start_record record;
};

struct tpm {
	struct secret memory; /* this structure itself */
	struct tpm_transport *transport;
	size_t bank_count;
	enum hash_algorithm banks[TPM_MAX_BANKS];
	unsigned command_count;
	size_t open_count; /* handles that must be flushed */
	uint32_t open_handles[TPM2_MAX_OPEN];
	struct tpm2_start start; /* what tpm_record_start has written, or found written for this start */
	bool uncertain;          /* an answer was lost: the TPM may hold a handle that is not in open_handles */
	struct tpm2_key storage;
	struct tpm2_name pinned; /* the Name that the storage key must have; size 0: any of our template */
	bool record_known;       /* record is what the TPM holds for record_slot */
	enum tpm_slot record_slot;
	struct tpm2_record record;
	bool indices_listed; /* indices is what the TPM listed, in the guard; a new or removed index ends that */
	struct tpm2_handles indices; /* of NV */
	struct tpm2_session *guard;  /* of extends and PCR reads, from the first one on; NULL: none is open */
	bool unguarded;              /* there is no storage key that a guard could be salted to */
	struct tpm2_session *policy; /* where policies are satisfied, from the first one on; NULL: none is open */
	struct tpm2_session sessions[TPM2_SESSIONS];
	struct tpm2_auth_value owner, passphrase, platform, fresh; /* fresh: what a hierarchy gets */
	struct tpm2_writer parameters;                             /* of the command that is being made */
	uint8_t parameter_bytes[2048];
	uint8_t command[TPM_MESSAGE_LIMIT];
	uint8_t answer[TPM_MESSAGE_LIMIT];
};

enum tpm2_authorization {
	TPM2_AUTH_NONE,
	TPM2_AUTH_EMPTY,  /* TPM_RS_PW with an empty value: nothing to protect */
	TPM2_AUTH_SESSION /* HMAC of the session and of value */
};

struct tpm2_call {
	uint32_t code;
	const char *doing;  /* "seal the secret": for the sentence of an error */
	const char *object; /* "0x81004d47" */
	size_t handle_count;
	uint32_t handles[3];
	struct tpm2_name names[3]; /* where a session authorises */
	enum tpm2_authorization authorization;
	struct tpm2_session *session;
	const struct tpm2_auth_value *value; /* of the first handle; NULL: empty */
	/* What the command makes of value, where it changes it: the answer's HMAC takes this one (Part 1, 17.6.5). */
	const struct tpm2_auth_value *new_value;
	uint8_t attributes; /* TPMA_SESSION_* */
	bool answers_handle;
	/* the answer */
	uint32_t response_code;
	uint32_t handle;
	struct bytes answer; /* its parameters, in struct tpm, until the next command */
};

/* Starts the parameters of a command anew and gives the place to write them to. */
struct tpm2_writer *tpm2_parameters(struct tpm *tpm);
/* Sends the command with the parameters written since tpm2_parameters, repeats it while the TPM is busy, checks the
 * answer. A refusal of the TPM is an error too, with call->response_code set.
 * Errors: -E_IO, -E_TPM_FORGED (malformed answer or wrong HMAC), and what the TPM says: -E_WRONG_AUTH, -E_WRONG_PCR,
 * -E_LOCKED_OUT, -E_NOT_FOUND (no such handle), -E_TPM. */
int tpm2_run(struct tpm *tpm, struct tpm2_call *call, struct error *error);
/* The answer was HMACed or parsed to something that no TPM gives. */
int tpm2_forged(const struct tpm2_call *call, struct error *error);

/* Handles that have to be flushed. tpm2_flush forgets the handle when the TPM does not know it any more. */
int tpm2_remember_handle(struct tpm *tpm, uint32_t handle, struct error *error);
void tpm2_forget_handle(struct tpm *tpm, uint32_t handle);
void tpm2_flush(struct tpm *tpm, uint32_t handle);
/* Flushes whatever sessions and transient objects the TPM lists. */
int tpm2_sweep(struct tpm *tpm, struct error *error);
/* TPM2_GetCapability; the answer is in *call. */
int tpm2_get_capability(struct tpm *tpm, uint32_t capability, uint32_t property, uint32_t count, struct tpm2_call *call,
                        struct error *error);
int tpm2_list_handles(struct tpm *tpm, uint32_t first, struct tpm2_handles *ret_handles, struct error *error);

/* A transient object that is flushed at the end of the scope. */
struct tpm2_transient {
	struct tpm *tpm;
	uint32_t handle;
	struct tpm2_name name;
};
void tpm2_transient_clear(struct tpm2_transient *transient);

/* An HMAC or policy session (TPM_SE_*) salted to key. Release with tpm2_session_close, which flushes it. */
int tpm2_session_open(struct tpm *tpm, uint8_t type, const struct tpm2_key *key, struct tpm2_session **ret_session,
                      struct error *error);
void tpm2_session_close(struct tpm2_session **session);
/* The guard (A2): one HMAC session for all extends and PCR reads, so that a dropped, changed or invented one is
 * noticed. tpm2_guard opens it where that was not done yet, and gives it to the call, before the call's parameters are
 * written. Without a storage key (and without a pinned Name, which makes that an error) the call stays as it is.
 * tpm2_run_guarded runs the call; after a failure the guard is closed, because its nonces are no longer known. */
int tpm2_guard(struct tpm *tpm, struct tpm2_call *call, struct error *error);
int tpm2_run_guarded(struct tpm *tpm, struct tpm2_call *call, struct error *error);
/* Opens tpm->policy where that was not done yet. The TPM empties a policy session with each command that it authorises,
 * so one serves for all; after a failure it is closed with tpm2_session_close(&tpm->policy). Errors: -E_FOREIGN_TPM (no
 * storage key, or not the pinned one), -E_TPM. */
int tpm2_policy_open(struct tpm *tpm, struct error *error);
/* tpm_pcr_read; guarded false for a value that only explains. */
int tpm2_pcr_read(struct tpm *tpm, enum hash_algorithm bank, uint32_t mask, bool guarded, struct tpm_pcrs *ret_pcrs,
                  struct error *error);
/* The HMACs of a command and of its answer, and parameter encryption: for tpm2_run. code is the command's. */
struct digest tpm2_session_command_mac(const struct tpm2_call *call, struct bytes parameters);
bool tpm2_session_answer_accepted(const struct tpm2_call *call, struct bytes parameters,
                                  const struct tpm2_answer_session *answer);
void tpm2_session_encrypt(const struct tpm2_call *call, uint8_t *data, size_t size);
void tpm2_session_decrypt(const struct tpm2_call *call, uint8_t *data, size_t size);

/* The storage key of ours at TPM2_STORAGE_HANDLE. tpm2_storage_find learns it (one command, once) and refuses a key
 * that is not of our template or has another Name than the pinned one (-E_FOREIGN_TPM); -E_NOT_FOUND where there is
 * none. tpm2_storage_ready makes it where it is missing, with the owner's authorisation in tpm->owner. */
#define TPM2_STORAGE_HANDLE 0x81004801u
int tpm2_storage_find(struct tpm *tpm, struct error *error);
/* The storage key is the one of this public area (TPMT_PUBLIC). Errors: -E_FOREIGN_TPM (as above). */
int tpm2_storage_accept(struct tpm *tpm, struct bytes area, struct error *error);
/* Takes what tpm_hand_on gave; false where it is none. */
bool tpm2_continue(struct tpm *tpm, struct bytes state);
int tpm2_storage_ready(struct tpm *tpm, struct error *error);
/* A Name is pinned and there is no key at all: -E_FOREIGN_TPM. */
int tpm2_storage_gone(struct error *error);
/* An HMAC session salted to a key of the null hierarchy that is made for it and flushed: where there is no storage key.
 * It keeps secrets from a listener (A1), and nothing from whoever answers in the TPM's place (A2). */
int tpm2_session_open_passing(struct tpm *tpm, struct tpm2_session **ret_session, struct error *error);
/* TPM2_EvictControl: makes a transient object persistent, or removes a persistent one (both handles the same). */
int tpm2_evict(struct tpm *tpm, struct tpm2_session *session, uint32_t object, const struct tpm2_name *name,
               uint32_t persistent, struct error *error);
/* TPM2_ReadPublic; ret_public points into tpm->answer. */
int tpm2_read_public(struct tpm *tpm, uint32_t handle, struct tpm2_public *ret_public, struct tpm2_name *ret_name,
                     struct error *error);

/* The public record beside a sealed object. -E_NO_SECRET where there is none, -E_MALFORMED where it is damaged. */
int tpm2_record_read(struct tpm *tpm, enum tpm_slot slot, struct error *error);
/* Defines the NV index where it is missing, and writes it: one command that either happens or does not. */
int tpm2_record_write(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot,
                      const struct tpm2_record *record, struct error *error);
int tpm2_record_remove(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, struct error *error);

/* NV indices of the platform hierarchy (tpm2_platform_nv.c). Heads defines each with these attributes. All:
 * -E_NOT_FOUND where the index is not defined; -E_WRONG_AUTH where the hierarchy is locked and the command writes. */
#define TPM2_PLATFORM_ATTRIBUTES \
	(TPMA_NV_PPWRITE | TPMA_NV_PPREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA | TPMA_NV_PLATFORMCREATE)
int tpm2_platform_define(struct tpm *tpm, uint32_t index, uint16_t size, struct error *error);
int tpm2_platform_undefine(struct tpm *tpm, uint32_t index, struct error *error);
/* -E_FOREIGN_TPM where it is an index of another kind. */
int tpm2_platform_size(struct tpm *tpm, uint32_t index, uint16_t *ret_size, struct error *error);
/* At most 512 bytes, the least that every TPM takes. */
int tpm2_platform_write(struct tpm *tpm, uint32_t index, uint16_t offset, struct bytes data, struct error *error);
/* ret_data lies in struct tpm, until the next command; empty where nothing was written yet. */
int tpm2_platform_read(struct tpm *tpm, uint32_t index, uint16_t offset, uint16_t size, struct bytes *ret_data,
                       bool *ret_unwritten, struct error *error);

/* Writes tpm->start with another tag. Nothing where this process has recorded no start. */
int tpm2_start_write_tag(struct tpm *tpm, const uint8_t tag[TPM2_DIGEST_SIZE], struct error *error);

/* TPM2_PolicyPCR with the PCRs as they are now. */
int tpm2_policy_pcr(struct tpm *tpm, struct tpm2_session *session, enum hash_algorithm bank, uint32_t mask,
                    struct error *error);
/* Whether the TPM itself has these counts of resets and restarts: TPM2_PolicyCounterTimer (Part 3, 23.10) in the guard.
 * Nothing is asked where there is no storage key. Errors: -E_TPM_FORGED (it has others), -E_TPM. */
int tpm2_policy_counts(struct tpm *tpm, uint32_t reset_count, uint32_t restart_count, struct error *error);
/* TPM2_PolicyAuthValue: the session's HMACs take tpm->passphrase from now on. */
int tpm2_policy_auth_value(struct tpm *tpm, struct tpm2_session *session, struct error *error);
/* "Before the cap": the SHA-256 PCR 4 as the reset left it. Every way out of Heads extends it (A5). */
#define TPM2_EARLY_MASK (1u << 4)
struct digest tpm2_early_policy(void);
/* The policy of alternative sets: TPM2_PolicyPCR, and for more than one TPM2_PolicyOR. */
struct digest tpm2_sets_policy(const struct tpm2_sets *sets);
/* The policy of a set that opens only while the counter of approvals has this value: TPM2_PolicyNV, TPM2_PolicyPCR. */
struct digest tpm2_second_set_policy(uint64_t value, const struct tpm_pcrs *pcrs);
/* The policy of the object that the record describes, and of the note beside it (which has no passphrase). */
struct digest tpm2_object_policy(enum tpm_slot slot, const struct tpm2_record *record, bool passphrase);
/* Satisfies it in tpm->policy, by tpm->record; after a failure that is closed. Errors: -E_WRONG_PCR, -E_NO_SECRET (the
 * list of approved PCRs is gone), -E_FOREIGN_TPM, -E_TPM. */
int tpm2_policy_satisfy(struct tpm *tpm, enum tpm_slot slot, bool passphrase, struct error *error);
/* TPM2_PolicyAuthorizeNV (Part 3, 23.22) with the slot's list of approved PCRs. */
#define TPM2_APPROVAL_SIZE (2 + TPM2_DIGEST_SIZE) /* TPMT_HA */
int tpm2_policy_authorize_nv(struct tpm *tpm, enum tpm_slot slot, struct error *error);
/* TPM2_PolicySecret with tpm->owner, in session, for tpm->policy. */
int tpm2_policy_secret(struct tpm *tpm, struct tpm2_session *session, struct error *error);

/* The Name of the object at a place; its size is 0 where nothing stands there. Errors: -E_FOREIGN_TPM (none of ours).
 */
int tpm2_place_read(struct tpm *tpm, uint32_t handle, struct tpm2_name *ret_name, struct error *error);
uint32_t tpm2_place_of(enum tpm_slot slot, bool spare);

/* At the end of every command of tpm.h that was given a passphrase. */
void tpm2_wipe_auth_values(struct tpm *tpm);

#endif
