/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/slot_mark.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read as a mark is written back as the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer again = {0};
	struct slot_mark mark;
	struct error error;

	digest_library_start();
	if (slot_mark_parse(bytes_make(data, size), "mark", &mark, &error) < 0)
		return 0;
	slot_mark_append(&mark, &again);
	if (!bytes_equal(buffer_bytes(&again), bytes_make(data, SLOT_MARK_SIZE)))
		abort();
	return 0;
}
