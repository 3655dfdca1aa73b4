/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keyslot.c and mapping.c share of libcryptsetup. Nobody else includes it. */
#ifndef HEADS_DISK_KEYSLOT_PRIVATE_H
#define HEADS_DISK_KEYSLOT_PRIVATE_H

#include "disk/volume.h"
#include <libcryptsetup.h>

/* Opens the header by the library and makes sure that it is the one whose facts were taken (A7). Errors: -E_REFUSED,
 * -E_IO, -E_MEMORY. */
int keyslot_open_device(const struct volume *volume, struct crypt_device **ret_device, struct error *error);
/* Frees; fits CLEANUP(). */
void keyslot_release_device(struct crypt_device **device);
/* Puts what the library returned (a negative errno) while "doing" into a sentence, with its own last words. */
int keyslot_failure(const struct volume *volume, int result, const char *doing, struct error *error);

#endif
