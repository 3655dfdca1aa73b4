/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/findings.h"
#include "base/bytes.h"
#include "base/cleanup.h"

struct json_object *findings_path_json(const char *path)
{
	CLEANUP(buffer_clear) struct buffer text = {0};

	buffer_append_byte(&text, '/');
	buffer_append_string(&text, path);
	return buffer_string(&text) ? command_json_name(buffer_string(&text)) : NULL;
}

static struct json_object *list(const struct verify_result *result, enum verify_kind kind, enum verify_kind other)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < result->finding_count; i++) {
		const struct verify_finding *finding = &result->findings[i];

		if (finding->kind == kind || finding->kind == other)
			json_object_array_add(array, findings_path_json(finding->path));
	}
	return array;
}

void findings_add_json(const struct verify_result *result, struct json_object *object)
{
	/* What cannot be read is not what was signed: it is in both lists. */
	json_object_object_add(object, "changed", list(result, VERIFY_CHANGED, VERIFY_UNREADABLE));
	json_object_object_add(object, "added", list(result, VERIFY_ADDED, VERIFY_ADDED));
	json_object_object_add(object, "removed", list(result, VERIFY_REMOVED, VERIFY_REMOVED));
	json_object_object_add(object, "retyped", list(result, VERIFY_RETYPED, VERIFY_RETYPED));
	json_object_object_add(object, "unreadable", list(result, VERIFY_UNREADABLE, VERIFY_UNREADABLE));
}
