/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public record that stands in NV memory beside a sealed object: to which PCR values it was sealed, and which
 * object is meant. It holds no secret; writing it is the moment at which a new seal replaces the old one. */
#ifndef HEADS_TPM_TPM2_RECORD_H
#define HEADS_TPM_TPM2_RECORD_H

#include "tpm/tpm2_marshal.h"

/* Most PCRs of one seal: PCRs 0 to 7 for the disk. One TPM2_PCR_Read answers eight. */
#define TPM2_RECORD_PCRS 8
/* magic, bank, mask, Name of the object, values of SHA-256, checksum */
#define TPM2_RECORD_SIZE (4 + 2 + 4 + 34 + TPM2_RECORD_PCRS * 32 + 4)

struct tpm2_record {
	struct tpm2_name object;
	struct tpm_pcrs expected; /* SHA-256 */
};

/* Into exactly TPM2_RECORD_SIZE bytes. false where the record is none that can be written (bank, number of PCRs). */
bool tpm2_record_encode(const struct tpm2_record *record, uint8_t data[TPM2_RECORD_SIZE]);
bool tpm2_record_decode(struct bytes data, struct tpm2_record *ret_record);

#endif
