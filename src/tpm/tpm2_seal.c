/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealed objects.
 *
 * A slot has its place (0x81000000 + slot) and a spare one beside it. A new seal is written so that a power cut leaves
 * the old or the new one whole: the new object goes to the place that is not in use, then the record is written, which
 * names the object that counts (one command: this is the moment), then the rest is tidied. */
#include "tpm/tpm2_client.h"

#include <string.h>

#define PLACE_FIRST       0x81000000u
#define SPARE_FIRST       0x81480000u
#define SECRET_LIMIT      128
#define SEALED_ATTRIBUTES (TPMA_OBJECT_FIXED_TPM | TPMA_OBJECT_FIXED_PARENT | TPMA_OBJECT_ADMIN_WITH_POLICY)

/* What a slot's two places hold. Size 0 of a Name: nothing. */
struct slot_state {
	uint32_t place, spare;
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

static struct slot_state slot_state(enum tpm_slot slot)
{
	return (struct slot_state){.place = PLACE_FIRST + (uint32_t)slot, .spare = SPARE_FIRST + (uint32_t)slot};
}

/* The Name of the object at a place. An empty place is no error. An object that is not ours has no Name that we can
 * compute: ret_name stays empty and the error is -E_FOREIGN_TPM. */
static int read_place(struct tpm *tpm, uint32_t handle, struct tpm2_name *ret_name, uint32_t *ret_attributes,
                      struct error *error)
{
	struct tpm2_public public_area;
	struct error found;
	int result = tpm2_read_public(tpm, handle, &public_area, ret_name, &found);

	ret_name->size = result == 0 ? ret_name->size : 0;
	if (result == -E_NOT_FOUND)
		return 0;
	if (result < 0) {
		if (error)
			*error = found;
		return result;
	}
	if (ret_attributes)
		*ret_attributes = public_area.attributes;
	return 0;
}

/* TPM2B_SENSITIVE_CREATE, TPM2B_PUBLIC, TPM2B_DATA, TPML_PCR_SELECTION. */
static void put_seal_parameters(struct tpm2_writer *writer, struct bytes secret, const struct tpm2_auth_value *value,
                                const struct digest *policy)
{
	size_t place = tpm2_begin_sized(writer);

	tpm2_put_sized(writer, bytes_make(value->data, value->size));
	tpm2_put_sized(writer, secret);
	tpm2_end_sized(writer, place);

	place = tpm2_begin_sized(writer);
	tpm2_put_u16(writer, TPM_ALG_KEYEDHASH);
	tpm2_put_u16(writer, HASH_SHA256);
	/* Without a passphrase there is nothing to guess, and an unclean power-off must not lock the owner out (A18).
	 */
	tpm2_put_u32(writer, SEALED_ATTRIBUTES | (value->size == 0 ? TPMA_OBJECT_NO_DA : 0));
	tpm2_put_sized(writer, digest_bytes(policy));
	tpm2_put_u16(writer, TPM_ALG_NULL);
	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_end_sized(writer, place);

	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_u32(writer, 0);
}

/* TPM2_Create. The first parameter carries passphrase and secret: encrypted (A1). */
static int create_sealed(struct tpm *tpm, struct tpm2_session *session, struct bytes secret,
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
	int result;

	put_seal_parameters(tpm2_parameters(tpm), secret, &tpm->passphrase, policy);
	result = tpm2_run(tpm, &call, error);
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

static int load_sealed(struct tpm *tpm, struct tpm2_session *session, const struct made_object *made,
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

/* Puts the object into its slot; see the top of this file. */
static int place_object(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, struct slot_state *state,
                        const struct tpm2_transient *object, const struct tpm_pcrs *expected, struct error *error)
{
	const struct tpm2_record record = {.object = object->name, .expected = *expected};
	const bool in_use = tpm->record_known && tpm->record_slot == slot && state->at_place.size > 0 &&
	                    tpm2_name_equal(&tpm->record.object, &state->at_place);
	int result;

	if (!in_use) {
		/* The place is free, or holds what nobody names any more. */
		result = remove_at(tpm, session, state->place, &state->at_place, error);
		if (result == 0)
			result = tpm2_evict(tpm, session, object->handle, &object->name, state->place, error);
		if (result == 0)
			result = tpm2_record_write(tpm, session, slot, &record, error);
		if (result == 0)
			result = remove_at(tpm, session, state->spare, &state->at_spare, error);
		return result;
	}
	result = remove_at(tpm, session, state->spare, &state->at_spare, error);
	if (result == 0)
		result = tpm2_evict(tpm, session, object->handle, &object->name, state->spare, error);
	if (result == 0)
		result = tpm2_record_write(tpm, session, slot, &record, error);
	if (result == 0)
		result = remove_at(tpm, session, state->place, &state->at_place, error);
	if (result == 0)
		result = tpm2_evict(tpm, session, object->handle, &object->name, state->place, error);
	if (result == 0)
		result = tpm2_evict(tpm, session, state->spare, &object->name, state->spare, error);
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
	result = read_place(tpm, state->place, &state->at_place, NULL, error);
	if (result == 0)
		result = read_place(tpm, state->spare, &state->at_spare, NULL, error);
	return result;
}

static int seal(struct tpm *tpm, enum tpm_slot slot, struct bytes secret, const struct tpm_pcrs *expected,
                struct error *error)
{
	const struct digest policy = tpm2_seal_policy(expected, tpm->passphrase.size > 0);
	CLEANUP(tpm2_transient_clear) struct tpm2_transient object = {0};
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct slot_state state = slot_state(slot);
	struct made_object made = {0};
	int result;

	result = tpm2_storage_ready(tpm, error);
	if (result == 0)
		result = read_slot(tpm, slot, &state, error);
	if (result == 0)
		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	if (result == 0)
		result = create_sealed(tpm, session, secret, &policy, &made, error);
	if (result == 0)
		result = load_sealed(tpm, session, &made, &object, error);
	if (result == 0)
		result = place_object(tpm, session, slot, &state, &object, expected, error);
	return result;
}

static int check_seal(struct bytes secret, const struct tpm_pcrs *expected, struct error *error)
{
	struct tpm2_record record = {.object.size = 2 + TPM2_DIGEST_SIZE, .expected = *expected};
	uint8_t data[TPM2_RECORD_SIZE];

	if (secret.size == 0 || secret.size > SECRET_LIMIT)
		return error_set(error, E_USAGE, "TPM", "a TPM seals 1 to %d bytes, not %zu", SECRET_LIMIT,
		                 secret.size);
	if (!tpm2_record_encode(&record, data))
		return error_set(error, E_UNSUPPORTED, "TPM", "a seal takes one to %d PCRs of the SHA-256 bank",
		                 TPM2_RECORD_PCRS);
	return 0;
}

int tpm_seal(struct tpm *tpm, enum tpm_slot slot, struct bytes secret, const struct tpm_pcrs *expected,
             struct bytes passphrase, struct bytes owner, struct error *error)
{
	int result = check_seal(secret, expected, error);

	if (result < 0)
		return result;
	tpm2_make_auth_value(owner, &tpm->owner);
	tpm2_make_auth_value(passphrase, &tpm->passphrase);
	result = seal(tpm, slot, secret, expected, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}

/* The place of the object that the record names. */
static int find_object(struct tpm *tpm, enum tpm_slot slot, uint32_t *ret_handle, uint32_t *ret_attributes,
                       struct error *error)
{
	const struct slot_state state = slot_state(slot);
	const uint32_t places[] = {state.place, state.spare};
	struct tpm2_name name;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int result = read_place(tpm, places[i], &name, ret_attributes, error);

		if (result < 0)
			return result;
		if (name.size > 0 && tpm2_name_equal(&name, &tpm->record.object)) {
			*ret_handle = places[i];
			return 0;
		}
	}
	return error_set(error, E_NO_SECRET, "TPM",
	                 "the TPM does not hold the secret that its record names; make a new secret");
}

/* TPM2_Unseal. The policy session ends with it when it succeeds. The answer is encrypted (A1). */
static int run_unseal(struct tpm *tpm, struct tpm2_session *session, uint32_t handle, bool passphrase,
                      struct secret *ret_secret, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_Unseal,
	                         .doing = "unseal the secret",
	                         .object = "TPM",
	                         .handle_count = 1,
	                         .handles = {handle},
	                         .names = {tpm->record.object},
	                         .authorization = TPM2_AUTH_SESSION,
	                         .session = session,
	                         .value = &tpm->passphrase,
	                         .attributes = TPMA_SESSION_ENCRYPT};
	struct cursor cursor;
	struct bytes secret;
	int result;

	(void)tpm2_parameters(tpm);
	result = tpm2_run(tpm, &call, error);
	/* There was no passphrase that could be wrong: the TPM saw another command than was sent (A2). */
	if (result == -E_WRONG_AUTH && !passphrase)
		return tpm2_forged(&call, error);
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	secret = tpm2_get_sized(&cursor);
	if (cursor.failed || cursor.rest.size != 0 || secret.size == 0 || secret.size > SECRET_LIMIT)
		return tpm2_forged(&call, error);
	result = secret_copy(secret, ret_secret);
	if (result < 0)
		return error_set(error, E_MEMORY, "TPM", "no locked memory for the secret");
	return 0;
}

static int unseal(struct tpm *tpm, enum tpm_slot slot, struct secret *ret_secret, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	uint32_t handle = 0, attributes = 0;
	bool passphrase;
	int result;

	result = tpm2_record_read(tpm, slot, error);
	if (result == 0)
		result = find_object(tpm, slot, &handle, &attributes, error);
	if (result == 0)
		result = tpm2_storage_find(tpm, error);
	if (result == -E_NOT_FOUND)
		return error_set(error, E_FOREIGN_TPM, "TPM", "the TPM's storage key is gone; make a new secret");
	if (result < 0)
		return result;
	/* Objects without a passphrase do not count towards the lockout, all others do: see put_seal_parameters. */
	passphrase = !(attributes & TPMA_OBJECT_NO_DA);
	if (!passphrase)
		memory_wipe(&tpm->passphrase, sizeof(tpm->passphrase));
	result = tpm2_session_open(tpm, TPM_SE_POLICY, &tpm->storage, &session, error);
	if (result == 0)
		result = tpm2_policy_pcr(tpm, session, tpm->record.expected.bank, tpm->record.expected.mask, error);
	if (result == 0 && passphrase)
		result = tpm2_policy_auth_value(tpm, session, error);
	if (result == 0)
		result = run_unseal(tpm, session, handle, passphrase, ret_secret, error);
	return result;
}

int tpm_unseal(struct tpm *tpm, enum tpm_slot slot, struct bytes passphrase, struct secret *ret_secret,
               struct error *error)
{
	int result;

	tpm2_make_auth_value(passphrase, &tpm->passphrase);
	result = unseal(tpm, slot, ret_secret, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}

int tpm_seal_difference(struct tpm *tpm, enum tpm_slot slot, uint32_t *ret_mask, struct error *error)
{
	struct tpm_pcrs now = {.mask = 0};
	uint32_t different = 0;
	int result = tpm2_record_read(tpm, slot, error);

	if (result == 0)
		result = tpm2_pcr_read(tpm, tpm->record.expected.bank, tpm->record.expected.mask, false, &now, error);
	if (result < 0)
		return result;
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		if ((now.mask & (1u << pcr)) && !digest_equal(&now.values[pcr], &tpm->record.expected.values[pcr]))
			different |= 1u << pcr;
	}
	*ret_mask = different;
	return 0;
}

int tpm_seal_look(struct tpm *tpm, enum tpm_slot slot, struct tpm_seal_state *ret_state, struct error *error)
{
	uint32_t handle = 0, attributes = 0;
	int result = tpm2_record_read(tpm, slot, error);

	if (result == 0)
		result = find_object(tpm, slot, &handle, &attributes, error);
	if (result < 0)
		return result;
	/* As for unseal: only objects without a passphrase are free of the lockout. */
	ret_state->passphrase = !(attributes & TPMA_OBJECT_NO_DA);
	ret_state->expected = tpm->record.expected;
	return 0;
}

static int forget(struct tpm *tpm, enum tpm_slot slot, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct slot_state state = slot_state(slot);
	int result = read_slot(tpm, slot, &state, error);

	if (result == 0 && !state.has_record && state.at_place.size == 0 && state.at_spare.size == 0)
		return 0;
	if (result == 0)
		result = tpm2_storage_ready(tpm, error);
	if (result == 0)
		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	if (result == 0)
		result = remove_at(tpm, session, state.place, &state.at_place, error);
	if (result == 0)
		result = remove_at(tpm, session, state.spare, &state.at_spare, error);
	if (result == 0)
		result = tpm2_record_remove(tpm, session, slot, error);
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
