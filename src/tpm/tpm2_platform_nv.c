/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NV indices that the platform hierarchy makes and writes, and anybody reads: what Heads remembers from one start to
 * the next. The hierarchy's authorisation is empty until tpm_lock_platform, and random afterwards: whoever comes behind
 * Heads reads them and cannot write them. What they hold is no secret. They survive TPM2_Clear. */
#include "tpm/tpm2_client.h"

#include <string.h>

static struct tpm2_call platform_call(uint32_t code, const char *doing, const char *object)
{
	return (struct tpm2_call){.code = code,
	                          .doing = doing,
	                          .object = object,
	                          .handle_count = 1,
	                          .handles = {TPM_RH_PLATFORM},
	                          .authorization = TPM2_AUTH_EMPTY};
}

int tpm2_platform_define(struct tpm *tpm, uint32_t index, uint16_t size, struct error *error)
{
	const struct tpm2_nv_public wanted = {index, TPM2_PLATFORM_ATTRIBUTES, size, BYTES_EMPTY};
	char object[16];
	struct tpm2_call call = platform_call(TPM_CC_NV_DefineSpace, "make room in the TPM's memory", object);
	struct tpm2_writer *writer = tpm2_parameters(tpm);
	size_t place;

	(void)snprintf(object, sizeof(object), "0x%08x", index);
	tpm2_put_sized(writer, BYTES_EMPTY);
	place = tpm2_begin_sized(writer);
	tpm2_put_nv_public(writer, &wanted);
	tpm2_end_sized(writer, place);
	return tpm2_run(tpm, &call, error);
}

int tpm2_platform_undefine(struct tpm *tpm, uint32_t index, struct error *error)
{
	char object[16];
	struct tpm2_call call = platform_call(TPM_CC_NV_UndefineSpace, "give back room in the TPM's memory", object);

	(void)snprintf(object, sizeof(object), "0x%08x", index);
	call.handles[call.handle_count++] = index;
	(void)tpm2_parameters(tpm);
	return tpm2_run(tpm, &call, error);
}

int tpm2_platform_size(struct tpm *tpm, uint32_t index, uint16_t *ret_size, struct error *error)
{
	char object[16];
	struct tpm2_call call = {.code = TPM_CC_NV_ReadPublic,
	                         .doing = "read the attributes of an NV index",
	                         .object = object,
	                         .handle_count = 1,
	                         .handles = {index}};
	struct tpm2_nv_public found = {0};
	struct tpm2_name name;
	int result;

	(void)snprintf(object, sizeof(object), "0x%08x", index);
	(void)tpm2_parameters(tpm);
	result = tpm2_run(tpm, &call, error);
	if (result < 0)
		return result;
	if (!tpm2_parse_nv_read_public(call.answer, &found, &name) || found.index != index ||
	    (found.attributes & ~TPMA_NV_WRITTEN) != TPM2_PLATFORM_ATTRIBUTES || found.policy.size != 0)
		return error_set(error, E_FOREIGN_TPM, object,
		                 "the NV index %s is not of the kind that Heads makes; remove it", object);
	*ret_size = found.size;
	return 0;
}

int tpm2_platform_write(struct tpm *tpm, uint32_t index, uint16_t offset, struct bytes data, struct error *error)
{
	char object[16];
	struct tpm2_call call = platform_call(TPM_CC_NV_Write, "write the TPM's memory", object);
	struct tpm2_writer *writer = tpm2_parameters(tpm);

	(void)snprintf(object, sizeof(object), "0x%08x", index);
	call.handles[call.handle_count++] = index;
	tpm2_put_sized(writer, data);
	tpm2_put_u16(writer, offset);
	return tpm2_run(tpm, &call, error);
}

int tpm2_platform_read(struct tpm *tpm, uint32_t index, uint16_t offset, uint16_t size, struct bytes *ret_data,
                       bool *ret_unwritten, struct error *error)
{
	char object[16];
	struct tpm2_call call = {.code = TPM_CC_NV_Read,
	                         .doing = "read the TPM's memory",
	                         .object = object,
	                         .handle_count = 2,
	                         .handles = {index, index},
	                         .authorization = TPM2_AUTH_EMPTY};
	struct tpm2_writer *writer = tpm2_parameters(tpm);
	struct cursor cursor;
	int result;

	(void)snprintf(object, sizeof(object), "0x%08x", index);
	tpm2_put_u16(writer, size);
	tpm2_put_u16(writer, offset);
	*ret_data = BYTES_EMPTY;
	result = tpm2_run(tpm, &call, error);
	*ret_unwritten = TPM_RC_REASON(call.response_code) == TPM_RC_NV_UNWRITTEN;
	if (*ret_unwritten)
		return 0;
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	*ret_data = tpm2_get_sized(&cursor);
	return cursor.failed || cursor.rest.size != 0 || ret_data->size != size ? tpm2_forged(&call, error) : 0;
}
