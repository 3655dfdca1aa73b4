/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passphrases of commands: never in argv or the environment, always in locked memory. */
#ifndef HEADS_COMMAND_PASSPHRASE_H
#define HEADS_COMMAND_PASSPHRASE_H

#include "base/error.h"
#include "base/secret.h"
#include "tpm/tpm.h"

/* The first line of a file; "-" is standard input, "/dev/fd/N" any descriptor. ret_passphrase: release with
 * secret_clear. Errors: -E_IO, -E_NOT_FOUND, -E_TOO_LARGE (more than OWNER_PASSPHRASE_MAX bytes), -E_MEMORY. */
int command_passphrase_read(const char *path, struct secret *ret_passphrase, struct error *error);
/* Asks on the terminal, without echo. Errors: -E_USAGE (there is no terminal to ask on), -E_TOO_LARGE, -E_IO. */
int command_passphrase_ask(const char *prompt, struct secret *ret_passphrase, struct error *error);
/* The TPM's owner passphrase: from the file of --owner-passphrase; without that option (path NULL) asked for on the
 * terminal where the TPM has one, and empty where it has none. Errors also: -E_WRONG_AUTH (no terminal to ask on). */
int command_owner_passphrase(struct tpm *tpm, const char *path, struct secret *ret_owner, struct error *error);

#endif
