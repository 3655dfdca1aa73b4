/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event log: read, replayed, written again from what was read, compared with itself and with half of itself. */
#include "attest/eventlog.h"
#include "attest/why.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read and is written again must lead to the same PCRs. */
static void write_again(struct bytes log, const struct eventlog_replay *replay)
{
	enum hash_algorithm banks[TPM_MAX_BANKS];
	struct eventlog_replay again;
	struct eventlog_reader reader;
	struct eventlog_event event;
	struct buffer copy = {0};

	for (size_t i = 0; i < replay->bank_count; i++)
		banks[i] = replay->banks[i].bank;
	eventlog_write_start(&copy, banks, replay->bank_count);
	if (eventlog_open(log, &reader, NULL) < 0)
		abort();
	while (eventlog_next(&reader, &event, NULL) > 0) {
		/* A note in banks that are not known cannot be written again, and may say where PCR 0 begins. */
		if (event.digest_count == 0 && event.type == EVENTLOG_NO_ACTION) {
			buffer_clear(&copy);
			return;
		}
		if (event.digest_count > 0)
			eventlog_write_event(&copy, event.pcr, event.type, event.digests, event.digest_count,
			                     event.data);
	}
	if (eventlog_replay(buffer_bytes(&copy), &again, NULL) < 0)
		abort();
	for (size_t i = 0; i < replay->bank_count; i++)
		for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
			if (!digest_equal(&replay->banks[i].values[pcr], &again.banks[i].values[pcr]))
				abort();
	buffer_clear(&copy);
}

/* Nothing differs from itself; what is cut off is explained, or refused. */
static void compare(struct bytes log)
{
	struct error error = {.code = E_NONE, .sentence = ""};
	static struct why why;
	int r = why_compare(log, log, NULL, &why, &error);

	if (r == 0 ? why.count != 0 : r != -E_TOO_LARGE)
		abort();
	(void)why_compare(log, bytes_slice(log, 0, log.size / 2), NULL, &why, &error);
	if (why_compare(bytes_slice(log, 0, log.size / 2), log, NULL, &why, &error) < 0)
		return;
	for (size_t i = 0; i < why.count; i++)
		if (why.causes[i].sentence[0] == '\0')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = {.code = E_NONE, .sentence = ""};
	struct eventlog_replay replay;
	int r = eventlog_replay(bytes_make(data, size), &replay, &error);

	if (r < 0 && (error.code != (enum error_code) - r || error.sentence[0] == '\0'))
		abort();
	if (r == 0) {
		write_again(bytes_make(data, size), &replay);
		compare(bytes_make(data, size));
	}
	return 0;
}
