/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_file_load from sealed memory files. */
#ifndef HEADS_BOOT_LOAD_H
#define HEADS_BOOT_LOAD_H

#include "base/bytes.h"
#include "base/error.h"

/* Loads a kernel for the jump. kernel and initrd are sealed memfds (A6), initrd -1 for none. Only kexec_file_load is
 * used (A14). Errors: -E_REFUSED (a memfd is not sealed), -E_TOO_LARGE (command line), -E_UNSUPPORTED (the kernel
 * refused the image), -E_SYSTEM. */
int load_kernel(int kernel, int initrd, const char *cmdline, struct error *error);
/* Joins several initrds into one sealed memfd. Behind each but the last come zeros: to a multiple of 4 bytes, as the
 * kernel's cpio reader wants, and at least 4, which end the data of lz4. */
int load_join_initrds(const int *fds, size_t count, int *ret_fd, struct error *error);

/* Initrds with a secret behind them. Nobody can change the memfd but we, through a mapping of the secret's bytes that
 * was made before the seals (F_SEAL_FUTURE_WRITE): that is how they are wiped. Starts zeroed but for fd = -1. */
struct load_initrd {
	int fd;
	uint8_t *map;
	size_t map_size;
};
/* As load_join_initrds, with secret (a segment; copied) at the end. Errors: as there.
 * ret_initrd  release with load_initrd_wipe() as soon as the kernel is loaded. */
int load_join_secret(const int *fds, size_t count, struct bytes secret, struct load_initrd *ret_initrd,
                     struct error *error);
/* Overwrites the secret with zeros and closes; fits CLEANUP(). */
void load_initrd_wipe(struct load_initrd *initrd);
/* Forgets a loaded kernel. */
void load_forget(void);

#endif
