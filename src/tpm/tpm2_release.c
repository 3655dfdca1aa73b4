/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the TPM does with a sealed object while its policy is satisfied: gives the secret, or computes with it. */
#include "tpm/tpm2_client.h"

#include <string.h>

#define SECRET_LIMIT  128
#define MESSAGE_LIMIT 64

/* The object that the record names stands where it says. */
static int check_place(struct tpm *tpm, enum tpm_slot slot, struct error *error)
{
	struct tpm2_name name;
	int result = tpm2_place_read(tpm, tpm2_place_of(slot, tpm->record.at_spare), &name, error);

	if (result < 0)
		return result;
	if (name.size == 0 || !tpm2_name_equal(&name, &tpm->record.object))
		return error_set(error, E_NO_SECRET, "TPM",
		                 "the TPM does not hold the secret that its record names; make a new secret");
	return 0;
}

/* Why the TPM did not accept the authorisation of an object: mostly because it is not the one that the record names. */
static int explain(struct tpm *tpm, enum tpm_slot slot, const struct tpm2_call *call, struct error *error)
{
	int result = check_place(tpm, slot, error);

	if (result < 0)
		return result;
	/* There was no passphrase that could be wrong: the TPM saw another command than was sent (A2). */
	return tpm->record.passphrase ? -E_WRONG_AUTH : tpm2_forged(call, error);
}

/* Runs a command on the object of tpm->record, whose policy was satisfied. The answer is encrypted (A1). */
static int run_released(struct tpm *tpm, enum tpm_slot slot, struct tpm2_call *call, struct error *error)
{
	int result;

	call->object = "TPM";
	call->handle_count = 1;
	call->handles[0] = tpm2_place_of(slot, tpm->record.at_spare);
	call->names[0] = tpm->record.object;
	call->authorization = TPM2_AUTH_SESSION;
	call->session = tpm->policy;
	call->value = &tpm->passphrase;
	/* A boot unseals last of all, and then needs no session for policies any more: it ends with the command. */
	call->attributes = TPMA_SESSION_ENCRYPT | (call->code == TPM_CC_Unseal ? 0 : TPMA_SESSION_CONTINUE);
	result = tpm2_run(tpm, call, error);
	if (result < 0 || call->code == TPM_CC_Unseal)
		tpm2_session_close(&tpm->policy);
	if (result == -E_WRONG_AUTH || result == -E_NOT_FOUND)
		return explain(tpm, slot, call, error);
	return result;
}

/* tpm->record is that of the slot, and the policy session stands open with the policy satisfied. */
static int ready(struct tpm *tpm, enum tpm_slot slot, struct error *error)
{
	int result = tpm2_record_read(tpm, slot, error);

	if (result < 0)
		return result;
	if (!tpm->record.passphrase)
		memory_wipe(&tpm->passphrase, sizeof(tpm->passphrase));
	return tpm2_policy_satisfy(tpm, slot, tpm->record.passphrase, error);
}

static int unseal(struct tpm *tpm, enum tpm_slot slot, struct secret *ret_secret, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_Unseal, .doing = "unseal the secret"};
	struct cursor cursor;
	struct bytes secret;
	int result = ready(tpm, slot, error);

	if (result < 0)
		return result;
	(void)tpm2_parameters(tpm);
	result = run_released(tpm, slot, &call, error);
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	secret = tpm2_get_sized(&cursor);
	if (cursor.failed || cursor.rest.size != 0 || secret.size == 0 || secret.size > SECRET_LIMIT)
		return tpm2_forged(&call, error);
	result = secret_copy(secret, ret_secret);
	if (result < 0)
		return error_set(error, E_MEMORY, "TPM", "no locked memory for the secret");
	return 0;
}

int tpm_unseal(struct tpm *tpm, enum tpm_slot slot, struct bytes passphrase, struct secret *ret_secret,
               struct error *error)
{
	int result;

	tpm2_make_auth_value(passphrase, &tpm->passphrase);
	result = unseal(tpm, slot, ret_secret, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}

static int hmac(struct tpm *tpm, enum tpm_slot slot, struct bytes message, struct digest *ret_mac, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_HMAC, .doing = "compute a code"};
	struct tpm2_writer *writer;
	struct cursor cursor;
	struct bytes mac;
	int result = ready(tpm, slot, error);

	if (result < 0)
		return result;
	writer = tpm2_parameters(tpm);
	tpm2_put_sized(writer, message);
	tpm2_put_u16(writer, TPM_ALG_NULL);
	result = run_released(tpm, slot, &call, error);
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	mac = tpm2_get_sized(&cursor);
	if (cursor.failed || cursor.rest.size != 0 || mac.size != hash_size(HASH_SHA1))
		return tpm2_forged(&call, error);
	*ret_mac = (struct digest){.algorithm = HASH_SHA1, .size = mac.size};
	memcpy(ret_mac->data, mac.data, mac.size);
	return 0;
}

int tpm_hmac(struct tpm *tpm, enum tpm_slot slot, struct bytes message, struct digest *ret_mac, struct error *error)
{
	int result;

	if (message.size > MESSAGE_LIMIT)
		return error_set(error, E_USAGE, "TPM",
		                 "a message of %zu bytes is longer than the %d that are asked for", message.size,
		                 MESSAGE_LIMIT);
	result = hmac(tpm, slot, message, ret_mac, error);
	memory_wipe(tpm->answer, sizeof(tpm->answer));
	return result;
}

int tpm_seal_difference(struct tpm *tpm, enum tpm_slot slot, uint32_t *ret_mask, struct error *error)
{
	struct tpm_pcrs now = {.mask = 0};
	uint32_t different = 0;
	int result = tpm2_record_read(tpm, slot, error);

	if (result == 0)
		result = tpm2_pcr_read(tpm, tpm->record.expected.bank, tpm->record.expected.mask, false, &now, error);
	if (result < 0)
		return result;
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		if ((now.mask & (1u << pcr)) && !digest_equal(&now.values[pcr], &tpm->record.expected.values[pcr]))
			different |= 1u << pcr;
	}
	*ret_mask = different;
	return 0;
}

int tpm_seal_look_record(struct tpm *tpm, enum tpm_slot slot, struct tpm_seal_state *ret_state, struct error *error)
{
	int result = tpm2_record_read(tpm, slot, error);

	if (result < 0)
		return result;
	ret_state->passphrase = tpm->record.passphrase;
	ret_state->expected = tpm->record.expected;
	return 0;
}

int tpm_seal_look(struct tpm *tpm, enum tpm_slot slot, struct tpm_seal_state *ret_state, struct error *error)
{
	int result = tpm_seal_look_record(tpm, slot, ret_state, error);

	return result == 0 ? check_place(tpm, slot, error) : result;
}
