/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NV counters: TPM_NT_COUNTER, written by policy alone. */
#include "tpm/tpm2_nv.h"

#include <string.h>

#define COUNTER_SIZE 8
#define COUNTER_ATTRIBUTES \
	(TPMA_NV_POLICYWRITE | TPMA_NV_COUNTER | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA)

static const struct {
	uint32_t index;
	const char *what;
} counters[TPM_COUNTERS] = {
    [TPM_COUNTER_ROLLBACK] = {0x01804801u, "rollback counter"},
    [TPM_COUNTER_HOTP] = {0x01804802u, "HOTP counter"},
    [TPM_COUNTER_APPROVAL] = {0x01804803u, "counter of approvals"},
};

struct tpm2_nv tpm2_counter_nv(enum tpm_counter which)
{
	const struct digest policy = tpm2_early_policy();

	return tpm2_nv_make(counters[which].index, COUNTER_ATTRIBUTES, COUNTER_SIZE, &policy, counters[which].what);
}

uint32_t tpm_counter_index(enum tpm_counter which)
{
	return counters[which].index;
}

static int read_value(struct tpm *tpm, const struct tpm2_nv *nv, uint64_t *ret_value, struct error *error)
{
	uint8_t data[COUNTER_SIZE];
	struct cursor cursor = cursor_make(bytes_make(data, sizeof(data)));
	int result = tpm2_nv_read(tpm, nv, data, error);

	if (result == 0)
		*ret_value = cursor_u64be(&cursor);
	return result;
}

int tpm_counter_read(struct tpm *tpm, enum tpm_counter which, uint64_t *ret_value, struct error *error)
{
	const struct tpm2_nv nv = tpm2_counter_nv(which);

	return read_value(tpm, &nv, ret_value, error);
}

int tpm_counter_read_index(struct tpm *tpm, uint32_t index, uint64_t *ret_value, struct error *error)
{
	struct tpm2_nv nv = tpm2_nv_make(index, 0, COUNTER_SIZE, NULL, "counter of the original Heads");
	struct tpm2_nv_public found;
	enum tpm2_nv_state state;
	struct tpm2_name name;
	int result = tpm2_nv_look(tpm, &nv, &state, &name, &found, error);

	if (result < 0)
		return result;
	if (state == TPM2_NV_ABSENT)
		return error_set(error, E_NOT_FOUND, nv.object, "the TPM holds no %s (%s)", nv.what, nv.object);
	if ((found.attributes & TPMA_NV_TYPE) != TPMA_NV_COUNTER || found.size != COUNTER_SIZE ||
	    !(found.attributes & TPMA_NV_AUTHREAD))
		return error_set(error, E_UNSUPPORTED, nv.object, "the NV index %s is no counter that anybody may read",
		                 nv.object);
	nv.attributes = found.attributes & ~TPMA_NV_WRITTEN;
	nv.policy = (struct digest){.algorithm = HASH_SHA256, .size = found.policy.size};
	if (found.policy.size > 0)
		memcpy(nv.policy.data, found.policy.data, found.policy.size);
	return read_value(tpm, &nv, ret_value, error);
}

/* name: the counter's Name as it is now, which changes with the first increment. */
static int increment(struct tpm *tpm, const struct tpm2_nv *nv, const struct tpm2_name *name, struct error *error)
{
	int result = tpm2_policy_open(tpm, error);

	if (result == 0)
		result = tpm2_policy_pcr(tpm, tpm->policy, HASH_SHA256, TPM2_EARLY_MASK, error);
	if (result == 0)
		result = tpm2_nv_change(tpm, tpm->policy, nv, name, BYTES_EMPTY, error);
	if (result < 0)
		tpm2_session_close(&tpm->policy);
	if (result == -E_WRONG_PCR)
		return error_set(error, E_WRONG_PCR, nv->object,
		                 "the %s rises only between the start of the machine and the first thing that Heads "
		                 "hands it to: PCR 4 was extended since; restart the machine",
		                 nv->what);
	return result;
}

int tpm_counter_increment(struct tpm *tpm, enum tpm_counter which, uint64_t *ret_value, struct error *error)
{
	const struct tpm2_nv nv = tpm2_counter_nv(which);
	const struct tpm2_name name = tpm2_nv_name(&nv);
	uint64_t before = 0, after = 0;
	/* Also tells an absent or foreign index from a refusal. */
	int result = read_value(tpm, &nv, &before, error);

	if (result == 0)
		result = increment(tpm, &nv, &name, error);
	if (result == 0)
		result = read_value(tpm, &nv, &after, error);
	if (result < 0)
		return result;
	if (after <= before)
		return error_set(error, E_TPM_FORGED, nv.object, "the TPM said that it raised the %s, and did not",
		                 nv.what);
	*ret_value = after;
	return 0;
}

static int create(struct tpm *tpm, const struct tpm2_nv *nv, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	enum tpm2_nv_state state = TPM2_NV_ABSENT;
	struct tpm2_name name;
	int result = tpm2_storage_ready(tpm, error);

	if (result == 0)
		result = tpm2_nv_look(tpm, nv, &state, &name, NULL, error);
	if (result < 0)
		return result;
	if (state == TPM2_NV_WRITTEN)
		return error_set(error, E_EXISTS, nv->object, "the TPM has a %s already (%s)", nv->what, nv->object);
	result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	if (result == 0)
		result = tpm2_nv_ready(tpm, session, nv, &name, error);
	return result < 0 ? result : increment(tpm, nv, &name, error);
}

int tpm_counter_create(struct tpm *tpm, enum tpm_counter which, struct bytes owner, struct error *error)
{
	const struct tpm2_nv nv = tpm2_counter_nv(which);
	int result;

	tpm2_make_auth_value(owner, &tpm->owner);
	result = create(tpm, &nv, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}

static int destroy(struct tpm *tpm, const struct tpm2_nv *nv, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	int result = tpm2_storage_ready(tpm, error);

	if (result == 0)
		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	return result < 0 ? result : tpm2_nv_remove(tpm, session, nv, error);
}

int tpm_counter_destroy(struct tpm *tpm, enum tpm_counter which, struct bytes owner, struct error *error)
{
	const struct tpm2_nv nv = tpm2_counter_nv(which);
	int result;

	tpm2_make_auth_value(owner, &tpm->owner);
	result = destroy(tpm, &nv, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}
