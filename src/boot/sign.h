/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists and signs everything below a boot directory, so that the original accepts it too (DESIGN section 5). */
#ifndef HEADS_BOOT_SIGN_H
#define HEADS_BOOT_SIGN_H

#include "base/error.h"
#include <stdint.h>

struct sign_request {
	int directory;    /* the root of the boot filesystem, borrowed */
	const char *home; /* GNUPGHOME with the owner's secret key, or the card that stands for it */
	const char *key;  /* fingerprint or other name of the key, NULL: gpg's default */
};

struct sign_result {
	uint64_t files;  /* in the manifest */
	char signer[65]; /* fingerprint of the primary key */
};

/* Reads every file once, writes kexec_hashes.txt, kexec_tree.txt, kexec_types.txt, signs these and every other
 * kexec*.txt that is there, writes kexec.sig, and verifies the result. All is prepared, signed and checked before the
 * first byte is written; the new files are on the disk under other names before the first is put in place, and
 * kexec.sig is put in place last, so that what an interruption leaves is refused, or is the old set, or the new one.
 * Removes the original's kexec_package_trigger_*.txt, as the original does.
 *
 * Errors: -E_REFUSED, with nothing written (a name with a byte that the original's formats cannot carry: control,
 * backslash, beyond ASCII; a device, pipe or socket; a foreign kexec* name; no file at all; gpg does not sign),
 * -E_IO, -E_PROCESS (no gpg), -E_SYSTEM (what was written does not verify). */
int sign_directory(const struct sign_request *request, struct sign_result *ret_result, struct error *error);

#endif
