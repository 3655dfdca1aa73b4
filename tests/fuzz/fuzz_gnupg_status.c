/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gpg's status lines and lists of keys: every key has a fingerprint, every word ends. */
#include "format/gnupg_status.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gnupg_keys keys;
	struct error error;
	char word[65];

	for (unsigned place = 0; place < 7; place++)
		if (gnupg_status_word(bytes_make(data, size), "SIG_CREATED", place, word, sizeof(word)) &&
		    (word[0] == '\0' || strchr(word, ' ') || strchr(word, '\n') ||
		     !gnupg_status_has(bytes_make(data, size), "SIG_CREATED")))
			abort();
	if (gnupg_keys_read(bytes_make(data, size), &keys, &error) < 0)
		return 0;
	if (keys.count > GNUPG_MAX_KEYS)
		abort();
	for (size_t i = 0; i < keys.count; i++)
		if (strlen(keys.keys[i].fingerprint) < 32 || strlen(keys.keys[i].capabilities) > 7)
			abort();
	return 0;
}
