/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/measure.h"
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/text.h"
#include "trust/trust.h"
#include <stdio.h>

/* How an event of ours looks in the event log. */
static const struct {
	unsigned pcr;
	uint32_t type;
	bool with_content; /* the data ends with what was measured: text that the operating system sees anyway */
} forms[] = {
    {TRUST_MODE_PCR, EVENTLOG_ACTION, false},
    {TRUST_COMMAND_PCR, EVENTLOG_IPL, true},
    {TRUST_DISK_PCR, EVENTLOG_IPL, true},
};

static void log_measured(unsigned pcr, const char *what, const struct digest *sha256)
{
	char hex[2 * DIGEST_MAX_SIZE + 1], name[256];

	hex_encode(digest_bytes(sha256), hex);
	log_line("measure pcr=%u what=\"%s\" sha256=%s", pcr,
	         text_escape_into(bytes_from_string(what), name, sizeof(name)), hex);
}

/* The event's data, appended; returns its type. */
static uint32_t describe_event(unsigned pcr, const char *what, struct bytes bytes, struct buffer *data)
{
	uint32_t type = EVENTLOG_IPL;

	buffer_append_string(data, what);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (forms[i].pcr != pcr)
			continue;
		type = forms[i].type;
		if (forms[i].with_content) {
			buffer_append_string(data, ": ");
			buffer_append_bytes(data, bytes);
		}
	}
	return type;
}

/* The PCR is extended by now: an event that cannot be written is told, and the boot goes on. */
static void keep_event(unsigned pcr, const char *what, struct bytes bytes, const struct digest *digests, size_t count)
{
	CLEANUP(buffer_clear) struct buffer data = {0};
	uint32_t type = describe_event(pcr, what, bytes, &data);
	struct error error;

	if (eventlog_append(pcr, type, digests, count, buffer_bytes(&data), &error) < 0)
		log_error(&error);
}

/* One digest for each active bank. */
static size_t make_digests(const struct tpm *tpm, struct bytes bytes, const struct digest *sha256,
                           struct digest digests[TPM_MAX_BANKS])
{
	const enum hash_algorithm *banks;
	size_t count = tpm_banks(tpm, &banks);

	for (size_t i = 0; i < count; i++)
		digests[i] = banks[i] == HASH_SHA256 ? *sha256 : digest_of(banks[i], bytes);
	return count;
}

int measure_hashed(struct tpm *tpm, unsigned pcr, const char *what, struct bytes bytes, const struct digest *sha256,
                   struct error *error)
{
	struct digest digests[TPM_MAX_BANKS];
	size_t count;
	int r;

	if (tpm) {
		count = make_digests(tpm, bytes, sha256, digests);
		r = tpm_pcr_extend(tpm, pcr, digests, count, error);
		if (r < 0)
			return r;
		keep_event(pcr, what, bytes, digests, count);
	}
	log_measured(pcr, what, sha256);
	return 0;
}

int measure_bytes(struct tpm *tpm, unsigned pcr, const char *what, struct bytes bytes, struct error *error)
{
	struct digest sha256 = digest_of(HASH_SHA256, bytes);

	return measure_hashed(tpm, pcr, what, bytes, &sha256, error);
}

void measure_foretell(const struct tpm *tpm, unsigned pcr, const char *what, struct bytes bytes, struct buffer *log)
{
	CLEANUP(buffer_clear) struct buffer data = {0};
	struct digest digests[TPM_MAX_BANKS], sha256 = digest_of(HASH_SHA256, bytes);
	size_t count = make_digests(tpm, bytes, &sha256, digests);
	uint32_t type = describe_event(pcr, what, bytes, &data);

	if (data.failed)
		log->failed = true;
	else
		eventlog_write_event(log, pcr, type, digests, count, buffer_bytes(&data));
}
