/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Salted sessions: Part 1, sections 17.6 (HMAC), 17.6.8 (session key), 21 (parameter encryption). */
#include "tpm/tpm2_client.h"

#include <string.h>

/* What Part 1 calls sessionValue: session key, then the authValue of the entity that the session authorises. */
struct session_value {
	size_t size;
	uint8_t data[TPM2_DIGEST_SIZE * 2];
};

static struct session_value session_value(const struct tpm2_call *call, const struct tpm2_auth_value *entity)
{
	struct session_value value = {.size = TPM2_DIGEST_SIZE};

	memcpy(value.data, call->session->key, TPM2_DIGEST_SIZE);
	if (entity) {
		memcpy(value.data + value.size, entity->data, entity->size);
		value.size += entity->size;
	}
	return value;
}

static struct digest session_mac(const struct tpm2_call *call, const struct tpm2_auth_value *entity,
                                 const struct digest *content, struct bytes newer, struct bytes older,
                                 uint8_t attributes)
{
	struct session_value value = session_value(call, entity);
	const struct bytes parts[4] = {digest_bytes(content), newer, older, bytes_make(&attributes, 1)};
	struct digest mac = hmac_of(HASH_SHA256, bytes_make(value.data, value.size), parts, 4);

	memory_wipe(&value, sizeof(value));
	return mac;
}

static struct bytes nonce_caller(const struct tpm2_session *session)
{
	return bytes_make(session->nonce_caller, sizeof(session->nonce_caller));
}

static struct bytes nonce_tpm(const struct tpm2_session *session)
{
	return bytes_make(session->nonce_tpm, session->nonce_tpm_size);
}

struct digest tpm2_session_command_mac(const struct tpm2_call *call, struct bytes parameters)
{
	uint8_t code[4];
	struct tpm2_writer writer = tpm2_writer_make(code, sizeof(code));
	struct bytes parts[5] = {bytes_make(code, sizeof(code))};
	struct digest content;
	size_t count = 1;

	/* cpHash = H(commandCode || Names of the handles || parameters) */
	tpm2_put_u32(&writer, call->code);
	for (size_t i = 0; i < call->handle_count; i++)
		parts[count++] = tpm2_name_bytes(&call->names[i]);
	parts[count++] = parameters;
	content = digest_of_parts(HASH_SHA256, parts, count);
	return session_mac(call, call->value, &content, nonce_caller(call->session), nonce_tpm(call->session),
	                   call->attributes);
}

bool tpm2_session_answer_accepted(const struct tpm2_call *call, struct bytes parameters,
                                  const struct tpm2_answer_session *answer)
{
	uint8_t head[8];
	unsigned ignored = 0;
	struct tpm2_writer writer = tpm2_writer_make(head, sizeof(head));
	struct digest content, mac;

	if (answer->nonce.size < 16 || answer->nonce.size > sizeof(call->session->nonce_tpm))
		return false;
	/* rpHash = H(responseCode || commandCode || parameters) */
	tpm2_put_u32(&writer, TPM_RC_SUCCESS);
	tpm2_put_u32(&writer, call->code);
	content = digest_of_parts(HASH_SHA256, (const struct bytes[]){tpm2_written(&writer), parameters}, 2);
	mac = session_mac(call, call->new_value ? call->new_value : call->value, &content, answer->nonce,
	                  nonce_caller(call->session), answer->attributes);
	/* The attributes come back as they were sent; an audit adds whether nothing else was sent meanwhile. */
	if (call->attributes & TPMA_SESSION_AUDIT)
		ignored = TPMA_SESSION_AUDIT_EXCLUSIVE;
	return bytes_equal_secret(answer->mac, digest_bytes(&mac)) &&
	       (answer->attributes & ~ignored) == call->attributes;
}

static void session_cipher(const struct tpm2_call *call, bool encrypt, struct bytes newer, struct bytes older,
                           uint8_t *data, size_t size)
{
	struct session_value value = session_value(call, call->value);
	uint8_t key[TPM2_AES_SIZE * 2];

	tpm2_kdfa(bytes_make(value.data, value.size), "CFB", newer, older, key, sizeof(key));
	tpm2_cfb(encrypt, key, key + TPM2_AES_SIZE, data, size);
	memory_wipe(key, sizeof(key));
	memory_wipe(&value, sizeof(value));
}

void tpm2_session_encrypt(const struct tpm2_call *call, uint8_t *data, size_t size)
{
	session_cipher(call, true, nonce_caller(call->session), nonce_tpm(call->session), data, size);
}

void tpm2_session_decrypt(const struct tpm2_call *call, uint8_t *data, size_t size)
{
	session_cipher(call, false, nonce_tpm(call->session), nonce_caller(call->session), data, size);
}

static struct tpm2_session *free_session(struct tpm *tpm)
{
	for (size_t i = 0; i < TPM2_SESSIONS; i++) {
		if (!tpm->sessions[i].tpm)
			return &tpm->sessions[i];
	}
	return NULL;
}

/* TPM2_StartAuthSession, parameters behind the encrypted salt (Part 3, 11.1). */
static void put_session_type(struct tpm2_writer *writer, uint8_t type)
{
	tpm2_put_u8(writer, type);
	tpm2_put_u16(writer, TPM_ALG_AES);
	tpm2_put_u16(writer, TPM2_AES_SIZE * 8);
	tpm2_put_u16(writer, TPM_ALG_CFB);
	tpm2_put_u16(writer, HASH_SHA256);
}

static int start_session(struct tpm *tpm, uint8_t type, const struct tpm2_key *key, uint8_t salt[TPM2_DIGEST_SIZE],
                         struct tpm2_session *session, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_StartAuthSession,
	                         .doing = "start an encrypted session",
	                         .object = "TPM",
	                         .handle_count = 2,
	                         .handles = {key->handle, TPM_RH_NULL},
	                         .answers_handle = true};
	struct tpm2_writer *writer = tpm2_parameters(tpm);
	struct cursor cursor;
	struct bytes nonce;
	int result;

	random_fill(session->nonce_caller, sizeof(session->nonce_caller));
	tpm2_put_sized(writer, nonce_caller(session));
	result = tpm2_make_salt(&key->public_area, salt, writer, error);
	if (result < 0)
		return result;
	put_session_type(writer, type);
	result = tpm2_run(tpm, &call, error);
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	nonce = tpm2_get_sized(&cursor);
	if (cursor.failed || cursor.rest.size != 0 || nonce.size < 16 || nonce.size > sizeof(session->nonce_tpm) ||
	    call.handle >> 25 != TPM_HT_SESSION_FIRST >> 25) {
		tpm->uncertain = true;
		return tpm2_forged(&call, error);
	}
	memcpy(session->nonce_tpm, nonce.data, nonce.size);
	session->nonce_tpm_size = nonce.size;
	session->handle = call.handle;
	return tpm2_remember_handle(tpm, call.handle, error);
}

int tpm2_session_open(struct tpm *tpm, uint8_t type, const struct tpm2_key *key, struct tpm2_session **ret_session,
                      struct error *error)
{
	struct tpm2_session *session = free_session(tpm);
	uint8_t salt[TPM2_DIGEST_SIZE];
	int result;

	if (!session)
		return error_set(error, E_TPM, "TPM", "more TPM sessions are wanted than Heads keeps");
	result = start_session(tpm, type, key, salt, session, error);
	if (result == 0) {
		/* Not bound to an entity, so that the salt alone is the secret: sessionKey = KDFa(salt, "ATH", ...) */
		tpm2_kdfa(bytes_make(salt, sizeof(salt)), "ATH", nonce_tpm(session), nonce_caller(session),
		          session->key, sizeof(session->key));
		session->tpm = tpm;
		*ret_session = session;
	}
	memory_wipe(salt, sizeof(salt));
	return result;
}

void tpm2_session_close(struct tpm2_session **session)
{
	struct tpm2_session *closing = session ? *session : NULL;

	if (!closing)
		return;
	/* A session that ended with its last command is no longer in the list and costs no command. */
	for (size_t i = 0; i < closing->tpm->open_count; i++) {
		if (closing->tpm->open_handles[i] == closing->handle) {
			tpm2_flush(closing->tpm, closing->handle);
			break;
		}
	}
	memory_wipe(closing, sizeof(*closing));
	*session = NULL;
}

int tpm2_policy_open(struct tpm *tpm, struct error *error)
{
	int result;

	if (tpm->policy)
		return 0;
	result = tpm2_storage_find(tpm, error);
	if (result == -E_NOT_FOUND)
		return error_set(error, E_FOREIGN_TPM, "TPM",
		                 "the TPM's storage key is gone: it was cleared, or it is another one");
	return result < 0 ? result : tpm2_session_open(tpm, TPM_SE_POLICY, &tpm->storage, &tpm->policy, error);
}

static int guard_ready(struct tpm *tpm, struct error *error)
{
	struct error found;
	int result;

	if (tpm->guard || tpm->unguarded)
		return 0;
	result = tpm2_storage_find(tpm, &found);
	if (result == 0)
		return tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &tpm->guard, error);
	/* Before the first seal there is nothing that the TPM can be told from an impostor by. A key that is not ours
	 * proves as little, and must not keep the machine from its menu. */
	if (tpm->pinned.size == 0 && (result == -E_NOT_FOUND || result == -E_FOREIGN_TPM)) {
		tpm->unguarded = true;
		return 0;
	}
	if (result == -E_NOT_FOUND)
		return tpm2_storage_gone(error);
	if (error)
		*error = found;
	return result;
}

int tpm2_guard(struct tpm *tpm, struct tpm2_call *call, struct error *error)
{
	const bool authorizes = call->authorization != TPM2_AUTH_NONE;
	int result = guard_ready(tpm, error);

	if (result < 0 || !tpm->guard)
		return result;
	call->authorization = TPM2_AUTH_SESSION;
	call->session = tpm->guard;
	/* A command that needs no authorisation takes an HMAC session only to be audited (Part 1, 19.6). */
	call->attributes |= (uint8_t)(TPMA_SESSION_CONTINUE | (authorizes ? 0 : TPMA_SESSION_AUDIT));
	return 0;
}

int tpm2_run_guarded(struct tpm *tpm, struct tpm2_call *call, struct error *error)
{
	int result = tpm2_run(tpm, call, error);

	if (result == 0 || call->authorization != TPM2_AUTH_SESSION)
		return result;
	/* Nothing is there: the nonces stay as they were. Where somebody else said so, the next command is refused. */
	if (result == -E_NOT_FOUND)
		return result;
	tpm2_session_close(&tpm->guard);
	/* There was no passphrase that could be wrong: the TPM saw another command than was sent. */
	return result == -E_WRONG_AUTH ? tpm2_forged(call, error) : result;
}

bool tpm_is_guarded(const struct tpm *tpm)
{
	return tpm->guard != NULL;
}
