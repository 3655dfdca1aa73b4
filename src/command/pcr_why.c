/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads pcr why`: what differs between two boots, in words. */
#include "attest/eventlog.h"
#include "attest/why.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "command/pcr.h"
#include "format/settings.h"
#include <stdio.h>
#include <string.h>

static void print_json(const struct why *why)
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
	command_print_json(object);
}

static void print_text(const struct why *why)
{
	if (why->count == 0)
		(void)printf("equal: the logs tell of no difference\n");
	for (size_t i = 0; i < why->count; i++) {
		if (why->causes[i].pcr < 0)
			(void)printf("log: %s\n", why->causes[i].sentence);
		else
			(void)printf("PCR %d: %s\n", why->causes[i].pcr, why->causes[i].sentence);
	}
}

/* A file that exists and is empty has content too: none. */
static struct bytes known(const struct buffer *content)
{
	return bytes_make(content->data ? content->data : (const uint8_t *)"", content->size);
}

int pcr_why_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0}, old = {0}, new = {0};
	bool with_settings = argc == 6 && strcmp(argv[1], "--settings") == 0;
	struct why_settings settings = {BYTES_EMPTY, BYTES_EMPTY};
	struct error error;
	struct why why;

	if (argc != 3 && !with_settings)
		return command_usage(context, "usage: heads pcr why [--settings OLD NEW] OLDLOG NEWLOG");
	if (with_settings) {
		if (file_read(argv[2], SETTINGS_MAX_SIZE, &old, &error) < 0 ||
		    file_read(argv[3], SETTINGS_MAX_SIZE, &new, &error) < 0)
			return command_fail(context, &error);
		settings = (struct why_settings){known(&old), known(&new)};
	}
	if (file_read(argv[argc - 2], EVENTLOG_MAX_SIZE, &before, &error) < 0 ||
	    file_read(argv[argc - 1], EVENTLOG_MAX_SIZE, &after, &error) < 0 ||
	    why_compare(buffer_bytes(&before), buffer_bytes(&after), &settings, &why, &error) < 0)
		return command_fail(context, &error);
	if (context->json)
		print_json(&why);
	else
		print_text(&why);
	return why.count > 0;
}
