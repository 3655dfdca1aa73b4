/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's counters of resets, remembered from one start of Heads to the next (A3, A4), and how the starts
 * ended. */
#include "format/start_record.h"
#include "tpm/tpm2_nv.h"

#include <inttypes.h>
#include <string.h>

#define START_INDEX 0x01404801u
/* Of older versions: the counters alone; and with the tag. */
#define START_OLDEST_SIZE 24
#define START_OLDER_SIZE  56

struct tpm_since_start tpm_compare_counters(const struct tpm_counters *last, const struct tpm_counters *now, bool again)
{
	struct tpm_since_start since = {.history = TPM_HISTORY_NONE};

	if (!last)
		return since;
	/* The clock is no sign of a clear: a power cut sets it back by up to an hour (Part 1, 36.3). */
	since.clock_ms = (int64_t)(now->clock_ms - last->clock_ms);
	since.resets = now->reset_count - last->reset_count;
	/* A reset sets the count of restarts to zero. */
	since.restarts = since.resets == 0 ? now->restart_count - last->restart_count : now->restart_count;
	if (now->reset_count < last->reset_count || (since.resets == 0 && now->restart_count < last->restart_count))
		return (struct tpm_since_start){.history = TPM_HISTORY_CLEARED};
	since.history =
	    since.resets <= (again ? 0 : 1) && since.restarts == 0 ? TPM_HISTORY_NORMAL : TPM_HISTORY_UNUSUAL;
	return since;
}

void tpm_since_start_text(const struct tpm_since_start *since, char *text, size_t size)
{
	switch (since->history) {
	case TPM_HISTORY_NONE:
		(void)snprintf(text, size, "the first start that is recorded in this TPM");
		return;
	case TPM_HISTORY_CLEARED:
		(void)snprintf(text, size, "cleared, or another one: its count of resets went back");
		return;
	case TPM_HISTORY_NORMAL:
		(void)snprintf(text, size, "%s since the last start", since->resets == 0 ? "no reset" : "1 reset");
		return;
	default:
		break;
	}
	if (since->restarts > 0)
		(void)snprintf(text, size,
		               "restarted without a reset (restartCount +%" PRIu32 ", resetCount +%" PRIu32 ")",
		               since->restarts, since->resets);
	else
		(void)snprintf(text, size, "reset while running, or a start was broken off (resetCount +%" PRIu32 ")",
		               since->resets);
}

/* An older version of Heads made the index, smaller: it makes room. Any other one that is not ours stays. */
static int remove_older(struct tpm *tpm, struct error *error)
{
	uint16_t size = 0;
	int result = tpm2_platform_size(tpm, START_INDEX, &size, error);

	if (result < 0)
		return result;
	if (size != START_OLDEST_SIZE && size != START_OLDER_SIZE)
		return error_set(error, E_FOREIGN_TPM, "TPM", "the record of the last start has a size of no version");
	return tpm2_platform_undefine(tpm, START_INDEX, error);
}

static int find_record(struct tpm *tpm, uint8_t data[START_RECORD_SIZE], enum tpm2_nv_state *ret_state,
                       struct error *error)
{
	const struct tpm2_nv nv =
	    tpm2_nv_make(START_INDEX, TPM2_PLATFORM_ATTRIBUTES, START_RECORD_SIZE, NULL, "record of the starts");

	int result = tpm2_nv_find(tpm, &nv, data, ret_state, error);

	/* In the plain, without a storage key, the TPM reads and says that there is less: an older version made it. */
	if (result != -E_MALFORMED)
		return result;
	*ret_state = TPM2_NV_FOREIGN;
	return 0;
}

static int foreign(struct error *error)
{
	return error_set(error, E_FOREIGN_TPM, "TPM",
	                 "the NV index 0x%08" PRIx32 " is not of the kind that Heads makes; remove it", START_INDEX);
}

/* ret_last->known is false where nothing was recorded, or nothing that makes sense. */
static int read_last(struct tpm *tpm, struct tpm2_start *ret_last, bool *ret_defined, struct error *error)
{
	enum tpm2_nv_state state = TPM2_NV_ABSENT;
	uint8_t data[START_RECORD_SIZE];
	int result = find_record(tpm, data, &state, error);

	if (result < 0)
		return result;
	if (state == TPM2_NV_FOREIGN && remove_older(tpm, NULL) < 0)
		return foreign(error);
	*ret_defined = state != TPM2_NV_ABSENT && state != TPM2_NV_FOREIGN;
	ret_last->known =
	    state == TPM2_NV_WRITTEN && start_record_decode(bytes_make(data, sizeof(data)), &ret_last->record);
	return 0;
}

/* What could not be written is not known. */
static int write_start(struct tpm *tpm, const struct tpm2_start *start, struct error *error)
{
	uint8_t data[START_RECORD_SIZE];
	int result;

	start_record_encode(&start->record, data);
	tpm->start.known = false;
	result = tpm2_platform_write(tpm, START_INDEX, 0, bytes_make(data, sizeof(data)), error);
	if (result == 0)
		tpm->start = *start;
	return result;
}

int tpm2_start_write_tag(struct tpm *tpm, const uint8_t tag[TPM2_DIGEST_SIZE], struct error *error)
{
	struct tpm2_start start = tpm->start;

	memcpy(start.record.tag, tag, sizeof(start.record.tag));
	return start.known ? write_start(tpm, &start, error) : 0;
}

static uint8_t resets_of(const struct tpm_since_start *since)
{
	if (since->history == TPM_HISTORY_NONE || since->history == TPM_HISTORY_CLEARED)
		return START_RESETS_UNKNOWN;
	return since->resets < START_RESETS_UNKNOWN ? (uint8_t)since->resets : START_RESETS_UNKNOWN - 1;
}

int tpm_record_start(struct tpm *tpm, const struct tpm_info *info, bool again, uint32_t time,
                     struct tpm_since_start *ret_since, struct error *error)
{
	const struct tpm_counters now = {info->reset_count, info->restart_count, info->clock_ms};
	struct tpm2_start start = {.known = false};
	struct start_record *record = &start.record;
	struct tpm_counters last;
	bool defined = false, known;
	int result = read_last(tpm, &start, &defined, error);

	/* TPM2_ReadClock takes no session (Part 3, 29.1), so that anybody could have answered it. */
	if (result == 0)
		result = tpm2_policy_counts(tpm, now.reset_count, now.restart_count, error);
	if (result < 0)
		return result;
	known = start.known;
	last = (struct tpm_counters){record->reset_count, record->restart_count, record->clock_ms};
	*ret_since = tpm_compare_counters(known ? &last : NULL, &now, again);
	/* The menu once more in the same start. */
	if (known && last.reset_count == now.reset_count && last.restart_count == now.restart_count) {
		tpm->start = start;
		return 0;
	}
	record->reset_count = now.reset_count;
	record->restart_count = now.restart_count;
	record->clock_ms = now.clock_ms;
	/* Taking ownership in this start sets the counts back. */
	if (!again || !known || ret_since->history != TPM_HISTORY_CLEARED)
		start_record_add(record, time, resets_of(ret_since));
	start.known = true;
	if (!defined)
		result = tpm2_platform_define(tpm, START_INDEX, START_RECORD_SIZE, error);
	return result < 0 ? result : write_start(tpm, &start, error);
}

int tpm_record_outcome(struct tpm *tpm, uint8_t outcome, struct error *error)
{
	uint8_t data[START_OUTCOME_SIZE];

	start_outcome_encode(outcome, data);
	return tpm2_platform_write(tpm, START_INDEX, START_OUTCOME_OFFSET, bytes_make(data, sizeof(data)), error);
}

int tpm_read_starts(struct tpm *tpm, struct start_record *ret_record, struct error *error)
{
	enum tpm2_nv_state state = TPM2_NV_ABSENT;
	uint8_t data[START_RECORD_SIZE];
	int result = find_record(tpm, data, &state, error);

	if (result < 0)
		return result;
	if (state == TPM2_NV_FOREIGN)
		return foreign(error);
	if (state != TPM2_NV_WRITTEN)
		return error_set(error, E_NOT_FOUND, "starts", "no start was recorded in this TPM yet");
	if (!start_record_decode(bytes_make(data, sizeof(data)), ret_record))
		return error_set(error, E_MALFORMED, "starts",
		                 "the TPM's record of the starts is damaged; the next start begins a new one");
	return 0;
}
