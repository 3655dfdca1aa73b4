/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No enrolment after an update: the TPM is told beforehand which PCR 2 the new firmware will have. */
#include "attest/predict.h"
#include "attest/totp.h"
#include "base/cleanup.h"
#include "owner/update.h"
#include <string.h>

#define FIRMWARE_PCR 2

/* The HOTP secret, where there is one, goes on as the TOTP secret does. */
static int approve_both(struct tpm *tpm, const struct tpm_pcrs *sets, struct bytes owner, struct error *error)
{
	struct error refusal;
	int r = tpm_approve(tpm, TPM_SLOT_TOTP, sets, TPM_APPROVE_MAX, owner, error);

	if (r < 0)
		return r;
	r = tpm_approve(tpm, TPM_SLOT_HOTP, sets, TPM_APPROVE_MAX, owner, &refusal);
	if (r == -E_NO_SECRET)
		return 0;
	if (r < 0 && error)
		*error = refusal;
	return r;
}

/* PCR 2 of the chip as it is, and as it will be when the plan is carried out on a copy of it. */
static int predict_both(const struct update_plan *plan, const struct rom_image *chip, struct digest *ret_now,
                        struct digest *ret_next, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer copy = {0};
	CLEANUP(flash_close) struct flash *flash = NULL;
	struct rom_image next;
	int r = predict_firmware(chip, HASH_SHA256, BYTES_EMPTY, ret_now, error);

	buffer_append_bytes(&copy, chip->bytes);
	if (r == 0 && copy.failed)
		r = error_set(error, E_MEMORY, "flash", "there is not enough memory for a copy of the flash");
	if (r == 0)
		r = flash_open_memory(copy.data, copy.size, &flash, error);
	if (r == 0)
		r = update_apply(plan, flash, NULL, NULL, error);
	next.bytes = buffer_bytes(&copy);
	return r < 0 ? r : predict_firmware(&next, HASH_SHA256, BYTES_EMPTY, ret_next, error);
}

int update_approve(const struct update_plan *plan, const struct rom_image *chip, struct tpm *tpm, struct bytes owner,
                   struct error *error)
{
	struct tpm_pcrs sets[TPM_APPROVE_MAX] = {0};
	struct digest now = {0}, next = {0};
	int r = predict_both(plan, chip, &now, &next, error);

	if (r == 0)
		r = tpm_pcr_read(tpm, HASH_SHA256, TOTP_PCR_MASK, &sets[0], error);
	if (r < 0)
		return r;
	if (!digest_equal(&sets[0].values[FIRMWARE_PCR], &now))
		return error_set(error, E_WRONG_PCR, "PCR 2",
		                 "what the flash holds does not lead to the PCR 2 of this start, so that the next one "
		                 "cannot be foreseen: the TOTP secret has to be made anew");
	sets[1] = sets[0];
	sets[1].values[FIRMWARE_PCR] = next;
	return approve_both(tpm, sets, owner, error);
}
