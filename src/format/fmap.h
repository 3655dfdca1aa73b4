/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map of a flash image (FMAP): its named areas. A pure reader over borrowed bytes.
 * coreboot 4.15, src/commonlib/bsd/include/commonlib/bsd/fmap_serialized.h. */
#ifndef HEADS_FORMAT_FMAP_H
#define HEADS_FORMAT_FMAP_H

#include "base/bytes.h"
#include "base/error.h"

#define FMAP_NAME_SIZE 32

struct fmap_area {
	char name[FMAP_NAME_SIZE];
	size_t offset; /* from the start of the image */
	size_t size;
};

struct fmap {
	size_t offset; /* where the map itself lies in the image */
	size_t size;   /* of the image, as the map says */
	char name[FMAP_NAME_SIZE];
	struct bytes areas; /* as stored; borrowed */
	size_t area_count;
};

/* Finds the map of an image: the first place, looked for at multiples of 4096 and then of 64, that reads as one. The
 * signature alone may stand anywhere, for instance inside a program. Areas may lie inside one another; whether they lie
 * inside the image is checked by fmap_area_bytes.
 * Errors: -E_MALFORMED (no map). Work is linear in the size of the image. */
int fmap_open(struct bytes image, struct fmap *ret_map, struct error *error);
/* The area number index, in the order of the map; false beyond the last. */
bool fmap_area(const struct fmap *map, size_t index, struct fmap_area *ret_area);
/* The area of this name; false where there is none. */
bool fmap_area_named(const struct fmap *map, const char *name, struct fmap_area *ret_area);
/* The bytes of an area, borrowed from the image. Errors: -E_MALFORMED (it ends beyond the image). */
int fmap_area_bytes(struct bytes image, const struct fmap_area *area, struct bytes *ret_region, struct error *error);
/* All of it: the area NAME of an image.
 * Errors: -E_MALFORMED (no map, an area outside the image, a truncated image), -E_NOT_FOUND (no such area). */
int fmap_find(struct bytes image, const char *name, size_t *ret_offset, struct bytes *ret_region, struct error *error);

#endif
