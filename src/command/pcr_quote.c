/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads pcr quote` on the machine that proves its PCRs, `heads pcr check-quote` on the one that asks (A16). */
#include "attest/eventlog.h"
#include "attest/quote.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "command/passphrase.h"
#include "command/pcr.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define FILE_LIMIT 4096

/* Names that tpm2_checkquote's options take. */
static const struct {
	const char *name;
	size_t offset;
} files[] = {
    {"key.pub", offsetof(struct quote_evidence, key)},
    {"quote.msg", offsetof(struct quote_evidence, message)},
    {"quote.sig", offsetof(struct quote_evidence, signature)},
    {"pcrs.bin", offsetof(struct quote_evidence, values)},
};

struct options {
	const char *nonce, *directory, *owner, *key, *log;
	uint8_t nonce_bytes[TPM_QUOTE_NONCE_MAX];
	size_t nonce_size;
};

static struct buffer *part(struct quote_evidence *evidence, size_t i)
{
	return (struct buffer *)(void *)((char *)evidence + files[i].offset);
}

/* Of options that a verb takes, NAME is one: where its value goes. */
static const char **place_of(struct options *options, bool checks, const char *name)
{
	if (strcmp(name, "--nonce") == 0)
		return &options->nonce;
	if (!checks && strcmp(name, "--owner-passphrase") == 0)
		return &options->owner;
	if (checks && strcmp(name, "--key") == 0)
		return &options->key;
	return checks && strcmp(name, "--log") == 0 ? &options->log : NULL;
}

/* A nonce is hexadecimal: of at least 16 bytes, so that none comes a second time. */
static bool read_options(int argc, char **argv, bool checks, struct options *ret_options)
{
	size_t digits;

	for (int i = 1; i < argc; i++) {
		const char **place = place_of(ret_options, checks, argv[i]);

		if (place && i + 1 < argc)
			*place = argv[++i];
		else if (argv[i][0] != '-' && !ret_options->directory)
			ret_options->directory = argv[i];
		else
			return false;
	}
	if (!ret_options->nonce || !ret_options->directory || (checks && !ret_options->key))
		return false;
	digits = strlen(ret_options->nonce);
	ret_options->nonce_size = digits / 2;
	return digits % 2 == 0 && digits / 2 >= 16 && digits / 2 <= TPM_QUOTE_NONCE_MAX &&
	       hex_decode(bytes_from_string(ret_options->nonce), ret_options->nonce_bytes, ret_options->nonce_size);
}

static int write_files(const char *path, struct quote_evidence *evidence, struct error *error)
{
	CLEANUP_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (directory < 0)
		return error_set(error, E_IO, path, "%s is no directory that the quote can be written to", path);
	for (size_t i = 0; i < ARRAY_SIZE(files) && r == 0; i++)
		r = file_replace(directory, files[i].name, buffer_bytes(part(evidence, i)), 0644, error);
	return r;
}

int pcr_quote_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret owner = {0};
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct options options = {0};
	struct error error;
	int r;

	if (!read_options(argc, argv, false, &options))
		return command_usage(context,
		                     "usage: heads pcr quote --nonce HEX [--owner-passphrase FILE] DIR; the nonce "
		                     "is 16 to 32 bytes that whoever asks has just made");
	if (tpm_open(context->tpm, &tpm, &error) < 0)
		return command_fail(context, &error);
	/* The passphrase is for the key, which is made once. */
	r = tpm_quote_key(tpm, &key, &error);
	if (r == -E_NOT_FOUND)
		r = command_owner_passphrase(tpm, options.owner, &owner, &error);
	if (r == 0)
		r = quote_make(tpm, bytes_make(options.nonce_bytes, options.nonce_size), secret_bytes(&owner),
		               &evidence, &error);
	if (r == 0)
		r = write_files(options.directory, &evidence, &error);
	if (r < 0)
		return command_fail(context, &error);
	if (context->json) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "result", json_object_new_string("quoted"));
		command_print_json(object);
	} else {
		(void)printf("written to %s: key.pub, quote.msg, quote.sig, pcrs.bin\n", options.directory);
	}
	return 0;
}

static int read_files(const char *path, struct quote_evidence *evidence, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer name = {0};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files) && r == 0; i++) {
		buffer_clear(&name);
		buffer_append_format(&name, "%s/%s", path, files[i].name);
		r = buffer_string(&name) ? file_read(buffer_string(&name), FILE_LIMIT, part(evidence, i), error)
		                         : error_set(error, E_MEMORY, path, "there is not enough memory");
	}
	return r;
}

/* The event log that came with it leads to these PCRs: then each of its events is as true as the quote. */
static int check_log(const char *path, const struct tpm_pcrs *pcrs, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay = {.bank_count = 0};
	const struct tpm_pcrs *bank = NULL;
	int r = file_read(path, EVENTLOG_MAX_SIZE, &log, error);

	if (r == 0)
		r = eventlog_replay(buffer_bytes(&log), &replay, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < replay.bank_count; i++)
		if (replay.banks[i].bank == HASH_SHA256)
			bank = &replay.banks[i];
	if (!bank)
		return error_set(error, E_REFUSED, "log", "the event log knows no SHA-256 bank");
	for (unsigned pcr = 0; pcr < QUOTE_PCR_COUNT; pcr++)
		if (!digest_equal(&bank->values[pcr], &pcrs->values[pcr]))
			return error_set(error, E_REFUSED, "log",
			                 "the event log does not lead to the value of PCR %u that is signed", pcr);
	return 0;
}

static void print_checked(const struct command_context *context, const struct tpm_pcrs *pcrs)
{
	struct json_object *object = json_object_new_object(), *values = json_object_new_object();

	for (unsigned pcr = 0; pcr < QUOTE_PCR_COUNT; pcr++) {
		char hex[2 * DIGEST_MAX_SIZE + 1], number[8];

		hex_encode(digest_bytes(&pcrs->values[pcr]), hex);
		(void)snprintf(number, sizeof(number), "%u", pcr);
		json_object_object_add(values, number, json_object_new_string(hex));
		if (!context->json)
			(void)printf("sha256 %2u %s\n", pcr, hex);
	}
	json_object_object_add(object, "result", json_object_new_string("genuine"));
	json_object_object_add(object, "sha256", values);
	if (context->json)
		command_print_json(object);
	else
		json_object_put(object);
}

int pcr_check_quote_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct options options = {0};
	struct tpm_pcrs pcrs = {.mask = 0};
	struct error error;
	int r;

	if (!read_options(argc, argv, true, &options))
		return command_usage(context, "usage: heads pcr check-quote --key FILE --nonce HEX [--log LOG] DIR");
	r = file_read(options.key, FILE_LIMIT, &key, &error);
	if (r == 0)
		r = read_files(options.directory, &evidence, &error);
	if (r == 0)
		r = quote_check(&evidence, buffer_bytes(&key), bytes_make(options.nonce_bytes, options.nonce_size),
		                &pcrs, &error);
	if (r == 0 && options.log)
		r = check_log(options.log, &pcrs, &error);
	if (r < 0)
		return command_fail(context, &error);
	print_checked(context, &pcrs);
	return 0;
}
