/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout of the keyboard at the framebuffer. */
#ifndef HEADS_INIT_KEYBOARD_H
#define HEADS_INIT_KEYBOARD_H

#include "base/error.h"
#include "init/console.h"

/* Gives the console of the framebuffer the layout that CONFIG_KEYBOARD_KEYMAP names (format/keyboard.h); a serial line
 * has the layout of the machine at its other end. NULL, and a machine without a framebuffer: nothing is done.
 * Errors: -E_USAGE (no such layout; the kernel's stays), -E_SYSTEM. */
int keyboard_set(const struct consoles *consoles, const char *name, struct error *error);

#endif
