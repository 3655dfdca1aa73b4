/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TOTP secret that was made, as commands show it. */
#ifndef HEADS_COMMAND_TOTP_H
#define HEADS_COMMAND_TOTP_H

#include "base/bytes.h"
#include "command/command.h"

#define TOTP_DEFAULT_LABEL "Heads"
#define TOTP_LABEL_LIMIT   64 /* bytes */

/* For the phone, this once: {"uri": ..., "secret": ...}, or lines, and on a terminal the QR code.
 * Errors: -E_MEMORY, -E_IO (standard output does not take it). */
int totp_print_secret(const struct command_context *context, const char *label, struct bytes secret,
                      struct error *error);

#endif
