/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gpg, gpg-agent and scdaemon in the ROM: packed until somebody asks for keys, so that no boot waits for them. */
#ifndef HEADS_DONGLE_GNUPG_PROGRAMS_H
#define HEADS_DONGLE_GNUPG_PROGRAMS_H

#include "base/error.h"

/* Where the ROM has them, and the archive of them (firmware/make-initramfs): a ustar archive, compressed with zstd. */
#define GNUPG_PROGRAMS "/bin"
#define GNUPG_ARCHIVE  "gnupg.tar.zst"

/* Unpacks the archive in directory, beside itself, and removes it. Nothing is done where there is none: on a
 * workstation, and the second time. The archive is part of the initramfs, which the firmware measured (PCR 2).
 *
 * Each program appears whole or not at all, gpg last. Errors: -E_MALFORMED (the archive), -E_TOO_LARGE, -E_MEMORY,
 * -E_IO, -E_SYSTEM; what is there already stays, and the archive as well. */
int gnupg_programs_unpack(const char *directory, struct error *error);

#endif
