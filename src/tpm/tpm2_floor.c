/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lowest firmware version that an update may install: an ordinary NV index of 8 bytes, written by policy alone,
 * before the cap (A17, A18). It is no secret and crosses the bus in clear, authenticated. */
#include "tpm/tpm2_nv.h"

#define FLOOR_INDEX      0x01804810u
#define FLOOR_SIZE       8
#define FLOOR_ATTRIBUTES (TPMA_NV_POLICYWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA)

static struct tpm2_nv floor_index(void)
{
	const struct digest policy = tpm2_early_policy();

	return tpm2_nv_make(FLOOR_INDEX, FLOOR_ATTRIBUTES, FLOOR_SIZE, &policy, "floor of firmware versions");
}

int tpm_floor_read(struct tpm *tpm, uint64_t *ret_value, struct error *error)
{
	const struct tpm2_nv nv = floor_index();
	uint8_t data[FLOOR_SIZE];
	struct cursor cursor = cursor_make(bytes_make(data, sizeof(data)));
	int result = tpm2_nv_read(tpm, &nv, data, error);

	if (result == 0)
		*ret_value = cursor_u64be(&cursor);
	return result;
}

static int write_value(struct tpm *tpm, const struct tpm2_nv *nv, const struct tpm2_name *name, uint64_t value,
                       struct error *error)
{
	CLEANUP(buffer_clear) struct buffer data = {0};
	int result = tpm2_policy_open(tpm, error);

	buffer_append_u64be(&data, value);
	if (result == 0)
		result = tpm2_policy_pcr(tpm, tpm->policy, HASH_SHA256, TPM2_EARLY_MASK, error);
	if (result == 0)
		result = tpm2_nv_change(tpm, tpm->policy, nv, name, buffer_bytes(&data), error);
	if (result < 0)
		tpm2_session_close(&tpm->policy);
	if (result == -E_WRONG_PCR)
		return error_set(
		    error, E_WRONG_PCR, nv->object,
		    "the %s is written only between the start of the machine and the first thing that Heads "
		    "hands it to: PCR 4 was extended since; restart the machine",
		    nv->what);
	return result;
}

static int raise_floor(struct tpm *tpm, uint64_t value, struct error *error)
{
	const struct tpm2_nv nv = floor_index();
	enum tpm2_nv_state state = TPM2_NV_ABSENT;
	struct tpm2_name name;
	uint64_t now = 0;
	int result = tpm2_storage_ready(tpm, error);

	if (result == 0)
		result = tpm2_nv_look(tpm, &nv, &state, &name, NULL, error);
	if (result < 0)
		return result;
	if (state == TPM2_NV_WRITTEN) {
		result = tpm_floor_read(tpm, &now, error);
		if (result < 0 || now >= value)
			return result;
	} else {
		CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;

		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
		if (result == 0)
			result = tpm2_nv_ready(tpm, session, &nv, &name, error);
		if (result < 0)
			return result;
	}
	return write_value(tpm, &nv, &name, value, error);
}

int tpm_floor_raise(struct tpm *tpm, uint64_t value, struct bytes owner, struct error *error)
{
	int result;

	tpm2_make_auth_value(owner, &tpm->owner);
	result = raise_floor(tpm, value, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}
