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
/* Joins several initrds, each padded to 4 bytes as the kernel's cpio reader wants, into one sealed memfd. */
int load_join_initrds(const int *fds, size_t count, int *ret_fd, struct error *error);
/* Forgets a loaded kernel. */
void load_forget(void);

#endif
