/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that sign a /boot share. */
#ifndef HEADS_COMMAND_BOOT_SIGN_H
#define HEADS_COMMAND_BOOT_SIGN_H

#include "boot/sign.h"
#include "command/command.h"

/* Opens the directory to sign, and looks whether the GnuPG home of the request is one. Returns the descriptor.
 * Errors: -E_USAGE, -E_IO. */
int boot_sign_open(const struct sign_request *request, const char *path, struct error *error);
/* Prints what was signed; id is the new default entry, or NULL. */
void boot_sign_print(const struct command_context *context, const struct sign_result *result, const char *id);

#endif
