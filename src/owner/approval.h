/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The secrets of the TPM go on after a change of the flash (A17): before the change the PCRs that it will lead to are
 * computed, and the owner approves them beside those of now. At the first good boot afterwards those of before are
 * dropped (tpm_approval_drop), without a question. */
#ifndef HEADS_OWNER_APPROVAL_H
#define HEADS_OWNER_APPROVAL_H

#include "rom/flash.h"
#include "rom/image.h"
#include "tpm/tpm.h"

enum approval_secret {
	APPROVAL_TOTP,
	APPROVAL_HOTP,
	APPROVAL_DISK,
	APPROVAL_DISK_2,
	APPROVAL_DISK_3,
	APPROVAL_DISK_4,
	APPROVAL_SECRETS
};
enum approval_state {
	APPROVAL_NONE,   /* the TPM holds no such secret */
	APPROVAL_CANNOT, /* made without an owner passphrase, or its record is damaged: has to be made anew */
	APPROVAL_CAN,
	APPROVAL_DONE
};
struct approval {
	enum approval_state states[APPROVAL_SECRETS];
	struct tpm_pcrs expected[APPROVAL_SECRETS]; /* where it can: what is approved now */
};
/* "the TOTP secret" */
const char *approval_secret_name(enum approval_secret secret);
/* Appends the names of the secrets in one of these states ("a, b and c"); false where there is none. */
bool approval_list(const struct approval *approval, enum approval_state state, char *text, size_t size);
/* Which secrets the TPM holds and which of them can be approved anew. Needs no passphrase.
 * Errors: -E_TPM, -E_TPM_FORGED, -E_IO; what concerns one secret alone is in its state. */
int approval_look(struct tpm *tpm, struct approval *ret_approval, struct error *error);

/* What is about to be done to the chip, here to a copy of it in memory. */
typedef int approval_change(void *context, struct flash *copy, struct error *error);
/* PCRs 0 to 7 as the next start will have them (sets[0]) and as they are (sets[1]). chip as it is before the change.
 * Errors: -E_WRONG_PCR (what the chip holds leads neither to the PCRs of this start nor to those that were approved for
 * the next one: the forecast cannot be relied on), those of predict_firmware, predict_owner_files and change. */
int approval_foresee(struct tpm *tpm, const struct approval *approval, const struct rom_image *chip,
                     approval_change *change, void *context, struct tpm_pcrs sets[TPM_APPROVE_MAX],
                     struct error *error);
/* PCRs 0 to 7 as the next start of a machine that is off will have them, from its image alone, for approval_give with
 * count 1; change may be NULL: the image as it is.
 * Errors: -E_WRONG_PCR (a PCR of the TPM is not as the reset left it: the machine runs, or the TPM was not started anew
 * since), those of predict_firmware, predict_owner_files and change. */
int approval_foresee_start(struct tpm *tpm, const struct rom_image *chip, approval_change *change, void *context,
                           struct tpm_pcrs *ret_set, struct error *error);
/* PCRs 0 to 7 as they are, for approval_give with count 1: the owner vouches for what runs.
 * Errors: -E_WRONG_PCR (PCR 4 was extended). */
int approval_of_now(struct tpm *tpm, struct tpm_pcrs *ret_set, struct error *error);
/* Approves the sets for every secret that can be. PCR 4 is always that of an untouched start, PCR 6 the one that the
 * secret has. Errors: those of tpm_approve; some may be done then. */
int approval_give(struct tpm *tpm, struct approval *approval, const struct tpm_pcrs *sets, size_t count,
                  struct bytes owner, struct error *error);

#endif
