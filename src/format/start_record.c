/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/start_record.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "format/date.h"
#include <stdio.h>
#include <string.h>

#define MAGIC           0x48505333u /* "HPS3" */
#define COUNTERS_SIZE   20          /* magic, resetCount, restartCount, clock */
#define CHECKSUM_OFFSET (COUNTERS_SIZE + START_RECORD_TAG)
#define CHECKSUM_SIZE   4
#define STARTS_OFFSET   (CHECKSUM_OFFSET + CHECKSUM_SIZE)
#define START_SIZE      ((size_t)8) /* time, resets, zero, outcome and its complement */

static const struct {
	enum start_outcome outcome;
	const char *words;
} outcomes[] = {
    {START_CRASHED, "the menu crashed"},
    {START_SHELL, "recovery shell"},
    {START_FORCED, "booted UNVERIFIED files"},
    {START_BOOTED, "booted what you signed"},
    {START_RESTARTED, "restarted"},
    {START_OFF, "switched off"},
};

static void put_u32(uint8_t *place, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		place[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Of everything but itself and the outcome of the newest start. */
static void checksum(const uint8_t data[START_RECORD_SIZE], uint8_t ret_sum[CHECKSUM_SIZE])
{
	uint8_t copy[START_RECORD_SIZE];
	struct digest digest;

	memcpy(copy, data, sizeof(copy));
	memset(copy + CHECKSUM_OFFSET, 0, CHECKSUM_SIZE);
	memset(copy + START_OUTCOME_OFFSET, 0, START_OUTCOME_SIZE);
	digest = digest_of(HASH_SHA256, bytes_make(copy, sizeof(copy)));
	memcpy(ret_sum, digest.data, CHECKSUM_SIZE);
}

void start_outcome_encode(uint8_t outcome, uint8_t data[START_OUTCOME_SIZE])
{
	data[0] = outcome;
	data[1] = (uint8_t)~outcome;
}

/* Two zeros: not written yet. */
static uint8_t outcome_decode(const uint8_t data[START_OUTCOME_SIZE])
{
	return (uint8_t)(data[0] ^ data[1]) == 0xff ? data[0] & START_OUTCOMES : 0;
}

void start_record_encode(const struct start_record *record, uint8_t data[START_RECORD_SIZE])
{
	memset(data, 0, START_RECORD_SIZE);
	put_u32(data, MAGIC);
	put_u32(data + 4, record->reset_count);
	put_u32(data + 8, record->restart_count);
	put_u32(data + 12, (uint32_t)(record->clock_ms >> 32));
	put_u32(data + 16, (uint32_t)record->clock_ms);
	memcpy(data + COUNTERS_SIZE, record->tag, START_RECORD_TAG);
	for (size_t i = 0; i < START_RECORD_STARTS; i++) {
		const struct start *start = &record->starts[i];
		uint8_t *place = data + STARTS_OFFSET + i * START_SIZE;

		put_u32(place, start->time);
		place[4] = start->resets;
		if (start->outcome)
			start_outcome_encode(start->outcome, place + 6);
	}
	checksum(data, data + CHECKSUM_OFFSET);
}

static void decode_counters(struct bytes data, struct start_record *record)
{
	struct cursor cursor = cursor_make(bytes_slice(data, 4, COUNTERS_SIZE - 4));

	*record = (struct start_record){.reset_count = cursor_u32be(&cursor)};
	record->restart_count = cursor_u32be(&cursor);
	record->clock_ms = cursor_u64be(&cursor);
	memcpy(record->tag, data.data + COUNTERS_SIZE, START_RECORD_TAG);
}

bool start_record_decode(struct bytes data, struct start_record *ret_record)
{
	struct cursor cursor = cursor_make(data);
	uint8_t sum[CHECKSUM_SIZE];

	if (data.size != START_RECORD_SIZE || cursor_u32be(&cursor) != MAGIC)
		return false;
	checksum(data.data, sum);
	if (memcmp(sum, data.data + CHECKSUM_OFFSET, sizeof(sum)) != 0)
		return false;
	decode_counters(data, ret_record);
	cursor = cursor_make(bytes_slice(data, STARTS_OFFSET, START_RECORD_STARTS * START_SIZE));
	for (size_t i = 0; i < START_RECORD_STARTS; i++) {
		struct start *start = &ret_record->starts[i];
		uint8_t outcome[START_OUTCOME_SIZE];

		start->time = cursor_u32be(&cursor);
		start->resets = cursor_u8(&cursor);
		(void)cursor_u8(&cursor);
		outcome[0] = cursor_u8(&cursor);
		outcome[1] = cursor_u8(&cursor);
		start->outcome = outcome_decode(outcome);
	}
	return true;
}

void start_record_add(struct start_record *record, uint32_t time, uint8_t resets)
{
	memmove(record->starts + 1, record->starts, (START_RECORD_STARTS - 1) * sizeof(record->starts[0]));
	record->starts[0] = (struct start){.time = time ? time : 1, .resets = resets};
}

void start_text(const struct start *start, char *text, size_t size)
{
	struct buffer line = {0};
	char date[DATE_SIZE];
	bool first = true;

	date_write(start->time, date);
	buffer_append_format(&line, "%s  ", date);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		if (!(start->outcome & outcomes[i].outcome))
			continue;
		buffer_append_format(&line, "%s%s", first ? "" : ", ", outcomes[i].words);
		first = false;
	}
	if (first)
		buffer_append_string(&line, "cut off or reset");
	if (start->resets == START_RESETS_UNKNOWN)
		buffer_append_string(&line, " (the first after the TPM was new or cleared)");
	else if (start->resets != 1)
		buffer_append_format(&line, " (%u resets before it)", start->resets);
	(void)snprintf(text, size, "%s", buffer_string(&line) ? buffer_string(&line) : date);
	buffer_clear(&line);
}
