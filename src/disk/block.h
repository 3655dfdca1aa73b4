/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's disks and partitions, as the kernel lists them. */
#ifndef HEADS_DISK_BLOCK_H
#define HEADS_DISK_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#define BLOCK_MAX_DEVICES 256

struct block_device {
	char path[48]; /* "/dev/vda1" */
	bool partition;
	bool removable; /* what is on it is asked for, never found */
};

/* Lists disks and partitions that can hold a file system, in the order of their names: no memory devices, flash,
 * optical drives, mappings. Returns how many; devices has room for BLOCK_MAX_DEVICES. */
size_t block_list(struct block_device *devices);

#endif
