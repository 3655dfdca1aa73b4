/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PID 1: mounts, consoles, the ROM's files measured, the menu as a child, and the only process that leaves. */
#ifndef HEADS_INIT_INIT_H
#define HEADS_INIT_INIT_H

/* Never returns. */
_Noreturn void init_run(void);

#endif
