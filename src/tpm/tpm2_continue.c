/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One guard for a whole start: PID 1 opens it, the menu goes on with it, and PID 1 caps with it. So what was extended
 * first and the cap are in one session of one TPM, and a TPM that was reset or exchanged in between does not know that
 * session any more (A2, A3). It also saves each of them four commands.
 *
 * The session's key lies in memory that PID 1 and the menu alone hold. It protects from who sits on the bus; a program
 * that could read that memory runs as root beside Heads before the cap, and needs no session to use the TPM. */
#include "tpm/tpm2_client.h"

#include <string.h>

#define CONTINUED_MAGIC 0x48504331u /* "HPC1" */

/* Of one program for itself, within one start. */
struct continued {
	uint32_t magic;
	uint32_t handle;
	size_t bank_count;
	enum hash_algorithm banks[TPM_MAX_BANKS];
	uint8_t key[TPM2_DIGEST_SIZE];
	size_t nonce_tpm_size;
	uint8_t nonce_tpm[DIGEST_MAX_SIZE];
	size_t area_size; /* the public area of the key that the session is salted to */
	uint8_t area[sizeof(((struct tpm2_key *)NULL)->area)];
};

_Static_assert(sizeof(struct continued) <= TPM_CONTINUED_MAX, "what is handed on is larger than tpm.h says");

void tpm_hand_on(struct tpm *tpm, struct secret *ret_state)
{
	struct tpm2_session *guard = tpm->guard;
	struct continued *state;

	tpm2_session_close(&tpm->policy);
	/* After a lost answer nobody knows what is open: tpm_close flushes all. */
	if (!guard || tpm->uncertain || !tpm->storage.known || secret_allocate(sizeof(*state), ret_state) < 0) {
		tpm2_session_close(&tpm->guard);
		return;
	}
	state = (struct continued *)(void *)ret_state->data;
	*state = (struct continued){.magic = CONTINUED_MAGIC,
	                            .handle = guard->handle,
	                            .bank_count = tpm->bank_count,
	                            .nonce_tpm_size = guard->nonce_tpm_size,
	                            .area_size = tpm->storage.area_size};
	memcpy(state->banks, tpm->banks, sizeof(state->banks));
	memcpy(state->key, guard->key, sizeof(state->key));
	memcpy(state->nonce_tpm, guard->nonce_tpm, guard->nonce_tpm_size);
	memcpy(state->area, tpm->storage.area, tpm->storage.area_size);
	ret_state->size = sizeof(*state);
	tpm2_forget_handle(tpm, guard->handle); /* it is the next one's to flush */
	tpm2_session_close(&tpm->guard);
}

bool tpm2_continue(struct tpm *tpm, struct bytes bytes)
{
	struct continued state;
	struct tpm2_session *guard = &tpm->sessions[0];
	bool good = false;

	if (bytes.size < sizeof(state))
		return false;
	memcpy(&state, bytes.data, sizeof(state));
	if (state.magic == CONTINUED_MAGIC && state.bank_count > 0 && state.bank_count <= TPM_MAX_BANKS &&
	    state.nonce_tpm_size <= sizeof(guard->nonce_tpm) && state.area_size <= sizeof(state.area) &&
	    tpm2_storage_accept(tpm, bytes_make(state.area, state.area_size), NULL) == 0 &&
	    tpm2_remember_handle(tpm, state.handle, NULL) == 0) {
		tpm->bank_count = state.bank_count;
		memcpy(tpm->banks, state.banks, sizeof(tpm->banks));
		*guard =
		    (struct tpm2_session){.tpm = tpm, .handle = state.handle, .nonce_tpm_size = state.nonce_tpm_size};
		memcpy(guard->key, state.key, sizeof(guard->key));
		memcpy(guard->nonce_tpm, state.nonce_tpm, state.nonce_tpm_size);
		tpm->guard = guard;
		good = true;
	}
	memory_wipe(&state, sizeof(state));
	return good;
}
