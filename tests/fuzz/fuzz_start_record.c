/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of the starts: what is accepted is written back to the same record, and every line of it fits. */
#include "format/start_record.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t written[START_RECORD_SIZE];
	struct start_record record, again;
	char line[START_TEXT_SIZE];

	if (!start_record_decode(bytes_make(data, size), &record))
		return 0;
	start_record_encode(&record, written);
	if (!start_record_decode(bytes_make(written, sizeof(written)), &again) ||
	    memcmp(&record, &again, sizeof(record)) != 0)
		abort();
	for (size_t i = 0; i < START_RECORD_STARTS; i++) {
		start_text(&record.starts[i], line, sizeof(line));
		if (strlen(line) + 1 >= sizeof(line))
			abort();
	}
	return 0;
}
