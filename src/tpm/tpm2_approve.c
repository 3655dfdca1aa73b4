/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PCRs open a slot: an NV index holds the policy that the owner approved (TPM2_PolicyAuthorizeNV). Replacing it
 * needs no secret, and what was approved before opens nothing any more.
 *
 * Only the owner writes the index, and only before the cap, so that an operating system that learns the passphrase
 * cannot approve itself. */
#include "tpm/tpm2_nv.h"

#include <string.h>

/* The PCRs that tell one firmware from another, with its settings: not the disks (6). */
#define FIRMWARE_MASK 0xbfu

/* TPMT_HA of the policy of sets. */
static void encode(const struct tpm2_sets *sets, uint8_t data[TPM2_APPROVAL_SIZE])
{
	struct tpm2_writer writer = tpm2_writer_make(data, TPM2_APPROVAL_SIZE);
	const struct digest policy = tpm2_sets_policy(sets);

	tpm2_put_u16(&writer, HASH_SHA256);
	tpm2_put(&writer, digest_bytes(&policy));
}

static bool is_same(const struct tpm2_sets *a, const struct tpm2_sets *b)
{
	const struct digest one = tpm2_sets_policy(a), two = tpm2_sets_policy(b);

	return digest_equal(&one, &two);
}

/* *ret_approved is false where another policy is approved, or none. */
static int is_approved(struct tpm *tpm, enum tpm_slot slot, const struct tpm2_sets *sets, bool *ret_approved,
                       struct error *error)
{
	const struct tpm2_nv nv = tpm2_approval_nv(slot);
	uint8_t wanted[TPM2_APPROVAL_SIZE], found[TPM2_APPROVAL_SIZE];
	struct error refusal;
	int result = tpm2_nv_read(tpm, &nv, found, &refusal);

	*ret_approved = false;
	if (result == -E_NOT_FOUND || result == -E_FOREIGN_TPM)
		return 0;
	if (result < 0) {
		if (error)
			*error = refusal;
		return result;
	}
	encode(sets, wanted);
	*ret_approved = memcmp(wanted, found, sizeof(found)) == 0;
	return 0;
}

/* The one moment at which an approval changes. */
static int approve(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, const struct tpm2_sets *sets,
                   struct error *error)
{
	const struct tpm2_nv nv = tpm2_approval_nv(slot);
	uint8_t data[TPM2_APPROVAL_SIZE];
	struct tpm2_name name;
	bool done;
	int result = is_approved(tpm, slot, sets, &done, error);

	if (result < 0 || done)
		return result;
	encode(sets, data);
	result = tpm2_nv_ready(tpm, session, &nv, &name, error);
	if (result == 0)
		result = tpm2_policy_open(tpm, error);
	if (result == 0)
		result = tpm2_policy_pcr(tpm, tpm->policy, HASH_SHA256, TPM2_EARLY_MASK, error);
	if (result == 0)
		result = tpm2_policy_secret(tpm, session, error);
	if (result == 0)
		result = tpm2_nv_change(tpm, tpm->policy, &nv, &name, bytes_make(data, sizeof(data)), error);
	if (result < 0)
		tpm2_session_close(&tpm->policy);
	if (result == -E_WRONG_PCR)
		return error_set(error, E_WRONG_PCR, nv.object,
		                 "other PCRs can be approved only between the start of the machine and the first thing "
		                 "that Heads hands it to: PCR 4 was extended since; restart the machine");
	return result;
}

/* A TPM older than revision 1.38 of the specification does not know the command. */
static int probe(struct tpm *tpm, enum tpm_slot slot, bool *ret_known, struct error *error)
{
	struct error refusal = {.code = E_NONE};
	int result = tpm2_policy_open(tpm, error);

	if (result < 0)
		return result;
	/* No policy is empty, so it refuses; which refusal it is decides. */
	result = tpm2_policy_authorize_nv(tpm, slot, &refusal);
	tpm2_session_close(&tpm->policy);
	*ret_known = result != -E_UNSUPPORTED;
	if (result == -E_UNSUPPORTED || result == -E_WRONG_PCR || result == -E_NO_SECRET)
		return 0;
	if (error)
		*error = refusal;
	return result < 0 ? result : -E_TPM_FORGED;
}

/* An approval that was interrupted: which of the two it is now. */
static int settle(struct tpm *tpm, enum tpm_slot slot, struct tpm2_record *record, struct error *error)
{
	bool old = false;
	int result = 0;

	if (record->old_sets.count > 0)
		result = is_approved(tpm, slot, &record->old_sets, &old, error);
	if (result == 0 && old)
		record->sets = record->old_sets;
	record->old_sets.count = 0;
	return result;
}

int tpm2_approve_finish(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, struct tpm2_record *record,
                        struct error *error)
{
	int result = approve(tpm, session, slot, &record->sets, error);

	record->old_sets.count = 0;
	return result < 0 ? result : tpm2_record_write(tpm, session, slot, record, error);
}

/* From what *record says to sets: the record names both, then the approval changes, then the record names the new. */
static int change(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, const struct tpm2_sets *sets,
                  struct tpm2_record *record, struct error *error)
{
	int result = settle(tpm, slot, record, error);

	if (result < 0)
		return result;
	record->old_sets = record->sets;
	record->sets = *sets;
	result = tpm2_record_write(tpm, session, slot, record, error);
	return result < 0 ? result : tpm2_approve_finish(tpm, session, slot, record, error);
}

int tpm2_approve_new(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, bool in_use,
                     struct tpm2_record *record, struct tpm2_sets *ret_old, struct error *error)
{
	struct tpm2_record old = tpm->record;
	int result;

	if (in_use && old.approved && old.expected.mask == record->expected.mask) {
		/* What stands there stays available until the new object counts. */
		if (old.sets.count == 1 && old.old_sets.count == 0 && is_same(&old.sets, &record->sets))
			return approve(tpm, session, slot, &record->sets, error);
		*ret_old = (struct tpm2_sets){.count = 2, .policies = {old.sets.policies[0], record->sets.policies[0]}};
		return change(tpm, session, slot, ret_old, &old, error);
	}
	result = probe(tpm, slot, &record->approved, error);
	if (result == 0 && record->approved)
		result = approve(tpm, session, slot, &record->sets, error);
	return result;
}

/* The record of a slot that can be approved anew. */
static int read_approved(struct tpm *tpm, enum tpm_slot slot, struct error *error)
{
	int result = tpm2_record_read(tpm, slot, error);

	if (result == 0 && !tpm->record.approved)
		return error_set(error, E_UNSUPPORTED, "TPM",
		                 "the secret was made while the TPM had no owner passphrase (or by a TPM older than "
		                 "revision 1.38), so it opens to one set of PCRs only; make a new secret");
	return result;
}

static int approve_sets(struct tpm *tpm, enum tpm_slot slot, const struct tpm_pcrs *expected,
                        const struct tpm2_sets *sets, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct tpm2_record record;
	int result = read_approved(tpm, slot, error);

	if (result < 0)
		return result;
	record = tpm->record;
	if (expected->mask != record.expected.mask || expected->bank != record.expected.bank)
		return error_set(error, E_USAGE, "TPM", "the secret is sealed to other PCRs than those to be approved");
	record.expected = *expected;
	result = tpm2_storage_ready(tpm, error);
	if (result == 0)
		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	return result < 0 ? result : change(tpm, session, slot, sets, &record, error);
}

/* The counter of approvals, even: second sets open while it has this value. */
static int begin_second_set(struct tpm *tpm, struct bytes owner, uint64_t *ret_value, struct error *error)
{
	struct error refusal = {.code = E_NONE};
	int result = tpm_counter_read(tpm, TPM_COUNTER_APPROVAL, ret_value, &refusal);

	if (result == -E_NOT_FOUND || result == -E_FOREIGN_TPM) {
		result = tpm_counter_create(tpm, TPM_COUNTER_APPROVAL, owner, error);
		if (result == 0)
			result = tpm_counter_read(tpm, TPM_COUNTER_APPROVAL, ret_value, error);
	} else if (result < 0 && error) {
		*error = refusal;
	}
	if (result == 0 && *ret_value % 2 != 0)
		result = tpm_counter_increment(tpm, TPM_COUNTER_APPROVAL, ret_value, error);
	return result;
}

int tpm_approve(struct tpm *tpm, enum tpm_slot slot, const struct tpm_pcrs *sets, size_t count, struct bytes owner,
                struct error *error)
{
	struct tpm2_sets policies = {.count = count};
	int result;

	if (count < 1 || count > TPM_APPROVE_MAX)
		return error_set(error, E_USAGE, "TPM", "one to %d sets of PCRs can be approved, not %zu",
		                 TPM_APPROVE_MAX, count);
	for (size_t i = 0; i < count; i++) {
		if (sets[i].mask != sets[0].mask || sets[i].bank != sets[0].bank)
			return error_set(error, E_USAGE, "TPM", "the sets to be approved are not of the same PCRs");
		policies.policies[i] = tpm2_seal_policy(&sets[i], false);
	}
	if (count > 1) {
		uint64_t value = 0;

		result = read_approved(tpm, slot, error);
		if (result == 0)
			result = begin_second_set(tpm, owner, &value, error);
		if (result < 0)
			return result;
		policies.policies[1] = tpm2_second_set_policy(value, &sets[1]);
	}
	tpm2_make_auth_value(owner, &tpm->owner);
	result = approve_sets(tpm, slot, &sets[0], &policies, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}

int tpm_approved(struct tpm *tpm, enum tpm_slot slot, struct tpm_pcrs *ret_expected, struct error *error)
{
	bool now = false, before = false;
	int result = read_approved(tpm, slot, error);
	struct digest policy;

	if (result == 0)
		result = is_approved(tpm, slot, &tpm->record.sets, &now, error);
	if (result == 0 && !now && tpm->record.old_sets.count > 0)
		result = is_approved(tpm, slot, &tpm->record.old_sets, &before, error);
	if (result < 0)
		return result;
	policy = tpm2_seal_policy(&tpm->record.expected, false);
	if ((!now && !before) || !digest_equal(&policy, &tpm->record.sets.policies[0]))
		return error_set(error, E_FOREIGN_TPM, "TPM",
		                 "the record of what the secret is sealed to is not of what the owner approved; make a "
		                 "new secret");
	*ret_expected = tpm->record.expected;
	return 0;
}

static int is_first_set(struct tpm *tpm, bool *ret_first, struct error *error)
{
	const struct tpm_pcrs expected = tpm->record.expected;
	struct tpm_pcrs now;
	int result = tpm_pcr_read(tpm, expected.bank, expected.mask & FIRMWARE_MASK, &now, error);

	*ret_first = result == 0;
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT && result == 0; pcr++)
		if ((now.mask & (1u << pcr)) && !digest_equal(&now.values[pcr], &expected.values[pcr]))
			*ret_first = false;
	return result;
}

/* A record of two sets is asked for whatever they are: an unauthenticated one cannot hide a second set and open. */
int tpm_approval_look(struct tpm *tpm, enum tpm_slot slot, struct tpm_approval *ret_approval, struct error *error)
{
	struct error refusal = {.code = E_NONE};
	uint64_t value = 0;
	int result = tpm2_record_read(tpm, slot, error);

	*ret_approval = (struct tpm_approval){.pending = false};
	if (result < 0 || tpm->record.sets.count < 2)
		return result;
	result = tpm_counter_read(tpm, TPM_COUNTER_APPROVAL, &value, &refusal);
	if (result == -E_NOT_FOUND)
		return 0;
	if (result < 0 && error)
		*error = refusal;
	if (result < 0 || value % 2 != 0)
		return result;
	ret_approval->pending = true;
	return is_first_set(tpm, &ret_approval->running_first, error);
}

int tpm_approval_drop(struct tpm *tpm, struct error *error)
{
	uint64_t value = 0;
	int result = tpm_counter_increment(tpm, TPM_COUNTER_APPROVAL, &value, error);

	/* Even again: it was dropped before. Odd is what says so. */
	if (result == 0 && value % 2 == 0)
		result = tpm_counter_increment(tpm, TPM_COUNTER_APPROVAL, &value, error);
	return result;
}
