/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gpg's description of a card: what is taken is text that ends, and complete. */
#include "format/openpgp_card.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct openpgp_card card;
	struct error error;

	if (openpgp_card_read(bytes_make(data, size), &card, &error) < 0)
		return error.sentence[0] == '\0' ? (abort(), 0) : 0;
	if (!card.application[0] || !card.serial[0] || card.tries_pin > 255 || card.tries_admin > 255)
		abort();
	for (size_t i = 0; i < OPENPGP_SLOTS; i++)
		if (strspn(card.fingerprints[i], "0123456789ABCDEF") != strlen(card.fingerprints[i]))
			abort();
	return 0;
}
