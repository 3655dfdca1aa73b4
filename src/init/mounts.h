/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's file systems, and what PID 1 sets in them. */
#ifndef HEADS_INIT_MOUNTS_H
#define HEADS_INIT_MOUNTS_H

/* Mounts /proc, /sys, /dev, /dev/pts, /run and /tmp, makes /run/heads, and sets the kernel's switches. What fails is
 * logged later by whoever needs it. */
void mounts_make(void);

#define RUN_DIRECTORY "/run/heads"

#endif
