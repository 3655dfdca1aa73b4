/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root filesystem of the owner's system, opened for reading in the firmware: found, decrypted where it has to be,
 * mounted, and closed again before anything is booted. */
#ifndef HEADS_BOOT_ROOT_DEVICE_H
#define HEADS_BOOT_ROOT_DEVICE_H

#include "base/secret.h"
#include "boot/root_hashes.h"
#include "disk/lvm.h"
#include "disk/volume.h"

/* What is wanted; all but directories may be empty. */
struct root_wishes {
	const char
	    *device; /* the owner's choice (CONFIG_ROOT_DEV): a partition, a disk, a logical volume; NULL: found */
	const struct root_directories *directories; /* of which one at least must be there */
	struct bytes key;                           /* the disk unlock key, where this boot has it */
	/* Asks for a passphrase of the volume, for the try-th time (from 1); false: the owner gives none. NULL: nobody
	 * is asked. The passphrase is cleared by the caller. */
	bool (*ask)(void *context, const struct volume *volume, unsigned try, struct secret *ret_passphrase);
	void *context;
};

/* Starts with fd = -1. */
struct root_device {
	int fd;                      /* the root directory */
	char path[LVM_PATH_SIZE];    /* what is mounted: "/dev/vda3", "/dev/mapper/vg-root" */
	char disk[LVM_PATH_SIZE];    /* the LUKS volume below it, or "" */
	char logical[LVM_PATH_SIZE]; /* the logical volume that was mapped for it, or "" */
	struct volume_list volumes;  /* of the machine; their logical volumes stay mapped as long as the root is open */
	bool unclean;                /* its journal holds changes that the system will make when it mounts it */
};

/* Opens the root, read-only with nodev, nosuid and noexec, and without its journal (noload: nothing is written). Where
 * no device was chosen: the LUKS volumes that the key opens, then the partitions and logical volumes with an ext4
 * filesystem, then the other LUKS volumes, whose passphrases are asked for (three tries each). In a LUKS volume it is
 * the filesystem, or a logical volume of a group in there. Of several with such directories none is taken. Release with
 * root_device_close.
 *
 * Errors: -E_NOT_FOUND (no root, with what was seen), -E_REFUSED (several; a refused LUKS volume, A7; no passphrase was
 * given), -E_WRONG_AUTH (three wrong passphrases), -E_UNSUPPORTED (no ext4), -E_IO, -E_MEMORY. */
int root_device_open(const struct root_wishes *wishes, struct root_device *ret_root, struct error *error);
/* Unmounts, and takes the mapping down, so that the key leaves the kernel. Errors: -E_IO (it is in use). */
int root_device_close(struct root_device *root, struct error *error);

#endif
