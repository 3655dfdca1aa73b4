/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event log, handed to the operating system in an initrd segment of its own behind those of the entry. */
#ifndef HEADS_BOOT_LOG_SEGMENT_H
#define HEADS_BOOT_LOG_SEGMENT_H

#include "tpm/tpm.h"

/* The file's name, at the root of the initramfs. No other initrd can override it, because ours is the last. */
#define LOG_SEGMENT_FILE "heads-eventlog"

/* Makes the segment with the log as it will be after the cap of a boot: that extend, which PID 1 makes after the kernel
 * is loaded, is foretold. Everything else must have been measured. segment: appended.
 * Errors: -E_NOT_FOUND (there is no log), -E_MALFORMED (it cannot be replayed), -E_MEMORY. */
int log_segment_make(const struct tpm *tpm, struct buffer *segment, struct error *error);

#endif
