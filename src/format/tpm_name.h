/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a TPM's storage key: its Name (TPM 2.0 Library, Part 1, section 16) in one line of hexadecimal digits.
 * Stands in the ROM as heads/tpm-name, or signed on /boot as kexec_tpm_name.txt (A2). */
#ifndef HEADS_FORMAT_TPM_NAME_H
#define HEADS_FORMAT_TPM_NAME_H

#include "base/bytes.h"
#include "base/error.h"

/* TPM_ALG_SHA256 and a SHA-256 digest: the storage key's Name algorithm is always that. */
#define TPM_NAME_SIZE 34

/* 68 hexadecimal digits of either case that begin with 000b, and at most one newline behind them. where is for the
 * error. Errors: -E_MALFORMED. */
int tpm_name_parse(struct bytes text, const char *where, uint8_t ret_name[TPM_NAME_SIZE], struct error *error);
/* The line, with its newline, appended. name has TPM_NAME_SIZE bytes. */
void tpm_name_write(struct bytes name, struct buffer *text);

#endif
