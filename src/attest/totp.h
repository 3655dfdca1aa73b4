/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code that only untouched firmware can show: TOTP (RFC 6238) with a key that never leaves the TPM and works only
 * while PCRs 0-4 and 7 are approved. Beside it the TPM remembers the time of the last code, so that a clock that was
 * set ahead to collect codes for later is noticed (A8). */
#ifndef HEADS_ATTEST_TOTP_H
#define HEADS_ATTEST_TOTP_H

#include "tpm/tpm.h"

#define TOTP_SECRET_SIZE  20
#define TOTP_MESSAGE_SIZE 8
#define TOTP_STEP_SECONDS 30
/* PCRs 0, 1, 2, 3, 4 and 7 */
#define TOTP_PCR_MASK 0x9fu
/* How far the clock may be ahead of the last code that was shown: CONFIG_TOTP_MAX_AHEAD_DAYS, and where it is not set.
 */
#define TOTP_AHEAD_DAYS_LIMIT    36500
#define TOTP_AHEAD_DAYS_FALLBACK 90

/* What HOTP (attest/hotp.h) does the same way. A new secret of TOTP_SECRET_SIZE bytes from the TPM's and the kernel's
 * random numbers, either of which suffices; release with secret_clear. */
int totp_make_secret(struct tpm *tpm, struct secret *ret_secret, struct error *error);
/* What an error of the TPM about a slot means for the owner; what: "TOTP". Returns result. */
int totp_explain(struct tpm *tpm, enum tpm_slot slot, const char *what, int result, struct error *error);

/* What the HMAC is made of at a time, and the 6 digits of an HMAC-SHA-1 (RFC 4226 section 5.3, RFC 6238). */
void totp_message(uint64_t unix_seconds, uint8_t message[TOTP_MESSAGE_SIZE]);
void totp_digits(const struct digest *mac, char code[7]);
static inline unsigned totp_seconds_left(uint64_t unix_seconds)
{
	return TOTP_STEP_SECONDS - (unsigned)(unix_seconds % TOTP_STEP_SECONDS);
}

/* The code of the current step. Starts zeroed; wipe with totp_close. */
struct totp {
	bool open;
	uint64_t step;    /* of the code: Unix time by 30 seconds */
	uint64_t floor;   /* step of the last code that the TPM remembers */
	uint32_t shown;   /* codes shown since the owner last confirmed, this one included */
	uint32_t unsaved; /* of them, those that the TPM does not know of yet */
	char code[7];
};
void totp_close(struct totp *totp);

/* Makes a new secret from the TPM's and the kernel's random numbers, puts it into the TPM as a key for the PCRs as they
 * are now, and gives it once for enrolment; from then on nobody has it but TPM and phone. The time becomes the floor.
 * ret_secret: release with secret_clear. Errors: -E_CLOCK, those of tpm_hmac_make. */
int totp_new(struct tpm *tpm, uint64_t unix_seconds, struct bytes owner, struct secret *ret_secret,
             struct error *error);
/* Looks at the clock, has the TPM remember the time, and computes the code.
 * Errors: -E_CLOCK (the clock is not believed: see totp_check_clock; or the TPM remembers no time), -E_NO_SECRET,
 * -E_WRONG_PCR (the sentence names those that differ: "not available: PCR 2 changed"), those of tpm_hmac. */
int totp_open(struct tpm *tpm, uint64_t unix_seconds, unsigned long ahead_days, struct totp *ret_totp,
              struct error *error);
/* The code of another step, where one has come. The TPM is told the time once an hour: its memory wears out.
 * Errors: as totp_open; then totp is closed. */
int totp_update(struct tpm *tpm, uint64_t unix_seconds, unsigned long ahead_days, struct totp *totp,
                struct error *error);
/* The owner says that the date is right and that the codes shown until now were for his eyes: the time becomes the
 * floor, and counting starts anew. Errors: -E_WRONG_AUTH (owner), -E_NO_SECRET, -E_WRONG_PCR, -E_CLOCK (before the
 * release). */
int totp_confirm(struct tpm *tpm, uint64_t unix_seconds, struct bytes owner, struct error *error);
/* The key works for the PCRs as they are now; it is not known to the program. Where the TPM had no owner passphrase
 * when it was made, it only checks that it works. Errors: those of tpm_approve, and -E_WRONG_PCR. */
int totp_reseal(struct tpm *tpm, struct bytes owner, struct error *error);
/* "otpauth://totp/LABEL?secret=BASE32", percent-encoded label, appended to uri. */
void totp_uri(const char *label, struct bytes secret, struct buffer *uri);

/* Pure: is the clock believed? floor is the step of the last code, 0 for none yet.
 * -E_CLOCK: before the release date of this program; more than 5 minutes behind the floor; more than ahead_days ahead
 * of it. The sentence says which, and both dates. */
int totp_check_clock(uint64_t unix_seconds, uint64_t floor, unsigned long ahead_days, struct error *error);

#endif
