/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/diceware.h"
#include "base/cleanup.h"
#include <string.h>

#define NUMBER_MASK 0x1fffu /* 13 bits */
/* A draw fails once in twenty: so many in a row are no accident. */
#define MAX_DRAWS     100
#define BITS_THOUSAND 12924 /* of one word, in thousandths */

void diceware_word(unsigned number, char ret_word[DICEWARE_MAX_WORD + 1])
{
	const char *next = diceware_words;
	size_t size = 0;

	for (unsigned i = 0; i <= number && *next; i++) {
		size = (size_t)(*next++ - '0');
		while (*next && (*next < '0' || *next > '9') && size < DICEWARE_MAX_WORD)
			ret_word[size++] = *next++;
	}
	ret_word[number < DICEWARE_WORDS ? size : 0] = '\0';
}

unsigned diceware_bits(unsigned words)
{
	return words * BITS_THOUSAND / 1000;
}

static int draw(diceware_random *random, void *context, unsigned *ret_number, struct error *error)
{
	for (unsigned i = 0; i < MAX_DRAWS; i++) {
		uint8_t bytes[2] = {0};
		unsigned number;
		int r = random(context, bytes, sizeof(bytes), error);

		number = ((unsigned)bytes[0] << 8 | bytes[1]) & NUMBER_MASK;
		memory_wipe(bytes, sizeof(bytes));
		if (r < 0)
			return r;
		if (number < DICEWARE_WORDS) {
			*ret_number = number;
			return 0;
		}
	}
	return error_set(error, E_SYSTEM, "random", "the source of random numbers gives the same ones over and over");
}

static void append(struct secret *passphrase, unsigned number)
{
	char word[DICEWARE_MAX_WORD + 1];

	diceware_word(number, word);
	if (passphrase->size > 0)
		passphrase->data[passphrase->size++] = ' ';
	memcpy(passphrase->data + passphrase->size, word, strlen(word));
	passphrase->size += strlen(word);
	memory_wipe(word, sizeof(word));
}

int diceware_make(unsigned words, diceware_random *random, void *context, struct secret *ret_passphrase,
                  struct error *error)
{
	CLEANUP(secret_clear) struct secret passphrase = {0};

	if (words < DICEWARE_MIN_WORDS || words > DICEWARE_MAX_WORDS)
		return error_set(error, E_USAGE, "passphrase", "a passphrase has %d to %d words, not %u",
		                 DICEWARE_MIN_WORDS, DICEWARE_MAX_WORDS, words);
	if (secret_allocate(DICEWARE_MAX_SIZE, &passphrase) < 0)
		return error_set(error, E_MEMORY, "passphrase", "no locked memory for a passphrase");
	for (unsigned i = 0; i < words; i++) {
		unsigned number = 0;
		int r = draw(random, context, &number, error);

		if (r < 0)
			return r;
		append(&passphrase, number);
	}
	*ret_passphrase = TAKE(passphrase, (struct secret){0});
	return 0;
}

struct bytes diceware_begin(struct bytes passphrase, size_t least)
{
	unsigned words = 0;

	for (size_t i = 0; i < passphrase.size; i++)
		if (passphrase.data[i] == ' ' && ++words >= 2 && i >= least)
			return bytes_slice(passphrase, 0, i);
	return passphrase;
}
