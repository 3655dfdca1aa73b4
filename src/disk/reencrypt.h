/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume key that nobody can have kept: every sector of a LUKS2 volume read and written again under a new one, by
 * libcryptsetup (LUKS2 specification, "LUKS2 reencryption protocol"). */
#ifndef HEADS_DISK_REENCRYPT_H
#define HEADS_DISK_REENCRYPT_H

#include "base/error.h"
#include "disk/volume.h"

/* Bytes of the volume, a few times a second. */
typedef void reencrypt_progress(void *context, uint64_t done, uint64_t total);

/* Whether this volume's re-encryption was begun and has not ended, and is of a kind that reencrypt_volume takes up
 * again. Pure. */
bool reencrypt_is_unfinished(const struct volume *volume);
/* Re-encrypts the volume, which nobody else may have open, with the cipher that it has; or goes on where it was
 * interrupted. passphrase opens it before, meanwhile and afterwards; every other passphrase and key slot is gone at the
 * end, and what is measured of the volume (PCR 6) is another. A power cut at any moment loses nothing: what was being
 * written is found by its checksums. What an attacker has written into the header as an unfinished re-encryption is
 * refused: the new header is authenticated by both volume keys (CVE-2021-4122), and none that decrypts is taken up.
 *
 * Errors: -E_UNSUPPORTED (LUKS1; a re-encryption that encrypts for the first time or decrypts), -E_WRONG_AUTH,
 * -E_REFUSED (the header has changed since it was read), -E_IO, -E_MEMORY. */
int reencrypt_volume(const struct volume *volume, struct bytes passphrase, reencrypt_progress *progress, void *context,
                     struct error *error);

#endif
