/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of a policy session (Part 3, 23), and the policies that more than one object has. */
#include "tpm/tpm2_nv.h"

#include <string.h>

#define WRONG_PCR_SENTENCE  "the PCRs do not have the values it was sealed to"
#define TIME_INFO_COUNTS    16 /* resetCount in TPMS_TIME_INFO, restartCount behind it (Part 2, 10.11.1, 10.11.6) */
#define COUNTER_SIZE        8
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

/* What the counter of approvals is compared with: all its bytes. */
static struct bytes put_counter(uint64_t value, uint8_t data[COUNTER_SIZE])
{
	struct tpm2_writer writer = tpm2_writer_make(data, COUNTER_SIZE);

	tpm2_put_u32(&writer, (uint32_t)(value >> 32));
	tpm2_put_u32(&writer, (uint32_t)value);
	return tpm2_written(&writer);
}

struct digest tpm2_second_set_policy(uint64_t value, const struct tpm_pcrs *pcrs)
{
	const struct tpm2_nv counter = tpm2_counter_nv(TPM_COUNTER_APPROVAL);
	const struct tpm2_name name = tpm2_nv_name(&counter);
	uint8_t data[COUNTER_SIZE], where[4], more[TPM2_DIGEST_SIZE + sizeof(name.data)];
	struct tpm2_writer writer = tpm2_writer_make(where, sizeof(where));
	struct digest arguments, policy;

	/* Part 3, 23.9: H(operandB || offset || operation), and behind it the Name of the index */
	tpm2_put_u16(&writer, 0);
	tpm2_put_u16(&writer, TPM_EO_EQ);
	arguments =
	    digest_of_parts(HASH_SHA256, (const struct bytes[]){put_counter(value, data), tpm2_written(&writer)}, 2);
	writer = tpm2_writer_make(more, sizeof(more));
	tpm2_put(&writer, digest_bytes(&arguments));
	tpm2_put(&writer, tpm2_name_bytes(&name));
	policy = extend_policy(&empty_policy, TPM_CC_PolicyNV, tpm2_written(&writer));
	return tpm2_pcr_policy_after(&policy, pcrs);
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

/* TPM2_PolicyNV: the counter of approvals is where it is now. Whether that is where it was at the approval, what comes
 * behind it decides; anybody may read the counter. */
static int show_counter(struct tpm *tpm, struct error *error)
{
	const struct tpm2_nv counter = tpm2_counter_nv(TPM_COUNTER_APPROVAL);
	struct tpm2_call call =
	    policy_call(TPM_CC_PolicyNV, tpm->policy, "show the counter of approvals to the policy");
	struct tpm2_writer *writer;
	uint8_t data[COUNTER_SIZE];
	uint64_t value = 0;
	int result = tpm_counter_read(tpm, TPM_COUNTER_APPROVAL, &value, error);

	if (result < 0)
		return result;
	call.object = counter.object;
	call.handle_count = 3;
	call.handles[0] = counter.index;
	call.handles[1] = counter.index;
	call.handles[2] = tpm->policy->handle;
	call.authorization = TPM2_AUTH_EMPTY;
	writer = tpm2_parameters(tpm);
	tpm2_put_sized(writer, put_counter(value, data));
	tpm2_put_u16(writer, 0);
	tpm2_put_u16(writer, TPM_EO_EQ);
	result = tpm2_run(tpm, &call, error);
	return call.response_code == TPM_RC_POLICY ? tpm2_forged(&call, error) : result;
}

/* second: as the second of two sets, which hangs on the counter of approvals. */
static int show_sets(struct tpm *tpm, enum tpm_slot slot, const struct tpm2_sets *sets, bool second,
                     struct error *error)
{
	int result = tpm2_policy_open(tpm, error);

	if (result == 0 && second)
		result = show_counter(tpm, error);
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

/* As the first set, and where there are two and that is refused, as the second. */
static int show_either(struct tpm *tpm, enum tpm_slot slot, const struct tpm2_sets *sets, struct error *error)
{
	struct error refusal = {.code = E_NONE};
	int result = show_sets(tpm, slot, sets, false, error);

	if (result != -E_WRONG_PCR || sets->count < 2)
		return result;
	result = show_sets(tpm, slot, sets, true, &refusal);
	if (result == 0 || result == -E_NOT_FOUND || result == -E_WRONG_PCR)
		return result == 0 ? 0 : -E_WRONG_PCR; /* error says it already */
	if (error)
		*error = refusal;
	return result;
}

int tpm2_policy_satisfy(struct tpm *tpm, enum tpm_slot slot, bool passphrase, struct error *error)
{
	int result = show_either(tpm, slot, &tpm->record.sets, error);

	if (result == -E_WRONG_PCR && tpm->record.old_sets.count > 0)
		result = show_either(tpm, slot, &tpm->record.old_sets, error);
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
