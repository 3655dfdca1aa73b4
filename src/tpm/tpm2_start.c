/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's counters of resets, remembered from one start of Heads to the next (A3, A4). */
#include "tpm/tpm2_nv.h"

#include <inttypes.h>
#include <string.h>

#define START_INDEX    0x01404801u
#define START_MAGIC    0x48505332u /* "HPS2" */
#define START_CHECKSUM 4
#define START_SIZE     (4 + 4 + 4 + 8 + TPM2_DIGEST_SIZE + START_CHECKSUM)
/* Of older versions, without the tag. */
#define START_OLD_SIZE 24

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

static void encode(const struct tpm2_start *start, uint8_t data[START_SIZE])
{
	struct tpm2_writer writer = tpm2_writer_make(data, START_SIZE);
	struct digest checksum;

	tpm2_put_u32(&writer, START_MAGIC);
	tpm2_put_u32(&writer, start->counters.reset_count);
	tpm2_put_u32(&writer, start->counters.restart_count);
	tpm2_put_u32(&writer, (uint32_t)(start->counters.clock_ms >> 32));
	tpm2_put_u32(&writer, (uint32_t)start->counters.clock_ms);
	tpm2_put(&writer, bytes_make(start->tag, sizeof(start->tag)));
	checksum = digest_of(HASH_SHA256, tpm2_written(&writer));
	tpm2_put(&writer, bytes_make(checksum.data, START_CHECKSUM));
}

static bool decode(struct bytes data, struct tpm2_start *ret_start)
{
	struct cursor cursor = cursor_make(data);
	struct tpm2_start start = {.known = true};
	uint8_t expected[START_SIZE];
	struct bytes tag;

	if (data.size != START_SIZE || cursor_u32be(&cursor) != START_MAGIC)
		return false;
	start.counters.reset_count = cursor_u32be(&cursor);
	start.counters.restart_count = cursor_u32be(&cursor);
	start.counters.clock_ms = cursor_u64be(&cursor);
	tag = cursor_bytes(&cursor, sizeof(start.tag));
	if (cursor.failed)
		return false;
	memcpy(start.tag, tag.data, tag.size);
	encode(&start, expected);
	*ret_start = start;
	return bytes_equal(data, bytes_make(expected, sizeof(expected)));
}

/* An older version of Heads made the index, smaller: it makes room. Any other one that is not ours stays. */
static int remove_older(struct tpm *tpm, struct error *error)
{
	uint16_t size = 0;
	int result = tpm2_platform_size(tpm, START_INDEX, &size, error);

	if (result < 0)
		return result;
	if (size != START_OLD_SIZE)
		return error_set(error, E_FOREIGN_TPM, "TPM", "the record of the last start has a size of no version");
	return tpm2_platform_undefine(tpm, START_INDEX, error);
}

/* ret_last->known is false where nothing was recorded, or nothing that makes sense. */
static int read_last(struct tpm *tpm, struct tpm2_start *ret_last, bool *ret_defined, struct error *error)
{
	const struct tpm2_nv nv =
	    tpm2_nv_make(START_INDEX, TPM2_PLATFORM_ATTRIBUTES, START_SIZE, NULL, "record of the last start");
	enum tpm2_nv_state state = TPM2_NV_ABSENT;
	uint8_t data[START_SIZE];
	int result = tpm2_nv_find(tpm, &nv, data, &state, error);

	if (result < 0)
		return result;
	if (state == TPM2_NV_FOREIGN && remove_older(tpm, NULL) < 0)
		return error_set(error, E_FOREIGN_TPM, nv.object,
		                 "the NV index %s is not of the kind that Heads makes; remove it", nv.object);
	*ret_defined = state != TPM2_NV_ABSENT && state != TPM2_NV_FOREIGN;
	if (state == TPM2_NV_WRITTEN)
		(void)decode(bytes_make(data, sizeof(data)), ret_last);
	return 0;
}

/* What could not be written is not known. */
static int write_start(struct tpm *tpm, const struct tpm2_start *start, struct error *error)
{
	uint8_t data[START_SIZE];
	int result;

	encode(start, data);
	tpm->start.known = false;
	result = tpm2_platform_write(tpm, START_INDEX, 0, bytes_make(data, sizeof(data)), error);
	if (result == 0)
		tpm->start = *start;
	return result;
}

int tpm2_start_write_tag(struct tpm *tpm, const uint8_t tag[TPM2_DIGEST_SIZE], struct error *error)
{
	struct tpm2_start start = tpm->start;

	memcpy(start.tag, tag, sizeof(start.tag));
	return start.known ? write_start(tpm, &start, error) : 0;
}

int tpm_record_start(struct tpm *tpm, const struct tpm_info *info, bool again, struct tpm_since_start *ret_since,
                     struct error *error)
{
	const struct tpm_counters now = {info->reset_count, info->restart_count, info->clock_ms};
	struct tpm2_start last = {.known = false}, start = {.known = true, .counters = now};
	bool defined = false;
	int result = read_last(tpm, &last, &defined, error);

	/* TPM2_ReadClock takes no session (Part 3, 29.1), so that anybody could have answered it. */
	if (result == 0)
		result = tpm2_policy_counts(tpm, now.reset_count, now.restart_count, error);
	if (result < 0)
		return result;
	*ret_since = tpm_compare_counters(last.known ? &last.counters : NULL, &now, again);
	/* The menu once more in the same start. */
	if (last.known && last.counters.reset_count == now.reset_count &&
	    last.counters.restart_count == now.restart_count) {
		tpm->start = last;
		return 0;
	}
	if (!defined)
		result = tpm2_platform_define(tpm, START_INDEX, START_SIZE, error);
	memcpy(start.tag, last.tag, sizeof(start.tag));
	return result < 0 ? result : write_start(tpm, &start, error);
}
