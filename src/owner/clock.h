/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's clock. */
#ifndef HEADS_OWNER_CLOCK_H
#define HEADS_OWNER_CLOCK_H

#include "base/error.h"
#include <stdint.h>

/* Sets the battery-backed clock (UTC) first, then the kernel's. seconds since 1970.
 * Errors: -E_NO_DEVICE (there is no battery-backed clock), -E_SYSTEM; the kernel's clock is then as it was. */
int clock_set(int64_t seconds, struct error *error);

#endif
