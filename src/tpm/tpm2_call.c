/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm2_client.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

/* A busy TPM is asked again after 5, 10, 20 ... ms, each at most 500 ms: about 6 seconds in all. */
#define BUSY_TRIES    16
#define BUSY_FIRST_MS 5
#define BUSY_LAST_MS  500

/* What the TPM says, and what it means for Heads. Numbers without the place (TPM_RC_REASON). */
static const struct {
	uint32_t reason;
	enum error_code code;
	const char *meaning;
} refusals[] = {
    {TPM_RC_AUTH_FAIL, E_WRONG_AUTH, "wrong passphrase; the TPM counts the attempt"},
    {TPM_RC_BAD_AUTH, E_WRONG_AUTH, "wrong passphrase"},
    {TPM_RC_POLICY_FAIL, E_WRONG_PCR, "the PCRs do not have the values it was sealed to"},
    {TPM_RC_PCR_CHANGED, E_WRONG_PCR, "a PCR was extended in the middle"},
    {TPM_RC_LOCKOUT, E_LOCKED_OUT, "too many wrong passphrases: the TPM is locked and opens again by itself with time"},
    {TPM_RC_HANDLE, E_NOT_FOUND, "the TPM holds nothing there"},
    {TPM_RC_NV_RANGE, E_MALFORMED, "another version of Heads made it, with another size; make a new one"},
    {TPM_RC_NV_UNWRITTEN, E_NOT_FOUND, "it was never written"},
    {TPM_RC_NV_SPACE, E_TPM, "the TPM's memory is full"},
    {TPM_RC_OBJECT_MEMORY, E_TPM, "the TPM has no room for another object"},
    {TPM_RC_SESSION_FULL, E_TPM, "the TPM has no room for another session"},
    {TPM_RC_INITIALIZE, E_TPM, "the firmware has not started the TPM"},
    {TPM_RC_FAILURE, E_TPM, "the TPM found itself faulty; switch the machine off and on"},
    {TPM_RC_RETRY, E_TPM, "the TPM stays busy"},
    {TPM_RC_YIELDED, E_TPM, "the TPM stays busy"},
    {TPM_RC_TESTING, E_TPM, "the TPM does not end its self-test"},
    {TPM_RC_REFERENCE_S0, E_TPM, "its session is gone: the TPM was reset while the machine ran"},
    {TPM_RC_NV_RATE, E_TPM, "the TPM protects its memory from being written too often; wait a minute"},
    {TPM_RC_COMMAND_CODE, E_UNSUPPORTED, "this TPM does not know the command: it is older than revision 1.38"},
    {TPM_RC_BAD_TAG, E_UNSUPPORTED,
     "this TPM is version 1.2, and Heads needs a TPM 2.0: nothing is measured into this one and it keeps no secret"},
};

static int refused(const struct tpm2_call *call, struct error *error)
{
	/* Numbers below 0x80 are those of a TPM 1.2 (Part 2, 6.6.2): it does not know this command's tag or code. */
	const uint32_t reason =
	    call->response_code < TPM_RC_FORMAT_ONE ? TPM_RC_BAD_TAG : TPM_RC_REASON(call->response_code);

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (refusals[i].reason == reason)
			return error_set(error, refusals[i].code, call->object,
			                 "cannot %s: %s (TPM answer 0x%03" PRIx32 ")", call->doing, refusals[i].meaning,
			                 call->response_code);
	}
	return error_set(error, E_TPM, call->object, "cannot %s: the TPM answers 0x%03" PRIx32, call->doing,
	                 call->response_code);
}

int tpm2_forged(const struct tpm2_call *call, struct error *error)
{
	return error_set(error, E_TPM_FORGED, call->object,
	                 "cannot %s: the answer is none that the TPM gives; something on its bus changes what it says",
	                 call->doing);
}

struct tpm2_writer *tpm2_parameters(struct tpm *tpm)
{
	tpm->parameters = tpm2_writer_make(tpm->parameter_bytes, sizeof(tpm->parameter_bytes));
	return &tpm->parameters;
}

/* TPM2B_NONCE, attributes, TPM2B_AUTH behind the session's handle (Part 1, section 18.4). */
static void put_authorization(const struct tpm2_call *call, struct bytes parameters, struct tpm2_writer *writer)
{
	struct tpm2_writer area;
	uint8_t bytes[128];
	struct digest mac;

	area = tpm2_writer_make(bytes, sizeof(bytes));
	if (call->authorization == TPM2_AUTH_EMPTY) {
		tpm2_put_u32(&area, TPM_RS_PW);
		tpm2_put_sized(&area, BYTES_EMPTY);
		tpm2_put_u8(&area, TPMA_SESSION_CONTINUE);
		tpm2_put_sized(&area, BYTES_EMPTY);
	} else {
		mac = tpm2_session_command_mac(call, parameters);
		tpm2_put_u32(&area, call->session->handle);
		tpm2_put_sized(&area, bytes_make(call->session->nonce_caller, sizeof(call->session->nonce_caller)));
		tpm2_put_u8(&area, call->attributes);
		tpm2_put_sized(&area, digest_bytes(&mac));
	}
	tpm2_put_u32(writer, (uint32_t)area.size);
	tpm2_put(writer, tpm2_written(&area));
}

/* The whole command in tpm->command; false where it does not fit. */
static bool build_command(struct tpm *tpm, const struct tpm2_call *call, struct bytes *ret_command)
{
	struct tpm2_writer writer = tpm2_writer_make(tpm->command, sizeof(tpm->command));
	const struct bytes parameters = tpm2_written(&tpm->parameters);
	struct tpm2_writer size;

	if (tpm->parameters.failed)
		return false;
	if (call->authorization == TPM2_AUTH_SESSION) {
		random_fill(call->session->nonce_caller, sizeof(call->session->nonce_caller));
		if (call->attributes & TPMA_SESSION_DECRYPT) {
			/* Only the first parameter, a TPM2B, without its size (Part 1, section 21). */
			struct cursor cursor = cursor_make(parameters);
			const size_t first = tpm2_get_sized(&cursor).size;

			if (cursor.failed)
				return false;
			tpm2_session_encrypt(call, tpm->parameters.data + 2, first);
		}
	}
	tpm2_put_u16(&writer, call->authorization == TPM2_AUTH_NONE ? TPM_ST_NO_SESSIONS : TPM_ST_SESSIONS);
	tpm2_put_u32(&writer, 0);
	tpm2_put_u32(&writer, call->code);
	for (size_t i = 0; i < call->handle_count; i++)
		tpm2_put_u32(&writer, call->handles[i]);
	if (call->authorization != TPM2_AUTH_NONE)
		put_authorization(call, parameters, &writer);
	tpm2_put(&writer, parameters);
	if (writer.failed)
		return false;
	size = tpm2_writer_make(tpm->command + 2, 4);
	tpm2_put_u32(&size, (uint32_t)writer.size);
	*ret_command = tpm2_written(&writer);
	return true;
}

static bool is_busy(uint32_t code)
{
	return code == TPM_RC_RETRY || code == TPM_RC_YIELDED || code == TPM_RC_TESTING || code == TPM_RC_NV_RATE;
}

static void sleep_ms(unsigned ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}

/* The nonces change only with a command that succeeds, so a busy TPM is sent the same bytes again. */
static int exchange(struct tpm *tpm, struct tpm2_call *call, struct bytes command, struct tpm2_header *ret_header,
                    struct error *error)
{
	unsigned pause = BUSY_FIRST_MS;

	for (unsigned tries = 1;; tries++) {
		size_t size = 0;
		int result = tpm->transport->exchange(tpm->transport, command, tpm->answer, &size, error);

		tpm->command_count++;
		if (result < 0)
			return result;
		if (size > sizeof(tpm->answer) || !tpm2_parse_header(bytes_make(tpm->answer, size), ret_header))
			return tpm2_forged(call, error);
		if (!is_busy(ret_header->code) || tries == BUSY_TRIES)
			return 0;
		if (!tpm->transport->immediate)
			sleep_ms(pause);
		pause = pause * 2 > BUSY_LAST_MS ? BUSY_LAST_MS : pause * 2;
	}
}

/* Takes the authorisation off the end of an answer, checks it, and decrypts. */
static bool accept_session(struct tpm *tpm, struct tpm2_call *call, struct cursor *cursor)
{
	struct tpm2_answer_session session;
	struct cursor inner;
	struct bytes first;

	call->answer = cursor_bytes(cursor, cursor_u32be(cursor));
	if (cursor->failed || !tpm2_parse_session_area(cursor->rest, &session))
		return false;
	if (call->authorization == TPM2_AUTH_EMPTY)
		return session.nonce.size == 0 && session.mac.size == 0;
	if (!tpm2_session_answer_accepted(call, call->answer, &session))
		return false;
	memcpy(call->session->nonce_tpm, session.nonce.data, session.nonce.size);
	call->session->nonce_tpm_size = session.nonce.size;
	if (!(call->attributes & TPMA_SESSION_CONTINUE))
		tpm2_forget_handle(tpm, call->session->handle);
	if (!(call->attributes & TPMA_SESSION_ENCRYPT))
		return true;
	inner = cursor_make(call->answer);
	first = tpm2_get_sized(&inner);
	if (inner.failed)
		return false;
	tpm2_session_decrypt(call, tpm->answer + (first.data - tpm->answer), first.size);
	return true;
}

static bool accept_answer(struct tpm *tpm, struct tpm2_call *call, const struct tpm2_header *header)
{
	struct cursor cursor = cursor_make(header->body);
	const bool with_session = call->authorization != TPM2_AUTH_NONE;

	if ((header->tag == TPM_ST_SESSIONS) != with_session)
		return false;
	if (call->answers_handle)
		call->handle = cursor_u32be(&cursor);
	if (cursor.failed)
		return false;
	if (with_session)
		return accept_session(tpm, call, &cursor);
	call->answer = cursor.rest;
	return true;
}

static bool changes_indices(uint32_t code)
{
	return code == TPM_CC_NV_DefineSpace || code == TPM_CC_NV_UndefineSpace || code == TPM_CC_Clear;
}

int tpm2_run(struct tpm *tpm, struct tpm2_call *call, struct error *error)
{
	struct tpm2_header header = {0};
	struct bytes command;
	int result;

	call->answer = BYTES_EMPTY;
	call->response_code = TPM_RC_SUCCESS;
	if (changes_indices(call->code))
		tpm->indices_listed = false;
	if (!build_command(tpm, call, &command))
		return error_set(error, E_TOO_LARGE, call->object, "cannot %s: the command is too long for a TPM",
		                 call->doing);
	result = exchange(tpm, call, command, &header, error);
	if (result == 0) {
		call->response_code = header.code;
		if (header.code != TPM_RC_SUCCESS)
			return refused(call, error);
		if (!accept_answer(tpm, call, &header))
			result = tpm2_forged(call, error);
	}
	/* The command may have been carried out although its answer is not usable. */
	if (result < 0)
		tpm->uncertain = true;
	return result;
}

int tpm2_remember_handle(struct tpm *tpm, uint32_t handle, struct error *error)
{
	if (tpm->open_count == TPM2_MAX_OPEN)
		return error_set(error, E_TPM, "TPM", "more TPM sessions and objects are open than a TPM can hold");
	tpm->open_handles[tpm->open_count++] = handle;
	return 0;
}

void tpm2_forget_handle(struct tpm *tpm, uint32_t handle)
{
	for (size_t i = 0; i < tpm->open_count; i++) {
		if (tpm->open_handles[i] == handle) {
			tpm->open_handles[i] = tpm->open_handles[--tpm->open_count];
			return;
		}
	}
}

void tpm2_flush(struct tpm *tpm, uint32_t handle)
{
	struct tpm2_call call = {.code = TPM_CC_FlushContext, .doing = "flush a handle", .object = "TPM"};

	tpm2_put_u32(tpm2_parameters(tpm), handle);
	/* What cannot be flushed now stays in the list, and tpm_close tries again. A handle is a parameter of this
	 * command, so one that is gone answers TPM_RC_HANDLE or TPM_RC_VALUE. */
	if (tpm2_run(tpm, &call, NULL) == 0 || TPM_RC_REASON(call.response_code) == TPM_RC_HANDLE ||
	    TPM_RC_REASON(call.response_code) == TPM_RC_VALUE)
		tpm2_forget_handle(tpm, handle);
}

void tpm2_transient_clear(struct tpm2_transient *transient)
{
	if (transient && transient->tpm)
		tpm2_flush(transient->tpm, transient->handle);
	if (transient)
		transient->tpm = NULL;
}
