/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/sum_list.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t position = 0, last = 0;
	struct sum_line line;
	struct error error;

	while (sum_list_next(bytes_make(data, size), &position, &line, &error) > 0) {
		if (position <= last || position > size || line.name[0] == '\0' ||
		    strlen(line.name) >= sizeof(line.name))
			abort();
		last = position;
	}
	return 0;
}
