/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Initrds in every compression: bounded output, and parts that lie in the input one behind the other. */
#include "base/cleanup.h"
#include "format/initrd.h"
#include <stdlib.h>

#define LIMIT ((uint64_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(initrd_clear) struct initrd initrd = {0};
	uint64_t end = 0;

	if (initrd_read(bytes_make(data, size), "initrd", LIMIT, &initrd, NULL) < 0)
		return 0;
	for (size_t i = 0; i < initrd.segment_count; i++) {
		if (initrd.segments[i].offset < end || initrd.segments[i].size > size - initrd.segments[i].offset)
			abort();
		end = initrd.segments[i].offset + initrd.segments[i].size;
	}
	if (initrd.unpacked > LIMIT)
		abort();
	return 0;
}
