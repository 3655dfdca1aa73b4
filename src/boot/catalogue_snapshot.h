/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue of boot entries over a snapshot: the configuration that is parsed is the one that was hashed. */
#ifndef HEADS_BOOT_CATALOGUE_SNAPSHOT_H
#define HEADS_BOOT_CATALOGUE_SNAPSHOT_H

#include "boot/snapshot.h"
#include "boot/verify.h"
#include "format/entry.h"

/* Of configuration files that the signature covers; others are as if they were not there (A12). Parsed here.
 * ret_entries takes the entries over; release with entry_list_clear(). Errors: those of catalogue_build. */
int catalogue_of_trusted(struct snapshot *snapshot, const struct verify *verify, struct entry_list *ret_entries,
                         struct error *error);
/* Of whatever is there, parsed in a confined child: for a boot that the owner forces (A11). */
int catalogue_of_untrusted(struct snapshot *snapshot, struct entry_list *ret_entries, struct error *error);

#endif
