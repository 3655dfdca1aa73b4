/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/hotp.h"

#include "attest/totp.h"
#include "base/cleanup.h"
#include <inttypes.h>
#include <stdlib.h>

#define MESSAGE_SIZE 8
/* The note beside the slot: base, model + 1, serial number. Model 0: the dongle is being programmed. */
#define SERIAL_BITS 32
#define MODEL_BITS  4
#define BASE_SHIFT  (SERIAL_BITS + MODEL_BITS)
#define BASE_LIMIT  ((uint64_t)1 << (64 - BASE_SHIFT))
#define MODEL_MASK  ((1u << MODEL_BITS) - 1)

static const char *const answer_names[HOTP_ANSWERS] = {
    [HOTP_RIGHT] = "right",     [HOTP_WRONG] = "wrong",   [HOTP_NOT_PROGRAMMED] = "not-programmed",
    [HOTP_FOREIGN] = "foreign", [HOTP_ABSENT] = "absent",
};

const char *hotp_answer_name(enum hotp_answer answer)
{
	return answer_names[answer];
}

static uint64_t encode_note(const struct hotp_setup *setup)
{
	return setup->base << BASE_SHIFT | (uint64_t)(setup->model + 1) << SERIAL_BITS | setup->serial;
}

static bool decode_note(uint64_t note, struct hotp_setup *ret_setup)
{
	const unsigned model = (unsigned)(note >> SERIAL_BITS) & MODEL_MASK;

	if (model == 0 || model > HOTP_MODELS)
		return false;
	*ret_setup = (struct hotp_setup){
	    .model = (enum hotp_model)(model - 1), .serial = (uint32_t)note, .base = note >> BASE_SHIFT};
	return true;
}

static int explain(struct tpm *tpm, int result, struct error *error)
{
	if (result == -E_NO_SECRET)
		return error_set(error, E_NO_SECRET, "HOTP",
		                 "no security dongle was given an HOTP secret of this TPM yet");
	return totp_explain(tpm, TPM_SLOT_HOTP, "HOTP", result, error);
}

int hotp_look(struct tpm *tpm, struct hotp_setup *ret_setup, struct error *error)
{
	uint64_t note = 0;
	int result = tpm_note_read(tpm, TPM_SLOT_HOTP, &note, error);

	if (result == -E_NOT_FOUND || (result == 0 && !decode_note(note, ret_setup)))
		return error_set(error, E_NO_SECRET, "HOTP",
		                 "programming the dongle was interrupted: program it again");
	return result < 0 ? explain(tpm, result, error) : 0;
}

/* The code of the counter's next value, which becomes the dongle's code number value - base - 1. */
static int compute(struct tpm *tpm, const struct hotp_setup *setup, uint64_t next, char code[7], struct error *error)
{
	const uint64_t number = next - setup->base - 1;
	uint8_t message[MESSAGE_SIZE];
	struct digest mac;
	int result;

	if (next <= setup->base)
		return error_set(error, E_TPM_FORGED, "HOTP",
		                 "the TPM's HOTP counter is at %" PRIu64 ", below the %" PRIu64 " that it once had",
		                 next - 1, setup->base);
	for (unsigned i = 0; i < MESSAGE_SIZE; i++)
		message[i] = (uint8_t)(number >> (56 - 8 * i));
	result = tpm_hmac(tpm, TPM_SLOT_HOTP, bytes_make(message, sizeof(message)), &mac, error);
	if (result == 0)
		totp_digits(&mac, code);
	memory_wipe(&mac, sizeof(mac));
	return result;
}

/* The counter rises before the code goes out: a code is sent once, and a code that was not sent is never sent later. */
static int send_next(struct tpm *tpm, const struct hotp_setup *setup, struct hotp_dongle *dongle,
                     struct hotp_result *result, struct error *error)
{
	uint64_t before = 0, after = 0;
	bool right = false;
	char code[7] = "";
	int r = tpm_counter_read(tpm, TPM_COUNTER_HOTP, &before, error);

	if (r == 0)
		r = compute(tpm, setup, before + 1, code, error);
	if (r == 0)
		r = tpm_counter_increment(tpm, TPM_COUNTER_HOTP, &after, error);
	if (r == 0 && after != before + 1)
		r = error_set(error, E_TPM_FORGED, "HOTP", "the TPM's HOTP counter rose by more than one");
	if (r == 0) {
		result->sent = true;
		r = hotp_dongle_verify(dongle, (uint32_t)strtoul(code, NULL, 10), &right, error);
		result->answer = right ? HOTP_RIGHT : HOTP_WRONG;
		if (r == -E_NO_SECRET) {
			result->answer = HOTP_NOT_PROGRAMMED;
			r = 0;
		}
	}
	memory_wipe(code, sizeof(code));
	return r < 0 ? explain(tpm, r, error) : 0;
}

int hotp_check(struct tpm *tpm, const struct hotp_setup *setup, struct hotp_dongle *dongle,
               struct hotp_result *ret_result, struct error *error)
{
	int r;

	*ret_result = (struct hotp_result){.answer = HOTP_ABSENT};
	if (!dongle)
		return 0;
	r = hotp_dongle_identify(dongle, &ret_result->identity, error);
	if (r < 0)
		return r;
	/* A9: a dongle of somebody else's would only collect codes for later. */
	if (ret_result->identity.model != setup->model || ret_result->identity.says.serial != setup->serial) {
		ret_result->answer = HOTP_FOREIGN;
		return 0;
	}
	return send_next(tpm, setup, dongle, ret_result, error);
}

static int ready_counter(struct tpm *tpm, struct bytes owner, uint64_t *ret_value, struct error *error)
{
	int r = tpm_counter_read(tpm, TPM_COUNTER_HOTP, ret_value, error);

	if (r == -E_NOT_FOUND) {
		r = tpm_counter_create(tpm, TPM_COUNTER_HOTP, owner, error);
		if (r == 0)
			r = tpm_counter_read(tpm, TPM_COUNTER_HOTP, ret_value, error);
	}
	if (r == 0 && *ret_value >= BASE_LIMIT)
		return error_set(error, E_UNSUPPORTED, "HOTP", "the TPM's HOTP counter is at %" PRIu64 ", too high",
		                 *ret_value);
	return r;
}

/* Into the TPM, marked as unfinished, then into the dongle, then recorded. */
static int place_secret(struct tpm *tpm, struct hotp_dongle *dongle, const struct hotp_setup *setup, struct bytes owner,
                        struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct tpm_pcrs pcrs;
	int r = totp_make_secret(tpm, &secret, error);

	if (r == 0)
		r = tpm_pcr_read(tpm, HASH_SHA256, TOTP_PCR_MASK, &pcrs, error);
	if (r == 0)
		r = tpm_hmac_make(tpm, TPM_SLOT_HOTP, secret_bytes(&secret), &pcrs, owner, error);
	if (r == 0)
		r = tpm_note_make(tpm, TPM_SLOT_HOTP, 0, owner, error);
	if (r == 0)
		r = hotp_dongle_program(dongle, secret_bytes(&secret), error);
	return r == 0 ? tpm_note_write(tpm, TPM_SLOT_HOTP, encode_note(setup), error) : r;
}

int hotp_new(struct tpm *tpm, struct hotp_dongle *dongle, struct bytes owner, struct error *error)
{
	struct hotp_identity identity;
	struct hotp_result result;
	struct hotp_setup setup;
	int r;

	if (dongle->password.size == 0)
		return error_set(error, E_ORDER, "dongle", "the dongle was not given its PIN");
	r = hotp_dongle_identify(dongle, &identity, error);
	if (r < 0)
		return r;
	setup = (struct hotp_setup){.model = identity.model, .serial = identity.says.serial};
	r = ready_counter(tpm, owner, &setup.base, error);
	if (r == 0)
		r = place_secret(tpm, dongle, &setup, owner, error);
	if (r == 0)
		r = hotp_check(tpm, &setup, dongle, &result, error);
	if (r == 0 && result.answer != HOTP_RIGHT)
		return error_set(error, E_REFUSED, "dongle",
		                 "the %s does not take the code of the secret that it was just given (%s)",
		                 hotp_model_name(identity.model), hotp_answer_name(result.answer));
	return r;
}
