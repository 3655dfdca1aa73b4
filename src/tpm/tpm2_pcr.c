/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm2_client.h"

#include <string.h>

/* A PCR that changes while several are read makes the reading start again, this often. */
#define READ_TRIES 4

size_t tpm_banks(const struct tpm *tpm, const enum hash_algorithm **ret_banks)
{
	*ret_banks = tpm->banks;
	return tpm->bank_count;
}

static bool is_active(const struct tpm *tpm, enum hash_algorithm bank)
{
	for (size_t i = 0; i < tpm->bank_count; i++) {
		if (tpm->banks[i] == bank)
			return true;
	}
	return false;
}

/* Reads all PCRs of the mask once. ret_steady is false where a PCR was extended between two commands. */
static int read_all(struct tpm *tpm, enum hash_algorithm bank, uint32_t mask, bool guarded, struct tpm_pcrs *pcrs,
                    bool *ret_steady, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_PCR_Read, .doing = "read PCRs", .object = "TPM"};
	uint32_t first_counter = 0;
	int ready = guarded ? tpm2_guard(tpm, &call, error) : 0;

	if (ready < 0)
		return ready;
	*ret_steady = true;
	for (uint32_t left = mask; left != 0;) {
		uint32_t counter, got;
		int result;

		tpm2_put_pcr_selection(tpm2_parameters(tpm), bank, left);
		result = tpm2_run_guarded(tpm, &call, error);
		if (result < 0)
			return result;
		if (!tpm2_parse_pcr_read(call.answer, bank, left, &counter, &got, pcrs->values))
			return tpm2_forged(&call, error);
		if (left == mask)
			first_counter = counter;
		*ret_steady = *ret_steady && counter == first_counter;
		left &= ~got;
	}
	return 0;
}

int tpm2_pcr_read(struct tpm *tpm, enum hash_algorithm bank, uint32_t mask, bool guarded, struct tpm_pcrs *ret_pcrs,
                  struct error *error)
{
	struct tpm_pcrs pcrs = {.bank = bank, .mask = mask};
	bool steady = false;

	if (mask >> TPM_PCR_COUNT != 0)
		return error_set(error, E_USAGE, "TPM", "there is no PCR beyond %d", TPM_PCR_COUNT - 1);
	if (!is_active(tpm, bank))
		return error_set(error, E_UNSUPPORTED, "TPM", "the TPM's bank %s is not active",
		                 hash_name(bank) ? hash_name(bank) : "of this number");
	for (unsigned tries = 0; tries < READ_TRIES && !steady; tries++) {
		int result = read_all(tpm, bank, mask, guarded, &pcrs, &steady, error);

		if (result < 0)
			return result;
	}
	if (!steady)
		return error_set(error, E_TPM, "TPM", "the PCRs change while they are read");
	*ret_pcrs = pcrs;
	return 0;
}

int tpm_pcr_read(struct tpm *tpm, enum hash_algorithm bank, uint32_t mask, struct tpm_pcrs *ret_pcrs,
                 struct error *error)
{
	return tpm2_pcr_read(tpm, bank, mask, true, ret_pcrs, error);
}

int tpm_pcr_extend(struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t count, struct error *error)
{
	char object[16];
	/* A PCR's authorisation is empty, and what is measured is no secret. */
	struct tpm2_call call = {.code = TPM_CC_PCR_Extend,
	                         .doing = "extend a PCR",
	                         .object = object,
	                         .handle_count = 1,
	                         .handles = {pcr},
	                         .names = {tpm2_name_of_handle(pcr)},
	                         .authorization = TPM2_AUTH_EMPTY};
	struct tpm2_writer *writer;
	int result;

	(void)snprintf(object, sizeof(object), "PCR %u", pcr);
	if (pcr >= TPM_PCR_COUNT)
		return error_set(error, E_USAGE, object, "there is no PCR beyond %d", TPM_PCR_COUNT - 1);
	result = tpm2_guard(tpm, &call, error);
	if (result < 0)
		return result;
	writer = tpm2_parameters(tpm);
	tpm2_put_u32(writer, (uint32_t)tpm->bank_count);
	for (size_t i = 0; i < tpm->bank_count; i++) {
		const struct digest *found = NULL;

		for (size_t k = 0; k < count && !found; k++) {
			if (digests[k].algorithm == tpm->banks[i] && digests[k].size == hash_size(tpm->banks[i]))
				found = &digests[k];
		}
		if (!found)
			return error_set(error, E_USAGE, object, "no %s digest to extend this active bank with",
			                 hash_name(tpm->banks[i]));
		tpm2_put_u16(writer, (uint16_t)tpm->banks[i]);
		tpm2_put(writer, digest_bytes(found));
	}
	return tpm2_run_guarded(tpm, &call, error);
}
