/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes one setting in a text and leaves the rest of it alone. */
#include "base/cleanup.h"
#include "format/settings.h"
#include <ctype.h>
#include <string.h>

bool settings_is_name(const char *name)
{
	size_t prefix = strlen("CONFIG_");

	if (strncmp(name, "CONFIG_", prefix) != 0 || name[prefix] == '\0')
		return false;
	for (const char *c = name + prefix; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return false;
	return true;
}

/* In double quotes, as a shell reads it back and as the original writes it. */
static void append_setting(struct buffer *text, const char *name, const char *value)
{
	if (text->size > 0 && text->data[text->size - 1] != '\n')
		buffer_append_byte(text, '\n');
	buffer_append_format(text, "export %s=\"", name);
	for (const char *c = value; *c; c++) {
		if (strchr("\"\\$`", *c))
			buffer_append_byte(text, '\\');
		buffer_append_byte(text, (uint8_t)*c);
	}
	buffer_append_string(text, "\"\n");
}

int settings_edit(struct bytes text, const char *text_name, const char *name, const char *value,
                  struct buffer *ret_text, struct error *error)
{
	CLEANUP(settings_clear) struct settings before = {0}, after = {0};
	CLEANUP(settings_line_clear) struct settings_line line = {0};
	CLEANUP(buffer_clear) struct buffer edited = {0};
	bool written = value == NULL;
	int r;

	if (!settings_is_name(name))
		return error_set(error, E_USAGE, name,
		                 "\"%s\" is no name of a setting: CONFIG_ and letters, digits, underscores", name);
	r = settings_parse(text, text_name, &before, error);
	if (r < 0)
		return r;
	while (settings_next_line(&text, &line) > 0) {
		if (!bytes_equal(line.name, bytes_from_string(name))) {
			buffer_append_bytes(&edited, line.text);
			continue;
		}
		if (!written)
			append_setting(&edited, name, value);
		written = true;
	}
	if (!written)
		append_setting(&edited, name, value);
	if (edited.failed)
		return error_set(error, E_MEMORY, text_name, "there is not enough memory to change %s", text_name);
	/* The limits hold for what comes out, too. */
	r = settings_parse(buffer_bytes(&edited), text_name, &after, error);
	if (r == 0)
		buffer_append_bytes(ret_text, buffer_bytes(&edited));
	return r;
}
