/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event log, handed to the operating system in an initrd segment of its own behind those of the entry. */
#ifndef HEADS_BOOT_LOG_SEGMENT_H
#define HEADS_BOOT_LOG_SEGMENT_H

#include "tpm/tpm.h"

/* The file's name, at the root of the initramfs. No other initrd can override it, because ours is the last. */
#define LOG_SEGMENT_FILE "heads-eventlog"

/* Joins the initrds (sealed memfds, count > 0), their bytes as they are, and a segment with the log as it will be after
 * the cap of a boot: that extend, which PID 1 makes after the kernel is loaded, is foretold. Everything else must have
 * been measured. ret_fd: a sealed memfd.
 * Errors: -E_NOT_FOUND (there is no log), -E_MALFORMED (it cannot be replayed), those of load_join_initrds. */
int log_segment_join(const struct tpm *tpm, const int *fds, size_t count, int *ret_fd, struct error *error);

#endif
