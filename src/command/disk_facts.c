/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads disk facts FILE...`: what of a LUKS header is measured, and whether the volume is accepted. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "command/nouns.h"
#include "disk/volume.h"

static struct json_object *text_or_null(const char *text)
{
	return text[0] ? json_object_new_string(text) : NULL;
}

static void print_json(const struct volume *volume)
{
	const struct luks_facts *facts = &volume->facts;
	struct json_object *object = json_object_new_object();
	char hex[2 * DIGEST_MAX_SIZE + 1] = "";

	hex_encode(digest_bytes(&volume->digest), hex);
	json_object_object_add(object, "file", command_json_name(volume->path));
	json_object_object_add(object, "type", json_object_new_string(facts->type == LUKS_TYPE_1 ? "luks1" : "luks2"));
	json_object_object_add(object, "uuid", text_or_null(facts->uuid));
	json_object_object_add(object, "cipher", text_or_null(luks_cipher(facts)));
	json_object_object_add(object, "key_bits", json_object_new_int((int)facts->key_bits));
	json_object_object_add(object, "digest", text_or_null(hex));
	json_object_object_add(object, "damaged_copy", json_object_new_boolean(facts->damaged_copy));
	json_object_object_add(object, "refused", text_or_null(luks_refusal_name(facts->refused)));
	json_object_object_add(object, "sentence", text_or_null(facts->reason));
	command_print_json(object);
}

static void print_plain(const struct volume *volume)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	char hex[2 * DIGEST_MAX_SIZE + 1];
	struct error error;

	if (volume_check(volume, &error) < 0) {
		(void)printf("%s\n", error.sentence);
		return;
	}
	luks_facts_text(&volume->facts, &text);
	hex_encode(digest_bytes(&volume->digest), hex);
	(void)printf("%s%sdigest %s\n", buffer_string(&text) ? buffer_string(&text) : "",
	             volume->facts.damaged_copy ? "one copy of the header is damaged or old, the other counts\n" : "",
	             hex);
}

int disk_facts_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(volume_list_clear) struct volume_list list = {0};
	struct error error;
	int status = 0;

	if (argc < 2)
		return command_usage(context, "heads disk facts wants the files or devices to read");
	for (int i = 1; i < argc; i++)
		if (volume_add(&list, argv[i], &error) < 0)
			return command_fail(context, &error);
	volume_refuse_duplicates(&list);
	for (size_t i = 0; i < list.count; i++) {
		if (context->json)
			print_json(&list.volumes[i]);
		else
			print_plain(&list.volumes[i]);
		if (list.volumes[i].facts.refused != LUKS_ACCEPTED)
			status = 1;
	}
	return status;
}
