/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The storage key of Heads: parent of what is sealed, and what every session is salted to. It stands beside the TCG's
 * storage root key (0x81000001), which is never touched. */
#include "tpm/tpm2_client.h"

#include <string.h>

#define STORAGE_ATTRIBUTES                                                                      \
	(TPMA_OBJECT_FIXED_TPM | TPMA_OBJECT_FIXED_PARENT | TPMA_OBJECT_SENSITIVE_DATA_ORIGIN | \
	 TPMA_OBJECT_USER_WITH_AUTH | TPMA_OBJECT_NO_DA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
#define STORAGE_OBJECT "0x81004801"
/* Goes into the derivation, so that the key is another one than the TCG's of the same template. */
#define STORAGE_UNIQUE "Heads storage key 1"

int tpm2_read_public(struct tpm *tpm, uint32_t handle, struct tpm2_public *ret_public, struct tpm2_name *ret_name,
                     struct error *error)
{
	char object[16];
	struct tpm2_call call = {.code = TPM_CC_ReadPublic,
	                         .doing = "read a public area",
	                         .object = object,
	                         .handle_count = 1,
	                         .handles = {handle}};
	int result;

	(void)snprintf(object, sizeof(object), "0x%08x", handle);
	(void)tpm2_parameters(tpm);
	result = tpm2_run(tpm, &call, error);
	if (result < 0)
		return result;
	if (!tpm2_parse_read_public(call.answer, ret_public, ret_name))
		return error_set(error, E_FOREIGN_TPM, object,
		                 "the object in the TPM is none that Heads made, or its Name is wrong");
	return 0;
}

/* The area is copied: it must last longer than the answer it came in. */
static bool key_set(struct tpm2_key *key, uint32_t handle, struct bytes area)
{
	if (area.size == 0 || area.size > sizeof(key->area))
		return false;
	memcpy(key->area, area.data, area.size);
	key->area_size = area.size;
	key->handle = handle;
	key->known = tpm2_parse_public(bytes_make(key->area, key->area_size), &key->public_area);
	key->name = tpm2_name_of_public(area);
	return key->known && key->public_area.type != TPM_ALG_KEYEDHASH && key->public_area.policy.size == 0 &&
	       key->public_area.attributes == STORAGE_ATTRIBUTES;
}

/* A key of another template could leave the TPM or be known to somebody: nothing is salted to it (A2). */
int tpm2_storage_accept(struct tpm *tpm, struct bytes area, struct error *error)
{
	struct tpm2_key *key = &tpm->storage;

	if (!key_set(key, TPM2_STORAGE_HANDLE, area)) {
		key->known = false;
		return error_set(error, E_FOREIGN_TPM, STORAGE_OBJECT,
		                 "the TPM's storage key is not of the kind that Heads makes; it is not used");
	}
	if (tpm->pinned.size > 0 && !tpm2_name_equal(&tpm->pinned, &key->name)) {
		key->known = false;
		return error_set(error, E_FOREIGN_TPM, STORAGE_OBJECT,
		                 "the TPM's storage key is not the one that was recorded: another TPM, a TPM that was "
		                 "cleared, or something on its bus");
	}
	tpm->unguarded = false;
	return 0;
}

int tpm2_storage_gone(struct error *error)
{
	return error_set(
	    error, E_FOREIGN_TPM, STORAGE_OBJECT,
	    "the recorded storage key is gone: the TPM was cleared, it is another one, or something on its "
	    "bus hides it");
}

int tpm2_storage_find(struct tpm *tpm, struct error *error)
{
	struct tpm2_public public_area;
	struct tpm2_name name;
	int result;

	if (tpm->storage.known)
		return 0;
	result = tpm2_read_public(tpm, TPM2_STORAGE_HANDLE, &public_area, &name, error);
	if (result < 0)
		return result;
	return tpm2_storage_accept(tpm, public_area.area, error);
}

/* TPM2B_SENSITIVE_CREATE without content, TPM2B_PUBLIC, TPM2B_DATA, TPML_PCR_SELECTION. */
static void put_storage_template(struct tpm2_writer *writer, uint16_t type)
{
	const struct digest unique = digest_of(HASH_SHA256, bytes_from_string(STORAGE_UNIQUE));
	size_t place;

	place = tpm2_begin_sized(writer);
	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_end_sized(writer, place);

	place = tpm2_begin_sized(writer);
	tpm2_put_u16(writer, type);
	tpm2_put_u16(writer, HASH_SHA256);
	tpm2_put_u32(writer, STORAGE_ATTRIBUTES);
	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_u16(writer, TPM_ALG_AES);
	tpm2_put_u16(writer, TPM2_AES_SIZE * 8);
	tpm2_put_u16(writer, TPM_ALG_CFB);
	tpm2_put_u16(writer, TPM_ALG_NULL);
	if (type == TPM_ALG_ECC) {
		tpm2_put_u16(writer, TPM_ECC_NIST_P256);
		tpm2_put_u16(writer, TPM_ALG_NULL);
		tpm2_put_sized(writer, digest_bytes(&unique));
		tpm2_put_sized(writer, BYTES_EMPTY);
	} else {
		tpm2_put_u16(writer, 2048);
		tpm2_put_u32(writer, 0);
		tpm2_put_sized(writer, digest_bytes(&unique));
	}
	tpm2_end_sized(writer, place);

	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_u32(writer, 0);
}

/* The TPM says that it cannot make a key of this type. */
static bool is_unsupported_type(uint32_t code)
{
	switch (TPM_RC_REASON(code)) {
	case TPM_RC_TYPE:
	case TPM_RC_CURVE:
	case TPM_RC_ASYMMETRIC:
	case TPM_RC_VALUE:
	case TPM_RC_KEY_SIZE:
		return true;
	default:
		return false;
	}
}

/* TPM2_CreatePrimary of one type; call is prepared but for its parameters. */
static int create_primary_of(struct tpm *tpm, struct tpm2_call *call, uint16_t type, struct tpm2_key *ret_key,
                             struct tpm2_transient *ret_object, struct error *error)
{
	struct cursor cursor;
	int result;

	put_storage_template(tpm2_parameters(tpm), type);
	result = tpm2_run(tpm, call, error);
	if (result < 0)
		return result;
	result = tpm2_remember_handle(tpm, call->handle, error);
	if (result < 0)
		return result;
	*ret_object = (struct tpm2_transient){.tpm = tpm, .handle = call->handle};
	cursor = cursor_make(call->answer);
	if (!key_set(ret_key, call->handle, tpm2_get_sized(&cursor)) || cursor.failed)
		return tpm2_forged(call, error);
	ret_object->name = ret_key->name;
	return 0;
}

/* A storage key in hierarchy: ECC P-256, or RSA-2048 where the TPM has no ECC. session NULL: for the null hierarchy,
 * which has no secret to protect. */
static int create_primary(struct tpm *tpm, uint32_t hierarchy, struct tpm2_session *session, struct tpm2_key *ret_key,
                          struct tpm2_transient *ret_object, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_CreatePrimary,
	                         .doing = "make the storage key",
	                         .object = "TPM",
	                         .handle_count = 1,
	                         .handles = {hierarchy},
	                         .names = {tpm2_name_of_handle(hierarchy)},
	                         .authorization = session ? TPM2_AUTH_SESSION : TPM2_AUTH_EMPTY,
	                         .session = session,
	                         .value = session ? &tpm->owner : NULL,
	                         .attributes = TPMA_SESSION_CONTINUE,
	                         .answers_handle = true};
	int result = create_primary_of(tpm, &call, TPM_ALG_ECC, ret_key, ret_object, error);

	if (result < 0 && is_unsupported_type(call.response_code))
		result = create_primary_of(tpm, &call, TPM_ALG_RSA, ret_key, ret_object, error);
	return result;
}

int tpm2_evict(struct tpm *tpm, struct tpm2_session *session, uint32_t object, const struct tpm2_name *name,
               uint32_t persistent, struct error *error)
{
	char text[16];
	struct tpm2_call call = {.code = TPM_CC_EvictControl,
	                         .doing = object == persistent ? "remove the old object" : "keep the new object",
	                         .object = text,
	                         .handle_count = 2,
	                         .handles = {TPM_RH_OWNER, object},
	                         .names = {tpm2_name_of_handle(TPM_RH_OWNER), *name},
	                         .authorization = TPM2_AUTH_SESSION,
	                         .session = session,
	                         .value = &tpm->owner,
	                         .attributes = TPMA_SESSION_CONTINUE};

	(void)snprintf(text, sizeof(text), "0x%08x", persistent);
	tpm2_put_u32(tpm2_parameters(tpm), persistent);
	return tpm2_run(tpm, &call, error);
}

int tpm2_session_open_passing(struct tpm *tpm, struct tpm2_session **ret_session, struct error *error)
{
	CLEANUP(tpm2_transient_clear) struct tpm2_transient passing = {0};
	struct tpm2_key key = {0};
	int result = create_primary(tpm, TPM_RH_NULL, NULL, &key, &passing, error);

	return result < 0 ? result : tpm2_session_open(tpm, TPM_SE_HMAC, &key, ret_session, error);
}

/* The owner's passphrase authorises the new storage key, and there is no key yet to salt that session to. */
static int make_storage_key(struct tpm *tpm, struct error *error)
{
	CLEANUP(tpm2_transient_clear) struct tpm2_transient made = {0};
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct tpm2_key key = {0};
	int result = tpm2_session_open_passing(tpm, &session, error);

	if (result < 0)
		return result;
	result = create_primary(tpm, TPM_RH_OWNER, session, &key, &made, error);
	if (result == 0)
		result = tpm2_evict(tpm, session, made.handle, &made.name, TPM2_STORAGE_HANDLE, error);
	if (result == 0)
		result = tpm2_storage_accept(tpm, bytes_make(key.area, key.area_size), error);
	return result;
}

int tpm2_storage_ready(struct tpm *tpm, struct error *error)
{
	struct error found = {.code = E_NONE};
	int result = tpm2_storage_find(tpm, &found);

	if (result != -E_NOT_FOUND) {
		if (result < 0 && error)
			*error = found;
		return result;
	}
	/* A recorded Name cannot belong to a key that does not exist yet. */
	if (tpm->pinned.size > 0)
		return tpm2_storage_gone(error);
	return make_storage_key(tpm, error);
}

int tpm_pin_storage_key(struct tpm *tpm, struct bytes name, struct error *error)
{
	if (name.size > sizeof(tpm->pinned.data))
		return error_set(error, E_USAGE, STORAGE_OBJECT, "the recorded Name is too long for one");
	tpm->pinned.size = name.size;
	if (name.size > 0)
		memcpy(tpm->pinned.data, name.data, name.size);
	/* The Name was computed from the public area that the sessions are salted to, and what went through them proved
	 * that the TPM holds the private half: to ask again would prove less. */
	if (name.size > 0 && tpm->storage.known && tpm2_name_equal(&tpm->pinned, &tpm->storage.name))
		return 0;
	tpm->storage.known = false;
	tpm->unguarded = false;
	tpm2_session_close(&tpm->guard);
	tpm2_session_close(&tpm->policy);
	return 0;
}

int tpm_check_storage_key(struct tpm *tpm, struct error *error)
{
	struct error found = {.code = E_NONE};
	int result = tpm->pinned.size > 0 ? tpm2_storage_find(tpm, &found) : 0;

	if (result == -E_NOT_FOUND)
		result = tpm2_storage_gone(&found);
	if (result == -E_FOREIGN_TPM)
		tpm->unguarded = true;
	if (result < 0 && error)
		*error = found;
	return result;
}

int tpm_storage_key_name(struct tpm *tpm, struct bytes *ret_name, struct error *error)
{
	int result = tpm2_storage_find(tpm, error);

	if (result == 0)
		*ret_name = tpm2_name_bytes(&tpm->storage.name);
	return result;
}
