/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads pcr`: what was measured. */
#include "command/pcr.h"
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "command/nouns.h"
#include "tpm/tpm.h"

#include <string.h>

#define ALL_PCRS   ((1u << TPM_PCR_COUNT) - 1)
#define FILE_LIMIT ((size_t)64 << 20)

static void print_value(struct json_object *bank, const struct digest *value, unsigned pcr)
{
	char text[2 * DIGEST_MAX_SIZE + 1], number[8];

	hex_encode(digest_bytes(value), text);
	if (bank) {
		(void)snprintf(number, sizeof(number), "%u", pcr);
		json_object_object_add(bank, number, json_object_new_string(text));
	} else {
		(void)printf("%s %2u %s\n", hash_name(value->algorithm), pcr, text);
	}
}

static int run_read(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct tpm_pcrs values[TPM_MAX_BANKS];
	const enum hash_algorithm *banks;
	struct json_object *object;
	struct error error;
	size_t count;

	if (argc != 1)
		return command_usage(context, "heads pcr %s takes no argument", argv[0]);
	if (tpm_open(context->tpm, &tpm, &error) < 0)
		return command_fail(context, &error);
	count = tpm_banks(tpm, &banks);
	for (size_t i = 0; i < count; i++) {
		if (tpm_pcr_read(tpm, banks[i], ALL_PCRS, &values[i], &error) < 0)
			return command_fail(context, &error);
	}
	object = context->json ? json_object_new_object() : NULL;
	for (size_t i = 0; i < count; i++) {
		struct json_object *bank = context->json ? json_object_new_object() : NULL;

		for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
			print_value(bank, &values[i].values[pcr], pcr);
		if (bank)
			json_object_object_add(object, hash_name(banks[i]), bank);
	}
	if (object)
		command_print_json(object);
	return 0;
}

/* "0" to "23"; false for anything else. */
static bool read_pcr_number(const char *text, unsigned *ret_pcr)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || number >= TPM_PCR_COUNT)
		return false;
	*ret_pcr = (unsigned)number;
	return true;
}

static void print_extended(const struct command_context *context, unsigned pcr, const struct digest *digests,
                           size_t count)
{
	struct json_object *object = context->json ? json_object_new_object() : NULL;

	if (object)
		json_object_object_add(object, "pcr", json_object_new_int((int)pcr));
	for (size_t i = 0; i < count; i++) {
		char text[2 * DIGEST_MAX_SIZE + 1];

		hex_encode(digest_bytes(&digests[i]), text);
		if (object)
			json_object_object_add(object, hash_name(digests[i].algorithm), json_object_new_string(text));
		else
			(void)printf("PCR %u extended with %s %s\n", pcr, hash_name(digests[i].algorithm), text);
	}
	if (object)
		command_print_json(object);
}

static int run_extend(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(buffer_clear) struct buffer content = {0};
	const bool from_file = argc == 4 && strcmp(argv[2], "--file") == 0;
	struct digest digests[TPM_MAX_BANKS];
	struct bytes measured;
	const enum hash_algorithm *banks;
	struct error error;
	size_t count;
	unsigned pcr;

	if (!from_file && argc != 3)
		return command_usage(context, "usage: heads pcr extend PCR (--file FILE | STRING)");
	if (!read_pcr_number(argv[1], &pcr))
		return command_usage(context, "\"%s\" is no PCR: 0 to %d", argv[1], TPM_PCR_COUNT - 1);
	if (from_file && file_read(argv[3], FILE_LIMIT, &content, &error) < 0)
		return command_fail(context, &error);
	if (tpm_open(context->tpm, &tpm, &error) < 0)
		return command_fail(context, &error);
	measured = from_file ? buffer_bytes(&content) : bytes_from_string(argv[2]);
	/* In the recovery shell this is an event of the machine's log; a workstation has none. */
	if (measure_bytes(tpm, pcr, argv[argc - 1], measured, &error) < 0)
		return command_fail(context, &error);
	count = tpm_banks(tpm, &banks);
	for (size_t i = 0; i < count; i++)
		digests[i] = digest_of(banks[i], measured);
	print_extended(context, pcr, digests, count);
	return 0;
}

static const struct command_verb verbs[] = {
    {"read", "", "the PCRs of every active bank", run_read},
    {"extend", "PCR (--file FILE | STRING)", "extends a PCR in every active bank with the content's digest",
     run_extend},
    {"log", "[FILE]", "prints an event log, by default this machine's", pcr_log_run},
    {"replay", "LOG", "does an event log lead to the PCRs that the TPM holds?", pcr_replay_run},
    {"why", "[--list FILE | [--settings OLD NEW] OLDLOG NEWLOG]",
     "why the TOTP secret does not open, or what differs between two boots, in words", pcr_why_run},
    {"list", "", "what this machine measured, as text: for pcr why --list, and kexec_eventlog.txt", pcr_list_run},
    {"predict", "[--log LOG] ROM", "PCR 2 and 7 as a ROM file leads to them", pcr_predict_run},
    {"quote", "--nonce HEX [--owner-passphrase FILE] DIR", "the PCRs, signed by the TPM for somebody else",
     pcr_quote_run},
    {"check-quote", "--key FILE --nonce HEX [--log LOG] DIR", "is it this TPM that says so, now?", pcr_check_quote_run},
};

const struct command_noun command_pcr = {
    "pcr",
    "what was measured into the TPM",
    verbs,
    ARRAY_SIZE(verbs),
};
