/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/log_segment.h"
#include "attest/eventlog.h"
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "format/cpio.h"
#include "trust/trust.h"

int log_segment_make(const struct tpm *tpm, struct buffer *segment, struct error *error)
{
	const struct trust_way_out *way = trust_leave(TRUST_EXIT_BOOT);
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay;
	int r = eventlog_read(&log, error);

	if (r < 0)
		return r;
	measure_foretell(tpm, TRUST_MODE_PCR, way->mode, bytes_from_string(way->mode), &log);
	if (log.failed)
		return error_set(error, E_MEMORY, "event log", "there is not enough memory to hand over the event log");
	r = eventlog_replay(buffer_bytes(&log), &replay, error);
	if (r == 0)
		r = cpio_add(segment, LOG_SEGMENT_FILE, buffer_bytes(&log), error);
	if (r == 0)
		r = cpio_end(segment, error);
	if (r == 0)
		log_line("eventlog handed-over file=/" LOG_SEGMENT_FILE " events=%zu bytes=%zu", replay.events,
		         log.size);
	return r;
}
