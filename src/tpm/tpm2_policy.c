/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of a policy session (Part 3, 23), and the policies that more than one object has. */
#include "tpm/tpm2_client.h"

#include <string.h>

void tpm2_wipe_auth_values(struct tpm *tpm)
{
	memory_wipe(&tpm->owner, sizeof(tpm->owner));
	memory_wipe(&tpm->passphrase, sizeof(tpm->passphrase));
	memory_wipe(tpm->parameter_bytes, sizeof(tpm->parameter_bytes));
	memory_wipe(tpm->answer, sizeof(tpm->answer));
}

struct digest tpm2_early_policy(void)
{
	struct tpm_pcrs expected = {.bank = HASH_SHA256, .mask = TPM2_EARLY_MASK};

	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
		expected.values[pcr] = (struct digest){.algorithm = HASH_SHA256, .size = TPM2_DIGEST_SIZE};
	return tpm2_seal_policy(&expected, false);
}

static struct tpm2_call policy_call(uint32_t code, const struct tpm2_session *session, const char *doing)
{
	return (struct tpm2_call){
	    .code = code, .doing = doing, .object = "TPM", .handle_count = 1, .handles = {session->handle}};
}

int tpm2_policy_pcr(struct tpm *tpm, struct tpm2_session *session, enum hash_algorithm bank, uint32_t mask,
                    struct error *error)
{
	struct tpm2_call call = policy_call(TPM_CC_PolicyPCR, session, "show the PCRs to the policy");
	struct tpm2_writer *writer = tpm2_parameters(tpm);

	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_pcr_selection(writer, bank, mask);
	return tpm2_run(tpm, &call, error);
}

int tpm2_policy_auth_value(struct tpm *tpm, struct tpm2_session *session, struct error *error)
{
	struct tpm2_call call = policy_call(TPM_CC_PolicyAuthValue, session, "announce the passphrase to the policy");

	(void)tpm2_parameters(tpm);
	return tpm2_run(tpm, &call, error);
}
