/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Armour: what comes out is binary packets, and passes as such unchanged. */
#include "base/cleanup.h"
#include "format/armour.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int kind = ARMOUR_PUBLIC_KEY; kind <= ARMOUR_SIGNATURE; kind++) {
		CLEANUP(buffer_clear) struct buffer binary = {0}, again = {0};
		struct error error;

		if (armour_read(bytes_make(data, size), (enum armour_kind)kind, "fuzz", &binary, &error) < 0)
			continue;
		if (binary.size == 0 || binary.size > size)
			abort();
		if (armour_read(buffer_bytes(&binary), (enum armour_kind)kind, "fuzz", &again, &error) < 0 ||
		    !bytes_equal(buffer_bytes(&binary), buffer_bytes(&again)))
			abort();
	}
	return 0;
}
