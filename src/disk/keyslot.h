/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key slots of a LUKS volume, through libcryptsetup. The owner's slots are never changed. */
#ifndef HEADS_DISK_KEYSLOT_H
#define HEADS_DISK_KEYSLOT_H

#include "base/error.h"
#include "base/secret.h"
#include "disk/volume.h"

/* The volume key, with a passphrase that opens the volume. ret_key: release with secret_clear.
 * Errors: -E_WRONG_AUTH, -E_REFUSED (the header is not that of the volume any more), -E_IO, -E_MEMORY. */
int keyslot_open(const struct volume *volume, struct bytes passphrase, struct secret *ret_key, struct error *error);
/* Puts a random secret into a free slot with a KDF that costs nothing (LUKS_OWN_ITERATIONS): the last slot that is
 * free, which the original uses as well. volume_key is from keyslot_open.
 * Errors: -E_EXISTS (no slot is free), those of keyslot_open. */
int keyslot_add(const struct volume *volume, struct bytes volume_key, struct bytes secret, unsigned *ret_slot,
                struct error *error);
/* Does the secret open a slot that Heads made? Errors: as keyslot_open. */
int keyslot_test(const struct volume *volume, struct bytes secret, struct error *error);
/* Destroys slots (bit n is slot n). The last slot of a volume is never destroyed.
 * Errors: -E_REFUSED (nothing else would open the volume), -E_IO. */
int keyslot_destroy(const struct volume *volume, uint32_t slots, struct error *error);

#endif
