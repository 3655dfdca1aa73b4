/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads pcr log`: the event log, printed. */
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"
#include "command/pcr.h"
#include <stdio.h>

#define SHOWN_DATA ((size_t)4096)

static const char *type_name(uint32_t type, char text[16])
{
	const char *name = eventlog_type_name(type);

	if (name)
		return name;
	(void)snprintf(text, 16, "0x%08x", type);
	return text;
}

static void print_text(const struct eventlog_event *event, const char *data)
{
	char unknown[16], hex[2 * DIGEST_MAX_SIZE + 1];

	(void)printf("%zu PCR %u %s \"%s\"\n", event->number, event->pcr, type_name(event->type, unknown), data);
	for (size_t i = 0; i < event->digest_count; i++) {
		hex_encode(digest_bytes(&event->digests[i]), hex);
		(void)printf("    %s %s\n", hash_name(event->digests[i].algorithm), hex);
	}
}

static void print_json(const struct eventlog_event *event, const char *data)
{
	struct json_object *object = json_object_new_object(), *digests = json_object_new_object();
	char unknown[16], hex[2 * DIGEST_MAX_SIZE + 1];

	for (size_t i = 0; i < event->digest_count; i++) {
		hex_encode(digest_bytes(&event->digests[i]), hex);
		json_object_object_add(digests, hash_name(event->digests[i].algorithm), json_object_new_string(hex));
	}
	json_object_object_add(object, "event", json_object_new_int64((int64_t)event->number));
	json_object_object_add(object, "pcr", json_object_new_int((int)event->pcr));
	json_object_object_add(object, "type", json_object_new_string(type_name(event->type, unknown)));
	json_object_object_add(object, "digests", digests);
	json_object_object_add(object, "data", json_object_new_string(data));
	json_object_object_add(object, "data_size", json_object_new_int64((int64_t)event->data.size));
	command_print_json(object);
}

int pcr_log_run(const struct command_context *context, int argc, char **argv)
{
	const char *path = argc == 2 ? argv[1] : EVENTLOG_FILE;
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_reader reader;
	struct eventlog_event event;
	struct error error;
	int r;

	if (argc > 2)
		return command_usage(context, "usage: heads pcr log [FILE]");
	if (file_read(path, EVENTLOG_MAX_SIZE, &log, &error) < 0 ||
	    eventlog_open(buffer_bytes(&log), &reader, &error) < 0)
		return command_fail(context, &error);
	while ((r = eventlog_next(&reader, &event, &error)) > 0) {
		CLEANUP(buffer_clear) struct buffer text = {0};
		const char *data;

		text_escape(bytes_slice(event.data, 0, SHOWN_DATA), &text);
		data = text.size ? buffer_string(&text) : "";
		if (!data) {
			r = error_set(&error, E_MEMORY, path, "there is not enough memory to print the event log");
			break;
		}
		if (context->json)
			print_json(&event, data);
		else
			print_text(&event, data);
	}
	return r < 0 ? command_fail(context, &error) : 0;
}
