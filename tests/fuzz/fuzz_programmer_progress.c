/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/programmer_progress.h"
#include <stdlib.h>

#define OFFSET 0x1000
#define SIZE   0x8000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In one piece or byte by byte: the same, never falling, never more than the range. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct programmer_progress whole = {.offset = OFFSET, .size = SIZE}, bytewise = whole;
	uint64_t last = 0;

	(void)programmer_progress_feed(&whole, bytes_make(data, size));
	for (size_t i = 0; i < size; i++) {
		bool risen = programmer_progress_feed(&bytewise, bytes_make(data + i, 1));

		if (risen != (bytewise.done > last) || bytewise.done > SIZE)
			abort();
		last = bytewise.done;
	}
	if (whole.done != bytewise.done)
		abort();
	return 0;
}
