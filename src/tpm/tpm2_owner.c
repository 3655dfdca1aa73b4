/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking ownership: the commands that clear the TPM, choose its banks, and give its hierarchies their passphrases. */
#include "tpm/tpm2_client.h"

#include <string.h>

/* Salted to the storage key where that is ours, because then a passphrase meets the TPM that was recorded (A2). A TPM
 * without an owner has none yet. */
static int open_session(struct tpm *tpm, struct tpm2_session **ret_session, struct error *error)
{
	struct error found;
	int result = tpm2_storage_find(tpm, &found);

	/* None of these commands has a policy, and a TPM need not hold more than three sessions. */
	tpm2_session_close(&tpm->policy);
	if (result == 0)
		return tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, ret_session, error);
	if (result == -E_NOT_FOUND && tpm->pinned.size == 0)
		return tpm2_session_open_passing(tpm, ret_session, error);
	if (error)
		*error = found;
	return result;
}

/* One command that a hierarchy authorises with value; its parameters are written. */
static int run_as(struct tpm *tpm, struct tpm2_call *call, uint32_t hierarchy, const struct tpm2_auth_value *value,
                  struct tpm2_session *session, struct error *error)
{
	call->object = "TPM";
	call->handle_count = 1;
	call->handles[0] = hierarchy;
	call->names[0] = tpm2_name_of_handle(hierarchy);
	call->authorization = TPM2_AUTH_SESSION;
	call->session = session;
	call->value = value;
	call->attributes |= TPMA_SESSION_CONTINUE;
	return tpm2_run(tpm, call, error);
}

static void forget_values(struct tpm *tpm)
{
	memory_wipe(&tpm->owner, sizeof(tpm->owner));
	memory_wipe(&tpm->fresh, sizeof(tpm->fresh));
	memory_wipe(tpm->parameter_bytes, sizeof(tpm->parameter_bytes));
}

/* TPM2_ClearControl: an owner's software may have forbidden TPM2_Clear; the platform allows it again. */
static int clear_by(struct tpm *tpm, uint32_t hierarchy, struct tpm2_session *session, struct error *error)
{
	struct tpm2_call allow = {.code = TPM_CC_ClearControl, .doing = "allow clearing the TPM"};
	/* The answer's HMAC takes the lockout hierarchy's new authorisation, which is empty (tpm->fresh). */
	struct tpm2_call clear = {.code = TPM_CC_Clear, .doing = "clear the TPM", .new_value = &tpm->fresh};
	int result = 0;

	if (hierarchy == TPM_RH_PLATFORM) {
		tpm2_put_u8(tpm2_parameters(tpm), 0);
		result = run_as(tpm, &allow, hierarchy, &tpm->owner, session, error);
		if (result < 0 && TPM_RC_REASON(allow.response_code) == TPM_RC_HIERARCHY)
			return error_set(error, E_NO_DEVICE, "TPM",
			                 "cannot clear the TPM: the firmware has switched its platform hierarchy off");
	}
	if (result < 0)
		return result;
	(void)tpm2_parameters(tpm);
	return run_as(tpm, &clear, hierarchy, &tpm->owner, session, error);
}

int tpm_clear(struct tpm *tpm, const struct bytes *lockout, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	int result;

	tpm2_session_close(&tpm->guard);
	tpm2_session_close(&tpm->policy);
	/* The platform's authorisation is empty: nothing to protect, and no key to rely on, which may be another's. */
	result = lockout ? open_session(tpm, &session, error) : tpm2_session_open_passing(tpm, &session, error);
	if (result < 0)
		return result;
	tpm2_make_auth_value(lockout ? *lockout : BYTES_EMPTY, &tpm->owner);
	result = clear_by(tpm, lockout ? TPM_RH_LOCKOUT : TPM_RH_PLATFORM, session, error);
	forget_values(tpm);
	if (result < 0)
		return result;
	tpm->storage.known = false;
	tpm->record_known = false;
	tpm->unguarded = false;
	tpm->pinned.size = 0;
	return 0;
}

/* What the TPM has now; *ret_others says whether a bank beside SHA-256 is among it. */
static int read_allocation(struct tpm *tpm, struct tpm2_allocation *ret_allocation, bool *ret_others,
                           struct error *error)
{
	struct tpm2_call call;
	bool usable = false;
	int result = tpm2_get_capability(tpm, TPM_CAP_PCRS, 0, 1, &call, error);

	if (result < 0)
		return result;
	if (!tpm2_parse_allocation(call.answer, ret_allocation))
		return tpm2_forged(&call, error);
	*ret_others = false;
	for (size_t i = 0; i < ret_allocation->count; i++) {
		if (ret_allocation->banks[i].bank == HASH_SHA256)
			usable = true;
		else if (ret_allocation->banks[i].mask != 0)
			*ret_others = true;
	}
	if (!usable)
		return error_set(error, E_UNSUPPORTED, "TPM", "this TPM has no SHA-256 bank, which Heads needs");
	return 0;
}

int tpm_allocate_sha256(struct tpm *tpm, bool *ret_pending, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct tpm2_call call = {.code = TPM_CC_PCR_Allocate, .doing = "leave the SHA-256 bank alone active"};
	struct tpm2_allocation allocation;
	struct tpm2_writer *writer;
	struct cursor cursor;
	bool others = false;
	int result = read_allocation(tpm, &allocation, &others, error);

	if (result == 0 && others)
		result = tpm2_session_open_passing(tpm, &session, error);
	if (result < 0 || !others) {
		*ret_pending = false;
		return result;
	}
	/* A bank that is not named would stay as it is. */
	writer = tpm2_parameters(tpm);
	tpm2_put_u32(writer, (uint32_t)allocation.count);
	for (size_t i = 0; i < allocation.count; i++)
		tpm2_put_bank_selection(writer, allocation.banks[i].bank,
		                        allocation.banks[i].bank == HASH_SHA256 ? (1u << TPM_PCR_COUNT) - 1 : 0);
	result = run_as(tpm, &call, TPM_RH_PLATFORM, NULL, session, error);
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	if (cursor_u8(&cursor) != 1)
		return error_set(error, E_TPM, "TPM", "the TPM cannot have its SHA-256 bank alone active");
	*ret_pending = true;
	return 0;
}

int tpm_make_storage_key(struct tpm *tpm, struct bytes owner, struct error *error)
{
	int result;

	tpm2_make_auth_value(owner, &tpm->owner);
	result = tpm2_storage_ready(tpm, error);
	forget_values(tpm);
	return result;
}

/* A command of the lockout hierarchy, whose passphrase is a secret; the parameters are numbers. */
static int run_lockout(struct tpm *tpm, struct tpm2_call *call, struct bytes lockout, const uint32_t *numbers,
                       size_t count, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct tpm2_writer *writer;
	int result = open_session(tpm, &session, error);

	if (result < 0)
		return result;
	tpm2_make_auth_value(lockout, &tpm->owner);
	writer = tpm2_parameters(tpm);
	for (size_t i = 0; i < count; i++)
		tpm2_put_u32(writer, numbers[i]);
	result = run_as(tpm, call, TPM_RH_LOCKOUT, &tpm->owner, session, error);
	forget_values(tpm);
	return result;
}

int tpm_set_lockout(struct tpm *tpm, struct bytes lockout, uint32_t tries, uint32_t recovery_seconds,
                    uint32_t lockout_seconds, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_DictionaryAttackParameters,
	                         .doing = "set the protection against guessing"};
	const uint32_t numbers[] = {tries, recovery_seconds, lockout_seconds};

	return run_lockout(tpm, &call, lockout, numbers, ARRAY_SIZE(numbers), error);
}

int tpm_end_lockout(struct tpm *tpm, struct bytes lockout, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_DictionaryAttackLockReset, .doing = "forgive the wrong passphrases"};

	return run_lockout(tpm, &call, lockout, NULL, 0, error);
}

int tpm_set_passphrase(struct tpm *tpm, enum tpm_hierarchy hierarchy, struct bytes old, struct bytes passphrase,
                       struct error *error)
{
	static const struct {
		uint32_t handle;
		const char *doing;
	} hierarchies[] = {
	    [TPM_HIERARCHY_OWNER] = {TPM_RH_OWNER, "set the owner passphrase"},
	    [TPM_HIERARCHY_ENDORSEMENT] = {TPM_RH_ENDORSEMENT, "set the passphrase of the endorsement hierarchy"},
	    [TPM_HIERARCHY_LOCKOUT] = {TPM_RH_LOCKOUT, "set the passphrase of the lockout hierarchy"},
	};
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct tpm2_call call = {.code = TPM_CC_HierarchyChangeAuth,
	                         .doing = hierarchies[hierarchy].doing,
	                         .new_value = &tpm->fresh,
	                         .attributes = TPMA_SESSION_DECRYPT};
	int result = open_session(tpm, &session, error);

	if (result < 0)
		return result;
	tpm2_make_auth_value(old, &tpm->owner);
	tpm2_make_auth_value(passphrase, &tpm->fresh);
	tpm2_put_sized(tpm2_parameters(tpm), bytes_make(tpm->fresh.data, tpm->fresh.size));
	result = run_as(tpm, &call, hierarchies[hierarchy].handle, &tpm->owner, session, error);
	forget_values(tpm);
	return result;
}

/* TPM2_ClockRateAdjust by nothing (Part 3, 29.3): the owner's right is checked, and nothing else happens. */
int tpm_check_owner(struct tpm *tpm, struct bytes owner, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct tpm2_call call = {.code = TPM_CC_ClockRateAdjust, .doing = "use the owner passphrase"};
	int result = open_session(tpm, &session, error);

	if (result < 0)
		return result;
	tpm2_make_auth_value(owner, &tpm->owner);
	tpm2_put_u8(tpm2_parameters(tpm), TPM_CLOCK_NO_CHANGE);
	result = run_as(tpm, &call, TPM_RH_OWNER, &tpm->owner, session, error);
	forget_values(tpm);
	return result;
}
