/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key slots of a LUKS volume, through libcryptsetup. Only keyslot_change changes the owner's. */
#ifndef HEADS_DISK_KEYSLOT_H
#define HEADS_DISK_KEYSLOT_H

#include "base/error.h"
#include "base/secret.h"
#include "disk/volume.h"

/* The volume key, with a passphrase that opens the volume. ret_key: release with secret_clear.
 * Errors: -E_WRONG_AUTH, -E_REFUSED (the header is not that of the volume any more), -E_IO, -E_MEMORY. */
int keyslot_open(const struct volume *volume, struct bytes passphrase, struct secret *ret_key, struct error *error);
/* Puts a random secret into a free slot with a KDF that costs nothing and says of which unlock key it is
 * (luks_own_iterations): the last slot that is free, which the original uses as well. volume_key is from keyslot_open.
 * Errors: -E_EXISTS (no slot is free), those of keyslot_open. */
int keyslot_add(const struct volume *volume, struct bytes volume_key, struct bytes secret, unsigned key,
                unsigned *ret_slot, struct error *error);
/* Does the secret open a slot that Heads made? Errors: as keyslot_open. */
int keyslot_test(const struct volume *volume, struct bytes secret, struct error *error);
/* Destroys slots (bit n is slot n). The last slot of a volume is never destroyed.
 * Errors: -E_REFUSED (nothing else would open the volume), -E_IO. */
int keyslot_destroy(const struct volume *volume, uint32_t slots, struct error *error);
/* Whether a passphrase opens any slot: 1 or 0. Errors: as keyslot_open, without -E_WRONG_AUTH. */
int keyslot_opens(const struct volume *volume, struct bytes passphrase, struct error *error);
/* Puts a new passphrase in the place of an old one: a slot of its own, with the old slot's key derivation and its cost,
 * which has opened from the disk before the slots of the old one are destroyed. A power cut leaves the old passphrase,
 * both, or the new one; may be repeated, and does nothing where the new one alone opens. No other slot is touched. What
 * is measured of the volume (PCR 6) stays.
 * Errors: -E_WRONG_AUTH (old), -E_USAGE (fresh is empty, or the same), those of keyslot_add. */
int keyslot_change(const struct volume *volume, struct bytes old, struct bytes fresh, struct error *error);

#endif
