/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk unlock key: random bytes in a key slot of their own, sealed in the TPM to PCRs 0-7 as they are when a
 * verified boot releases them: firmware (0-3), no recovery and no forced boot (4), no kernel module (5), the facts of
 * the disks (6), the owner's files in the ROM (7). One key opens all the disks. */
#ifndef HEADS_DISK_UNLOCK_H
#define HEADS_DISK_UNLOCK_H

#include "disk/volume.h"
#include "tpm/tpm.h"

#define UNLOCK_KEY_SIZE       64
#define UNLOCK_PCR_MASK       0xffu
#define UNLOCK_PASSPHRASE_MAX 64

/* What was measured into PCR 6 in this start of the machine: it is done once. Starts zeroed. */
struct unlock_measured {
	bool done;
	struct digest pcr; /* the value that PCR 6 has then */
};

/* A key may be for one boot entry alone. entry: what tells that one from the others, any bytes; empty: it is for all.
 * It is measured into PCR 6 behind the disks' facts. */
struct digest unlock_expected_pcr(const struct volume_list *volumes, struct bytes entry);

/* Makes a key, puts it into a slot of each volume, seals it, and then removes the slots of the key before it. A power
 * cut leaves the old key or the new one, and the owner's own slots are never touched.
 *
 * volumes      accepted ones, sorted by UUID (volume_choose); their keys, in the same order, from keyslot_open
 * passphrase   that the TPM will want for the key, or empty; owner: the TPM's
 * Errors       -E_WRONG_AUTH (owner), those of keyslot_add and tpm_seal. After an error the slots are as before, unless
 *              the TPM's answer was lost: then there are new ones as well. */
int unlock_make(struct tpm *tpm, const struct volume_list *volumes, const struct secret *volume_keys,
                struct bytes entry, struct bytes passphrase, struct bytes owner, struct error *error);
/* Measures the facts of each volume, and the entry where it is not empty, into PCR 6, once in a start (measured).
 * Errors: -E_ORDER (others were measured before), those of measure_bytes, volume_check. */
int unlock_measure(struct tpm *tpm, const struct volume_list *volumes, struct bytes entry,
                   struct unlock_measured *measured, struct error *error);
/* Takes the key out of the TPM and makes sure that it opens each volume. ret_key: release with secret_clear.
 * Errors: -E_WRONG_PCR (the sentence says which and what that means), -E_WRONG_AUTH, those of tpm_unseal and
 * keyslot_test. */
int unlock_release(struct tpm *tpm, const struct volume_list *volumes, struct bytes passphrase, struct secret *ret_key,
                   struct error *error);
/* Removes the sealed key, and its slots from the volumes (may be empty: then the slots stay, and open nothing that
 * anybody knows). Errors: those of tpm_forget and keyslot_destroy. */
int unlock_forget(struct tpm *tpm, const struct volume_list *volumes, struct bytes owner, struct error *error);

#endif
