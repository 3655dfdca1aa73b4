/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of signing that is gpg's. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memfd.h"
#include "base/process.h"
#include "boot/sign.h"
#include "boot/sign_private.h"
#include "boot/verify_private.h"
#include "format/armour.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GPG_OUTPUT_LIMIT ((size_t)1 << 20)
#define GPG_TIMEOUT_MS   600000 /* the owner may have to look for the card and its PIN */

/* Runs gpg; what is wrong with it being there at all is an error of the environment. */
static int run_gpg(struct process_request *request, struct buffer *output, int *ret_status, struct error *error)
{
	int r;

	request->program = PROCESS_GPG;
	request->output_limit = GPG_OUTPUT_LIMIT;
	request->timeout_ms = GPG_TIMEOUT_MS;
	r = process_run(request, output, ret_status, error);
	if (r == -E_NOT_FOUND)
		return error_set(error, E_PROCESS, "gpg", "the program gpg, which signs, is not installed");
	return r;
}

/* The word at this place (from 0) behind "[GNUPG:] NAME", of the first line with that name. */
static bool status_word(const char *status, const char *name, unsigned place, char *word, size_t size)
{
	char wanted[64];
	const char *line = status;
	int length = snprintf(wanted, sizeof(wanted), "[GNUPG:] %s ", name);

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, wanted, (size_t)length) != 0)
			continue;
		line += length;
		for (; place > 0 && *line && *line != '\n'; line++)
			place -= *line == ' ';
		if (strcspn(line, " \n") == 0 || strcspn(line, " \n") >= size)
			return false;
		(void)snprintf(word, size, "%.*s", (int)strcspn(line, " \n"), line);
		return true;
	}
	return false;
}

static int refused(const char *status, struct error *error)
{
	char word[32];

	if (status && status_word(status, "INV_SGNR", 0, word, sizeof(word)))
		return error_set(error, E_REFUSED, "gpg",
		                 "gpg did not sign: there is no usable secret key of that name (missing, expired, "
		                 "revoked, or not on the card)");
	if (status && (strstr(status, "NO_SECKEY") || strstr(status, "[GNUPG:] FAILURE sign 17")))
		return error_set(error, E_REFUSED, "gpg", "gpg did not sign: the secret key is not there");
	if (status && (strstr(status, "BAD_PASSPHRASE") || strstr(status, "MISSING_PASSPHRASE") ||
	               strstr(status, "PINENTRY_LAUNCHED") || strstr(status, "SC_OP_FAILURE")))
		return error_set(error, E_REFUSED, "gpg",
		                 "gpg did not sign: the passphrase or PIN of the key is wrong or could not be asked "
		                 "for; unlock the key in gpg-agent first");
	return error_set(error, E_REFUSED, "gpg", "gpg did not sign");
}

/* Status lines go to a memfd of their own: standard output is the signature. */
static int make_signature(const struct sign_request *request, int message, struct buffer *signature,
                          char fingerprint[65], struct error *error)
{
	CLEANUP_CLOSE int status_fd = memfd_create("status", MFD_CLOEXEC);
	CLEANUP(buffer_clear) struct buffer status = {0};
	char status_number[16], message_path[32];
	const char *arguments[20] = {"--homedir",     request->home, "--batch", "--no-tty",    "--no-textmode",
	                             "--digest-algo", "SHA256",      "--armor", "--status-fd", status_number};
	struct process_request run = {.arguments = arguments, .keep_fds = {message, status_fd}, .keep_count = 2};
	size_t count = 10;
	int exit_status, r;

	if (status_fd < 0)
		return error_set_errno(error, E_SYSTEM, "gpg", errno, "no memory file can be made for gpg");
	(void)snprintf(status_number, sizeof(status_number), "%d", status_fd);
	(void)snprintf(message_path, sizeof(message_path), "/proc/self/fd/%d", message);
	if (request->key) {
		arguments[count++] = "--local-user";
		arguments[count++] = request->key;
	}
	arguments[count++] = "--output";
	arguments[count++] = "-";
	arguments[count++] = "--detach-sign";
	arguments[count++] = "--";
	arguments[count] = message_path;
	r = run_gpg(&run, signature, &exit_status, error);
	if (r < 0)
		return r;
	(void)lseek(status_fd, 0, SEEK_SET);
	r = file_read_fd(status_fd, "the status of gpg", GPG_OUTPUT_LIMIT, &status, error);
	if (r < 0)
		return r;
	/* SIG_CREATED type pubkey-algo hash-algo class time fingerprint */
	if (exit_status != 0 || !buffer_string(&status) ||
	    !status_word(buffer_string(&status), "SIG_CREATED", 5, fingerprint, 65))
		return refused(buffer_string(&status), error);
	return 0;
}

/* name NULL: all public keys. */
static int export_key(const struct sign_request *request, const char *name, struct verify_keyring *keyring,
                      struct error *error)
{
	const char *arguments[] = {"--homedir", request->home, "--batch", "--no-tty", "--no-armor",
	                           "--export",  "--",          name,      NULL};
	struct process_request run = {.arguments = arguments};
	CLEANUP(buffer_clear) struct buffer key = {0};
	int exit_status, r;

	r = run_gpg(&run, &key, &exit_status, error);
	if (r < 0)
		return r;
	if (exit_status != 0 || key.size == 0)
		return error_set(error, E_REFUSED, "gpg", "gpg does not have the public key %s",
		                 name ? name : "to sign with");
	return verify_keyring_add(keyring, buffer_bytes(&key), "the public key", error);
}

int sign_keyring(const struct sign_request *request, struct verify_keyring *keyring, struct error *error)
{
	if (request->secret)
		return verify_keyring_add(keyring, buffer_bytes(&request->secret->owner), "the owner's keys", error);
	if (request->card)
		return verify_keyring_add(keyring, request->card->owner, "the owner's keys", error);
	return export_key(request, request->key, keyring, error);
}

int sign_check(const struct verify_keyring *keyring, int message, struct bytes signature,
               struct verify_status *ret_status, struct error *error)
{
	CLEANUP_CLOSE int signature_fd = -1;
	CLEANUP(buffer_clear) struct buffer binary = {0};
	int r = armour_read(signature, ARMOUR_SIGNATURE, SIGNATURE_NAME, &binary, error);

	if (r < 0)
		return r;
	signature_fd = memfd_sealed(SIGNATURE_NAME, buffer_bytes(&binary), error);
	if (signature_fd < 0)
		return signature_fd;
	return verify_run_gpgv(keyring, signature_fd, message, ret_status, error);
}

static int sign_by_gpg(const struct sign_request *request, int message_fd, struct verify_keyring *keyring,
                       struct buffer *signature, struct verify_status *ret_status, struct error *error)
{
	char fingerprint[65];
	int r = make_signature(request, message_fd, signature, fingerprint, error);

	if (r == 0)
		r = export_key(request, fingerprint, keyring, error);
	if (r == 0)
		r = sign_check(keyring, message_fd, buffer_bytes(signature), ret_status, error);
	if (r < 0)
		return r;
	if (ret_status->signature != VERIFY_GOOD)
		return error_set(error, E_REFUSED, "gpg", "the signature of gpg is %s, nothing was written",
		                 verify_signature_name(ret_status->signature));
	return 0;
}

int sign_message(const struct sign_request *request, struct bytes message, struct verify_keyring *keyring,
                 struct buffer *signature, char signer[65], struct error *error)
{
	CLEANUP_CLOSE int message_fd = memfd_sealed("message", message, error);
	struct verify_status status = {0};
	int r;

	if (message_fd < 0)
		return message_fd;
	if (request->secret)
		r = sign_by_secret(request->secret, message, message_fd, keyring, signature, &status, error);
	else if (request->card)
		r = sign_by_card(request->card, message, message_fd, keyring, signature, &status, error);
	else
		r = sign_by_gpg(request, message_fd, keyring, signature, &status, error);
	if (r == 0)
		memcpy(signer, status.signer, sizeof(status.signer));
	return r;
}
