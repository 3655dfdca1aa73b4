/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB's environment block (GRUB manual, "Environment block"): variables that survive a boot. Never signed. */
#ifndef HEADS_FORMAT_GRUBENV_H
#define HEADS_FORMAT_GRUBENV_H

#include "base/bytes.h"
#include "base/error.h"

#define GRUBENV_MAX_SIZE ((size_t)64 << 10)

/* Calls found() for each variable, in order; both strings are gone after the call.
 * Errors: -E_MALFORMED (not GRUB's header), -E_TOO_LARGE. */
int grubenv_parse(struct bytes block, void (*found)(void *context, const char *name, const char *value), void *context,
                  struct error *error);

#endif
