/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passphrases of words that a person can remember and type (Diceware): drawn from the EFF's large list, of which each
 * word counts 12.9 bits. Pure: the random bytes are the caller's. */
#ifndef HEADS_FORMAT_DICEWARE_H
#define HEADS_FORMAT_DICEWARE_H

#include "base/error.h"
#include "base/secret.h"

#define DICEWARE_WORDS     7776 /* five dice */
#define DICEWARE_MIN_WORDS 4    /* 51 bits */
#define DICEWARE_MAX_WORDS 12
#define DICEWARE_MAX_WORD  9 /* characters of the longest */
#define DICEWARE_MAX_SIZE  ((size_t)DICEWARE_MAX_WORDS * (DICEWARE_MAX_WORD + 1))

/* All of them, in the list's order: of each a digit, how many letters it has in common with the one before, and the
 * rest.
 */
extern const char diceware_words[];

/* Fills data with size random bytes. */
typedef int diceware_random(void *context, void *data, size_t size, struct error *error);

/* The word of this number, 0 to DICEWARE_WORDS - 1; empty beyond. */
void diceware_word(unsigned number, char ret_word[DICEWARE_MAX_WORD + 1]);
/* Whole bits of entropy of so many words drawn at random: log2(7776) each, rounded down. */
unsigned diceware_bits(unsigned words);
/* Draws so many words, with a space between two. Every word is as likely as any other one: of 13 random bits the values
 * from DICEWARE_WORDS on are drawn again.
 * ret_passphrase  release with secret_clear
 * Errors          -E_USAGE (fewer words than DICEWARE_MIN_WORDS, or more than DICEWARE_MAX_WORDS), -E_MEMORY, -E_SYSTEM
 *                 (a source that goes on giving what cannot be used), those of random */
int diceware_make(unsigned words, diceware_random *random, void *context, struct secret *ret_passphrase,
                  struct error *error);
/* The first words of a passphrase that have at least this many characters together, for a PIN: the dongle counts wrong
 * ones, and takes no more than 20 characters. At least two words. Borrows from passphrase. */
struct bytes diceware_begin(struct bytes passphrase, size_t least);

#endif
