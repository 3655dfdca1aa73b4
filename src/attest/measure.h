/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measuring: a PCR is extended in every active bank with the hash of what was measured, an event of the event log keeps
 * it (attest/eventlog.h), and a line says so. */
#ifndef HEADS_ATTEST_MEASURE_H
#define HEADS_ATTEST_MEASURE_H

#include "tpm/tpm.h"

/* Measures bytes under a name for the log. tpm NULL (a machine without TPM): only the line.
 * Errors: those of tpm_pcr_extend. */
int measure_bytes(struct tpm *tpm, unsigned pcr, const char *what, struct bytes bytes, struct error *error);
/* As measure_bytes, where their SHA-256 is known already: they are hashed again only for other active banks. */
int measure_hashed(struct tpm *tpm, unsigned pcr, const char *what, struct bytes bytes, const struct digest *sha256,
                   struct error *error);
/* Appends to a log the event that measure_bytes will write when it is called with the same: for a log that is given
 * away before the last extend. Measures nothing. A failure is in log->failed. */
void measure_foretell(const struct tpm *tpm, unsigned pcr, const char *what, struct bytes bytes, struct buffer *log);

#endif
