/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of a policy session (Part 3, 23), and the policies that more than one object has. */
#include "tpm/tpm2_nv.h"

#include <string.h>

#define WRONG_PCR_SENTENCE  "the PCRs do not have the values it was sealed to"
#define TIME_INFO_COUNTS    16 /* resetCount in TPMS_TIME_INFO, restartCount behind it (Part 2, 10.11.1, 10.11.6) */
#define APPROVAL_FIRST      0x01810000u
#define APPROVAL_SIZE       TPM2_APPROVAL_SIZE
#define APPROVAL_ATTRIBUTES (TPMA_NV_POLICYWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA)

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

/* Part 1, 19.7: H(old || command || more) */
static struct digest extend_policy(const struct digest *old, uint32_t code, struct bytes more)
{
	uint8_t text[4];
	struct tpm2_writer writer = tpm2_writer_make(text, sizeof(text));

	tpm2_put_u32(&writer, code);
	return digest_of_parts(HASH_SHA256, (const struct bytes[]){digest_bytes(old), tpm2_written(&writer), more}, 3);
}

static const struct digest empty_policy = {.algorithm = HASH_SHA256, .size = TPM2_DIGEST_SIZE};

struct digest tpm2_sets_policy(const struct tpm2_sets *sets)
{
	uint8_t text[TPM_APPROVE_MAX * TPM2_DIGEST_SIZE];
	struct tpm2_writer writer = tpm2_writer_make(text, sizeof(text));

	if (sets->count == 1)
		return sets->policies[0];
	/* Part 3, 23.6: the digest starts anew */
	for (size_t i = 0; i < sets->count; i++)
		tpm2_put(&writer, digest_bytes(&sets->policies[i]));
	return extend_policy(&empty_policy, TPM_CC_PolicyOR, tpm2_written(&writer));
}

struct tpm2_nv tpm2_approval_nv(enum tpm_slot slot)
{
	const struct tpm2_name owner = tpm2_name_of_handle(TPM_RH_OWNER);
	struct digest policy = tpm2_early_policy();

	/* Part 3, 23.4: a second hash takes the policyRef, which is empty */
	policy = extend_policy(&policy, TPM_CC_PolicySecret, tpm2_name_bytes(&owner));
	policy = digest_of(HASH_SHA256, digest_bytes(&policy));
	return tpm2_nv_make(APPROVAL_FIRST + (uint32_t)slot, APPROVAL_ATTRIBUTES, APPROVAL_SIZE, &policy,
	                    "list of approved PCRs");
}

struct digest tpm2_object_policy(enum tpm_slot slot, const struct tpm2_record *record, bool passphrase)
{
	struct digest policy = tpm2_sets_policy(&record->sets);

	if (record->approved) {
		const struct tpm2_nv approval = tpm2_approval_nv(slot);
		const struct tpm2_name name = tpm2_nv_name(&approval);

		/* Part 3, 23.22: the digest starts anew */
		policy = extend_policy(&empty_policy, TPM_CC_PolicyAuthorizeNV, tpm2_name_bytes(&name));
	}
	return passphrase ? extend_policy(&policy, TPM_CC_PolicyAuthValue, BYTES_EMPTY) : policy;
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

static int restart_policy(struct tpm *tpm, struct error *error)
{
	struct tpm2_call call = policy_call(TPM_CC_PolicyRestart, tpm->policy, "start the policy anew");

	(void)tpm2_parameters(tpm);
	return tpm2_run(tpm, &call, error);
}

int tpm2_policy_counts(struct tpm *tpm, uint32_t reset_count, uint32_t restart_count, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_PolicyCounterTimer,
	                         .doing = "compare the TPM's counts of resets with those that were read",
	                         .object = "TPM"};
	struct tpm2_writer *writer;
	size_t place;
	int result = tpm2_guard(tpm, &call, error);

	if (result < 0 || !call.session)
		return result;
	result = tpm2_policy_open(tpm, error);
	if (result < 0)
		return result;
	call.handle_count = 1;
	call.handles[0] = tpm->policy->handle;
	call.names[0] = tpm2_name_of_handle(tpm->policy->handle);
	writer = tpm2_parameters(tpm);
	place = tpm2_begin_sized(writer);
	tpm2_put_u32(writer, reset_count);
	tpm2_put_u32(writer, restart_count);
	tpm2_end_sized(writer, place);
	tpm2_put_u16(writer, TIME_INFO_COUNTS);
	tpm2_put_u16(writer, TPM_EO_EQ);
	result = tpm2_run_guarded(tpm, &call, error);
	if (result == 0)
		result = restart_policy(tpm, error);
	if (result < 0)
		tpm2_session_close(&tpm->policy);
	return call.response_code == TPM_RC_POLICY ? tpm2_forged(&call, error) : result;
}

static int run_policy_or(struct tpm *tpm, const struct tpm2_sets *sets, struct error *error)
{
	struct tpm2_call call = policy_call(TPM_CC_PolicyOR, tpm->policy, "compare the PCRs with the approved ones");
	struct tpm2_writer *writer = tpm2_parameters(tpm);
	int result;

	tpm2_put_u32(writer, (uint32_t)sets->count);
	for (size_t i = 0; i < sets->count; i++)
		tpm2_put_sized(writer, digest_bytes(&sets->policies[i]));
	result = tpm2_run(tpm, &call, error);
	if (TPM_RC_REASON(call.response_code) == TPM_RC_VALUE)
		return error_set(error, E_WRONG_PCR, "TPM", WRONG_PCR_SENTENCE);
	return result;
}

int tpm2_policy_authorize_nv(struct tpm *tpm, enum tpm_slot slot, struct error *error)
{
	const struct tpm2_nv approval = tpm2_approval_nv(slot);
	struct tpm2_call call =
	    policy_call(TPM_CC_PolicyAuthorizeNV, tpm->policy, "compare the PCRs with the approved ones");
	int result;

	call.handle_count = 3;
	call.handles[0] = approval.index;
	call.handles[1] = approval.index;
	call.handles[2] = tpm->policy->handle;
	/* Anybody may read the index. What is compared, and with what, the TPM keeps to itself. */
	call.authorization = TPM2_AUTH_EMPTY;
	(void)tpm2_parameters(tpm);
	result = tpm2_run(tpm, &call, error);
	if (TPM_RC_REASON(call.response_code) == TPM_RC_VALUE)
		return error_set(error, E_WRONG_PCR, "TPM", WRONG_PCR_SENTENCE);
	if (result == -E_NOT_FOUND)
		return error_set(error, E_NO_SECRET, approval.object,
		                 "the TPM no longer knows which PCRs were approved for the secret; make a new secret");
	return result;
}

static int show_sets(struct tpm *tpm, enum tpm_slot slot, const struct tpm2_sets *sets, struct error *error)
{
	int result = tpm2_policy_open(tpm, error);

	if (result == 0)
		result = tpm2_policy_pcr(tpm, tpm->policy, tpm->record.expected.bank, tpm->record.expected.mask, error);
	if (result == 0 && sets->count > 1)
		result = run_policy_or(tpm, sets, error);
	if (result == 0 && tpm->record.approved)
		result = tpm2_policy_authorize_nv(tpm, slot, error);
	if (result < 0)
		tpm2_session_close(&tpm->policy);
	return result;
}

int tpm2_policy_satisfy(struct tpm *tpm, enum tpm_slot slot, bool passphrase, struct error *error)
{
	int result = show_sets(tpm, slot, &tpm->record.sets, error);

	if (result == -E_WRONG_PCR && tpm->record.old_sets.count > 0)
		result = show_sets(tpm, slot, &tpm->record.old_sets, error);
	if (result == 0 && passphrase) {
		result = tpm2_policy_auth_value(tpm, tpm->policy, error);
		if (result < 0)
			tpm2_session_close(&tpm->policy);
	}
	return result;
}

int tpm2_policy_secret(struct tpm *tpm, struct tpm2_session *session, struct error *error)
{
	struct tpm2_call call = policy_call(TPM_CC_PolicySecret, tpm->policy, "prove the owner's right");

	call.handle_count = 2;
	call.handles[0] = TPM_RH_OWNER;
	call.handles[1] = tpm->policy->handle;
	call.names[0] = tpm2_name_of_handle(TPM_RH_OWNER);
	call.names[1] = tpm2_name_of_handle(tpm->policy->handle);
	call.authorization = TPM2_AUTH_SESSION;
	call.session = session;
	call.value = &tpm->owner;
	call.attributes = TPMA_SESSION_CONTINUE;
	/* nonceTPM, cpHashA, policyRef: none; expiration: never */
	for (unsigned i = 0; i < 3; i++)
		tpm2_put_sized(i == 0 ? tpm2_parameters(tpm) : &tpm->parameters, BYTES_EMPTY);
	tpm2_put_u32(&tpm->parameters, 0);
	return tpm2_run(tpm, &call, error);
}
