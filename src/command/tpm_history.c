/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads tpm history`: the last starts, as the TPM's record has them. */
#include "base/cleanup.h"
#include "command/nouns.h"
#include "format/date.h"
#include "format/start_record.h"
#include "tpm/tpm.h"

static const struct {
	enum start_outcome outcome;
	const char *name;
} names[] = {
    {START_BOOTED, "booted"},       {START_FORCED, "forced"}, {START_SHELL, "recovery"},
    {START_RESTARTED, "restarted"}, {START_OFF, "off"},       {START_CRASHED, "crashed"},
};

static struct json_object *start_object(const struct start *start)
{
	struct json_object *object = json_object_new_object(), *outcomes = json_object_new_array();
	char date[DATE_SIZE];

	date_write(start->time, date);
	json_object_object_add(object, "time", json_object_new_string(date));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (start->outcome & names[i].outcome)
			json_object_array_add(outcomes, json_object_new_string(names[i].name));
	json_object_object_add(object, "outcome", outcomes);
	json_object_object_add(object, "resets",
	                       start->resets == START_RESETS_UNKNOWN ? NULL : json_object_new_int64(start->resets));
	return object;
}

static void print_json(const struct start_record *record)
{
	struct json_object *object = json_object_new_object(), *starts = json_object_new_array();

	for (size_t i = 0; i < START_RECORD_STARTS && record->starts[i].time; i++)
		json_object_array_add(starts, start_object(&record->starts[i]));
	json_object_object_add(object, "starts", starts);
	command_print_json(object);
}

static void print_text(const struct start_record *record)
{
	for (size_t i = 0; i < START_RECORD_STARTS && record->starts[i].time; i++) {
		char line[START_TEXT_SIZE];

		start_text(&record->starts[i], line, sizeof(line));
		(void)printf("%s\n", line);
	}
}

int tpm_history_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct start_record record = {0};
	struct error error;

	if (argc != 1)
		return command_usage(context, "heads tpm %s takes no argument", argv[0]);
	if (tpm_open(context->tpm, &tpm, &error) < 0 || tpm_read_starts(tpm, &record, &error) < 0)
		return command_fail(context, &error);
	if (context->json)
		print_json(&record);
	else
		print_text(&record);
	return 0;
}
