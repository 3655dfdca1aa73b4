/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was measured when attestation last succeeded, as text: the list of events of a log, each with its SHA-256
 * digest, and the owner's settings. Kept in the TPM and, signed, as kexec_eventlog.txt on /boot (docs/formats.md).
 * Pure. */
#ifndef HEADS_FORMAT_BASELINE_H
#define HEADS_FORMAT_BASELINE_H

#include "format/eventlog.h"

#define BASELINE_MAX_SIZE   ((size_t)256 << 10)
#define BASELINE_MAX_EVENTS 512
#define BASELINE_MAX_DATA   96 /* bytes of an event's data that are kept */

/* PCRs whose values no event leads to, and these values, in the SHA-256 bank. */
struct baseline_untold {
	uint32_t mask; /* bit n is PCR n */
	struct digest values[EVENTLOG_PCR_COUNT];
};

struct baseline_content {
	struct bytes log;                     /* an event log */
	uint32_t mask;                        /* events of other PCRs are left out */
	struct bytes settings;                /* data NULL: left out */
	const struct baseline_untold *untold; /* NULL: none */
};

/* Appends the text:
 *
 *     heads baseline 1
 *     banks sha256 sha1
 *     pcr PCR VALUE
 *     event PCR TYPE DIGEST DATA
 *     settings SIZE
 *     (SIZE bytes, to the end of the text)
 *
 * VALUE and DIGEST are those of the SHA-256 bank in hexadecimal; DIGEST is "data" where it is the SHA-256 of DATA, and
 * "none" for a note that extended nothing. DATA ends with the line; bytes outside printable ASCII, and the backslash,
 * are \xNN.
 *
 * Errors: those of eventlog_open and eventlog_next, -E_UNSUPPORTED (no SHA-256 bank), -E_TOO_LARGE, -E_MEMORY. */
int baseline_write(const struct baseline_content *content, struct buffer *text, struct error *error);

struct baseline {
	struct buffer log; /* the events, as an event log of the SHA-256 bank */
	struct baseline_untold untold;
	bool has_settings;
	struct bytes settings; /* borrowed from the text */
};

/* Reads the text back. ret_baseline: release with baseline_clear. Errors: -E_MALFORMED, -E_TOO_LARGE, -E_MEMORY. */
int baseline_parse(struct bytes text, struct baseline *ret_baseline, struct error *error);
void baseline_clear(struct baseline *baseline);

#endif
