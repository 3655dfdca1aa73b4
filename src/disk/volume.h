/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LUKS volumes of this machine: their headers read once, their facts, and what of them goes into PCR 6 (A7). */
#ifndef HEADS_DISK_VOLUME_H
#define HEADS_DISK_VOLUME_H

#include "base/digest.h"
#include "format/luks.h"

struct volume {
	char *path;
	bool removable; /* its disk is */
	bool mapped;    /* a logical volume, mapped for as long as this list is there */
	struct luks_facts facts;
	struct digest digest; /* SHA-256 of the canonical facts; size 0 where the volume is refused */
};

/* Starts zeroed; release with volume_list_clear. */
struct volume_list {
	struct volume *volumes;
	size_t count;
	struct buffer left_out; /* sentences, one a line: groups and logical volumes in which nothing was looked for */
};

/* Reads the header of a device or file and adds the volume, refused or not.
 * Errors: -E_NOT_FOUND, -E_IO, -E_MALFORMED (no LUKS header), -E_MEMORY. */
int volume_add(struct volume_list *list, const char *path, struct error *error);
/* Adds every LUKS volume on the machine's disks and in the logical volumes of LVM on them (disk/lvm.h), removable ones
 * as well: the operating system would find them too. What cannot be read is left out. Logical volumes with LUKS stay
 * mapped, read-only unless change (key slots will be made or removed), until the list is released; a
 * later list takes the mappings over, and then nothing opens the logical volumes of an earlier one any more.
 * Errors: -E_MEMORY. */
int volume_add_all(struct volume_list *list, bool change, struct error *error);
/* Refuses all that share a UUID with another one of the list. */
void volume_refuse_duplicates(struct volume_list *list);
/* One sentence of why a volume is refused. Returns -E_REFUSED, or 0 where it is not. */
int volume_check(const struct volume *volume, struct error *error);
/* The volume with this UUID, or NULL. */
const struct volume *volume_find(const struct volume_list *list, const char *uuid);
/* Copies those volumes to *ret_chosen, sorted by UUID, that the text of a kexec_key_devices.txt names
 * (docs/formats.md): lines "DEVICE UUID"; the UUID counts. Without such a text (empty): those that have a key slot of
 * Heads'. Errors: -E_NOT_FOUND (one that is named is not there), -E_MALFORMED, -E_REFUSED (volume_check), -E_MEMORY. */
int volume_choose(const struct volume_list *all, struct bytes names, struct volume_list *ret_chosen,
                  struct error *error);
/* The value of PCR 6 once the volumes are measured in their order, in a bank that held zero before. */
struct digest volume_expected_pcr(const struct volume_list *list);
void volume_list_clear(struct volume_list *list);

#endif
