/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/fmap.h"
#include "base/cleanup.h"
#include <string.h>

#define FMAP_SIGNATURE   "__FMAP__"
#define FMAP_HEADER_SIZE 56
#define FMAP_AREA_SIZE   42
#define FMAP_MAX_AREAS   256

/* coreboot's tools align a map to its section, as a rule; 64 bytes is the least. */
static const size_t strides[] = {4096, 64};

/* A name of at most 31 bytes with its NUL, into an array of FMAP_NAME_SIZE. */
static bool read_name(struct cursor *cursor, char *ret_name)
{
	struct bytes name = cursor_bytes(cursor, FMAP_NAME_SIZE);

	if (cursor->failed || !memchr(name.data, '\0', name.size))
		return false;
	memcpy(ret_name, name.data, FMAP_NAME_SIZE);
	return true;
}

static bool read_area(struct cursor *cursor, struct fmap_area *ret_area)
{
	ret_area->offset = cursor_u32le(cursor);
	ret_area->size = cursor_u32le(cursor);
	if (!read_name(cursor, ret_area->name))
		return false;
	(void)cursor_u16le(cursor); /* flags */
	return !cursor->failed;
}

static bool read_map(struct bytes image, size_t offset, struct fmap *ret_map)
{
	struct cursor cursor = cursor_make(bytes_slice(image, offset, image.size));
	struct fmap_area area;
	uint8_t major;

	(void)cursor_bytes(&cursor, strlen(FMAP_SIGNATURE));
	major = cursor_u8(&cursor);
	(void)cursor_bytes(&cursor, 1 + 8); /* minor version, base */
	ret_map->offset = offset;
	ret_map->size = cursor_u32le(&cursor);
	if (!read_name(&cursor, ret_map->name) || major != 1)
		return false;
	ret_map->area_count = cursor_u16le(&cursor);
	ret_map->areas = cursor_bytes(&cursor, ret_map->area_count * FMAP_AREA_SIZE);
	if (cursor.failed || ret_map->area_count == 0 || ret_map->area_count > FMAP_MAX_AREAS)
		return false;
	for (size_t i = 0; i < ret_map->area_count; i++)
		if (!fmap_area(ret_map, i, &area))
			return false;
	return true;
}

int fmap_open(struct bytes image, struct fmap *ret_map, struct error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(strides); i++)
		for (size_t at = 0; at + FMAP_HEADER_SIZE <= image.size; at += strides[i])
			if (memcmp(image.data + at, FMAP_SIGNATURE, strlen(FMAP_SIGNATURE)) == 0 &&
			    read_map(image, at, ret_map))
				return 0;
	return error_set(error, E_MALFORMED, "FMAP", "this is no coreboot image: no FMAP was found in its %zu bytes",
	                 image.size);
}

bool fmap_area(const struct fmap *map, size_t index, struct fmap_area *ret_area)
{
	struct cursor cursor = cursor_make(bytes_slice(map->areas, index * FMAP_AREA_SIZE, FMAP_AREA_SIZE));

	return index < map->area_count && read_area(&cursor, ret_area);
}

bool fmap_area_named(const struct fmap *map, const char *name, struct fmap_area *ret_area)
{
	for (size_t i = 0; fmap_area(map, i, ret_area); i++)
		if (strcmp(ret_area->name, name) == 0)
			return true;
	return false;
}

int fmap_area_bytes(struct bytes image, const struct fmap_area *area, struct bytes *ret_region, struct error *error)
{
	if (area->offset > image.size || area->size > image.size - area->offset)
		return error_set(error, E_MALFORMED, area->name,
		                 "the image is truncated: its region %s ends at %zu, the image at %zu", area->name,
		                 area->offset + area->size, image.size);
	*ret_region = bytes_slice(image, area->offset, area->size);
	return 0;
}

int fmap_find(struct bytes image, const char *name, size_t *ret_offset, struct bytes *ret_region, struct error *error)
{
	struct fmap_area area;
	struct fmap map;
	int r = fmap_open(image, &map, error);

	if (r < 0)
		return r;
	if (!fmap_area_named(&map, name, &area))
		return error_set(error, E_NOT_FOUND, name, "the image has no region %s", name);
	r = fmap_area_bytes(image, &area, ret_region, error);
	if (r == 0)
		*ret_offset = area.offset;
	return r;
}
