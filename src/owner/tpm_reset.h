/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking ownership of the TPM: `heads tpm reset`, and the screen TPM. */
#ifndef HEADS_OWNER_TPM_RESET_H
#define HEADS_OWNER_TPM_RESET_H

#include "tpm/tpm.h"

/* The owner hierarchy's passphrase may be tried by any program that reaches the TPM, and no TPM counts that: a short
 * one would be found. */
#define OWNER_PASSPHRASE_MIN 8

/* The protection of passphrases that the TPM counts: ten tries; one forgiven every ten minutes, so that a week of
 * guessing has about a thousand tries and an owner who mistyped waits minutes; a wrong try at the lockout hierarchy
 * itself closes that one for a day, in which waiting, or clearing the TPM in the firmware, still helps. */
#define TPM_RESET_TRIES            10
#define TPM_RESET_RECOVERY_SECONDS 600
#define TPM_RESET_LOCKOUT_SECONDS  86400

struct tpm_reset_request {
	struct bytes passphrase; /* the new one, for the owner, endorsement and lockout hierarchies */
	/* What clears the TPM where the platform hierarchy is closed, as on a running system: the present passphrase of
	 * the lockout hierarchy. Empty where it has none. */
	struct bytes present;
	/* Called before each step; may be NULL. */
	void (*progress)(void *context, const char *step, unsigned done, unsigned total);
	void *context;
};

struct tpm_reset_result {
	bool by_platform;   /* cleared with the firmware's right */
	bool banks_pending; /* the next reset of the TPM leaves the SHA-256 bank alone */
	bool banks_open;    /* others stay active: the firmware's right is needed to change that */
	struct bytes name;  /* of the new storage key, to be recorded (format/tpm_name.h); valid as long as the TPM is
	                       open */
};

/* Clears the TPM and takes its ownership. Everything in it is lost: keys, sealed secrets, indices of any owner.
 *
 * The owner hierarchy gets its passphrase last, so that tpm_info's owner_auth_set says whether this was finished.
 * Whatever interrupts it, it can be run again, and begins with the clear; nothing is kept in between.
 * Errors: -E_USAGE (the passphrase is too short or too long), -E_WRONG_AUTH (present), -E_LOCKED_OUT, -E_NO_DEVICE,
 * -E_TPM, -E_TPM_FORGED, -E_IO; the sentence says whether the TPM was cleared by then. */
int owner_tpm_reset(struct tpm *tpm, const struct tpm_reset_request *request, struct tpm_reset_result *ret_result,
                    struct error *error);
/* Is it a passphrase that owner_tpm_reset takes? -E_USAGE with the reason. */
int owner_check_passphrase(struct bytes passphrase, struct error *error);

#endif
