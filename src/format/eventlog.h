/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCG's crypto-agile event log, read and written: a TCG_EfiSpecIDEvent that names the banks, then TCG_PCR_EVENT2
 * one after the other. Pure; work is linear in the size of the log. TCG PC Client Platform Firmware Profile 1.05,
 * section 10 (Event Logging). */
#ifndef HEADS_FORMAT_EVENTLOG_H
#define HEADS_FORMAT_EVENTLOG_H

#include "base/digest.h"
#include "base/error.h"

#define EVENTLOG_PCR_COUNT 24
#define EVENTLOG_MAX_BANKS 8

/* The event types that Heads writes; eventlog_type_name knows the others. */
#define EVENTLOG_POST_CODE 0x00000001u /* firmware */
#define EVENTLOG_NO_ACTION 0x00000003u /* extends nothing: a note */
#define EVENTLOG_ACTION    0x00000005u /* data is the string that was measured: the boot mode */
#define EVENTLOG_IPL       0x0000000du /* what the loader measured; data names it */

struct eventlog_event {
	size_t number; /* from 1; the Spec ID event is 0 */
	uint32_t pcr;
	uint32_t type;
	size_t digest_count; /* of hashes that are known */
	struct digest digests[EVENTLOG_MAX_BANKS];
	struct bytes data; /* borrowed from the log */
};

/* Reading: eventlog_open, then eventlog_next. */
struct eventlog_reader {
	struct bytes rest;
	size_t number;
	size_t bank_count;
	struct {
		uint16_t algorithm; /* TPM_ALG_ID, known or not */
		uint16_t size;
	} banks[EVENTLOG_MAX_BANKS];
};

/* Reads the Spec ID event. The log must outlive the reader.
 * Errors: -E_MALFORMED, -E_UNSUPPORTED (a SHA-1 log of TPM 1.2, too many banks). */
int eventlog_open(struct bytes log, struct eventlog_reader *ret_reader, struct error *error);
/* Returns 1 with an event, 0 at the end: of the bytes, or where nothing but zeros follows (a log in reserved memory).
 * Errors: -E_MALFORMED with the number of the event; every kind of damage has its sentence. */
int eventlog_next(struct eventlog_reader *reader, struct eventlog_event *ret_event, struct error *error);
/* The event's digest of this bank; NULL where the bank was not extended. */
const struct digest *eventlog_digest(const struct eventlog_event *event, enum hash_algorithm bank);
/* "EV_IPL"; NULL for a type that is not known. */
const char *eventlog_type_name(uint32_t type);
/* The locality that started the TPM, which PCR 0 begins with; -1 where this is no StartupLocality event. */
int eventlog_startup_locality(const struct eventlog_event *event);

/* Writing: both append. */
void eventlog_write_start(struct buffer *log, const enum hash_algorithm *banks, size_t count);
void eventlog_write_event(struct buffer *log, uint32_t pcr, uint32_t type, const struct digest *digests, size_t count,
                          struct bytes data);

#endif
