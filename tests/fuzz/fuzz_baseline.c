/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kept list of events: what was read leads to PCRs, and written and read again it is the same text. */
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "format/baseline.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct baseline *baseline, struct buffer *text)
{
	const struct baseline_content content = {buffer_bytes(&baseline->log), UINT32_MAX, baseline->settings,
	                                         &baseline->untold};

	if (baseline_write(&content, text, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(baseline_clear) struct baseline baseline = {.has_settings = false}, again = {.has_settings = false};
	CLEANUP(buffer_clear) struct buffer first = {0}, second = {0};
	struct error error = {.code = E_NONE, .sentence = ""};
	struct eventlog_replay replay;
	int r = baseline_parse(bytes_make(data, size), &baseline, &error);

	if (r < 0) {
		if (error.code != (enum error_code) - r || error.sentence[0] == '\0')
			abort();
		return 0;
	}
	if (eventlog_replay(buffer_bytes(&baseline.log), &replay, &error) < 0)
		abort();
	/* Shorter forms of digests may stand for longer ones: the text that Heads writes is one of several. */
	write_again(&baseline, &first);
	if (baseline_parse(buffer_bytes(&first), &again, &error) < 0)
		abort();
	write_again(&again, &second);
	if (!bytes_equal(buffer_bytes(&first), buffer_bytes(&second)))
		abort();
	return 0;
}
