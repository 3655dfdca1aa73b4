/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hotp_*.c share. Nobody else includes it. */
#ifndef HEADS_DONGLE_HOTP_PRIVATE_H
#define HEADS_DONGLE_HOTP_PRIVATE_H

#include "dongle/hotp_dongle.h"

/* A protocol: the functions of hotp_dongle.h. */
struct hotp_driver {
	int (*identify)(struct hotp_dongle *dongle, struct hotp_identity *ret_identity, struct error *error);
	int (*log_in)(struct hotp_dongle *dongle, struct bytes pin, struct error *error);
	int (*program)(struct hotp_dongle *dongle, struct bytes secret, struct error *error);
	int (*verify)(struct hotp_dongle *dongle, uint32_t code, bool *ret_right, struct error *error);
};
extern const struct hotp_driver hotp_feature_driver; /* by HID feature reports */
extern const struct hotp_driver hotp_secrets_driver; /* by commands to a card */

/* Refuses to spend the last try. Errors: -E_LOCKED_OUT. */
int hotp_check_tries(const struct hotp_identity *identity, struct error *error);

#endif
