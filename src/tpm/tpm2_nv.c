/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm2_nv.h"

#include <stdio.h>
#include <string.h>

struct tpm2_nv tpm2_nv_make(uint32_t index, uint32_t attributes, uint16_t size, const struct digest *policy,
                            const char *what)
{
	struct tpm2_nv nv = {.index = index, .attributes = attributes, .size = size, .what = what};

	if (policy)
		nv.policy = *policy;
	(void)snprintf(nv.object, sizeof(nv.object), "0x%08x", index);
	return nv;
}

/* TPMS_NV_PUBLIC */
static struct bytes put_public(const struct tpm2_nv *nv, bool written, uint8_t *area, size_t capacity)
{
	const struct tpm2_nv_public public_area = {nv->index, nv->attributes | (written ? TPMA_NV_WRITTEN : 0),
	                                           nv->size, digest_bytes(&nv->policy)};
	struct tpm2_writer writer = tpm2_writer_make(area, capacity);

	tpm2_put_nv_public(&writer, &public_area);
	return tpm2_written(&writer);
}

struct tpm2_name tpm2_nv_name(const struct tpm2_nv *nv)
{
	uint8_t area[64];

	return tpm2_name_of_public(put_public(nv, true, area, sizeof(area)));
}

/* Whether the TPM lists the index, in the guard: a refusal carries no HMAC, the list does. */
static int is_listed(struct tpm *tpm, const struct tpm2_nv *nv, bool *ret_listed, struct error *error)
{
	struct tpm2_call call = {
	    .code = TPM_CC_GetCapability, .doing = "ask whether there is an NV index", .object = nv->object};
	struct tpm2_handles found;
	int result = tpm2_guard(tpm, &call, error);

	*ret_listed = false;
	if (result < 0 || !call.session)
		return result;
	tpm2_put_u32(tpm2_parameters(tpm), TPM_CAP_HANDLES);
	tpm2_put_u32(&tpm->parameters, nv->index);
	tpm2_put_u32(&tpm->parameters, 1);
	result = tpm2_run_guarded(tpm, &call, error);
	if (result < 0 && result != -E_NOT_FOUND)
		return result;
	if (result < 0 || !tpm2_parse_handles(call.answer, &found))
		return tpm2_forged(&call, error);
	*ret_listed = found.count > 0 && found.handles[0] == nv->index;
	return 0;
}

/* All NV indices, listed once in the guard. Without a guard nothing is known. */
static int list_indices(struct tpm *tpm, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_GetCapability, .doing = "list the NV indices", .object = "TPM"};
	int result = tpm->indices_listed ? 0 : tpm2_guard(tpm, &call, error);

	if (result < 0 || !call.session)
		return result;
	tpm2_put_u32(tpm2_parameters(tpm), TPM_CAP_HANDLES);
	tpm2_put_u32(&tpm->parameters, TPM_HT_NV_FIRST);
	tpm2_put_u32(&tpm->parameters, TPM2_MAX_HANDLES);
	result = tpm2_run_guarded(tpm, &call, error);
	if (result < 0 && result != -E_NOT_FOUND)
		return result;
	if (result < 0 || !tpm2_parse_handles(call.answer, &tpm->indices))
		return tpm2_forged(&call, error);
	tpm->indices_listed = true;
	return 0;
}

bool tpm2_nv_is_known_absent(const struct tpm *tpm, uint32_t index)
{
	if (!tpm->indices_listed || tpm->indices.more)
		return false;
	for (size_t i = 0; i < tpm->indices.count; i++)
		if (tpm->indices.handles[i] == index)
			return false;
	return true;
}

static enum tpm2_nv_state state_of(const struct tpm2_nv *nv, const struct tpm2_nv_public *found)
{
	if (found->index != nv->index || found->size != nv->size ||
	    (found->attributes & ~TPMA_NV_WRITTEN) != nv->attributes ||
	    !bytes_equal(found->policy, digest_bytes(&nv->policy)))
		return TPM2_NV_FOREIGN;
	return found->attributes & TPMA_NV_WRITTEN ? TPM2_NV_WRITTEN : TPM2_NV_UNWRITTEN;
}

static struct tpm2_call read_public_call(const struct tpm2_nv *nv)
{
	return (struct tpm2_call){.code = TPM_CC_NV_ReadPublic,
	                          .doing = "read the attributes of an NV index",
	                          .object = nv->object,
	                          .handle_count = 1,
	                          .handles = {nv->index}};
}

int tpm2_nv_look(struct tpm *tpm, const struct tpm2_nv *nv, enum tpm2_nv_state *ret_state, struct tpm2_name *ret_name,
                 struct tpm2_nv_public *ret_public, struct error *error)
{
	struct tpm2_call call = read_public_call(nv);
	struct tpm2_nv_public found = {0};
	struct error refusal;
	int result;

	(void)tpm2_parameters(tpm);
	result = tpm2_run(tpm, &call, &refusal);
	if (result == -E_NOT_FOUND) {
		*ret_state = TPM2_NV_ABSENT;
		return 0;
	}
	if (result < 0) {
		if (error)
			*error = refusal;
		return result;
	}
	/* The Name goes into the HMAC of the commands that change the index: computed here, not believed. */
	if (!tpm2_parse_nv_read_public(call.answer, &found, ret_name))
		return error_set(error, E_FOREIGN_TPM, nv->object,
		                 "the NV index %s is not of the kind that Heads makes; remove it", nv->object);
	if (ret_public)
		*ret_public = found;
	*ret_state = state_of(nv, &found);
	return 0;
}

/* Whether the TPM knows the index by this Name: the HMAC of a command in the guard covers it. */
static int confirm_name(struct tpm *tpm, const struct tpm2_nv *nv, const struct tpm2_name *name, struct error *error)
{
	struct tpm2_call call = read_public_call(nv);
	int result;

	call.names[0] = *name;
	result = tpm2_guard(tpm, &call, error);
	if (result < 0 || !call.session)
		return result;
	(void)tpm2_parameters(tpm);
	result = tpm2_run_guarded(tpm, &call, error);
	return result == -E_NOT_FOUND ? tpm2_forged(&call, error) : result;
}

/* A read was refused because nothing stands there: as the TPM itself says. */
static int confirm_absence(struct tpm *tpm, const struct tpm2_nv *nv, const struct tpm2_call *refused,
                           enum tpm2_nv_state *ret_state, struct error *error)
{
	bool listed;
	int result = is_listed(tpm, nv, &listed, error);

	*ret_state = TPM2_NV_ABSENT;
	return result == 0 && listed ? tpm2_forged(refused, error) : result;
}

/* A read was refused because it is not what it should be: not written, or of another kind. */
static int confirm_state(struct tpm *tpm, const struct tpm2_nv *nv, const struct tpm2_call *refused,
                         enum tpm2_nv_state *ret_state, struct error *error)
{
	struct tpm2_name name;
	int result = tpm2_nv_look(tpm, nv, ret_state, &name, NULL, error);

	if (result < 0)
		return result;
	if (*ret_state == TPM2_NV_ABSENT || *ret_state == TPM2_NV_WRITTEN)
		return tpm2_forged(refused, error);
	return confirm_name(tpm, nv, &name, error);
}

static bool is_refused_authorization(const struct tpm2_call *call)
{
	const uint32_t reason = TPM_RC_REASON(call->response_code);

	return reason == TPM_RC_AUTH_FAIL || reason == TPM_RC_BAD_AUTH;
}

int tpm2_nv_find(struct tpm *tpm, const struct tpm2_nv *nv, uint8_t *data, enum tpm2_nv_state *ret_state,
                 struct error *error)
{
	/* Of the template: where another kind of index stands there, the TPM refuses the HMAC. */
	const struct tpm2_name name = tpm2_nv_name(nv);
	struct tpm2_call call = {.code = TPM_CC_NV_Read,
	                         .doing = "read an NV index",
	                         .object = nv->object,
	                         .handle_count = 2,
	                         .handles = {nv->index, nv->index},
	                         .names = {name, name},
	                         .authorization = TPM2_AUTH_EMPTY};
	struct tpm2_writer *writer;
	struct error refusal;
	struct cursor cursor;
	struct bytes content;
	int result = list_indices(tpm, error);

	*ret_state = TPM2_NV_ABSENT;
	if (result == 0 && tpm2_nv_is_known_absent(tpm, nv->index))
		return 0;
	if (result == 0)
		result = tpm2_guard(tpm, &call, error);
	if (result < 0)
		return result;
	writer = tpm2_parameters(tpm);
	tpm2_put_u16(writer, nv->size);
	tpm2_put_u16(writer, 0);
	result = tpm2_run_guarded(tpm, &call, &refusal);
	if (TPM_RC_REASON(call.response_code) == TPM_RC_HANDLE)
		return confirm_absence(tpm, nv, &call, ret_state, error);
	if (result == -E_NOT_FOUND || is_refused_authorization(&call))
		return confirm_state(tpm, nv, &call, ret_state, error);
	if (result < 0) {
		if (error)
			*error = refusal;
		return result;
	}
	cursor = cursor_make(call.answer);
	content = tpm2_get_sized(&cursor);
	if (cursor.failed || cursor.rest.size != 0 || content.size != nv->size)
		return tpm2_forged(&call, error);
	memcpy(data, content.data, content.size);
	*ret_state = TPM2_NV_WRITTEN;
	return 0;
}

int tpm2_nv_read(struct tpm *tpm, const struct tpm2_nv *nv, uint8_t *data, struct error *error)
{
	enum tpm2_nv_state state = TPM2_NV_ABSENT;
	int result = tpm2_nv_find(tpm, nv, data, &state, error);

	if (result < 0 || state == TPM2_NV_WRITTEN)
		return result;
	if (state == TPM2_NV_ABSENT)
		return error_set(error, E_NOT_FOUND, nv->object, "the TPM holds no %s (%s)", nv->what, nv->object);
	if (state == TPM2_NV_UNWRITTEN)
		return error_set(error, E_NOT_FOUND, nv->object, "the TPM's %s (%s) was never written", nv->what,
		                 nv->object);
	return error_set(error, E_FOREIGN_TPM, nv->object,
	                 "what stands in the TPM in the place of the %s (%s) is not of the kind that Heads makes; "
	                 "remove it",
	                 nv->what, nv->object);
}

/* Any of the commands that the owner gives for an index. */
static struct tpm2_call owner_call(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv,
                                   uint32_t code, const char *doing)
{
	return (struct tpm2_call){.code = code,
	                          .doing = doing,
	                          .object = nv->object,
	                          .handle_count = 1,
	                          .handles = {TPM_RH_OWNER},
	                          .names = {tpm2_name_of_handle(TPM_RH_OWNER)},
	                          .authorization = TPM2_AUTH_SESSION,
	                          .session = session,
	                          .value = &tpm->owner,
	                          .attributes = TPMA_SESSION_CONTINUE};
}

static int undefine(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv,
                    const struct tpm2_name *name, struct error *error)
{
	struct tpm2_call call = owner_call(tpm, session, nv, TPM_CC_NV_UndefineSpace, "remove an NV index");

	call.handles[call.handle_count] = nv->index;
	call.names[call.handle_count++] = *name;
	(void)tpm2_parameters(tpm);
	return tpm2_run(tpm, &call, error);
}

int tpm2_nv_remove(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv, struct error *error)
{
	enum tpm2_nv_state state;
	struct tpm2_name name;
	int result = tpm2_nv_look(tpm, nv, &state, &name, NULL, error);

	return result < 0 || state == TPM2_NV_ABSENT ? result : undefine(tpm, session, nv, &name, error);
}

static int define(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv, struct tpm2_name *ret_name,
                  struct error *error)
{
	struct tpm2_call call = owner_call(tpm, session, nv, TPM_CC_NV_DefineSpace, "make an NV index");
	struct tpm2_writer *writer = tpm2_parameters(tpm);
	uint8_t area[64];
	const struct bytes public_area = put_public(nv, false, area, sizeof(area));

	*ret_name = tpm2_name_of_public(public_area);
	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_sized(writer, public_area);
	return tpm2_run(tpm, &call, error);
}

int tpm2_nv_ready(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv, struct tpm2_name *ret_name,
                  struct error *error)
{
	enum tpm2_nv_state state;
	int result = tpm2_nv_look(tpm, nv, &state, ret_name, NULL, error);

	if (result == 0 && state == TPM2_NV_FOREIGN) {
		result = undefine(tpm, session, nv, ret_name, error);
		state = TPM2_NV_ABSENT;
	}
	if (result == 0 && state == TPM2_NV_ABSENT)
		result = define(tpm, session, nv, ret_name, error);
	return result;
}

int tpm2_nv_change(struct tpm *tpm, struct tpm2_session *session, const struct tpm2_nv *nv,
                   const struct tpm2_name *name, struct bytes data, struct error *error)
{
	const bool counter = (nv->attributes & TPMA_NV_TYPE) == TPMA_NV_COUNTER;
	const bool by_owner = (nv->attributes & TPMA_NV_OWNERWRITE) != 0;
	struct tpm2_call call = {.code = counter ? TPM_CC_NV_Increment : TPM_CC_NV_Write,
	                         .doing = counter ? "raise a counter" : "write an NV index",
	                         .object = nv->object,
	                         .handle_count = 2,
	                         .handles = {by_owner ? TPM_RH_OWNER : nv->index, nv->index},
	                         .names = {by_owner ? tpm2_name_of_handle(TPM_RH_OWNER) : *name, *name},
	                         .authorization = TPM2_AUTH_SESSION,
	                         .session = session,
	                         .value = by_owner ? &tpm->owner : NULL,
	                         .attributes = TPMA_SESSION_CONTINUE};
	struct tpm2_writer *writer = tpm2_parameters(tpm);

	if (!counter) {
		tpm2_put_sized(writer, data);
		tpm2_put_u16(writer, 0);
	}
	return tpm2_run(tpm, &call, error);
}
