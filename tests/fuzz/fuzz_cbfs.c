/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cbfs.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t offset, position = 0, last = 0;
	struct bytes region;
	struct cbfs_file file;
	struct error error;

	if (fmap_find(bytes_make(data, size), "COREBOOT", &offset, &region, &error) < 0)
		region = bytes_make(data, size); /* the walk is tried all the same */
	while (cbfs_next(region, &position, &file, &error) > 0) {
		if (position <= last || position > region.size + 64 || strlen(file.name) >= sizeof(file.name))
			abort();
		last = position;
		if (file.data.size > region.size)
			abort();
		if (cbfs_type_name(file.type) && !cbfs_compression_name(file.compression))
			abort();
	}
	return 0;
}
