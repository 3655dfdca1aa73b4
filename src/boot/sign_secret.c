/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of signing that is done with the owner's secret key in this process. */
#include "base/cleanup.h"
#include "boot/sign.h"
#include "boot/sign_private.h"
#include "format/armour.h"
#include <time.h>

/* Which of the keys may sign is written in signatures over them; gpgv reads those, so it is asked. */
int sign_by_secret(const struct signing_key *key, struct bytes message, int message_fd, struct verify_keyring *keyring,
                   struct buffer *signature, struct verify_status *ret_status, struct error *error)
{
	enum verify_signature verdict = VERIFY_BAD;
	int r = verify_keyring_add(keyring, buffer_bytes(&key->owner), "the owner's keys", error);

	if (r < 0)
		return r;
	for (size_t n = 0; verdict != VERIFY_GOOD && n < key->count; n++) {
		CLEANUP(buffer_clear) struct buffer binary = {0};

		r = signing_key_sign(key, n, message, (uint32_t)time(NULL), &binary, error);
		if (r == -E_NOT_FOUND && n > 0)
			break;
		if (r < 0)
			return r;
		buffer_clear(signature);
		armour_write_signature(buffer_bytes(&binary), signature);
		r = sign_check(keyring, message_fd, buffer_bytes(signature), ret_status, error);
		if (r < 0)
			return r;
		/* Of the reasons the primary key's is told. */
		if (n == 0 || ret_status->signature == VERIFY_GOOD)
			verdict = ret_status->signature;
	}
	if (verdict != VERIFY_GOOD)
		return error_set(error, E_REFUSED, key->fingerprint,
		                 "a signature by the key %s would be refused (%s), nothing was written",
		                 key->fingerprint, verify_signature_name(verdict));
	return 0;
}
