/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes the files of a CBFS region in memory, as coreboot's cbfstool would: raw files are added, removed, replaced;
 * no other file ever moves, and every byte of the region stays covered by an entry. Pure: the caller owns the memory
 * and brings it to the flash. An edit that fails has changed nothing. */
#ifndef HEADS_FORMAT_CBFS_WRITE_H
#define HEADS_FORMAT_CBFS_WRITE_H

#include "format/cbfs.h"

/* The region as memory that may be changed. */
struct cbfs_region {
	uint8_t *data;
	size_t size;
};

static inline struct bytes cbfs_region_bytes(const struct cbfs_region *region)
{
	return bytes_make(region->data, region->size);
}

struct cbfs_new_file {
	const char *name; /* at most CBFS_NAME_SIZE - 1 bytes, not empty */
	struct bytes content;
	/* The header begins at a multiple of this many bytes of the region; 0 or 64: as close as it gets. The size of
	 * an erase block, so that a file shares none with its neighbour in front. A power of two. */
	size_t header_alignment;
	/* The content begins at a multiple of this many bytes of the image, and is marked so; 0: anywhere. A power of
	 * two. region_offset says where in the image the region begins. */
	size_t content_alignment;
	size_t region_offset;
};

struct cbfs_space {
	size_t files;   /* how many, empty entries apart */
	size_t used;    /* bytes of the region that are not free */
	size_t free;    /* bytes of the empty places, with what their own headers take */
	size_t largest; /* content of the largest file with a name of up to 19 bytes that can be added */
};

/* Makes all of the region (64 bytes at least) one empty place. */
void cbfs_make_empty(struct cbfs_region *region);
/* Counts. Errors: -E_MALFORMED. */
int cbfs_space(struct bytes region, struct cbfs_space *ret_space, struct error *error);
/* Adds a raw file into the first empty place that takes it.
 * Errors: -E_USAGE (name, alignment), -E_EXISTS, -E_TOO_LARGE (with the bytes that fit), -E_MALFORMED. */
int cbfs_add(struct cbfs_region *region, const struct cbfs_new_file *file, struct error *error);
/* Removes the raw file of this name; what was its place reads 0xff, and is one with the empty places beside it.
 * Errors: -E_NOT_FOUND, -E_REFUSED (no raw file, or fixed to its place), -E_EXISTS (two of that name), -E_MALFORMED. */
int cbfs_remove(struct cbfs_region *region, const char *name, struct error *error);
/* Removes the file of this name where there is one, and adds the new one. What the old one's attributes said of
 * alignment and hash holds for the new one; compressed content becomes plain. Errors: as cbfs_add and cbfs_remove. */
int cbfs_replace(struct cbfs_region *region, const struct cbfs_new_file *file, struct error *error);

#endif
