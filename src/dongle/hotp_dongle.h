/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A USB security dongle that checks HOTP codes: Nitrokey Pro, Nitrokey Storage and Librem Key by HID feature reports
 * through the kernel's /dev/hidraw, the Nitrokey 3 as a card reader (dongle/ccid_usb.h). */
#ifndef HEADS_DONGLE_HOTP_DONGLE_H
#define HEADS_DONGLE_HOTP_DONGLE_H

#include "base/error.h"
#include "base/secret.h"
#include "dongle/ccid_usb.h"
#include "format/hotp_hid.h"

/* The numbers are in the TPM (attest/hotp.c): a new one comes last. */
enum hotp_model { HOTP_LIBREM_KEY, HOTP_NITROKEY_PRO, HOTP_NITROKEY_STORAGE, HOTP_NITROKEY_3, HOTP_MODELS };
/* "Librem Key" */
const char *hotp_model_name(enum hotp_model model);
/* What the PIN of hotp_dongle_log_in is called: "admin PIN", "secrets PIN". */
const char *hotp_pin_name(enum hotp_model model);
#define HOTP_PIN_LIMIT 64 /* bytes, at most; some models take fewer */

/* Sends a report and receives the one that stands there now. Errors: -E_NO_DEVICE (unplugged), -E_IO. */
typedef int hotp_exchange(void *context, const uint8_t report[HOTP_HID_REPORT_SIZE],
                          uint8_t answer[HOTP_HID_REPORT_SIZE], bool only_receive, struct error *error);

/* Sends a command to the dongle's card and appends its answer. Errors: -E_NO_DEVICE, -E_IO, -E_MALFORMED, -E_MEMORY. */
typedef int hotp_transmit(void *context, struct bytes command, struct buffer *answer, struct error *error);

/* Starts as HOTP_DONGLE_CLOSED; release with hotp_dongle_close. Once open it stays where it is: not to be copied. */
struct hotp_dongle {
	enum hotp_model model;
	hotp_exchange *exchange; /* one of the two, or NULL: closed */
	hotp_transmit *transmit;
	void *context;
	int fd;
	struct ccid_usb reader;
	struct secret password; /* the PIN, or what stands for it, since hotp_dongle_log_in */
};
#define HOTP_DONGLE_CLOSED ((struct hotp_dongle){.fd = -1, .reader = {.fd = -1}})

/* Which dongle this is, by its own words: nothing proves them. */
struct hotp_identity {
	enum hotp_model model;
	struct hotp_hid_identity says;
	bool has_pin;        /* false: hotp_dongle_log_in sets the first one (a Nitrokey 3 alone) */
	uint8_t admin_tries; /* wrong PINs until it locks; 0 without one */
};

/* The dongle that is plugged in, waited for at most so long where there is none. Errors: -E_NO_DEVICE (none),
 * -E_REFUSED (more than one: which is meant?), -E_IO. */
int hotp_dongle_open(unsigned wait_ms, struct hotp_dongle *ret_dongle, struct error *error);
/* Wipes the password; a closed one is no error. */
void hotp_dongle_close(struct hotp_dongle *dongle);

/* Asks who it is; sends nothing of ours. Errors: -E_NO_DEVICE (unplugged), -E_IO (no answer), -E_MALFORMED (not the
 * protocol). */
int hotp_dongle_identify(struct hotp_dongle *dongle, struct hotp_identity *ret_identity, struct error *error);
/* Spends one try of the PIN, but never the last one; where there is none, this one is set. Errors: -E_LOCKED_OUT (no
 * try left, or one), -E_WRONG_AUTH (the sentence says how many are left), -E_USAGE (the PIN is empty or too long),
 * -E_MEMORY, those of hotp_dongle_identify. */
int hotp_dongle_log_in(struct hotp_dongle *dongle, struct bytes pin, struct error *error);
/* Gives it a secret (HOTP_HID_SECRET_SIZE bytes) of which it expects the code of counter 0 next. Errors: -E_ORDER (not
 * logged in), those of hotp_dongle_identify. */
int hotp_dongle_program(struct hotp_dongle *dongle, struct bytes secret, struct error *error);
/* Is this one of the next codes? It shows by its lamp too. Errors: -E_NO_SECRET (nothing was programmed), those of
 * hotp_dongle_identify. */
int hotp_dongle_verify(struct hotp_dongle *dongle, uint32_t code, bool *ret_right, struct error *error);

#endif
