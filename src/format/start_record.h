/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of the starts that the TPM keeps (docs/tpm.md): its own counters at the last start, and how the last
 * starts ended. Pure. */
#ifndef HEADS_FORMAT_START_RECORD_H
#define HEADS_FORMAT_START_RECORD_H

#include "base/bytes.h"

/* What was done in a start, of which every way out of the firmware is one; nothing: it was cut off. */
enum start_outcome {
	START_BOOTED = 1,     /* what the owner signed */
	START_FORCED = 2,     /* something that did not verify */
	START_SHELL = 4,      /* the recovery shell was open */
	START_RESTARTED = 8,  /* by the menu or after the shell */
	START_OFF = 16,       /* switched off in order */
	START_CRASHED = 32,   /* the menu ended in a way that it should not */
	START_OUTCOMES = 0x3f /* all of them */
};

#define START_RESETS_UNKNOWN 255u

struct start {
	uint32_t time;   /* when the menu began, seconds since 1970 as the machine's clock had it; 0: no start */
	uint8_t outcome; /* START_..., or 0: nothing was written before the machine went off or was reset */
	uint8_t resets;  /* of the TPM since the start before it, at most 254; 1 is normal. START_RESETS_UNKNOWN: the
	                    first one, or the TPM's counts went back */
};

#define START_RECORD_STARTS 20
#define START_RECORD_SIZE   216
#define START_RECORD_TAG    32

struct start_record {
	uint32_t reset_count, restart_count; /* of the TPM at the last start */
	uint64_t clock_ms;
	uint8_t tag[START_RECORD_TAG];            /* of the text that tpm_baseline_write has kept; zeros: none */
	struct start starts[START_RECORD_STARTS]; /* the newest first; those behind the oldest are all zero */
};

/* Where in the record the outcome of the newest start stands, so that it can be written by itself at its end: it is no
 * part of what the record's checksum covers, but has its own. */
#define START_OUTCOME_OFFSET 62
#define START_OUTCOME_SIZE   2

void start_record_encode(const struct start_record *record, uint8_t data[START_RECORD_SIZE]);
void start_outcome_encode(uint8_t outcome, uint8_t data[START_OUTCOME_SIZE]);
/* False where it is none, or damaged. An outcome of the newest start that is damaged was not written. */
bool start_record_decode(struct bytes data, struct start_record *ret_record);
/* Another start is the newest one, with no outcome yet; the oldest is forgotten. */
void start_record_add(struct start_record *record, uint32_t time, uint8_t resets);
/* One line for the owner: when, how it ended, and where it was not one the resets of the TPM before it:
 * "2026-11-25 23:52:00  recovery shell, switched off", "...  booted what you signed (2 resets before it)". */
#define START_TEXT_SIZE 200
void start_text(const struct start *start, char *text, size_t size);

#endif
