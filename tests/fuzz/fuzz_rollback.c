/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counter values: what is read is written back byte for byte; an index of the original's is one of a TPM 2.0. */
#include "base/digest.h"
#include "format/rollback.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes input = bytes_make(data, size);
	struct rollback_original original;
	struct buffer again = {0};
	uint64_t value;

	if (rollback_parse(input, &value, NULL) == 0) {
		rollback_append(&again, value);
		if (!bytes_equal(buffer_bytes(&again), input))
			abort();
		buffer_clear(&again);
	}
	if (rollback_original_parse(input, &original, NULL) == 0) {
		digest_library_start();
		if (original.index >> 24 != 1)
			abort();
		(void)rollback_original_fits(&original, 9);
	}
	return 0;
}
