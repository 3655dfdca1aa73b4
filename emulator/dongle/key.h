/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private keys in the card's memory, as libgcrypt's S-expressions. */
#ifndef HEADS_DONGLE_KEY_H
#define HEADS_DONGLE_KEY_H

#include "openpgp.h"
#include <gcrypt.h>

/* Fits CLEANUP(). */
void key_clear(gcry_sexp_t *key);
/* NULL where the slot is empty. Release with key_clear(). */
gcry_sexp_t key_load(const struct card *card, enum openpgp_slot slot);
bool key_store(struct card *card, enum openpgp_slot slot, gcry_sexp_t key);
/* Appends a number or point of the key by its name, with leading zeros up to size bytes, and without the prefix 0x40 of
 * a compressed point. False where there is none, or it has more bytes. size 0: as it is. */
bool key_part(gcry_sexp_t key, const char *name, size_t size, struct buffer *value);
/* As it is in the S-expression. */
bool key_part_raw(gcry_sexp_t key, const char *name, struct buffer *value);

#endif
