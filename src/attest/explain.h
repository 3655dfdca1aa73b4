/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a seal does not open, in words: what was kept when it last did (attest/keep.h) against what the machine's event
 * log and the TPM say now. Nothing is released or refused because of it. */
#ifndef HEADS_ATTEST_EXPLAIN_H
#define HEADS_ATTEST_EXPLAIN_H

#include "attest/why.h"
#include "tpm/tpm.h"

/* Where the list of what was measured before comes from. */
enum explain_source {
	EXPLAIN_NOTHING, /* none is kept that belongs to this seal */
	EXPLAIN_SIGNED,  /* /boot, with the owner's signature */
	EXPLAIN_TPM,
};
/* "nothing", "signed", "tpm" */
const char *explain_source_name(enum explain_source source);

struct explain_known {
	struct bytes signed_list;            /* KEEP_FILE of a /boot whose signature is good; empty: none */
	struct bytes settings;               /* the owner's as they were measured now; data NULL: not known */
	const struct tpm_since_start *since; /* NULL: not known */
	bool foreign;                        /* opening it ended with -E_FOREIGN_TPM */
};

struct explanation {
	struct why why; /* no cause: the PCRs are those that the secret is sealed to, or there is none */
	enum explain_source source;
};

/* Explains why the slot's secret does not open. A list belongs to the seal where it differs from now in the very PCRs
 * that the seal differs in. Of two that do the TPM's is taken: it is as young as the last opening.
 * Errors: those of tpm_seal_difference and tpm_pcr_read, -E_MEMORY. A log or list that cannot be read is a cause, or
 * left out. */
int explain_seal(struct tpm *tpm, enum tpm_slot slot, const struct explain_known *known,
                 struct explanation *ret_explanation, struct error *error);

#endif
