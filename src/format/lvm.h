/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LVM2: the label of a physical volume, the header of its metadata area, and the metadata of a volume group as far as
 * logical volumes are found with it. Pure and bounded. Written from the format as it is on disks
 * (docs/formats.md, "LVM2 metadata").
 *
 * A logical volume that is anything but one linear piece after the other is refused by name; so is a whole group that
 * contradicts itself (A7). */
#ifndef HEADS_FORMAT_LVM_H
#define HEADS_FORMAT_LVM_H

#include "base/bytes.h"
#include "base/error.h"

#define LVM_LABEL_SIZE  2048 /* bytes from the beginning of a device in which its label lies */
#define LVM_HEADER_SIZE 512  /* bytes at the beginning of a metadata area */
#define LVM_MAX_TEXT    ((size_t)1 << 20)
#define LVM_MAX_AREAS   2
#define LVM_NAME_SIZE   128
#define LVM_ID_SIZE     40 /* 32 characters in seven groups, and a NUL */
#define LVM_MAX_DEVICES 64
#define LVM_MAX_VOLUMES 256
#define LVM_MAX_PIECES  1024 /* of all the volumes of a group */

struct lvm_area {
	uint64_t offset, size; /* bytes, from the beginning of the device */
};

/* What the label of a physical volume says. */
struct lvm_label {
	char id[LVM_ID_SIZE];
	struct lvm_area areas[LVM_MAX_AREAS]; /* metadata areas; a device may have none */
	size_t area_count;
};

/* Where the metadata lie in an area. They may go on at LVM_HEADER_SIZE where the area ends. */
struct lvm_place {
	uint64_t offset; /* bytes, from the beginning of the area; at least LVM_HEADER_SIZE */
	size_t size;     /* 0: the device belongs to no group, or its area is not used */
	uint32_t checksum;
};

struct lvm_device {
	char name[LVM_NAME_SIZE]; /* "pv0": in the metadata alone */
	char id[LVM_ID_SIZE];
	uint64_t first;   /* sector (512 bytes) at which its first extent begins */
	uint64_t extents; /* that it has */
};

struct lvm_piece {
	uint64_t extents;
	size_t device;  /* index of it in the group */
	uint64_t start; /* extent of the device */
};

struct lvm_volume {
	char name[LVM_NAME_SIZE];
	size_t first_piece, piece_count; /* in their order, without a gap */
	char refused[96];                /* why it is not mapped, in words; "": it can be */
};

struct lvm_group {
	char name[LVM_NAME_SIZE], id[LVM_ID_SIZE];
	uint64_t sequence;    /* of two metadata the higher one counts */
	uint64_t extent_size; /* sectors */
	struct lvm_device devices[LVM_MAX_DEVICES];
	size_t device_count;
	struct lvm_volume volumes[LVM_MAX_VOLUMES]; /* those that are not a part of another one */
	size_t volume_count;
	struct lvm_piece pieces[LVM_MAX_PIECES];
	size_t piece_count;
};

/* Reads the label in the first LVM_LABEL_SIZE bytes of a device; name is for the sentence.
 * Errors: -E_NOT_FOUND (there is none), -E_MALFORMED (checksum, bounds). */
int lvm_label_parse(struct bytes start, const char *name, struct lvm_label *ret_label, struct error *error);
/* Reads the first LVM_HEADER_SIZE bytes of a metadata area. Errors: -E_MALFORMED, -E_TOO_LARGE. */
int lvm_header_parse(struct bytes header, const struct lvm_area *area, const char *name, struct lvm_place *ret_place,
                     struct error *error);
/* Reads metadata, put together from their place. The group is large: the caller has it on the heap.
 * Errors: -E_MALFORMED (checksum, not the text of a group, contradictions, more than the bounds above). */
int lvm_group_parse(struct bytes text, uint32_t checksum, const char *name, struct lvm_group *ret_group,
                    struct error *error);
/* The checksum of LVM2: a CRC-32 that starts with another value and is not inverted at the end. */
uint32_t lvm_checksum(struct bytes bytes);

#endif
