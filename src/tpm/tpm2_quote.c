/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotes: what the PCRs are, signed by a key that signs nothing but what its TPM has generated (A16). */
#include "format/quote.h"
#include "tpm/tpm2_client.h"

#include <string.h>

#define QUOTE_HANDLE 0x81004802u
#define QUOTE_OBJECT "0x81004802"
/* Goes into the derivation, so that the key is another one than anybody else's of the same template. */
#define QUOTE_UNIQUE "Heads quote key 1"

/* The key's public area, of our kind, in struct tpm until the next command. */
static int read_key(struct tpm *tpm, struct bytes *ret_area, struct quote_key *ret_key, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_ReadPublic,
	                         .doing = "read the key for quotes",
	                         .object = QUOTE_OBJECT,
	                         .handle_count = 1,
	                         .handles = {QUOTE_HANDLE}};
	struct cursor cursor;
	int result;

	(void)tpm2_parameters(tpm);
	result = tpm2_run(tpm, &call, error);
	if (result == -E_NOT_FOUND)
		return error_set(error, E_NOT_FOUND, QUOTE_OBJECT, "the TPM has no key for quotes yet");
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	*ret_area = tpm2_get_sized(&cursor);
	if (cursor.failed || quote_key_parse(*ret_area, ret_key, NULL) < 0)
		return error_set(error, E_FOREIGN_TPM, QUOTE_OBJECT,
		                 "the object at %s in the TPM is no key for quotes; remove it", QUOTE_OBJECT);
	return 0;
}

int tpm_quote_key(struct tpm *tpm, struct buffer *area, struct error *error)
{
	struct quote_key key;
	struct bytes found;
	int result = read_key(tpm, &found, &key, error);

	if (result == 0)
		buffer_append_bytes(area, found);
	return result;
}

static void put_template(struct tpm2_writer *writer)
{
	const struct digest unique = digest_of(HASH_SHA256, bytes_from_string(QUOTE_UNIQUE));
	CLEANUP(buffer_clear) struct buffer area = {0};
	size_t place = tpm2_begin_sized(writer);

	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_end_sized(writer, place);
	quote_key_write(digest_bytes(&unique), BYTES_EMPTY, &area);
	writer->failed = writer->failed || area.failed;
	tpm2_put_sized(writer, buffer_bytes(&area));
	tpm2_put_sized(writer, BYTES_EMPTY);
	tpm2_put_u32(writer, 0);
}

/* A primary key of the owner hierarchy: the same one each time, until the TPM gets another owner. Its answer is not
 * secret; the owner's passphrase is the key of the session's HMAC (A1). */
static int make_key(struct tpm *tpm, struct error *error)
{
	CLEANUP(tpm2_transient_clear) struct tpm2_transient made = {0};
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct tpm2_call call = {.code = TPM_CC_CreatePrimary,
	                         .doing = "make the key for quotes",
	                         .object = "TPM",
	                         .handle_count = 1,
	                         .handles = {TPM_RH_OWNER},
	                         .names = {tpm2_name_of_handle(TPM_RH_OWNER)},
	                         .authorization = TPM2_AUTH_SESSION,
	                         .value = &tpm->owner,
	                         .attributes = TPMA_SESSION_CONTINUE,
	                         .answers_handle = true};
	struct quote_key key;
	struct cursor cursor;
	struct bytes area;
	int result = tpm2_storage_ready(tpm, error);

	if (result == 0)
		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	if (result < 0)
		return result;
	call.session = session;
	put_template(tpm2_parameters(tpm));
	result = tpm2_run(tpm, &call, error);
	if (result == 0)
		result = tpm2_remember_handle(tpm, call.handle, error);
	if (result < 0)
		return result;
	made = (struct tpm2_transient){.tpm = tpm, .handle = call.handle};
	cursor = cursor_make(call.answer);
	area = tpm2_get_sized(&cursor);
	if (cursor.failed || quote_key_parse(area, &key, NULL) < 0)
		return tpm2_forged(&call, error);
	made.name = tpm2_name_of_public(area);
	return tpm2_evict(tpm, session, made.handle, &made.name, QUOTE_HANDLE, error);
}

int tpm_quote_key_make(struct tpm *tpm, struct bytes owner, struct error *error)
{
	struct quote_key key;
	struct bytes area;
	int result = read_key(tpm, &area, &key, error);

	if (result != -E_NOT_FOUND)
		return result;
	tpm2_make_auth_value(owner, &tpm->owner);
	result = make_key(tpm, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}

int tpm_quote(struct tpm *tpm, struct bytes nonce, uint32_t mask, struct buffer *attest, struct buffer *signature,
              struct error *error)
{
	/* The key has no authorisation: whoever may send commands may ask for a quote, and can only learn the truth. */
	struct tpm2_call call = {.code = TPM_CC_Quote,
	                         .doing = "quote the PCRs",
	                         .object = QUOTE_OBJECT,
	                         .handle_count = 1,
	                         .handles = {QUOTE_HANDLE},
	                         .authorization = TPM2_AUTH_EMPTY};
	struct tpm2_writer *writer;
	struct quote_key key;
	struct cursor cursor;
	struct bytes area;
	int result;

	if (nonce.size == 0 || nonce.size > TPM_QUOTE_NONCE_MAX || mask == 0 || mask >> TPM_PCR_COUNT != 0)
		return error_set(error, E_USAGE, "TPM", "a quote takes a nonce of 1 to %d bytes, and PCRs below %d",
		                 TPM_QUOTE_NONCE_MAX, TPM_PCR_COUNT);
	result = read_key(tpm, &area, &key, error);
	if (result < 0)
		return result;
	call.names[0] = tpm2_name_of_public(area);
	result = tpm2_guard(tpm, &call, error);
	if (result < 0)
		return result;
	writer = tpm2_parameters(tpm);
	tpm2_put_sized(writer, nonce);
	tpm2_put_u16(writer, TPM_ALG_NULL); /* the key's own scheme */
	tpm2_put_pcr_selection(writer, HASH_SHA256, mask);
	result = tpm2_run_guarded(tpm, &call, error);
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	buffer_append_bytes(attest, tpm2_get_sized(&cursor));
	if (cursor.failed || cursor.rest.size == 0)
		return tpm2_forged(&call, error);
	buffer_append_bytes(signature, cursor.rest);
	return 0;
}
