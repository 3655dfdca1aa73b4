/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/approval.h"
#include "attest/predict.h"
#include "attest/totp.h"
#include "base/cleanup.h"
#include "disk/unlock.h"
#include "trust/trust.h"
#include <stdio.h>
#include <string.h>

#define FIRMWARE_PCR 2

static const struct {
	enum tpm_slot slot;
	const char *name;
} secrets[APPROVAL_SECRETS] = {
    [APPROVAL_TOTP] = {TPM_SLOT_TOTP, "the TOTP secret"},
    [APPROVAL_HOTP] = {TPM_SLOT_HOTP, "the HOTP secret of the security dongle"},
    [APPROVAL_DISK] = {TPM_SLOT_DISK, "the disk unlock key"},
    [APPROVAL_DISK_2] = {TPM_SLOT_DISK_2, "disk unlock key 2"},
    [APPROVAL_DISK_3] = {TPM_SLOT_DISK_3, "disk unlock key 3"},
    [APPROVAL_DISK_4] = {TPM_SLOT_DISK_4, "disk unlock key 4"},
};

const char *approval_secret_name(enum approval_secret secret)
{
	return secrets[secret].name;
}

bool approval_list(const struct approval *approval, enum approval_state state, char *text, size_t size)
{
	size_t left = 0, used = 0;

	for (size_t i = 0; i < APPROVAL_SECRETS; i++)
		left += approval->states[i] == state;
	text[0] = '\0';
	for (size_t i = 0; i < APPROVAL_SECRETS; i++) {
		if (approval->states[i] != state || used >= size)
			continue;
		left--;
		(void)snprintf(text + used, size - used, "%s%s", secrets[i].name,
		               left > 1    ? ", "
		               : left == 1 ? " and "
		                           : "");
		used = strlen(text);
	}
	return used > 0;
}

int approval_look(struct tpm *tpm, struct approval *ret_approval, struct error *error)
{
	*ret_approval = (struct approval){.states = {APPROVAL_NONE}};
	for (size_t i = 0; i < APPROVAL_SECRETS; i++) {
		struct error refusal = {.code = E_NONE};
		int r = tpm_approved(tpm, secrets[i].slot, &ret_approval->expected[i], &refusal);

		if (r == 0)
			ret_approval->states[i] = APPROVAL_CAN;
		else if (r == -E_UNSUPPORTED || r == -E_MALFORMED || r == -E_FOREIGN_TPM)
			ret_approval->states[i] = APPROVAL_CANNOT;
		else if (r != -E_NO_SECRET) {
			if (error)
				*error = refusal;
			return r;
		}
	}
	return 0;
}

/* The two PCRs that an image decides. */
static int predict(const struct rom_image *image, struct tpm_pcrs *pcrs, struct error *error)
{
	int r = predict_firmware(image, HASH_SHA256, BYTES_EMPTY, &pcrs->values[FIRMWARE_PCR], error);

	return r < 0 ? r : predict_owner_files(image, HASH_SHA256, &pcrs->values[TRUST_ROM_PCR], error);
}

static bool is_led_to(const struct tpm_pcrs *pcrs, const struct tpm_pcrs *predicted)
{
	return digest_equal(&pcrs->values[FIRMWARE_PCR], &predicted->values[FIRMWARE_PCR]) &&
	       digest_equal(&pcrs->values[TRUST_ROM_PCR], &predicted->values[TRUST_ROM_PCR]);
}

/* The flash as it is leads to the PCRs of this start; or, where it was changed since, to those that were approved. */
static int check_forecast(const struct approval *approval, const struct rom_image *chip, const struct tpm_pcrs *now,
                          struct error *error)
{
	struct tpm_pcrs predicted = *now;
	int r = predict(chip, &predicted, error);
	bool right = r == 0 && is_led_to(now, &predicted);

	for (size_t i = 0; r == 0 && !right && i < APPROVAL_SECRETS; i++)
		right = approval->states[i] == APPROVAL_CAN && is_led_to(&approval->expected[i], &predicted);
	if (r == 0 && !right)
		return error_set(
		    error, E_WRONG_PCR, "PCR",
		    "what the flash holds leads neither to the PCRs 2 and 7 of this start nor to those that "
		    "were approved, so that those of the next start cannot be foreseen");
	return r;
}

static int predict_change(const struct rom_image *chip, approval_change *change, void *context, struct tpm_pcrs *next,
                          struct error *error)
{
	CLEANUP(buffer_clear) struct buffer copy = {0};
	CLEANUP(flash_close) struct flash *flash = NULL;
	struct rom_image image;
	int r = 0;

	buffer_append_bytes(&copy, chip->bytes);
	if (copy.failed)
		return error_set(error, E_MEMORY, "flash", "there is not enough memory for a copy of the flash");
	r = flash_open_memory(copy.data, copy.size, &flash, error);
	if (r == 0 && change)
		r = change(context, flash, error);
	image.bytes = buffer_bytes(&copy);
	return r < 0 ? r : predict(&image, next, error);
}

int approval_foresee_start(struct tpm *tpm, const struct rom_image *chip, approval_change *change, void *context,
                           struct tpm_pcrs *ret_set, struct error *error)
{
	const struct digest zero = {.algorithm = HASH_SHA256, .size = hash_size(HASH_SHA256)};
	int r = tpm_pcr_read(tpm, HASH_SHA256, UNLOCK_PCR_MASK, ret_set, error);

	for (unsigned pcr = 0; r == 0 && pcr < TPM_PCR_COUNT; pcr++)
		if (ret_set->mask & (1u << pcr) && !digest_equal(&ret_set->values[pcr], &zero))
			return error_set(error, E_WRONG_PCR, "PCR",
			                 "PCR %u of the TPM is not zero: the machine runs, or ran since this TPM was "
			                 "started; switch the machine off and start its TPM anew",
			                 pcr);
	return r < 0 ? r : predict_change(chip, change, context, ret_set, error);
}

int approval_of_now(struct tpm *tpm, struct tpm_pcrs *ret_set, struct error *error)
{
	const struct digest zero = {.algorithm = HASH_SHA256, .size = hash_size(HASH_SHA256)};
	int r = tpm_pcr_read(tpm, HASH_SHA256, UNLOCK_PCR_MASK, ret_set, error);

	if (r == 0 && !digest_equal(&ret_set->values[TRUST_MODE_PCR], &zero))
		return error_set(error, E_WRONG_PCR, "PCR 4",
		                 "other PCRs can be approved only between the start of the machine and the first thing "
		                 "that Heads hands it to: PCR 4 was extended since; restart the machine");
	return r;
}

int approval_foresee(struct tpm *tpm, const struct approval *approval, const struct rom_image *chip,
                     approval_change *change, void *context, struct tpm_pcrs sets[TPM_APPROVE_MAX], struct error *error)
{
	int r = approval_of_now(tpm, &sets[1], error);

	if (r == 0)
		r = check_forecast(approval, chip, &sets[1], error);
	if (r < 0)
		return r;
	sets[0] = sets[1];
	return predict_change(chip, change, context, &sets[0], error);
}

int approval_give(struct tpm *tpm, struct approval *approval, const struct tpm_pcrs *sets, size_t count,
                  struct bytes owner, struct error *error)
{
	for (size_t i = 0; i < APPROVAL_SECRETS; i++) {
		struct tpm_pcrs own[TPM_APPROVE_MAX];
		int r;

		if (approval->states[i] != APPROVAL_CAN && approval->states[i] != APPROVAL_DONE)
			continue;
		for (size_t n = 0; n < count && n < TPM_APPROVE_MAX; n++) {
			own[n] = sets[n];
			own[n].mask = approval->expected[i].mask;
			own[n].values[TRUST_DISK_PCR] = approval->expected[i].values[TRUST_DISK_PCR];
		}
		r = tpm_approve(tpm, secrets[i].slot, own, count, owner, error);
		if (r < 0)
			return r;
		approval->states[i] = APPROVAL_DONE;
	}
	return 0;
}
