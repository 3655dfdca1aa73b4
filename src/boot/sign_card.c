/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of signing that is done with the owner's key on the security dongle. */
#include "boot/sign.h"
#include "boot/sign_private.h"

int sign_by_card(const struct sign_card *card, struct bytes message, int message_fd, struct verify_keyring *keyring,
                 struct buffer *signature, struct verify_status *ret_status, struct error *error)
{
	char signer[OPENPGP_FINGERPRINT];
	int r = verify_keyring_add(keyring, card->owner, "the owner's keys", error);

	if (r == 0)
		r = openpgp_sign(card->session, NULL, card->pin, message, signature, signer, error);
	if (r == 0)
		r = sign_check(keyring, message_fd, buffer_bytes(signature), ret_status, error);
	if (r < 0)
		return r;
	if (ret_status->signature != VERIFY_GOOD)
		return error_set(error, E_REFUSED, signer,
		                 "a signature by the key %s on the dongle would be refused (%s), nothing was written",
		                 signer, verify_signature_name(ret_status->signature));
	return 0;
}
