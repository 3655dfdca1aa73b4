/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HOTP (RFC 4226) as the dongles check it. */
#ifndef HEADS_DONGLE_HOTP_H
#define HEADS_DONGLE_HOTP_H

#include "card.h"

#define HOTP_WINDOW 10 /* codes that are looked at, from the expected one on */

enum hotp_answer { HOTP_RIGHT, HOTP_WRONG, HOTP_NOT_PROGRAMMED };

/* The code of a counter, of 6 or 8 digits. */
uint32_t hotp_code(struct bytes secret, uint64_t counter, uint64_t digits);
/* Where the code is one of the window, the counter moves behind it. ret_ahead: how many codes were passed over. */
enum hotp_answer hotp_check(struct card *card, uint32_t code, uint8_t *ret_ahead);
/* Programs the slot. False where secret or digits are impossible. */
bool hotp_program(struct card *card, struct bytes secret, uint64_t counter, uint64_t digits, struct bytes name);
void hotp_forget(struct card *card);

#endif
