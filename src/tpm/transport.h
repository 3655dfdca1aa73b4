/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to a TPM: bytes of one command out, bytes of one answer in. Tests put their own transport between, which
 * records, changes or drops messages (A1, A2). */
#ifndef HEADS_TPM_TRANSPORT_H
#define HEADS_TPM_TRANSPORT_H

#include "tpm/tpm.h"

/* No message of a TPM 2.0 is longer (TPM_PT_MAX_COMMAND_SIZE and _RESPONSE_SIZE are at most this on every TPM seen). */
#define TPM_MESSAGE_LIMIT 4096

struct tpm_transport {
	/* Sends one command and receives its whole answer into answer, which has room for TPM_MESSAGE_LIMIT bytes.
	 * Errors: -E_IO, -E_TPM_FORGED (an answer without a usable header). */
	int (*exchange)(struct tpm_transport *transport, struct bytes command, uint8_t *answer, size_t *ret_size,
	                struct error *error);
	/* Frees the transport. */
	void (*close)(struct tpm_transport *transport);
	/* A software TPM that no firmware has started: the client may send TPM2_Startup(CLEAR). Never set for a chip.
	 */
	bool may_start;
	/* Nothing that takes time answers: a busy answer is asked again without a pause. For tests. */
	bool immediate;
};

/* "swtpm:PATH" (UNIX data socket of swtpm), or a character device; NULL means /dev/tpm0. Release with ->close.
 * Errors: -E_NO_DEVICE, -E_MEMORY. */
int tpm_transport_open(const char *where, struct tpm_transport **ret_transport, struct error *error);

/* As tpm_open, over a transport that the TPM owns from now on, also where this fails. */
int tpm_open_transport(struct tpm_transport *transport, struct tpm **ret_tpm, struct error *error);
/* The same as tpm_open_continued. */
int tpm_open_transport_continued(struct tpm_transport *transport, struct bytes state, struct tpm **ret_tpm,
                                 struct error *error);

#endif
