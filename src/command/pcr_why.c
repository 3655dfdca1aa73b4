/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads pcr why`: why the attestation secret does not open, and what differs between two boots, in words. */
#include "attest/eventlog.h"
#include "attest/explain.h"
#include "attest/keep.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "command/pcr.h"
#include "format/settings.h"
#include <stdio.h>
#include <string.h>

static void print_json(const struct why *why, const char *source)
{
	struct json_object *object = json_object_new_object(), *causes = json_object_new_array();

	for (size_t i = 0; i < why->count; i++) {
		const struct why_cause *cause = &why->causes[i];
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "kind", json_object_new_string(why_kind_name(cause->kind)));
		json_object_object_add(entry, "pcr", cause->pcr < 0 ? NULL : json_object_new_int(cause->pcr));
		json_object_object_add(entry, "sentence", json_object_new_string(cause->sentence));
		json_object_array_add(causes, entry);
	}
	json_object_object_add(object, "causes", causes);
	if (source)
		json_object_object_add(object, "source", json_object_new_string(source));
	command_print_json(object);
}

static void print_text(const struct why *why)
{
	for (size_t i = 0; i < why->count; i++) {
		if (why->causes[i].pcr < 0)
			(void)printf("log: %s\n", why->causes[i].sentence);
		else
			(void)printf("PCR %d: %s\n", why->causes[i].pcr, why->causes[i].sentence);
	}
}

/* What was kept when the secret last opened, against this start. */
static int run_kept(const struct command_context *context, const char *list)
{
	CLEANUP(buffer_clear) struct buffer kept = {0}, settings = {0};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct explain_known have = {.since = NULL};
	struct explanation explanation;
	struct error error;
	uint32_t mask;

	if (list && file_read(list, BASELINE_MAX_SIZE, &kept, &error) < 0)
		return command_fail(context, &error);
	have.signed_list = buffer_bytes(&kept);
	if (keep_read_settings(&settings, &have.settings, &error) < 0 || tpm_open(context->tpm, &tpm, &error) < 0 ||
	    explain_seal(tpm, TPM_SLOT_TOTP, &have, &explanation, &error) < 0)
		return command_fail(context, &error);
	/* Without a secret there is nothing to explain, unless it is why there is none. */
	if (explanation.why.count == 0 && tpm_seal_difference(tpm, TPM_SLOT_TOTP, &mask, &error) < 0)
		return command_fail(context, &error);
	if (context->json)
		print_json(&explanation.why, explain_source_name(explanation.source));
	else if (explanation.why.count == 0)
		(void)printf("equal: the PCRs are those that the secret is sealed to\n");
	else
		print_text(&explanation.why);
	return explanation.why.count > 0;
}

static int run_logs(const struct command_context *context, int argc, char **argv, bool with_settings)
{
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0}, old = {0}, new = {0};
	struct why_settings settings = {BYTES_EMPTY, BYTES_EMPTY};
	struct error error;
	struct why why;

	if (with_settings) {
		if (file_read(argv[2], SETTINGS_MAX_SIZE, &old, &error) < 0 ||
		    file_read(argv[3], SETTINGS_MAX_SIZE, &new, &error) < 0)
			return command_fail(context, &error);
		settings = (struct why_settings){keep_content(&old), keep_content(&new)};
	}
	if (file_read(argv[argc - 2], EVENTLOG_MAX_SIZE, &before, &error) < 0 ||
	    file_read(argv[argc - 1], EVENTLOG_MAX_SIZE, &after, &error) < 0 ||
	    why_compare(buffer_bytes(&before), buffer_bytes(&after), &settings, &why, &error) < 0)
		return command_fail(context, &error);
	if (context->json)
		print_json(&why, NULL);
	else if (why.count == 0)
		(void)printf("equal: the logs tell of no difference\n");
	else
		print_text(&why);
	return why.count > 0;
}

int pcr_why_run(const struct command_context *context, int argc, char **argv)
{
	const bool with_settings = argc == 6 && strcmp(argv[1], "--settings") == 0;
	const bool with_list = argc == 3 && strcmp(argv[1], "--list") == 0;

	if (argc == 1 || with_list)
		return run_kept(context, with_list ? argv[2] : NULL);
	if (argc != 3 && !with_settings)
		return command_usage(context, "usage: heads pcr why [--list FILE]; "
		                              "heads pcr why [--settings OLD NEW] OLDLOG NEWLOG");
	return run_logs(context, argc, argv, with_settings);
}
