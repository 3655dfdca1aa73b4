/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A LUKS volume opened for reading, through dm-crypt. The key is in the kernel as long as the mapping is. */
#ifndef HEADS_DISK_MAPPING_H
#define HEADS_DISK_MAPPING_H

#include "disk/volume.h"

#define MAPPING_DIRECTORY "/dev/mapper"

/* Opens the volume read-only as MAPPING_DIRECTORY/name. The passphrase, or the disk unlock key, may be that of any
 * slot. Nothing is left in a keyring. Release with mapping_close.
 * Errors: -E_REFUSED (volume_check; the header is not that of the volume any more; A7), -E_WRONG_AUTH, -E_EXISTS (the
 * name is taken), -E_IO, -E_MEMORY. */
int mapping_open(const struct volume *volume, const char *name, struct bytes passphrase, struct error *error);
/* Takes the mapping down; the kernel wipes its key. None of this name is no error. Errors: -E_IO (still in use). */
int mapping_close(const char *name, struct error *error);

#endif
