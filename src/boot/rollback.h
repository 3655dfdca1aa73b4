/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An older, validly signed /boot is refused (A15): the signed set says for which value of the TPM's counter it was
 * signed, and that value is compared with the counter before anything is released.
 *
 * Two phases, so that a power cut loses nothing: the set is signed for N+1 and published, and the counter is raised to
 * N+1 when a start finds that set, verified, with the counter at N. A set of N with the counter at N+1 is old. */
#ifndef HEADS_BOOT_ROLLBACK_H
#define HEADS_BOOT_ROLLBACK_H

#include "boot/verify.h"
#include "format/rollback.h"
#include "tpm/tpm.h"

/* A set may be so many signings ahead of the counter: it is signed again and again before a start. */
#define ROLLBACK_MAX_AHEAD 1000

enum rollback_counter {
	ROLLBACK_NO_TPM,
	ROLLBACK_NO_COUNTER, /* a TPM, and no such counter in it */
	ROLLBACK_COUNTED,
	ROLLBACK_UNREADABLE, /* a TPM that fails to tell: fails closed */
};

struct rollback_facts {
	struct rollback_set set;
	enum rollback_counter state;
	uint64_t counter;
	enum rollback_counter original_state; /* of the counter that the original made */
	uint64_t original_counter;
};

struct rollback_verdict {
	enum verify_rollback state;
	bool refused;
	uint64_t raise_by;  /* to complete the last signing, when everything else verified */
	char sentence[256]; /* why it is refused or not known, or "" */
};

/* Pure. */
void rollback_judge(const struct rollback_facts *facts, struct rollback_verdict *ret_verdict);

/* Compares what was signed with the counter of the TPM (NULL: none), and writes the verdict into the result: rollback,
 * and where it is refused, ok and reason. */
void rollback_check(struct tpm *tpm, struct verify_result *result, struct rollback_verdict *ret_verdict);
/* Raises the counter so many times. Errors: those of tpm_counter_increment. */
int rollback_raise(struct tpm *tpm, uint64_t times, struct error *error);

#endif
