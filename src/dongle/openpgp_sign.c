/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures by a key of the session or of the card. */
#include "base/cleanup.h"
#include "base/memfd.h"
#include "dongle/openpgp_private.h"
#include <stdio.h>
#include <string.h>

static int read_signature(struct openpgp *session, struct bytes output, const char *key, struct buffer *signature,
                          char ret_signer[OPENPGP_FINGERPRINT], struct error *error)
{
	char signer[OPENPGP_FINGERPRINT];
	int r;

	/* SIG_CREATED type pubkey-algo hash-algo class time fingerprint */
	if (!gnupg_status_word(output, "SIG_CREATED", 5, signer, sizeof(signer)))
		return -E_REFUSED;
	if (strcmp(signer, key) != 0)
		return error_set(error, E_REFUSED, key, "gpg signed with the key %s in the place of %s", signer, key);
	r = openpgp_take_output(session, signature, error);
	if (r == 0)
		memcpy(ret_signer, signer, sizeof(signer));
	return r;
}

/* The key that signs; on the card where fingerprint is NULL. */
static int choose_key(struct openpgp *session, const char *fingerprint, struct bytes pin, char key[OPENPGP_FINGERPRINT],
                      struct error *error)
{
	struct gnupg_keys keys = {0};
	int r;

	if (fingerprint) {
		(void)snprintf(key, OPENPGP_FINGERPRINT, "%s", fingerprint);
		return openpgp_find(session, key, true, &keys, error);
	}
	r = openpgp_check_pin(OPENPGP_PIN, pin, error);
	if (r == 0)
		r = openpgp_before_pin(session, OPENPGP_PIN, error);
	if (r < 0)
		return r;
	(void)snprintf(key, OPENPGP_FINGERPRINT, "%s", session->card.fingerprints[OPENPGP_SIGNATURE]);
	if (!key[0])
		return error_set(error, E_NO_SECRET, "dongle", "the dongle %s has no signature key",
		                 session->card.serial);
	r = openpgp_find(session, key, true, &keys, error);
	if (r == -E_NOT_FOUND)
		return error_set(error, E_NOT_FOUND, key,
		                 "the signature key of the dongle, %s, is none of the known keys", key);
	return r;
}

int openpgp_sign(struct openpgp *session, const char *fingerprint, struct bytes pin, struct bytes message,
                 struct buffer *signature, char ret_signer[OPENPGP_FINGERPRINT], struct error *error)
{
	CLEANUP_CLOSE int message_fd = memfd_sealed("message", message, error);
	CLEANUP(buffer_clear) struct buffer output = {0};
	char key[OPENPGP_FINGERPRINT], exactly[OPENPGP_FINGERPRINT + 1], path[OPENPGP_PATH], message_path[32];
	const char *const arguments[] = {"--armor",       "--no-textmode",
	                                 "--digest-algo", "SHA256",
	                                 "--local-user",  exactly,
	                                 "--output",      path,
	                                 "--detach-sign", "--",
	                                 message_path,    NULL};
	const struct openpgp_answer answers[] = {{.keyword = "passphrase.enter", .value = pin}};
	const struct openpgp_run run = {arguments, answers, fingerprint ? 0 : 1, message_fd};
	int status, r;

	if (message_fd < 0)
		return message_fd;
	r = choose_key(session, fingerprint, pin, key, error);
	if (r < 0)
		return r;
	(void)snprintf(exactly, sizeof(exactly), "%s!", key);
	(void)snprintf(message_path, sizeof(message_path), "/proc/self/fd/%d", message_fd);
	openpgp_path(session, OPENPGP_OUTPUT, path, sizeof(path));
	r = openpgp_gpg(session, &run, &output, &status, error);
	if (r < 0)
		return r;
	r = read_signature(session, buffer_bytes(&output), key, signature, ret_signer, error);
	if (r != -E_REFUSED || gnupg_status_has(buffer_bytes(&output), "SIG_CREATED"))
		return r;
	if (!fingerprint)
		return openpgp_after_failure(session, OPENPGP_PIN, "did not sign", error);
	return error_set(error, E_REFUSED, key, "gpg did not sign with the key %s (it may be expired or revoked)", key);
}
