/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealed objects, made and replaced.
 *
 * A slot has its place (0x81000000 + slot) and a spare one (0x81480000 + slot). A new object goes to the one that is
 * not in use; then the record is written, which names the object that counts (one command: this is the moment); then
 * the old object is removed. A power cut leaves the old or the new one whole.
 *
 * Where the TPM has an owner passphrase, the objects of a slot open to what the owner approved last: an NV index holds
 * that policy. Replacing it is one command too, and the record says before it what it may be until then and what from
 * then on. */
#include "tpm/tpm2_nv.h"

#include <string.h>

#define PLACE_FIRST       0x81000000u
#define SPARE_FIRST       0x81480000u
#define SECRET_LIMIT      128
#define SEALED_ATTRIBUTES (TPMA_OBJECT_FIXED_TPM | TPMA_OBJECT_FIXED_PARENT | TPMA_OBJECT_ADMIN_WITH_POLICY)

/* What goes into an object. */
struct content {
	struct bytes secret;
	bool hmac; /* a key of HMAC with SHA-1, which never comes out; else data that is unsealed */
};

/* What a slot's two places hold. Size 0 of a Name: nothing. */
struct slot_state {
	struct tpm2_name at_place, at_spare;
	bool has_record; /* readable or not */
};

/* The object that TPM2_Create made: its parts lie in this, its secret only inside the TPM. */
struct made_object {
	size_t private_size, public_size;
	uint8_t private_area[512];
	uint8_t public_area[256];
	struct tpm2_name name;
};

uint32_t tpm2_place_of(enum tpm_slot slot, bool spare)
{
	return (spare ? SPARE_FIRST : PLACE_FIRST) + (uint32_t)slot;
}

int tpm2_place_read(struct tpm *tpm, uint32_t handle, struct tpm2_name *ret_name, struct error *error)
{
	struct tpm2_public public_area;
	struct error found;
	int result = tpm2_read_public(tpm, handle, &public_area, ret_name, &found);

	if (result == 0)
		return 0;
	ret_name->size = 0;
	if (result == -E_NOT_FOUND)
		return 0;
	if (error)
		*error = found;
	return result;
}

/* TPM2B_SENSITIVE_CREATE, TPM2B_PUBLIC, TPM2B_DATA, TPML_PCR_SELECTION. */
static void put_seal_parameters(struct tpm2_writer *writer, const struct content *content,
                                const struct tpm2_auth_value *value, const struct digest *policy)
{
	size_t place = tpm2_begin_sized(writer);

	tpm2_put_sized(writer, bytes_make(value->data, value->size));
	tpm2_put_sized(writer, content->secret);
	tpm2_end_sized(writer, place);

	place = tpm2_begin_sized(writer);
	tpm2_put_u16(writer, TPM_ALG_KEYEDHASH);
	tpm2_put_u16(writer, HASH_SHA256);
	/* Without a passphrase there is nothing to guess, and an unclean power-off must not lock the owner out (A18).
	 */
	tpm2_put_u32(writer, SEALED_ATTRIBUTES | (value->size == 0 ? TPMA_OBJECT_NO_DA : 0) |
	                         (content->hmac ? TPMA_OBJECT_SIGN : 0));
	tpm2_put_sized(writer, digest_bytes(policy));
	tpm2_put_u16(writer, content->hmac ? TPM_ALG_HMAC : TPM_ALG_NULL);
	if (content->hmac)
		tpm2_put_u16(writer, HASH_SHA1);
	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_end_sized(writer, place);

	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_u32(writer, 0);
}

/* TPM2_Create. The first parameter carries passphrase and secret: encrypted (A1). */
static int create_object(struct tpm *tpm, struct tpm2_session *session, const struct content *content,
                         const struct digest *policy, struct made_object *ret_made, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_Create,
	                         .doing = "seal the secret",
	                         .object = "TPM",
	                         .handle_count = 1,
	                         .handles = {TPM2_STORAGE_HANDLE},
	                         .names = {tpm->storage.name},
	                         .authorization = TPM2_AUTH_SESSION,
	                         .session = session,
	                         .attributes = TPMA_SESSION_CONTINUE | TPMA_SESSION_DECRYPT};
	struct bytes private_area, public_area;
	struct tpm2_public parsed;
	struct cursor cursor;
	uint32_t reason;
	int result;

	put_seal_parameters(tpm2_parameters(tpm), content, &tpm->passphrase, policy);
	result = tpm2_run(tpm, &call, error);
	reason = TPM_RC_REASON(call.response_code);
	if (content->hmac && (reason == TPM_RC_HASH || reason == TPM_RC_SCHEME))
		return error_set(error, E_UNSUPPORTED, "TPM",
		                 "this TPM computes no HMAC with SHA-1, which the codes of a phone need");
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	private_area = tpm2_get_sized(&cursor);
	public_area = tpm2_get_sized(&cursor);
	if (cursor.failed || private_area.size == 0 || private_area.size > sizeof(ret_made->private_area) ||
	    public_area.size > sizeof(ret_made->public_area) || !tpm2_parse_public(public_area, &parsed) ||
	    !bytes_equal(parsed.policy, digest_bytes(policy)))
		return tpm2_forged(&call, error);
	ret_made->private_size = private_area.size;
	memcpy(ret_made->private_area, private_area.data, private_area.size);
	ret_made->public_size = public_area.size;
	memcpy(ret_made->public_area, public_area.data, public_area.size);
	ret_made->name = tpm2_name_of_public(public_area);
	return 0;
}

static int load_object(struct tpm *tpm, struct tpm2_session *session, const struct made_object *made,
                       struct tpm2_transient *ret_object, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_Load,
	                         .doing = "load the sealed secret",
	                         .object = "TPM",
	                         .handle_count = 1,
	                         .handles = {TPM2_STORAGE_HANDLE},
	                         .names = {tpm->storage.name},
	                         .authorization = TPM2_AUTH_SESSION,
	                         .session = session,
	                         .attributes = TPMA_SESSION_CONTINUE,
	                         .answers_handle = true};
	struct tpm2_writer *writer = tpm2_parameters(tpm);
	struct cursor cursor;
	int result;

	tpm2_put_sized(writer, bytes_make(made->private_area, made->private_size));
	tpm2_put_sized(writer, bytes_make(made->public_area, made->public_size));
	result = tpm2_run(tpm, &call, error);
	if (result < 0)
		return result;
	result = tpm2_remember_handle(tpm, call.handle, error);
	if (result < 0)
		return result;
	*ret_object = (struct tpm2_transient){.tpm = tpm, .handle = call.handle, .name = made->name};
	cursor = cursor_make(call.answer);
	if (!bytes_equal(tpm2_get_sized(&cursor), tpm2_name_bytes(&made->name)))
		return tpm2_forged(&call, error);
	return 0;
}

static int remove_at(struct tpm *tpm, struct tpm2_session *session, uint32_t handle, struct tpm2_name *name,
                     struct error *error)
{
	int result = 0;

	if (name->size > 0)
		result = tpm2_evict(tpm, session, handle, name, handle, error);
	if (result == 0)
		name->size = 0;
	return result;
}

/* What the slot holds now, and its record where there is a good one. */
static int read_slot(struct tpm *tpm, enum tpm_slot slot, struct slot_state *state, struct error *error)
{
	struct error found;
	int result = tpm2_record_read(tpm, slot, &found);

	if (result < 0 && result != -E_NO_SECRET && result != -E_MALFORMED) {
		if (error)
			*error = found;
		return result;
	}
	state->has_record = result != -E_NO_SECRET;
	result = tpm2_place_read(tpm, tpm2_place_of(slot, false), &state->at_place, error);
	if (result == 0)
		result = tpm2_place_read(tpm, tpm2_place_of(slot, true), &state->at_spare, error);
	return result;
}

/* The object that counts stands where its record says. */
static bool is_in_use(const struct tpm *tpm, enum tpm_slot slot, const struct slot_state *state)
{
	const struct tpm2_name *standing = tpm->record.at_spare ? &state->at_spare : &state->at_place;

	return tpm->record_known && tpm->record_slot == slot && standing->size > 0 &&
	       tpm2_name_equal(&tpm->record.object, standing);
}

/* Loads the object, puts it to the free place, and makes it the one that counts. record->object and at_spare are set.
 */
static int place_object(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, struct slot_state *state,
                        const struct made_object *made, struct tpm2_record *record, struct error *error)
{
	CLEANUP(tpm2_transient_clear) struct tpm2_transient object = {0};
	const bool spare = is_in_use(tpm, slot, state) && !tpm->record.at_spare;
	struct tpm2_name *at_new = spare ? &state->at_spare : &state->at_place;
	struct tpm2_name *at_old = spare ? &state->at_place : &state->at_spare;
	int result = load_object(tpm, session, made, &object, error);

	record->object = made->name;
	record->at_spare = spare;
	if (result == 0)
		result = remove_at(tpm, session, tpm2_place_of(slot, spare), at_new, error);
	if (result == 0)
		result = tpm2_evict(tpm, session, object.handle, &object.name, tpm2_place_of(slot, spare), error);
	if (result == 0)
		result = tpm2_record_write(tpm, session, slot, record, error);
	if (result == 0)
		result = remove_at(tpm, session, tpm2_place_of(slot, !spare), at_old, error);
	return result;
}

static int seal(struct tpm *tpm, enum tpm_slot slot, const struct content *content, struct tpm2_record *record,
                struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct slot_state state = {.has_record = false};
	struct made_object made = {0};
	struct tpm2_sets old = {0};
	struct digest policy;
	int result = tpm2_storage_ready(tpm, error);

	if (result == 0)
		result = read_slot(tpm, slot, &state, error);
	if (result == 0)
		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	if (result == 0 && record->approved)
		result = tpm2_approve_new(tpm, session, slot, is_in_use(tpm, slot, &state), record, &old, error);
	policy = tpm2_object_policy(slot, record, record->passphrase);
	if (result == 0)
		result = create_object(tpm, session, content, &policy, &made, error);
	record->old_sets = old;
	if (result == 0)
		result = place_object(tpm, session, slot, &state, &made, record, error);
	if (result == 0 && old.count > 0)
		result = tpm2_approve_finish(tpm, session, slot, record, error);
	return result;
}

static int check_seal(struct bytes secret, const struct tpm2_record *record, struct error *error)
{
	struct tpm2_record complete = *record;
	uint8_t data[TPM2_RECORD_SIZE];

	complete.object.size = 2 + TPM2_DIGEST_SIZE;
	if (secret.size == 0 || secret.size > SECRET_LIMIT)
		return error_set(error, E_USAGE, "TPM", "a TPM seals 1 to %d bytes, not %zu", SECRET_LIMIT,
		                 secret.size);
	if (!tpm2_record_encode(&complete, data))
		return error_set(error, E_UNSUPPORTED, "TPM", "a seal takes one to %d PCRs of the SHA-256 bank",
		                 TPM2_RECORD_PCRS);
	return 0;
}

static int seal_content(struct tpm *tpm, enum tpm_slot slot, const struct content *content,
                        const struct tpm_pcrs *expected, struct bytes passphrase, struct bytes owner,
                        struct error *error)
{
	/* Without an owner passphrase anybody could approve other PCRs: then the secret opens to these alone. */
	struct tpm2_record record = {.passphrase = passphrase.size > 0,
	                             .approved = owner.size > 0,
	                             .expected = *expected,
	                             .sets = {.count = 1, .policies = {tpm2_seal_policy(expected, false)}}};
	int result = check_seal(content->secret, &record, error);

	if (result < 0)
		return result;
	tpm2_make_auth_value(owner, &tpm->owner);
	tpm2_make_auth_value(passphrase, &tpm->passphrase);
	result = seal(tpm, slot, content, &record, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}

int tpm_seal(struct tpm *tpm, enum tpm_slot slot, struct bytes secret, const struct tpm_pcrs *expected,
             struct bytes passphrase, struct bytes owner, struct error *error)
{
	const struct content content = {.secret = secret};

	return seal_content(tpm, slot, &content, expected, passphrase, owner, error);
}

int tpm_hmac_make(struct tpm *tpm, enum tpm_slot slot, struct bytes key, const struct tpm_pcrs *expected,
                  struct bytes owner, struct error *error)
{
	const struct content content = {.secret = key, .hmac = true};

	return seal_content(tpm, slot, &content, expected, BYTES_EMPTY, owner, error);
}

static int forget(struct tpm *tpm, enum tpm_slot slot, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	const struct tpm2_nv approval = tpm2_approval_nv(slot);
	struct slot_state state = {.has_record = false};
	int result = read_slot(tpm, slot, &state, error);

	if (result == 0 && !state.has_record && state.at_place.size == 0 && state.at_spare.size == 0)
		return 0;
	if (result == 0)
		result = tpm2_storage_ready(tpm, error);
	if (result == 0)
		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	/* The record first: it decides what the slot holds, and must not name what is gone. */
	if (result == 0)
		result = tpm2_record_remove(tpm, session, slot, error);
	if (result == 0)
		result = remove_at(tpm, session, tpm2_place_of(slot, false), &state.at_place, error);
	if (result == 0)
		result = remove_at(tpm, session, tpm2_place_of(slot, true), &state.at_spare, error);
	if (result == 0)
		result = tpm2_nv_remove(tpm, session, &approval, error);
	return result;
}

int tpm_forget(struct tpm *tpm, enum tpm_slot slot, struct bytes owner, struct error *error)
{
	int result;

	tpm2_make_auth_value(owner, &tpm->owner);
	result = forget(tpm, slot, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}
