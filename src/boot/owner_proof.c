/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/owner_proof.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "boot/verify.h"
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#define NONCE_SIZE 32

static int make_challenge(const char *purpose, char *text, size_t size, struct error *error)
{
	uint8_t nonce[NONCE_SIZE];
	char hex[2 * NONCE_SIZE + 1];

	if (getrandom(nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
		return error_set_errno(error, E_SYSTEM, "random", errno, "the kernel gave no random bytes");
	hex_encode(bytes_make(nonce, sizeof(nonce)), hex);
	(void)snprintf(text, size, "Heads asks whether the owner is here.\nfor: %s\nonce: %s\n", purpose, hex);
	return 0;
}

/* Which of the keys may sign, gpgv knows: as in signing /boot, each is tried. */
int owner_proof(const struct signing_key *key, const char *purpose, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	struct verify_status status = {.signature = VERIFY_BAD}, first = {.signature = VERIFY_BAD};
	char text[256];
	int r = verify_keyring_add(&keyring, buffer_bytes(&key->owner), "the owner's keys", error);

	if (r == 0)
		r = make_challenge(purpose, text, sizeof(text), error);
	for (size_t n = 0; r == 0 && n < key->count; n++) {
		CLEANUP(buffer_clear) struct buffer signature = {0};

		r = signing_key_sign(key, n, bytes_from_string(text), (uint32_t)time(NULL), &signature, error);
		if (r == -E_NOT_FOUND && n > 0) {
			r = 0;
			break;
		}
		if (r == 0)
			r = verify_detached(&keyring, buffer_bytes(&signature), bytes_from_string(text), &status,
			                    error);
		if (r == 0 && status.signature == VERIFY_GOOD)
			return 0;
		if (n == 0)
			first = status;
	}
	return r < 0 ? r
	             : error_set(error, E_REFUSED, key->fingerprint, "a signature by the key %s is not accepted: %s",
	                         key->fingerprint, verify_signature_name(first.signature));
}

int owner_proof_by_card(const struct sign_card *card, const char *purpose, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(buffer_clear) struct buffer signature = {0};
	struct verify_status status = {.signature = VERIFY_BAD};
	char text[256], signer[OPENPGP_FINGERPRINT] = "";
	int r = verify_keyring_add(&keyring, card->owner, "the owner's keys", error);

	if (r == 0)
		r = make_challenge(purpose, text, sizeof(text), error);
	if (r == 0)
		r = openpgp_sign(card->session, NULL, card->pin, bytes_from_string(text), &signature, signer, error);
	if (r == 0)
		r = verify_detached(&keyring, buffer_bytes(&signature), bytes_from_string(text), &status, error);
	if (r < 0 || status.signature == VERIFY_GOOD)
		return r;
	return error_set(error, E_REFUSED, signer, "a signature by the key %s on the dongle is not accepted: %s",
	                 signer, verify_signature_name(status.signature));
}
