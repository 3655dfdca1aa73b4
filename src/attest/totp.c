/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/totp.h"

#include "base/cleanup.h"
#include "base/encode.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#ifndef HEADS_RELEASE_EPOCH
#error "HEADS_RELEASE_EPOCH must be the release date of VERSION in seconds since 1970"
#endif

#define CODE_MODULUS 1000000u
#define RANDOM_SIZE  32

void totp_code(struct bytes secret, uint64_t unix_seconds, char code[7])
{
	const uint64_t step = unix_seconds / TOTP_STEP_SECONDS;
	uint8_t counter[8];
	struct bytes part = bytes_make(counter, sizeof(counter));
	struct digest mac;
	unsigned offset;
	uint32_t number;

	for (unsigned i = 0; i < sizeof(counter); i++)
		counter[i] = (uint8_t)(step >> (56 - 8 * i));
	mac = hmac_of(HASH_SHA1, secret, &part, 1);
	/* RFC 4226, section 5.3: the last four bits say where the 31 bits begin. */
	offset = mac.data[mac.size - 1] & 0x0f;
	number = (uint32_t)(mac.data[offset] & 0x7f) << 24 | (uint32_t)mac.data[offset + 1] << 16 |
	         (uint32_t)mac.data[offset + 2] << 8 | mac.data[offset + 3];
	(void)snprintf(code, 7, "%06" PRIu32, number % CODE_MODULUS);
	memory_wipe(&mac, sizeof(mac));
	memory_wipe(&number, sizeof(number));
}

/* The PCRs as they are, all in the bank that seals are made to. */
static int seal_now(struct tpm *tpm, struct bytes secret, struct bytes owner, struct error *error)
{
	struct tpm_pcrs pcrs;
	int result = tpm_pcr_read(tpm, HASH_SHA256, TOTP_PCR_MASK, &pcrs, error);

	return result < 0 ? result : tpm_seal(tpm, TPM_SLOT_TOTP, secret, &pcrs, BYTES_EMPTY, owner, error);
}

int totp_new(struct tpm *tpm, struct bytes owner, struct secret *ret_secret, struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0}, kernel = {0};
	uint8_t random[RANDOM_SIZE];
	const struct bytes part = bytes_make(random, sizeof(random));
	struct digest mixed;
	int result;

	if (secret_allocate(TOTP_SECRET_SIZE, &secret) < 0 || secret_allocate(RANDOM_SIZE, &kernel) < 0)
		return error_set(error, E_MEMORY, "TOTP", "no locked memory for the secret");
	result = tpm_random(tpm, random, sizeof(random), error);
	if (result < 0)
		return result;
	/* Keyed by the kernel's numbers: who saw the TPM's on the bus, or made them, learns nothing (A1). */
	random_fill(kernel.data, RANDOM_SIZE);
	kernel.size = RANDOM_SIZE;
	mixed = hmac_of(HASH_SHA256, secret_bytes(&kernel), &part, 1);
	memcpy(secret.data, mixed.data, TOTP_SECRET_SIZE);
	secret.size = TOTP_SECRET_SIZE;
	memory_wipe(&mixed, sizeof(mixed));
	result = seal_now(tpm, secret_bytes(&secret), owner, error);
	if (result == 0)
		*ret_secret = TAKE(secret, (struct secret){0});
	return result;
}

/* "PCR 2 changed", "PCRs 2, 4 and 7 changed" */
static void name_pcrs(uint32_t mask, char *text, size_t size)
{
	const int count = __builtin_popcount(mask);
	int done = 0;

	(void)snprintf(text, size, "%s", count == 1 ? "PCR" : "PCRs");
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		const size_t used = strlen(text);
		const char *before;

		if (!(mask & (1u << pcr)))
			continue;
		before = done == 0 ? " " : done == count - 1 ? " and " : ", ";
		(void)snprintf(text + used, size - used, "%s%u", before, pcr);
		done++;
	}
}

int totp_open(struct tpm *tpm, struct secret *ret_secret, struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	char pcrs[160];
	uint32_t mask = 0;
	int result = tpm_unseal(tpm, TPM_SLOT_TOTP, BYTES_EMPTY, &secret, error);

	if (result == -E_WRONG_PCR && tpm_seal_difference(tpm, TPM_SLOT_TOTP, &mask, NULL) == 0 && mask != 0) {
		name_pcrs(mask, pcrs, sizeof(pcrs));
		return error_set(error, E_WRONG_PCR, "TOTP", "not available: %s changed", pcrs);
	}
	if (result == -E_NO_SECRET)
		return error_set(error, E_NO_SECRET, "TOTP",
		                 "there is no TOTP secret in this TPM yet; make one and enrol it in your phone");
	if (result < 0)
		return result;
	if (secret.size != TOTP_SECRET_SIZE)
		return error_set(error, E_MALFORMED, "TOTP", "the TPM holds %zu bytes where the TOTP secret has %d",
		                 secret.size, TOTP_SECRET_SIZE);
	*ret_secret = TAKE(secret, (struct secret){0});
	return 0;
}

int totp_reseal(struct tpm *tpm, struct bytes secret, struct bytes owner, struct error *error)
{
	return seal_now(tpm, secret, owner, error);
}

void totp_uri(const char *label, struct bytes secret, struct buffer *uri)
{
	CLEANUP(secret_clear) struct secret text = {0};

	buffer_append_string(uri, "otpauth://totp/");
	for (const char *letter = label; *letter; letter++) {
		const uint8_t byte = (uint8_t)*letter;

		/* RFC 3986, section 2.3: unreserved */
		if (byte < 0x80 && (isalnum(byte) || strchr("-._~", byte)))
			buffer_append_byte(uri, byte);
		else
			buffer_append_format(uri, "%%%02X", byte);
	}
	buffer_append_string(uri, "?secret=");
	if (secret_allocate(BASE32_SIZE(secret.size), &text) < 0) {
		uri->failed = true;
		return;
	}
	base32_encode(secret, (char *)text.data);
	buffer_append_string(uri, (const char *)text.data);
}

int totp_check_clock(uint64_t unix_seconds, struct error *error)
{
	if (unix_seconds < (uint64_t)HEADS_RELEASE_EPOCH)
		return error_set(error, E_CLOCK, "clock",
		                 "the clock stands before the day this program was released: set it, then look again");
	return 0;
}
