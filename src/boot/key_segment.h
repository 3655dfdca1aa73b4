/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk unlock key, handed to the operating system in an initrd segment of its own, with the crypttab that makes the
 * system's own initrd use it (A13). Two steps, because nothing of the initrd may be parsed any more once the key is out
 * of the TPM:
 *
 *   key_segment_plan    reads the entry's initrds, makes the crypttab; no secret yet
 *   (measure plan.layout into TRUST_PAYLOAD_PCR, unseal the key)
 *   key_segment_make    the segment, in locked memory
 *   load_initrd_add     (boot/load.h) puts it behind the initrds; it has to be the last segment
 *   load_initrd_wipe    after the kernel is loaded, and on every other way out */
#ifndef HEADS_BOOT_KEY_SEGMENT_H
#define HEADS_BOOT_KEY_SEGMENT_H

#include "base/secret.h"
#include "format/crypttab.h"
#include "format/initrd.h"

/* Where the system finds the key; as in the original Heads. */
#define KEY_SEGMENT_FILE    "secret.key"
#define KEY_SEGMENT_MAX_KEY 4096 /* bytes */

/* Starts zeroed. */
struct key_segment_plan {
	bool used[INITRD_PATHS];             /* whether the segment overrides this crypttab */
	struct buffer content[INITRD_PATHS]; /* its new text */
	bool found[CRYPTTAB_MAX_DISKS];      /* which of the disks the initrd opens, in the order they were given */
	size_t found_count;
	size_t key_size;
	struct buffer
	    layout; /* text to measure: every file of the segment with its size, and its digest where it is no secret */
};

/* Reads the initrds and says what the segment has to be. key_size: bytes of the key that will follow.
 * An initrd without a crypttab gets one with a line "luks-UUID UUID=... /secret.key luks" for every disk, which dracut
 * with rd.luks.uuid= and sd-encrypt read.
 *
 * ret_plan  release with key_segment_plan_clear(), after an error too.
 * Errors    -E_NOT_FOUND (the crypttab names none of the disks), -E_EXISTS (the initrd has a /secret.key of its own),
 *           -E_NOT_REGULAR (a crypttab, or its directory, is a link), -E_USAGE (sizes), those of initrd_read and
 *           crypttab_override. */
int key_segment_plan(const struct bytes *initrds, size_t count, const struct crypttab_disk *disks, size_t disk_count,
                     size_t key_size, struct key_segment_plan *ret_plan, struct error *error);
/* Makes the segment. ret_segment: release with secret_clear(). Errors: -E_USAGE (the key has another size than was
 * planned), -E_MEMORY. */
int key_segment_make(const struct key_segment_plan *plan, struct bytes key, struct secret *ret_segment,
                     struct error *error);
void key_segment_plan_clear(struct key_segment_plan *plan);

#endif
