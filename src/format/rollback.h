/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which value of a TPM counter a /boot was signed for (A15): ours, `kexec_counter.txt`, and the original's,
 * `kexec_rollback.txt` (docs/formats.md). Pure. */
#ifndef HEADS_FORMAT_ROLLBACK_H
#define HEADS_FORMAT_ROLLBACK_H

#include "base/bytes.h"
#include "base/error.h"

#define ROLLBACK_NAME          "kexec_counter.txt"
#define ROLLBACK_ORIGINAL_NAME "kexec_rollback.txt"
#define ROLLBACK_MAX_SIZE      4096
#define ROLLBACK_MAX_VALUE     (UINT64_MAX >> 2)

/* Reads kexec_counter.txt: the lines "heads counter 1" and "value N", N in decimal without leading zeros.
 * Errors: -E_MALFORMED. */
int rollback_parse(struct bytes text, uint64_t *ret_value, struct error *error);
/* Writes it. */
void rollback_append(struct buffer *buffer, uint64_t value);

/* The original's: one line of `sha256sum` for /tmp/counter-ID, whose content was "ID: VALUE" and a newline, VALUE with
 * 16 hexadecimal digits (TPM 2.0). */
struct rollback_original {
	char id[16];    /* the NV index, as the original spells it: hexadecimal */
	uint32_t index; /* the same */
	uint8_t digest[32];
};
/* Errors: -E_MALFORMED, -E_UNSUPPORTED (a counter of a TPM 1.2: its ID is no NV index). */
int rollback_original_parse(struct bytes text, struct rollback_original *ret_original, struct error *error);
/* Whether it was signed for this value of its counter. */
bool rollback_original_fits(const struct rollback_original *original, uint64_t value);

/* What a signed set says. */
struct rollback_set {
	bool bound; /* kexec_counter.txt is there */
	uint64_t value;
	bool has_original; /* kexec_rollback.txt is there, for a TPM 2.0 */
	struct rollback_original original;
};

#endif
