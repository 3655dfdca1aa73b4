/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signature: keyring, gpgv, and what its status lines mean (doc/DETAILS of GnuPG). */
#include "base/cleanup.h"
#include "base/memfd.h"
#include "base/process.h"
#include "boot/verify.h"
#include "boot/verify_private.h"
#include "format/armour.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GPGV_OUTPUT_LIMIT 65536
#define GPGV_TIMEOUT_MS   60000

int verify_keyring_add(struct verify_keyring *keyring, struct bytes data, const char *name, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer binary = {0};
	int r;

	if (keyring->count >= VERIFY_MAX_KEYRINGS)
		return error_set(error, E_TOO_LARGE, name, "there are more than %d keyrings", VERIFY_MAX_KEYRINGS);
	r = armour_read(data, ARMOUR_PUBLIC_KEY, name, &binary, error);
	if (r < 0)
		return r;
	r = memfd_sealed(name, buffer_bytes(&binary), error);
	if (r < 0)
		return r;
	keyring->fds[keyring->count++] = r;
	return 0;
}

void verify_keyring_clear(struct verify_keyring *keyring)
{
	while (keyring->count > 0)
		cleanup_close(&keyring->fds[--keyring->count]);
}

/* The words of a line, each cut off in place. */
#define MAX_WORDS 16
static size_t split(char *line, char *words[MAX_WORDS])
{
	size_t count = 0;
	char *rest = line;

	for (char *word; count < MAX_WORDS && (word = strtok_r(NULL, " ", &rest));)
		words[count++] = word;
	return count;
}

static bool copy_fingerprint(char target[65], const char *text)
{
	size_t size = strlen(text);

	if (size < 16 || size > 64 || strspn(text, "0123456789ABCDEFabcdef") != size)
		return false;
	memcpy(target, text, size + 1);
	return true;
}

struct tally {
	unsigned begun, good, valid, bad, revoked, expired, unknown, failed;
	const char *why;
};

/* VALIDSIG fingerprint date time expires version reserved pubkey-algo hash-algo class primary-fingerprint */
static void read_valid(char **words, size_t count, struct tally *tally, struct verify_status *status)
{
	if (count < 12 || !copy_fingerprint(status->signer, words[11])) {
		tally->why = "gpgv told nothing of the key";
		return;
	}
	status->signed_at = strtoll(words[4], NULL, 10);
	if (strcmp(words[10], "00") != 0)
		tally->why = "it is not a signature over a binary file";
	else if (strcmp(words[9], "1") == 0 || strcmp(words[9], "2") == 0 || strcmp(words[9], "3") == 0)
		tally->why = "it was made with a hash that is no longer safe (MD5, SHA-1 or RIPEMD-160)";
	else
		tally->valid++;
}

static void read_line(char *line, struct tally *tally, struct verify_status *status)
{
	char *words[MAX_WORDS];
	size_t count = split(line, words);

	if (count < 2 || strcmp(words[0], "[GNUPG:]") != 0)
		return;
	if (strcmp(words[1], "NEWSIG") == 0)
		tally->begun++;
	else if (strcmp(words[1], "GOODSIG") == 0)
		tally->good++;
	else if (strcmp(words[1], "VALIDSIG") == 0)
		read_valid(words, count, tally, status);
	else if (strcmp(words[1], "BADSIG") == 0)
		tally->bad++;
	else if (strcmp(words[1], "REVKEYSIG") == 0)
		tally->revoked++;
	else if (strcmp(words[1], "EXPKEYSIG") == 0 || strcmp(words[1], "EXPSIG") == 0)
		tally->expired++;
	else if (strcmp(words[1], "NO_PUBKEY") == 0)
		tally->unknown++;
	else if (strcmp(words[1], "ERRSIG") == 0) {
		tally->failed++;
		if (count >= 9)
			(void)copy_fingerprint(status->issuer, words[8]);
		else if (count >= 3)
			(void)copy_fingerprint(status->issuer, words[2]);
	}
}

void verify_read_status(struct bytes text, int exit_status, struct verify_status *ret_status)
{
	CLEANUP_FREE char *copy = bytes_to_string(text);
	struct tally tally = {0};
	char *rest = copy;

	*ret_status = (struct verify_status){.signature = VERIFY_BAD};
	if (!copy) {
		ret_status->why = "the answer of gpgv cannot be read";
		return;
	}
	for (char *line; (line = strtok_r(NULL, "\n", &rest));)
		read_line(line, &tally, ret_status);
	if (tally.bad > 0)
		ret_status->why = "it is not the signature of these files";
	else if (tally.revoked > 0)
		ret_status->signature = VERIFY_REVOKED;
	else if (tally.expired > 0)
		ret_status->signature = VERIFY_EXPIRED;
	else if (tally.unknown > 0 && tally.unknown == tally.failed)
		ret_status->signature = VERIFY_UNKNOWN_KEY;
	else if (tally.why)
		ret_status->why = tally.why;
	else if (exit_status == 0 && tally.begun > 0 && tally.good == tally.begun && tally.valid == tally.begun &&
	         tally.failed == 0)
		ret_status->signature = VERIFY_GOOD;
	else
		ret_status->why = "gpgv cannot check it";
	if (ret_status->signature != VERIFY_GOOD && ret_status->signature != VERIFY_EXPIRED &&
	    ret_status->signature != VERIFY_REVOKED) {
		ret_status->signer[0] = '\0';
		ret_status->signed_at = 0;
	}
}

/* The clock of a machine can be wrong without anybody's doing, so a key or a signature from the future is no sign of
 * tampering (--ignore-time-conflict). An expired or revoked key still is refused: by the status lines, because gpgv
 * ends with 0 for both. */
int verify_run_gpgv(const struct verify_keyring *keyring, int signature, int message, struct verify_status *ret_status,
                    struct error *error)
{
	CLEANUP(buffer_clear) struct buffer output = {0};
	const char *arguments[8 + 2 * VERIFY_MAX_KEYRINGS] = {"--status-fd", "1", "--ignore-time-conflict"};
	struct process_request request = {.program = PROCESS_GPGV,
	                                  .arguments = arguments,
	                                  .output_limit = GPGV_OUTPUT_LIMIT,
	                                  .timeout_ms = GPGV_TIMEOUT_MS};
	char paths[VERIFY_MAX_KEYRINGS + 2][32];
	size_t count = 3;
	int status, r;

	for (size_t i = 0; i < keyring->count + 2; i++) {
		int fd = i < keyring->count ? keyring->fds[i] : i == keyring->count ? signature : message;

		(void)snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", fd);
		request.keep_fds[request.keep_count++] = fd;
		if (i < keyring->count)
			arguments[count++] = "--keyring";
		else if (i == keyring->count)
			arguments[count++] = "--";
		arguments[count++] = paths[i];
	}
	r = process_run(&request, &output, &status, error);
	if (r == -E_NOT_FOUND)
		return error_set(error, E_PROCESS, "gpgv",
		                 "the program gpgv, which checks signatures, is not installed");
	if (r == -E_TOO_LARGE) {
		*ret_status = (struct verify_status){.signature = VERIFY_BAD, .why = "it holds too many signatures"};
		return 0;
	}
	if (r < 0)
		return r;
	verify_read_status(buffer_bytes(&output), status, ret_status);
	return 0;
}

int verify_detached(const struct verify_keyring *keyring, struct bytes signature, struct bytes message,
                    struct verify_status *ret_status, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer binary = {0};
	CLEANUP_CLOSE int signature_fd = -1, message_fd = -1;
	int r = armour_read(signature, ARMOUR_SIGNATURE, "the signature", &binary, error);

	if (r < 0)
		return r;
	signature_fd = memfd_sealed("signature", buffer_bytes(&binary), error);
	if (signature_fd < 0)
		return signature_fd;
	message_fd = memfd_sealed("message", message, error);
	if (message_fd < 0)
		return message_fd;
	return verify_run_gpgv(keyring, signature_fd, message_fd, ret_status, error);
}
