/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk unlock key: random bytes in a key slot of their own, sealed in the TPM to PCRs 0-7 as they are when a
 * verified boot releases them: firmware (0-3), no recovery and no forced boot (4), no kernel module (5), the facts of
 * the disks (6), the owner's files in the ROM (7). A key opens all the disks.
 *
 * There is one key for every boot entry, or there are keys for single entries, up to UNLOCK_KEYS: never both, because a
 * key for all would open what a key for one keeps from the others. Each has a slot of its own in the TPM and in the
 * LUKS headers (format/luks.h). */
#ifndef HEADS_DISK_UNLOCK_H
#define HEADS_DISK_UNLOCK_H

#include "disk/volume.h"
#include "tpm/tpm.h"

#define UNLOCK_KEY_SIZE       64
#define UNLOCK_PCR_MASK       0xffu
#define UNLOCK_PASSPHRASE_MAX 64
#define UNLOCK_KEYS           LUKS_OWN_KEYS

/* A key, by its number (below UNLOCK_KEYS), in the TPM. Number 0 is the one of machines with one key. */
enum tpm_slot unlock_slot(unsigned key);

/* What the records in the TPM say: nobody vouches for it (A2). It decides what is measured and what is told, and the
 * TPM decides what is released. */
struct unlock_key {
	bool there;
	bool passphrase;
	struct digest pcr; /* PCR 6 that it is sealed to; size 0: not known, the record is damaged */
};
struct unlock_keys {
	struct unlock_key keys[UNLOCK_KEYS];
	size_t count;         /* those that are there */
	struct error problem; /* of one whose record is damaged; else E_NONE */
};
/* One command for each key that is there, none for those that the TPM has said to be absent; the record of
 * the first one (unlock_first) is read last, so that what uses it next does not read it again. No key at all is no
 * error. objects: looks also whether the key itself is still there, for one command more each. Errors: those of
 * tpm_seal_look but -E_MALFORMED and -E_FOREIGN_TPM, which are in problem. */
int unlock_look(struct tpm *tpm, bool objects, struct unlock_keys *ret_keys, struct error *error);
/* The number of the first key that is there; one has to be. */
unsigned unlock_first(const struct unlock_keys *keys);

/* Is one of these keys such that each of the volumes has a key slot of it? One that was encrypted anew has none any
 * more, whatever the TPM keeps. Pure. */
bool unlock_has_slots(const struct unlock_keys *keys, const struct volume_list *volumes);

/* What was measured into PCR 6 in this start of the machine: it is done once. Starts zeroed. */
struct unlock_measured {
	bool done;
	struct digest pcr; /* the value that PCR 6 has then */
};

/* A key may be for one boot entry alone. entry: what tells that one from the others, any bytes; empty: it is for all.
 * It is measured into PCR 6 behind the disks' facts. */
struct digest unlock_expected_pcr(const struct volume_list *volumes, struct bytes entry);

/* Makes a key, puts it into a slot of each volume, seals it in the place of the one of that number, and then removes
 * the slots of the key before it, and every other key that is for the same entry; one for all entries (number 0)
 * removes all others. A power cut leaves the old key or the new one, and the owner's own slots are never touched.
 *
 * volumes      accepted ones, sorted by UUID (volume_choose); their keys, in the same order, from keyslot_open
 * passphrase   that the TPM will want for the key, or empty; owner: the TPM's
 * Errors       -E_WRONG_AUTH (owner), those of keyslot_add and tpm_seal. After an error the slots are as before, unless
 *              the TPM's answer was lost: then there are new ones as well. */
int unlock_make(struct tpm *tpm, unsigned key, const struct volume_list *volumes, const struct secret *volume_keys,
                struct bytes entry, struct bytes passphrase, struct bytes owner, struct error *error);
/* Measures the facts of each volume, and the entry where it is not empty, into PCR 6, once in a start (measured).
 * Errors: -E_ORDER (others were measured before), those of measure_bytes, volume_check. */
int unlock_measure(struct tpm *tpm, const struct volume_list *volumes, struct bytes entry,
                   struct unlock_measured *measured, struct error *error);
/* Takes the key out of the TPM and makes sure that it opens each volume. ret_key: release with secret_clear.
 * Errors: -E_WRONG_PCR (the sentence says which and what that means), -E_WRONG_AUTH, those of tpm_unseal and
 * keyslot_test. */
int unlock_release(struct tpm *tpm, unsigned key, const struct volume_list *volumes, struct bytes passphrase,
                   struct secret *ret_key, struct error *error);
/* Removes a sealed key, and its slots from the volumes (may be empty: then the slots stay, and open nothing that
 * anybody knows). Errors: those of tpm_forget and keyslot_destroy. */
int unlock_forget(struct tpm *tpm, unsigned key, const struct volume_list *volumes, struct bytes owner,
                  struct error *error);
/* Every key. Errors: as unlock_forget. */
int unlock_forget_all(struct tpm *tpm, const struct volume_list *volumes, struct bytes owner, struct error *error);

#endif
