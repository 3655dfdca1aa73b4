/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FMAP: every area of a map is found again by its name, and what is given lies inside the image. */
#include "format/fmap.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes image = bytes_make(data, size), region;
	struct fmap_area area, named;
	struct error error;
	struct fmap map;

	if (fmap_open(image, &map, &error) < 0)
		return 0;
	for (size_t i = 0; fmap_area(&map, i, &area); i++) {
		if (i >= map.area_count || strlen(area.name) >= sizeof(area.name) ||
		    !fmap_area_named(&map, area.name, &named))
			abort();
		if (fmap_area_bytes(image, &area, &region, &error) == 0 &&
		    (region.size != area.size || (region.size > 0 && region.data != data + area.offset) ||
		     area.offset + area.size > size))
			abort();
	}
	return 0;
}
