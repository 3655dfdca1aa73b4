/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public record that stands in NV memory beside a sealed object: to which PCR values it was sealed, and which
 * object is meant. It holds no secret; writing it is the moment at which a new seal replaces the old one. */
#ifndef HEADS_TPM_TPM2_RECORD_H
#define HEADS_TPM_TPM2_RECORD_H

#include "tpm/tpm2_marshal.h"

/* Most PCRs of one seal: PCRs 0 to 7 for the disk. One TPM2_PCR_Read answers eight. */
#define TPM2_RECORD_PCRS 8
/* magic, bank, mask, flags, counts, Name of the object, policies of two and two sets of PCRs, values, checksum */
#define TPM2_RECORD_SIZE (4 + 2 + 4 + 1 + 1 + 34 + 4 * 32 + TPM2_RECORD_PCRS * 32 + 4)

/* Alternative sets of PCR values, each as the digest of its TPM2_PolicyPCR. */
struct tpm2_sets {
	size_t count;
	struct digest policies[TPM_APPROVE_MAX];
};

struct tpm2_record {
	struct tpm2_name object;
	bool at_spare;             /* the object stands at the spare place */
	bool passphrase;           /* it wants one */
	bool approved;             /* its policy is what the owner approved; else that of sets itself, which is one */
	struct tpm_pcrs expected;  /* SHA-256; the first of sets, to explain */
	struct tpm2_sets sets;     /* one or two */
	struct tpm2_sets old_sets; /* what may still be approved instead: an approval was interrupted. Else none. */
};

/* Into exactly TPM2_RECORD_SIZE bytes. false where the record is none that can be written (bank, number of PCRs). */
bool tpm2_record_encode(const struct tpm2_record *record, uint8_t data[TPM2_RECORD_SIZE]);
bool tpm2_record_decode(struct bytes data, struct tpm2_record *ret_record);

#endif
