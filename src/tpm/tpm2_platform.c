/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platform hierarchy: the firmware's own rights over the TPM. The operating system gets none of them (A21). */
#include "tpm/tpm2_client.h"

#include <string.h>

/* TPM2_HierarchyChangeAuth, Part 3, 24.8: in the guard, or where there is none in a session of its own that ends with
 * it. */
static int change_auth(struct tpm *tpm, struct bytes value, bool *ret_disabled, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *passing = NULL;
	struct tpm2_call call = {.code = TPM_CC_HierarchyChangeAuth,
	                         .doing = "lock the platform hierarchy",
	                         .object = "TPM",
	                         .handle_count = 1,
	                         .handles = {TPM_RH_PLATFORM},
	                         .names = {tpm2_name_of_handle(TPM_RH_PLATFORM)},
	                         .authorization = TPM2_AUTH_SESSION,
	                         .new_value = &tpm->platform,
	                         .attributes = TPMA_SESSION_DECRYPT};
	int result = tpm2_guard(tpm, &call, error);

	if (result == 0 && !call.session) {
		result = tpm2_session_open_passing(tpm, &passing, error);
		call.session = passing;
	}
	if (result < 0)
		return result;
	tpm2_put_sized(tpm2_parameters(tpm), value);
	result = tpm2_run(tpm, &call, error);
	if (result < 0 && !passing)
		tpm2_session_close(&tpm->guard);
	*ret_disabled = TPM_RC_REASON(call.response_code) == TPM_RC_HIERARCHY;
	return *ret_disabled ? 0 : result;
}

int tpm_lock_platform(struct tpm *tpm, bool *ret_disabled, struct error *error)
{
	uint8_t random[TPM2_DIGEST_SIZE];
	bool disabled = false;
	int result;

	random_fill(random, sizeof(random));
	tpm2_make_auth_value(bytes_make(random, sizeof(random)), &tpm->platform);
	result = change_auth(tpm, bytes_make(random, sizeof(random)), &disabled, error);
	memory_wipe(random, sizeof(random));
	memory_wipe(&tpm->platform, sizeof(tpm->platform));
	memory_wipe(tpm->parameter_bytes, sizeof(tpm->parameter_bytes));
	if (result == 0)
		*ret_disabled = disabled;
	return result;
}
