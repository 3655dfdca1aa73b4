/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads pcr replay`: does an event log lead to the PCRs that the TPM holds? */
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "command/pcr.h"
#include <stdio.h>

static struct json_object *json_digest(const struct digest *digest)
{
	char hex[2 * DIGEST_MAX_SIZE + 1];

	hex_encode(digest_bytes(digest), hex);
	return json_object_new_string(hex);
}

/* The PCRs that the log extends. */
static struct json_object *json_bank(const struct tpm_pcrs *pcrs)
{
	struct json_object *object = json_object_new_object();

	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		char number[8];

		if (!(pcrs->mask & 1u << pcr))
			continue;
		(void)snprintf(number, sizeof(number), "%u", pcr);
		json_object_object_add(object, number, json_digest(&pcrs->values[pcr]));
	}
	return object;
}

static void print_json(const struct eventlog_replay *replay, bool equal, const struct eventlog_difference *difference)
{
	struct json_object *object = json_object_new_object(), *first = NULL;

	json_object_object_add(object, "result", json_object_new_string(equal ? "equal" : "different"));
	json_object_object_add(object, "events", json_object_new_int64((int64_t)replay->events));
	json_object_object_add(object, "firmware",
	                       json_object_new_string(replay->firmware_absent ? "absent" : "logged"));
	for (size_t i = 0; i < replay->bank_count; i++)
		json_object_object_add(object, hash_name(replay->banks[i].bank), json_bank(&replay->banks[i]));
	if (!equal) {
		first = json_object_new_object();
		json_object_object_add(first, "pcr", json_object_new_int((int)difference->pcr));
		json_object_object_add(first, "bank", json_object_new_string(hash_name(difference->bank)));
		json_object_object_add(first, "replayed", json_digest(&difference->replayed));
		json_object_object_add(first, "found", json_digest(&difference->found));
		json_object_object_add(first, "sentence", json_object_new_string(difference->sentence));
	}
	json_object_object_add(object, "first_difference", first);
	command_print_json(object);
}

int pcr_replay_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct eventlog_difference difference;
	struct eventlog_replay replay;
	struct error error;
	int r;

	if (argc != 2)
		return command_usage(context, "usage: heads pcr replay LOG");
	if (file_read(argv[1], EVENTLOG_MAX_SIZE, &log, &error) < 0 ||
	    eventlog_replay(buffer_bytes(&log), &replay, &error) < 0 || tpm_open(context->tpm, &tpm, &error) < 0)
		return command_fail(context, &error);
	r = eventlog_compare(&replay, tpm, &difference, &error);
	if (r < 0)
		return command_fail(context, &error);
	if (context->json)
		print_json(&replay, r == 0, &difference);
	else if (r == 0)
		(void)printf("equal: %zu events lead to the PCRs of the TPM\n", replay.events);
	else
		(void)printf("different: %s\n", difference.sentence);
	return r;
}
