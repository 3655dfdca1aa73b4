/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volume groups of LVM on the machine's disks, and mappings of their logical volumes for as long as Heads looks at
 * them. A group that is not complete, or not one, is refused by name, as is any volume that is not linear (A7). */
#ifndef HEADS_DISK_LVM_H
#define HEADS_DISK_LVM_H

#include "disk/block.h"
#include "format/lvm.h"

#define LVM_MAX_GROUPS 32
#define LVM_PATH_SIZE  (sizeof("/dev/mapper/") + (size_t)4 * LVM_NAME_SIZE)

/* A disk or partition with the label of a physical volume. */
struct lvm_physical {
	struct block_device device;
	uint64_t sectors; /* of 512 bytes */
	struct lvm_label label;
	char group[LVM_ID_SIZE]; /* the group of its own metadata; "": it has none */
};

struct lvm_found {
	struct lvm_group *group;
	size_t physical[LVM_MAX_DEVICES]; /* where each of the group's devices is, in the scan */
	bool removable;                   /* one of them is */
	char refused[256];                /* one sentence; "": the group is whole */
};

/* Starts zeroed; release with lvm_scan_clear. */
struct lvm_scan {
	struct lvm_physical *physicals;
	size_t count;
	struct lvm_found groups[LVM_MAX_GROUPS];
	size_t group_count;
};

/* Reads labels and metadata of the devices (files will do): nothing is written or mapped. What cannot be read or is
 * damaged is logged; a group that needs it is refused then. Errors: -E_MEMORY, -E_TOO_LARGE (LVM_MAX_GROUPS). */
int lvm_scan(const struct block_device *devices, size_t count, struct lvm_scan *ret_scan, struct error *error);
void lvm_scan_clear(struct lvm_scan *scan);
/* The kernel's name of a volume: "/dev/mapper/GROUP-VOLUME", dashes of either name doubled. */
void lvm_path(const struct lvm_group *group, const struct lvm_volume *volume, char path[LVM_PATH_SIZE]);
/* Maps a volume at lvm_path, read-only unless change. A mapping of that name, which a program of ours that has ended
 * left behind, is replaced. Errors: -E_REFUSED (the group or the volume is), -E_IO. */
int lvm_map(const struct lvm_scan *scan, const struct lvm_found *found, const struct lvm_volume *volume, bool change,
            struct error *error);
/* Takes the mapping down. */
void lvm_unmap(const char *path);
/* Takes down all mappings that lie on the one of this path: what a program of ours that has ended left behind. */
void lvm_unmap_upon(const char *path);

#endif
