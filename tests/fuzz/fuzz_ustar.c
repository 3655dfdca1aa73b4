/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/ustar.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes archive = bytes_make(data, size);
	size_t position = 0, last = 0;
	struct ustar_file file;
	struct error error;

	while (ustar_next(archive, &position, &file, &error) > 0) {
		if (position <= last || strlen(file.name) >= sizeof(file.name) || file.content.size > size ||
		    (file.content.size > 0 && (file.content.data < data || file.content.data >= data + size)))
			abort();
		last = position;
	}
	return 0;
}
