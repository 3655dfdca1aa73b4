/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/settings.h"
#include "base/cleanup.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct setting *find(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->settings[i].name, name) == 0)
			return &settings->settings[i];
	return NULL;
}

const char *settings_get(const struct settings *settings, const char *name)
{
	const struct setting *setting = find(settings, name);

	return setting ? setting->value : NULL;
}

bool settings_is_yes(const struct settings *settings, const char *name)
{
	const char *value = settings_get(settings, name);

	return value && strcmp(value, "y") == 0;
}

int settings_set(struct settings *settings, const char *name, const char *value)
{
	CLEANUP_FREE char *name_copy = strdup(name);
	CLEANUP_FREE char *value_copy = strdup(value);
	struct setting *setting = find(settings, name);

	if (!name_copy || !value_copy)
		return -E_MEMORY;
	if (!setting) {
		struct setting *grown;

		if (settings->count >= SETTINGS_MAX_COUNT)
			return -E_TOO_LARGE;
		grown = realloc(settings->settings, (settings->count + 1) * sizeof(*grown));
		if (!grown)
			return -E_MEMORY;
		settings->settings = grown;
		setting = &grown[settings->count++];
		*setting = (struct setting){TAKE_PTR(name_copy), NULL};
	}
	free(setting->value);
	setting->value = TAKE_PTR(value_copy);
	return 0;
}

int settings_merge(struct settings *settings, const struct settings *over)
{
	for (size_t i = 0; i < over->count; i++) {
		int r = settings_set(settings, over->settings[i].name, over->settings[i].value);

		if (r < 0)
			return r;
	}
	return 0;
}

void settings_clear(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->settings[i].name);
		free(settings->settings[i].value);
	}
	free(settings->settings);
	*settings = (struct settings){0};
}

static struct bytes skip_blanks(struct bytes text)
{
	while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = bytes_slice(text, 1, text.size);
	return text;
}

/* How many bytes from the front belong to a name. */
static size_t name_size(struct bytes text)
{
	size_t size = 0;

	while (size < text.size && (isalnum(text.data[size]) || text.data[size] == '_'))
		size++;
	return size;
}

/* Whether a character may stand in a value by itself: nothing that a shell would act on or replace. */
static bool is_plain(uint8_t c, uint8_t quote)
{
	if (quote == '\'')
		return true;
	return !strchr(quote ? "\\$`" : "\\$`\"'();&|<>", c);
}

/* Reads a value from the front of *rest and goes past it; NULL where it cannot be read as data. */
static const char *read_value(struct bytes *rest, struct buffer *value)
{
	uint8_t quote = rest->size > 0 && (rest->data[0] == '"' || rest->data[0] == '\'') ? rest->data[0] : 0;
	size_t i = quote ? 1 : 0;

	for (; i < rest->size; i++) {
		uint8_t c = rest->data[i];

		if (quote ? c == quote : c == ' ' || c == '\t')
			break;
		if (quote == '"' && c == '\\' && i + 1 < rest->size && strchr("\"\\$`", rest->data[i + 1]))
			c = rest->data[++i];
		else if (!is_plain(c, quote))
			return NULL;
		buffer_append_byte(value, c);
	}
	if (quote && i >= rest->size)
		return NULL;
	*rest = bytes_slice(*rest, quote ? i + 1 : i, rest->size);
	return buffer_string(value);
}

static bool parse_line(struct bytes line, struct settings *settings, int *ret_error)
{
	CLEANUP(buffer_clear) struct buffer value = {0};
	CLEANUP_FREE char *name = NULL;
	const char *text;
	size_t size;

	line = skip_blanks(line);
	if (line.size == 0 || line.data[0] == '#')
		return true;
	if (bytes_start_with(line, "export ") || bytes_start_with(line, "export\t"))
		line = skip_blanks(bytes_slice(line, 7, line.size));
	size = name_size(line);
	if (!bytes_start_with(line, "CONFIG_") || size <= 7 || size >= line.size || line.data[size] != '=')
		return false;
	name = bytes_to_string(bytes_slice(line, 0, size));
	line = bytes_slice(line, size + 1, line.size);
	text = read_value(&line, &value);
	if (!text)
		return false;
	if (line.size > 0 && line.data[0] != ' ' && line.data[0] != '\t')
		return false;
	line = skip_blanks(line);
	if (line.size > 0 && line.data[0] != '#')
		return false;
	*ret_error = name ? settings_set(settings, name, text) : -E_MEMORY;
	return true;
}

static bool has_control_bytes(struct bytes line)
{
	for (size_t i = 0; i < line.size; i++)
		if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7f)
			return true;
	return false;
}

int settings_parse(struct bytes text, const char *name, struct settings *ret_settings, struct error *error)
{
	CLEANUP(settings_clear) struct settings settings = {0};

	if (text.size > SETTINGS_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, name, "%s is larger than %d bytes", name, SETTINGS_MAX_SIZE);
	for (size_t number = 1; text.size > 0; number++) {
		const uint8_t *end = memchr(text.data, '\n', text.size);
		struct bytes line = bytes_slice(text, 0, end ? (size_t)(end - text.data) : text.size);
		int r = 0;

		text = bytes_slice(text, line.size + 1, text.size);
		if (line.size > 0 && line.data[line.size - 1] == '\r')
			line.size--;
		if (has_control_bytes(line) || !parse_line(line, &settings, &r))
			return error_set(error, E_MALFORMED, name, "line %zu of %s is not CONFIG_NAME=value", number,
			                 name);
		if (r == -E_TOO_LARGE)
			return error_set(error, E_TOO_LARGE, name, "%s holds more than %d settings", name,
			                 SETTINGS_MAX_COUNT);
		if (r < 0)
			return error_set(error, E_MEMORY, name, "there is not enough memory to read %s", name);
	}
	*ret_settings = settings;
	settings = (struct settings){0};
	return 0;
}
