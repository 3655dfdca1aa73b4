/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A root filesystem in a logical volume: of a group on plain disks, or of one inside an opened LUKS volume, which is
 * how installers lay out an encrypted system. */
#ifndef HEADS_BOOT_ROOT_LOGICAL_H
#define HEADS_BOOT_ROOT_LOGICAL_H

#include "disk/lvm.h"
#include "disk/volume.h"

struct root_logical {
	const char *upon; /* only groups on this opened LUKS volume ("/dev/mapper/..."); NULL: groups on plain disks */
	const char *chosen;          /* only the logical volume of this path (lvm_path); NULL: any */
	struct volume_list *volumes; /* logical volumes with LUKS, which are mapped: left alone. Takes the sentences of
	                                what was left out */
	/* Whether the mapped volume is what is looked for: 1 or 0; it lets go of it before it comes back. */
	int (*is_root)(void *context, const char *path, struct error *error);
	void *context;
};

/* Maps the logical volumes one after the other, read-only, and leaves the one mapped that is a root: 1 and its path,
 * for lvm_unmap. 0: none is. Removable disks are left out. A group of the name of another one is refused, also where
 * one of the two is inside of the encrypted volume (A7). Errors: -E_REFUSED (two are), -E_MEMORY. */
int root_logical_find(const struct root_logical *wanted, char ret_path[LVM_PATH_SIZE], struct error *error);

#endif
