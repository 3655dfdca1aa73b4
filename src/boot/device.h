/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the file system with the owner's boot files, and mounting it. */
#ifndef HEADS_BOOT_DEVICE_H
#define HEADS_BOOT_DEVICE_H

#include "base/error.h"
#include <stdbool.h>

struct boot_device {
	char path[64];   /* "/dev/vda1" */
	char type[16];   /* "ext4", "vfat" */
	bool found_luks; /* an encrypted partition was seen: for the sentence where no /boot was found */
};

/* Looks for /boot: the saved choice first (NULL: none), then every partition, then every whole disk that has none. A
 * file system counts where it holds a signature of Heads, a boot loader's folder or a kernel. It is mounted on
 * mount_point read-only with nodev, nosuid and noexec; nothing on it is executed or followed. Waits up to wait_ms for
 * the first disk to appear.
 * Errors: -E_NOT_FOUND with what was seen, -E_IO (the saved choice is there and cannot be mounted). */
int boot_device_find(const char *saved, const char *mount_point, unsigned wait_ms, struct boot_device *ret_device,
                     struct error *error);
/* Makes what is mounted there writable, or read-only again; nodev, nosuid and noexec stay. Errors: -E_IO (the disk is
 * write-protected, or its file system is damaged). */
int boot_device_writable(const char *mount_point, bool writable, struct error *error);
/* Has the kernel read ahead on a disk whose files are read from end to end. Only speed depends on it. */
void boot_device_read_ahead(const char *path);
/* Unmounts; nothing mounted is no error. */
void boot_device_release(const char *mount_point);

#endif
