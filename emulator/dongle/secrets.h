/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The secrets application of a Nitrokey 3, as far as reverse HOTP goes: the host sends a code, the dongle says whether
 * it is the next one. And the admin application's version. */
#ifndef HEADS_DONGLE_SECRETS_H
#define HEADS_DONGLE_SECRETS_H

#include "apdu.h"

#define SECRETS_TRIES 8

/* SELECT answers with version, serial number, and tries of the PIN where one is set. */
uint16_t secrets_select(const struct card *card, struct buffer *answer);
uint16_t secrets_run(struct card *card, const struct apdu *apdu, struct buffer *answer);
uint16_t secrets_run_admin(const struct apdu *apdu, struct buffer *answer);

#endif
