/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's counters of resets, remembered from one start of Heads to the next (A3, A4). */
#include "tpm/tpm2_nv.h"

#include <inttypes.h>
#include <string.h>

#define START_INDEX    0x01404801u
#define START_MAGIC    0x48505331u /* "HPS1" */
#define START_CHECKSUM 4
#define START_SIZE     (4 + 4 + 4 + 8 + START_CHECKSUM)

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

static void encode(const struct tpm_counters *counters, uint8_t data[START_SIZE])
{
	struct tpm2_writer writer = tpm2_writer_make(data, START_SIZE);
	struct digest checksum;

	tpm2_put_u32(&writer, START_MAGIC);
	tpm2_put_u32(&writer, counters->reset_count);
	tpm2_put_u32(&writer, counters->restart_count);
	tpm2_put_u32(&writer, (uint32_t)(counters->clock_ms >> 32));
	tpm2_put_u32(&writer, (uint32_t)counters->clock_ms);
	checksum = digest_of(HASH_SHA256, tpm2_written(&writer));
	tpm2_put(&writer, bytes_make(checksum.data, START_CHECKSUM));
}

static bool decode(struct bytes data, struct tpm_counters *ret_counters)
{
	struct cursor cursor = cursor_make(data);
	uint8_t expected[START_SIZE];

	if (data.size != START_SIZE || cursor_u32be(&cursor) != START_MAGIC)
		return false;
	ret_counters->reset_count = cursor_u32be(&cursor);
	ret_counters->restart_count = cursor_u32be(&cursor);
	ret_counters->clock_ms = (uint64_t)cursor_u32be(&cursor) << 32;
	ret_counters->clock_ms |= cursor_u32be(&cursor);
	encode(ret_counters, expected);
	return !cursor.failed && bytes_equal(data, bytes_make(expected, sizeof(expected)));
}

/* *ret_known is false where nothing was recorded, or nothing that makes sense. */
static int read_last(struct tpm *tpm, struct tpm_counters *ret_last, bool *ret_known, bool *ret_defined,
                     struct error *error)
{
	const struct tpm2_nv nv =
	    tpm2_nv_make(START_INDEX, TPM2_PLATFORM_ATTRIBUTES, START_SIZE, NULL, "record of the last start");
	enum tpm2_nv_state state = TPM2_NV_ABSENT;
	uint8_t data[START_SIZE];
	int result = tpm2_nv_find(tpm, &nv, data, &state, error);

	if (result < 0)
		return result;
	if (state == TPM2_NV_FOREIGN)
		return error_set(error, E_FOREIGN_TPM, nv.object,
		                 "the NV index %s is not of the kind that Heads makes; remove it", nv.object);
	*ret_defined = state != TPM2_NV_ABSENT;
	*ret_known = state == TPM2_NV_WRITTEN && decode(bytes_make(data, sizeof(data)), ret_last);
	return 0;
}

static int write_now(struct tpm *tpm, const struct tpm_counters *now, struct error *error)
{
	uint8_t data[START_SIZE];

	encode(now, data);
	return tpm2_platform_write(tpm, START_INDEX, 0, bytes_make(data, sizeof(data)), error);
}

int tpm_record_start(struct tpm *tpm, const struct tpm_info *info, bool again, struct tpm_since_start *ret_since,
                     struct error *error)
{
	const struct tpm_counters now = {info->reset_count, info->restart_count, info->clock_ms};
	struct tpm_counters last = {0};
	bool known = false, defined = false;
	int result = read_last(tpm, &last, &known, &defined, error);

	/* TPM2_ReadClock takes no session (Part 3, 29.1), so that anybody could have answered it. */
	if (result == 0)
		result = tpm2_policy_counts(tpm, now.reset_count, now.restart_count, error);
	if (result < 0)
		return result;
	*ret_since = tpm_compare_counters(known ? &last : NULL, &now, again);
	/* The menu once more in the same start. */
	if (known && last.reset_count == now.reset_count && last.restart_count == now.restart_count)
		return 0;
	if (!defined)
		result = tpm2_platform_define(tpm, START_INDEX, START_SIZE, error);
	return result < 0 ? result : write_now(tpm, &now, error);
}
