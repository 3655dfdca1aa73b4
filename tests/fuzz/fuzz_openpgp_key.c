/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of OpenPGP: what is borrowed lies within the packets, and there are no more than may be. */
#include "base/digest.h"
#include "format/openpgp_key.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct bytes part, const uint8_t *data, size_t size)
{
	if (part.size > 0 && (part.data < data || part.size > size || part.data - data > (long)(size - part.size)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct openpgp_keys keys;
	struct error error;

	if (!started)
		digest_library_start();
	started = true;
	if (openpgp_keys_read(bytes_make(data, size), "fuzz", &keys, &error) < 0)
		return 0;
	if (keys.count > OPENPGP_MAX_KEYS || (keys.count > 0 && !keys.keys[0].primary))
		abort();
	for (size_t i = 0; i < keys.count; i++) {
		check_inside(keys.keys[i].numbers[0], data, size);
		check_inside(keys.keys[i].numbers[1], data, size);
		check_inside(keys.keys[i].secret, data, size);
		if (keys.keys[i].state != OPENPGP_PUBLIC && keys.keys[i].secret.size > size)
			abort();
	}
	return 0;
}
