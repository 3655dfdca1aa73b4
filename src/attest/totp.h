/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code that only untouched firmware can compute: a TOTP secret (RFC 6238) sealed to PCRs 0-4 and 7. */
#ifndef HEADS_ATTEST_TOTP_H
#define HEADS_ATTEST_TOTP_H

#include "tpm/tpm.h"

#define TOTP_SECRET_SIZE  20
#define TOTP_STEP_SECONDS 30
/* PCRs 0, 1, 2, 3, 4 and 7 */
#define TOTP_PCR_MASK 0x9fu

/* The code of HMAC-SHA-1, 6 digits, for a time (RFC 4226 section 5.3, RFC 6238). code has room for 7. */
void totp_code(struct bytes secret, uint64_t unix_seconds, char code[7]);
static inline unsigned totp_seconds_left(uint64_t unix_seconds)
{
	return TOTP_STEP_SECONDS - (unsigned)(unix_seconds % TOTP_STEP_SECONDS);
}

/* Makes a new secret from the TPM's and the kernel's random numbers, seals it to the PCRs as they are now, and gives it
 * once for enrolment. ret_secret: release with secret_clear. Errors: those of tpm_seal. */
int totp_new(struct tpm *tpm, struct bytes owner, struct secret *ret_secret, struct error *error);
/* Opens the secret; errors as tpm_unseal, and for -E_WRONG_PCR the sentence names the PCRs that differ
 * ("not available: PCR 2 changed"). */
int totp_open(struct tpm *tpm, struct secret *ret_secret, struct error *error);
/* Seals the secret that is open now to the PCRs as they are now. */
int totp_reseal(struct tpm *tpm, struct bytes secret, struct bytes owner, struct error *error);
/* "otpauth://totp/LABEL?secret=BASE32", percent-encoded label, appended to uri. */
void totp_uri(const char *label, struct bytes secret, struct buffer *uri);
/* The clock is believed: not before the release date of this program. Errors: -E_CLOCK. */
int totp_check_clock(uint64_t unix_seconds, struct error *error);

#endif
