/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM that answers whatever the input says: first byte the operation, then answers, each a 16-bit size and its bytes.
 * The size in an answer's header is set right unless the operation's top bit is set, so that the parsers are reached.
 */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "tpm/tpm2_record.h"
#include "tpm/transport.h"
#include <string.h>

#define KEEP_SIZE 0x80

struct answering {
	struct tpm_transport base;
	struct cursor answers;
	bool fix_size;
};

static int answer_next(struct tpm_transport *base, struct bytes command, uint8_t *answer, size_t *ret_size,
                       struct error *error)
{
	struct answering *answering = (struct answering *)base;
	const struct bytes next = cursor_bytes(&answering->answers, cursor_u16be(&answering->answers));

	(void)command;
	if (answering->answers.failed || next.size > TPM_MESSAGE_LIMIT)
		return error_set(error, E_IO, "fuzz", "no more answers");
	if (next.size > 0)
		memcpy(answer, next.data, next.size);
	if (answering->fix_size && next.size >= 6) {
		answer[2] = answer[3] = 0;
		answer[4] = (uint8_t)(next.size >> 8);
		answer[5] = (uint8_t)next.size;
	}
	*ret_size = next.size;
	return 0;
}

static void close_nothing(struct tpm_transport *base)
{
	(void)base;
}

static void operate(struct tpm *tpm, unsigned operation)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	CLEANUP(totp_close) struct totp totp = {0};
	CLEANUP(buffer_clear) struct buffer attest = {0}, signature = {0};
	const struct bytes text = bytes_from_string("text");
	struct tpm_info info;
	struct tpm_pcrs pcrs;
	struct error error;
	uint32_t mask;

	switch (operation % 7) {
	case 0:
		if (tpm_get_info(tpm, &info, &error) == 0)
			(void)tpm_get_handles(tpm, &info, &error);
		break;
	case 1:
		(void)totp_open(tpm, HEADS_RELEASE_EPOCH, 90, &totp, &error);
		break;
	case 2:
		(void)totp_new(tpm, HEADS_RELEASE_EPOCH, text, &secret, &error);
		break;
	case 3:
		(void)tpm_forget(tpm, TPM_SLOT_DISK, text, &error);
		break;
	case 4:
		(void)tpm_seal_difference(tpm, TPM_SLOT_TOTP, &mask, &error);
		break;
	case 6:
		if (tpm_quote_key_make(tpm, text, &error) == 0)
			(void)tpm_quote(tpm, text, 0x3ff, &attest, &signature, &error);
		break;
	default:
		(void)tpm_pcr_read(tpm, HASH_SHA256, 0xffffff, &pcrs, &error);
		break;
	}
}

static void parse_alone(struct bytes bytes)
{
	enum hash_algorithm banks[TPM_MAX_BANKS];
	struct digest values[TPM_PCR_COUNT];
	struct tpm2_answer_session session;
	struct tpm2_properties properties;
	struct tpm2_public public_area;
	struct tpm2_nv_public nv_public;
	struct tpm2_handles handles;
	struct tpm2_header header;
	struct tpm2_record record;
	struct tpm2_clock clock;
	struct tpm2_name name;
	uint32_t counter, mask;
	size_t count;

	if (tpm2_parse_public(bytes, &public_area) && public_area.area.size != bytes.size)
		abort();
	if (tpm2_parse_banks(bytes, banks, &count) && count > TPM_MAX_BANKS)
		abort();
	if (tpm2_parse_pcr_read(bytes, HASH_SHA256, 0xffffff, &counter, &mask, values) && (mask == 0 || mask >> 24))
		abort();
	if (tpm2_parse_handles(bytes, &handles) && handles.count > TPM2_MAX_HANDLES)
		abort();
	(void)tpm2_parse_session_area(bytes, &session);
	(void)tpm2_parse_properties(bytes, &properties);
	(void)tpm2_parse_nv_read_public(bytes, &nv_public, &name);
	(void)tpm2_parse_read_public(bytes, &public_area, &name);
	(void)tpm2_parse_header(bytes, &header);
	(void)tpm2_parse_clock(bytes, &clock);
	if (tpm2_record_decode(bytes, &record)) {
		uint8_t data[TPM2_RECORD_SIZE];

		if (!tpm2_record_encode(&record, data))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answering answering = {.base = {.exchange = answer_next, .close = close_nothing, .immediate = true}};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct cursor cursor;
	struct error error;

	if (size == 0)
		return 0;
	digest_library_start();
	answering.answers = cursor_make(bytes_make(data + 1, size - 1));
	answering.fix_size = !(data[0] & KEEP_SIZE);
	for (cursor = answering.answers; !cursor.failed && cursor.rest.size > 0;) {
		struct bytes answer = cursor_bytes(&cursor, cursor_u16be(&cursor));

		parse_alone(answer);
		parse_alone(bytes_slice(answer, 10, answer.size));
	}
	if (tpm_open_transport(&answering.base, &tpm, &error) == 0)
		operate(tpm, data[0]);
	return 0;
}
