/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's disks and partitions, as the kernel lists them. */
#ifndef HEADS_DISK_BLOCK_H
#define HEADS_DISK_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_MAX_DEVICES 256

struct block_device {
	char path[48]; /* "/dev/vda1" */
	bool partition;
	bool removable; /* what is on it is asked for, never found */
	bool portable;  /* removable, or on the USB: what the owner carries about */
};

/* Lists disks and partitions that can hold a file system, in the order of their names: no memory devices, flash,
 * optical drives, mappings. Returns how many; devices has room for BLOCK_MAX_DEVICES. */
size_t block_list(struct block_device *devices);

/* Waits for the disk of each stick that the kernel has found on the USB and not yet looked into, which it does a second
 * later; at most 3 s, for one that has none. For who lists sticks because the owner asks. */
void block_wait_for_sticks(void);

/* What the maker calls the disk of a device or partition ("SanDisk Cruzer"), safe for a screen; "disk" where it says
 * nothing. */
void block_model(const char *path, char *text, size_t size);
/* Bytes of a device; 0 where it is not there. */
uint64_t block_size(const char *path);
/* The name of a partition in its GPT, as the kernel tells it; empty: it has none. */
void block_partition_name(const char *path, char *text, size_t size);

#endif
