/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NV indices of Heads, each named by its template. Commands that a session authorises carry the Name of the template,
 * so an index of another kind in its place is never read nor written (A2). Only tpm2_*.c includes this. */
#ifndef HEADS_TPM_TPM2_NV_H
#define HEADS_TPM_TPM2_NV_H

#include "tpm/tpm2_client.h"

struct tpm2_nv {
	uint32_t index;
	uint32_t attributes; /* TPMA_NV_* but WRITTEN */
	uint16_t size;
	struct digest policy; /* size 0: none */
	const char *what;     /* "the rollback counter": for the sentence of an error */
	char object[16];      /* "0x01804801" */
};
/* policy NULL: none. what must live as long as the result. */
struct tpm2_nv tpm2_nv_make(uint32_t index, uint32_t attributes, uint16_t size, const struct digest *policy,
                            const char *what);

/* The Name of the index once it was written. */
struct tpm2_name tpm2_nv_name(const struct tpm2_nv *nv);

enum tpm2_nv_state { TPM2_NV_ABSENT, TPM2_NV_FOREIGN, TPM2_NV_UNWRITTEN, TPM2_NV_WRITTEN };
/* What stands at the index (TPM2_NV_ReadPublic). ret_name is the Name of what was found, computed here; ret_public may
 * be NULL. */
int tpm2_nv_look(struct tpm *tpm, const struct tpm2_nv *nv, enum tpm2_nv_state *ret_state, struct tpm2_name *ret_name,
                 struct tpm2_nv_public *ret_public, struct error *error);

/* Whether the TPM has said, authenticated, that nothing stands at the index; costs no command. */
bool tpm2_nv_is_known_absent(const struct tpm *tpm, uint32_t index);

/* TPM2_NV_Read of the whole index, with its own empty authorisation, in the guard (A2). Where the state is another than
 * TPM2_NV_WRITTEN nothing was read; in the guard that too is what the TPM says and nobody else. Errors: -E_TPM_FORGED,
 * -E_TPM. */
int tpm2_nv_find(struct tpm *tpm, const struct tpm2_nv *nv, uint8_t *data, enum tpm2_nv_state *ret_state,
                 struct error *error);
/* The same where it has to be there. Errors also: -E_NOT_FOUND (absent or never written), -E_FOREIGN_TPM (another kind
 * of index). */
int tpm2_nv_read(struct tpm *tpm, const struct tpm2_nv *nv, uint8_t *data, struct error *error);

/* The owner's commands; tpm->owner authorises them in session. tpm2_nv_ready defines the index where it is absent, and
 * where a foreign one stands there replaces it. ret_name: the Name it has now. */
int tpm2_nv_ready(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv, struct tpm2_name *ret_name,
                  struct error *error);
/* Whatever stands there; an absent one is no error. */
int tpm2_nv_remove(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv, struct error *error);

/* TPM2_NV_Write of the whole index, or TPM2_NV_Increment of a counter (data empty): by the owner where the index has
 * TPMA_NV_OWNERWRITE, else by its policy, which was satisfied in session; a policy session starts anew with it. name:
 * the index's Name as it is now. */
int tpm2_nv_change(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv,
                   const struct tpm2_name *name, struct bytes data, struct error *error);

/* The index that holds the policy which the owner approved for a slot: only he writes it, and only before the cap. */
struct tpm2_nv tpm2_approval_nv(enum tpm_slot slot);
/* The index of a counter. */
struct tpm2_nv tpm2_counter_nv(enum tpm_counter which);
/* Before a new object comes into a slot, by tpm->record: approves the set of *record; where an object in use has
 * another one (in *ret_old then the two), both, until tpm2_approve_finish. Sets record->approved false where the TPM
 * cannot. */
int tpm2_approve_new(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, bool in_use,
                     struct tpm2_record *record, struct tpm2_sets *ret_old, struct error *error);
/* Approves the sets of *record, which stands in the TPM with old_sets, and writes it without them. */
int tpm2_approve_finish(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, struct tpm2_record *record,
                        struct error *error);

#endif
