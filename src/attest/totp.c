/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/totp.h"

#include "base/cleanup.h"
#include "base/encode.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef HEADS_RELEASE_EPOCH
#error "HEADS_RELEASE_EPOCH must be the release date of VERSION in seconds since 1970"
#endif

#define CODE_MODULUS 1000000u
#define RANDOM_SIZE  32
/* A clock that the operating system sets right goes back by so much without a word. */
#define BACK_SECONDS 300
#define DAY_SECONDS  86400
/* The TPM is told after so many codes: an hour. */
#define SAVE_STEPS 120u

void totp_message(uint64_t unix_seconds, uint8_t message[TOTP_MESSAGE_SIZE])
{
	const uint64_t step = unix_seconds / TOTP_STEP_SECONDS;

	for (unsigned i = 0; i < TOTP_MESSAGE_SIZE; i++)
		message[i] = (uint8_t)(step >> (56 - 8 * i));
}

void totp_digits(const struct digest *mac, char code[7])
{
	/* RFC 4226, section 5.3: the last four bits say where the 31 bits begin. */
	const unsigned offset = mac->data[mac->size - 1] & 0x0f;
	uint32_t number = (uint32_t)(mac->data[offset] & 0x7f) << 24 | (uint32_t)mac->data[offset + 1] << 16 |
	                  (uint32_t)mac->data[offset + 2] << 8 | mac->data[offset + 3];

	(void)snprintf(code, 7, "%06" PRIu32, number % CODE_MODULUS);
	memory_wipe(&number, sizeof(number));
}

void totp_close(struct totp *totp)
{
	memory_wipe(totp, sizeof(*totp));
}

static void date_text(uint64_t unix_seconds, char text[24])
{
	const time_t seconds = (time_t)unix_seconds;
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || strftime(text, 24, "%Y-%m-%d %H:%M UTC", &utc) == 0)
		(void)snprintf(text, 24, "after all dates");
}

int totp_check_clock(uint64_t unix_seconds, uint64_t floor, unsigned long ahead_days, struct error *error)
{
	const uint64_t last = floor * TOTP_STEP_SECONDS;
	char now_text[24], last_text[24];

	date_text(unix_seconds, now_text);
	date_text(last, last_text);
	if (unix_seconds < (uint64_t)HEADS_RELEASE_EPOCH)
		return error_set(error, E_CLOCK, "clock",
		                 "the clock stands before the day this program was released: set it, then look again");
	/* What the TPM remembers has 32 bits. */
	if (unix_seconds / TOTP_STEP_SECONDS > UINT32_MAX)
		return error_set(error, E_CLOCK, "clock", "the clock stands thousands of years ahead: set it");
	if (floor > 0 && unix_seconds + BACK_SECONDS < last)
		return error_set(error, E_CLOCK, "clock",
		                 "the clock says %s, but a code of %s was shown before: set the clock, or confirm it",
		                 now_text, last_text);
	if (floor > 0 && unix_seconds > last && (unix_seconds - last) / DAY_SECONDS >= ahead_days)
		return error_set(
		    error, E_CLOCK, "clock",
		    "the clock says %s, and the last code was shown at %s, %lu days or more before: look at "
		    "the date, and confirm it",
		    now_text, last_text, ahead_days);
	return 0;
}

/* The note in the TPM: the step of the last code, and the codes shown. */
static uint64_t encode_note(uint64_t floor, uint32_t shown)
{
	return floor << 32 | shown;
}

int totp_make_secret(struct tpm *tpm, struct secret *ret_secret, struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0}, kernel = {0};
	uint8_t random[RANDOM_SIZE];
	const struct bytes part = bytes_make(random, sizeof(random));
	struct digest mixed;
	int result;

	if (secret_allocate(TOTP_SECRET_SIZE, &secret) < 0 || secret_allocate(RANDOM_SIZE, &kernel) < 0)
		return error_set(error, E_MEMORY, "TPM", "no locked memory for the secret");
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
	*ret_secret = TAKE(secret, (struct secret){0});
	return 0;
}

int totp_new(struct tpm *tpm, uint64_t unix_seconds, struct bytes owner, struct secret *ret_secret, struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct tpm_pcrs pcrs;
	int result = totp_check_clock(unix_seconds, 0, 0, error);

	if (result == 0)
		result = totp_make_secret(tpm, &secret, error);
	/* The PCRs as they are, all in the bank that seals are made to. */
	if (result == 0)
		result = tpm_pcr_read(tpm, HASH_SHA256, TOTP_PCR_MASK, &pcrs, error);
	if (result == 0)
		result = tpm_hmac_make(tpm, TPM_SLOT_TOTP, secret_bytes(&secret), &pcrs, owner, error);
	if (result == 0)
		result =
		    tpm_note_make(tpm, TPM_SLOT_TOTP, encode_note(unix_seconds / TOTP_STEP_SECONDS, 0), owner, error);
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

int totp_explain(struct tpm *tpm, enum tpm_slot slot, const char *what, int result, struct error *error)
{
	char pcrs[160];
	uint32_t mask = 0;

	if (result == -E_WRONG_PCR && tpm_seal_difference(tpm, slot, &mask, NULL) == 0 && mask != 0) {
		name_pcrs(mask, pcrs, sizeof(pcrs));
		return error_set(error, E_WRONG_PCR, what, "not available: %s changed", pcrs);
	}
	return result;
}

static int explain(struct tpm *tpm, int result, struct error *error)
{
	if (result == -E_NO_SECRET)
		return error_set(error, E_NO_SECRET, "TOTP",
		                 "there is no TOTP secret in this TPM yet; make one and enrol it in your phone");
	return totp_explain(tpm, TPM_SLOT_TOTP, "TOTP", result, error);
}

static int compute(struct tpm *tpm, uint64_t unix_seconds, char code[7], struct error *error)
{
	uint8_t message[TOTP_MESSAGE_SIZE];
	struct digest mac;
	int result;

	totp_message(unix_seconds, message);
	result = tpm_hmac(tpm, TPM_SLOT_TOTP, bytes_make(message, sizeof(message)), &mac, error);
	if (result < 0)
		return result;
	totp_digits(&mac, code);
	memory_wipe(&mac, sizeof(mac));
	return 0;
}

/* Before a code is shown, so that nobody can keep the TPM from knowing of it. */
static int save(struct tpm *tpm, struct totp *totp, struct error *error)
{
	const uint64_t floor = totp->step > totp->floor ? totp->step : totp->floor;
	int result = tpm_note_write(tpm, TPM_SLOT_TOTP, encode_note(floor, totp->shown), error);

	if (result < 0)
		return result;
	totp->floor = floor;
	totp->unsaved = 0;
	return 0;
}

/* Shows the code of this step: counted, and where it is time remembered. */
static int show(struct tpm *tpm, uint64_t unix_seconds, bool remember, struct totp *totp, struct error *error)
{
	int result = 0;

	totp->step = unix_seconds / TOTP_STEP_SECONDS;
	if (totp->shown < UINT32_MAX)
		totp->shown++;
	totp->unsaved++;
	if (remember || totp->unsaved >= SAVE_STEPS)
		result = save(tpm, totp, error);
	return result < 0 ? result : compute(tpm, unix_seconds, totp->code, error);
}

int totp_open(struct tpm *tpm, uint64_t unix_seconds, unsigned long ahead_days, struct totp *ret_totp,
              struct error *error)
{
	struct totp totp = {.open = true};
	uint64_t note = 0;
	int result = tpm_note_read(tpm, TPM_SLOT_TOTP, &note, error);

	if (result == -E_NOT_FOUND || result == -E_FOREIGN_TPM)
		return error_set(
		    error, E_CLOCK, "clock",
		    "the TPM does not remember when it last showed a code: look at the date, and confirm it");
	if (result == 0)
		result = totp_check_clock(unix_seconds, note >> 32, ahead_days, error);
	if (result < 0)
		return explain(tpm, result, error);
	totp.floor = note >> 32;
	totp.shown = (uint32_t)note;
	result = show(tpm, unix_seconds, true, &totp, error);
	if (result == 0)
		*ret_totp = totp;
	memory_wipe(&totp, sizeof(totp));
	return result < 0 ? explain(tpm, result, error) : 0;
}

int totp_update(struct tpm *tpm, uint64_t unix_seconds, unsigned long ahead_days, struct totp *totp,
                struct error *error)
{
	int result;

	if (unix_seconds / TOTP_STEP_SECONDS == totp->step)
		return 0;
	result = totp_check_clock(unix_seconds, totp->floor, ahead_days, error);
	if (result == 0)
		result = show(tpm, unix_seconds, false, totp, error);
	if (result < 0)
		totp_close(totp);
	return result < 0 ? explain(tpm, result, error) : 0;
}

int totp_confirm(struct tpm *tpm, uint64_t unix_seconds, struct bytes owner, struct error *error)
{
	int result = totp_check_clock(unix_seconds, 0, 0, error);

	if (result == 0)
		result = tpm_check_owner(tpm, owner, error);
	if (result == 0)
		result =
		    tpm_note_make(tpm, TPM_SLOT_TOTP, encode_note(unix_seconds / TOTP_STEP_SECONDS, 0), owner, error);
	return result < 0 ? explain(tpm, result, error) : 0;
}

int totp_reseal(struct tpm *tpm, struct bytes owner, struct error *error)
{
	struct error refusal = {.code = E_NONE};
	struct tpm_pcrs pcrs;
	char code[7];
	int result = tpm_pcr_read(tpm, HASH_SHA256, TOTP_PCR_MASK, &pcrs, error);

	if (result == 0)
		result = tpm_approve(tpm, TPM_SLOT_TOTP, &pcrs, 1, owner, &refusal);
	/* Made for one set of PCRs, which may be those of now. The code is for nobody. */
	if (result == -E_UNSUPPORTED)
		result = compute(tpm, 0, code, error);
	else if (refusal.code != E_NONE && error)
		*error = refusal;
	memory_wipe(code, sizeof(code));
	return result < 0 ? explain(tpm, result, error) : 0;
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
