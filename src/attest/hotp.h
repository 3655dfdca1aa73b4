/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code that only untouched firmware can compute, checked by a USB security dongle: HOTP (RFC 4226) with a key that
 * never leaves the TPM and works only while PCRs 0-4 and 7 are approved. A counter of the TPM says which code is next:
 * it rises before a code is sent, so that no code is ever sent twice, whoever puts back an older /boot. The TPM also
 * keeps which dongle was given the secret: any other one gets no code (A9). */
#ifndef HEADS_ATTEST_HOTP_H
#define HEADS_ATTEST_HOTP_H

#include "dongle/hotp_dongle.h"
#include "tpm/tpm.h"

/* The dongle that was given the secret, as the TPM remembers it. */
struct hotp_setup {
	enum hotp_model model;
	uint32_t serial;
	uint64_t base; /* the counter's value just before the first code */
};

enum hotp_answer {
	HOTP_RIGHT,          /* the dongle confirms this firmware */
	HOTP_WRONG,          /* its secret is another one, or more than ten codes were lost */
	HOTP_NOT_PROGRAMMED, /* it holds no secret: reset, or taken away */
	HOTP_FOREIGN,        /* another dongle than the recorded one: no code was sent */
	HOTP_ABSENT,         /* none is plugged in */
	HOTP_ANSWERS
};
/* "right", as in JSON and on the console log. */
const char *hotp_answer_name(enum hotp_answer answer);

struct hotp_result {
	enum hotp_answer answer;
	bool sent;                     /* a code went out in this start */
	struct hotp_identity identity; /* not where absent */
};

/* What was set up. Costs one command where nothing was. Errors: -E_NO_SECRET (nothing was, or it was interrupted: the
 * sentence says which), -E_TPM_FORGED, -E_FOREIGN_TPM, -E_TPM, -E_MALFORMED. */
int hotp_look(struct tpm *tpm, struct hotp_setup *ret_setup, struct error *error);
/* Makes a new secret, gives it to the dongle, which must be logged in (hotp_dongle_log_in), and to the TPM for the PCRs
 * as they are, records the dongle, and has it check the first code. Nobody else ever has the secret. The counter is
 * made where there is none. May be repeated where it was interrupted.
 * Errors: -E_WRONG_AUTH (owner, alone), -E_ORDER, those of hotp_check, -E_REFUSED (the dongle does not take the code of
 * the secret that it was just given), those of tpm_hmac_make and hotp_dongle_program. */
int hotp_new(struct tpm *tpm, struct hotp_dongle *dongle, struct bytes owner, struct error *error);
/* Sends the next code to the dongle, after it said that it is the recorded one. dongle NULL: none is plugged in.
 * ret_result is valid after 0; after an error only sent is.
 * Errors: -E_WRONG_PCR (the sentence names those that differ), -E_NO_SECRET, -E_IO and -E_MALFORMED (the dongle), those
 * of tpm_hmac and tpm_counter_increment. */
int hotp_check(struct tpm *tpm, const struct hotp_setup *setup, struct hotp_dongle *dongle,
               struct hotp_result *ret_result, struct error *error);

#endif
