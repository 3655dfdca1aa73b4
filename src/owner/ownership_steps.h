/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of ownership.c one by one. Nobody else includes it. */
#ifndef HEADS_OWNER_OWNERSHIP_STEPS_H
#define HEADS_OWNER_OWNERSHIP_STEPS_H

#include "owner/ownership.h"

/* 1, 0, or a negative error. The step of the key fills in ownership->key where it is done. */
int ownership_step_is_done(struct ownership *ownership, enum ownership_step step, struct error *error);
int ownership_step_do(struct ownership *ownership, enum ownership_step step, struct error *error);
/* The disk gets another volume key. */
bool ownership_reencrypts(const struct ownership_answers *answers);
/* The run makes a key on the dongle, or moves it there. */
bool ownership_key_is_on_card(const struct ownership_answers *answers);
/* The key that it makes in memory is kept on the encrypted backup drive. */
bool ownership_key_is_on_drive(const struct ownership_answers *answers);
/* Of the secret key itself: on the backup drive it has none. */
struct bytes ownership_key_passphrase(const struct ownership_answers *answers);

/* The key's: ownership_key.c */
int ownership_key_is_done(struct ownership *ownership, struct error *error);
int ownership_key_make(struct ownership *ownership, struct error *error);

#endif
