/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured now is kept for the next time, when the attestation secret opens: in the TPM, and signed on /boot
 * (format/baseline.h, docs/event-log.md). It proves nothing; it explains. */
#ifndef HEADS_ATTEST_KEEP_H
#define HEADS_ATTEST_KEEP_H

#include "attest/totp.h"
#include "format/baseline.h"
#include "tpm/tpm.h"

#define KEEP_PCR_MASK TOTP_PCR_MASK /* what is measured when the secret opens */
#define KEEP_FILE     "kexec_eventlog.txt"
/* The owner's settings as PID 1 measured them, for the recovery shell. */
#define KEEP_SETTINGS_FILE "/run/heads/config.user"

/* PCRs of the mask, in the SHA-256 bank, whose values the log does not lead to: firmware that measures without a log,
 * or somebody else. Errors: those of eventlog_replay, -E_UNSUPPORTED (no SHA-256 bank). */
int keep_find_untold(struct bytes log, const struct tpm_pcrs *now, struct baseline_untold *ret_untold,
                     struct error *error);
/* A file's bytes; one that is there and empty has content too: none. */
struct bytes keep_content(const struct buffer *file);
/* The settings of this start, where PID 1 has left them; data NULL where there are none. text owns them.
 * Errors: -E_IO, -E_TOO_LARGE, -E_MEMORY. */
int keep_read_settings(struct buffer *text, struct bytes *ret_settings, struct error *error);
/* The text for KEEP_FILE, appended. settings: the owner's as they were measured, data NULL where there are none.
 * Errors: those of eventlog_read, tpm_pcr_read, baseline_write. */
int keep_text(struct tpm *tpm, struct bytes settings, struct buffer *text, struct error *error);
/* After the secret opened: keeps the list in the TPM, where it is not kept already (one command). anew: the secret was
 * sealed just now, so what is kept is another one even where the events are the same. Settings that do not fit are left
 * out. ret_size: 0 where nothing had to be written, otherwise the text's size.
 * Errors: those of keep_text and of tpm_baseline_write. */
int keep_in_tpm(struct tpm *tpm, struct bytes settings, bool anew, size_t *ret_size, struct error *error);

#endif
