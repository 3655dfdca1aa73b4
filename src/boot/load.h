/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_file_load from sealed memory files. */
#ifndef HEADS_BOOT_LOAD_H
#define HEADS_BOOT_LOAD_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/memfd.h"

/* Loads a kernel for the jump. kernel and initrd are sealed memfds (A6), initrd -1 for none. Only kexec_file_load is
 * used (A14). Errors: -E_REFUSED (a memfd is not sealed), -E_TOO_LARGE (command line), -E_UNSUPPORTED (the kernel
 * refused the image), -E_SYSTEM. */
int load_kernel(int kernel, int initrd, const char *cmdline, struct error *error);
/* Forgets a loaded kernel. */
void load_forget(void);

/* The initrds of one boot in one memfd, and segments behind them: the event log, the disk unlock key.
 *
 *   load_initrd_borrow or load_initrd_join
 *   load_initrd_add      each segment
 *   load_initrd_seal
 *   load_kernel
 *   load_initrd_wipe     on every way out
 *
 * Starts zeroed but for fd = -1. */
struct load_initrd {
	int fd; /* for load_kernel */
	bool borrowed;
	struct memfd_room *room; /* of who lent it, or own */
	struct memfd_room own;
};

/* An entry's only initrd, where it is: no byte of it is copied. room lies behind it and is used up; both are borrowed.
 */
void load_initrd_borrow(int fd, struct memfd_room *room, struct load_initrd *ret_initrd);
/* Copies initrds one behind the other, with room for the segments that follow. Errors: -E_MEMORY, -E_SYSTEM. */
int load_initrd_join(const struct bytes *initrds, size_t count, size_t room, struct load_initrd *ret_initrd,
                     struct error *error);
/* How much room a segment takes. */
size_t load_initrd_room(struct bytes segment);
/* Puts a segment behind what is there. Errors: those of memfd_append. */
int load_initrd_add(struct load_initrd *initrd, struct bytes segment, struct error *error);
/* Nothing follows any more. Errors: -E_SYSTEM. */
int load_initrd_seal(struct load_initrd *initrd, struct error *error);
/* Overwrites the segments with zeros, which also whoever still holds the descriptor sees; fits CLEANUP(). */
void load_initrd_wipe(struct load_initrd *initrd);

#endif
