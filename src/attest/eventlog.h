/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The measured boot's event log: from the firmware's first measurement through every extend of ours. PID 1 starts it,
 * src/attest/measure.c appends; docs/event-log.md says what is in it. The TPM is the truth, the log explains it. */
#ifndef HEADS_ATTEST_EVENTLOG_H
#define HEADS_ATTEST_EVENTLOG_H

#include "attest/firmware_log.h"
#include "format/eventlog.h"
#include "tpm/tpm.h"

#define EVENTLOG_FILE     "/run/heads/eventlog"
#define EVENTLOG_MAX_SIZE ((size_t)16 << 20)
#define EVENTLOG_ROM_PCR  2 /* what coreboot measures into */

/* A note (EV_NO_ACTION) in the place of the firmware's events, where there are none; the reason follows. */
#define EVENTLOG_NO_FIRMWARE "Heads: firmware log absent: "

/* Writes the log's first event and the firmware's part: a pure step of eventlog_start. banks are those that are active.
 * Errors: -E_MALFORMED (the firmware's log), -E_UNSUPPORTED (its digests are of no active bank), -E_MEMORY. */
int eventlog_begin(struct buffer *log, const enum hash_algorithm *banks, size_t count,
                   const struct firmware_log *firmware, size_t *ret_events, struct error *error);
/* The same where the firmware's log is not to be had: the note says why. */
void eventlog_begin_without_firmware(struct buffer *log, const enum hash_algorithm *banks, size_t count,
                                     const char *reason);

/* PID 1, before the first extend of ours: makes PATH (mode 0600) with the firmware's part out of the machine's memory,
 * and logs one line. Where the firmware's log cannot be had the boot goes on and the log says so.
 * Errors: -E_IO (the file). */
int eventlog_start(const char *path, struct tpm *tpm, firmware_memory *memory, void *context, struct error *error);

/* The file that eventlog_append uses; NULL for EVENTLOG_FILE. The string must live on. */
void eventlog_use(const char *path);
/* Appends one event in one write, after the PCR was extended. Where nobody started a log (a workstation, a machine
 * without TPM) it does nothing. Errors: -E_IO, -E_MEMORY. */
int eventlog_append(uint32_t pcr, uint32_t type, const struct digest *digests, size_t count, struct bytes data,
                    struct error *error);

/* The log as it is now. Errors: -E_NOT_FOUND (nobody started one), -E_IO, -E_TOO_LARGE, -E_MEMORY. */
int eventlog_read(struct buffer *log, struct error *error);

/* The PCRs that a log leads to. */
struct eventlog_replay {
	size_t bank_count;
	struct tpm_pcrs banks[TPM_MAX_BANKS]; /* all values; mask: those that an event extended */
	size_t events;
	bool firmware_absent;
	char firmware_reason[256];
};

/* Replays a whole log. Errors: those of eventlog_open and eventlog_next, -E_UNSUPPORTED (no bank that is known). */
int eventlog_replay(struct bytes log, struct eventlog_replay *ret_replay, struct error *error);
/* Value of a PCR before anything was extended. */
struct digest eventlog_first_value(enum hash_algorithm bank, unsigned pcr);

struct eventlog_difference {
	enum hash_algorithm bank;
	unsigned pcr;
	struct digest replayed, found;
	char sentence[512];
};

/* Compares with the TPM: every active bank, PCRs 0 to 15 (16 to 23 belong to the operating system or can be reset) and
 * those that the log extends. Returns 0 where they are equal, 1 with the first difference. A bank that is active in
 * the TPM and unknown to the log has to be untouched.
 * Errors: those of tpm_pcr_read. */
int eventlog_compare(const struct eventlog_replay *replay, struct tpm *tpm, struct eventlog_difference *ret_difference,
                     struct error *error);

#endif
