/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of a machine whose firmware is hostile: the input lies at address 0 and again at 0xf0000. */
#include "attest/eventlog.h"
#include <stdlib.h>
#include <string.h>

#define SECOND_COPY 0xf0000u
#define MOST_READS  4096u /* 5 areas with 256 headers each, table and log; at most twice */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
	unsigned reads;
};

static int read_input(void *context, uint64_t address, void *data, size_t size, struct error *error)
{
	struct input *input = context;
	uint64_t start = address >= SECOND_COPY ? address - SECOND_COPY : address;

	if (++input->reads > MOST_READS || size > FIRMWARE_LOG_MAX_SIZE)
		abort();
	if (address > (uint64_t)1 << 32)
		return error_set(error, E_IO, "memory", "no memory there");
	memset(data, 0, size);
	if (start < input->size)
		memcpy(data, input->data + start, size < input->size - start ? size : input->size - (size_t)start);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum hash_algorithm banks[] = {HASH_SHA1, HASH_SHA256};
	struct input input = {data, size, 0};
	struct firmware_log log = {0};
	struct eventlog_replay replay;
	struct buffer started = {0};
	struct coreboot_event event;
	size_t events, position = 0;

	if (firmware_log_read(read_input, &input, &log, NULL) == 0 &&
	    eventlog_begin(&started, banks, 2, &log, &events, NULL) == 0 &&
	    (eventlog_replay(buffer_bytes(&started), &replay, NULL) < 0 || replay.events != events))
		abort();
	firmware_log_clear(&log);
	buffer_clear(&started);
	/* without the checksums before it */
	while (coreboot_log_next(bytes_make(data, size), &position, &event, NULL) > 0)
		if (event.pcr >= TPM_PCR_COUNT || strlen(event.name) >= sizeof(event.name))
			abort();
	return 0;
}
