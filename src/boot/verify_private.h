/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What verify.c, verify_signature.c and verify_compare.c share. Nobody else includes it. */
#ifndef HEADS_BOOT_VERIFY_PRIVATE_H
#define HEADS_BOOT_VERIFY_PRIVATE_H

#include "boot/verify.h"
#include "format/manifest.h"

#define HASHES_NAME  "kexec_hashes.txt"
#define TREE_NAME    "kexec_tree.txt"
#define TYPES_NAME   "kexec_types.txt"
#define COUNTER_NAME "kexec_hotp_counter"

/* What was signed, as far as it can be read. */
struct verify_expected {
	bool has_manifest, has_tree, has_types;
	struct manifest manifest;
	struct tree tree; /* with types, as far as they are known */
};

/* Reads the three files of the set out of the snapshot. A file that is missing or malformed gives an error, and the
 * others are read all the same. */
int verify_expected_read(struct snapshot *snapshot, enum signed_set set, struct verify_expected *ret_expected,
                         struct error *error);
void verify_expected_clear(struct verify_expected *expected);

/* Runs gpgv on three memfds. Errors: -E_PROCESS. */
int verify_run_gpgv(const struct verify_keyring *keyring, int signature, int message, struct verify_status *ret_status,
                    struct error *error);

/* Adds a finding; entry is what is there, or NULL. Errors: -E_MEMORY. */
int verify_add_finding(struct verify_result *result, enum verify_kind kind, const char *path, enum tree_type expected,
                       const struct snapshot_entry *entry);

/* Fills the lists, files and bytes of the result. Errors: -E_ORDER, -E_MEMORY. */
int verify_compare(const struct snapshot *snapshot, const struct verify_expected *expected,
                   struct verify_result *result, struct error *error);

#endif
