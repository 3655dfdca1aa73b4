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
	if (c == '\0')
		return false;
	if (quote == '\'')
		return true;
	if (quote == '"')
		return !strchr("\\$`", c);
	return c >= ' ' && c != 0x7f && !strchr("\\$`\"'();&|<>", c);
}

static bool ends_bare_value(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Reads a value from the front of *rest and goes past it; false where it cannot be read as data. */
static bool read_value(struct bytes *rest, struct buffer *value)
{
	uint8_t quote = rest->size > 0 && (rest->data[0] == '"' || rest->data[0] == '\'') ? rest->data[0] : 0;
	size_t i = quote ? 1 : 0;

	for (; i < rest->size; i++) {
		uint8_t c = rest->data[i];

		if (quote ? c == quote : ends_bare_value(c))
			break;
		if (quote == '"' && c == '\\' && i + 1 < rest->size && rest->data[i + 1] != '\0' &&
		    strchr("\"\\$`", rest->data[i + 1]))
			c = rest->data[++i];
		else if (!is_plain(c, quote))
			return false;
		buffer_append_byte(value, c);
	}
	if (quote && i >= rest->size)
		return false;
	*rest = bytes_slice(*rest, quote ? i + 1 : i, rest->size);
	return true;
}

/* "export NAME=VALUE" without the export; goes past it. */
static bool read_assignment(struct bytes *rest, struct settings_line *line)
{
	size_t size;

	if (bytes_start_with(*rest, "export ") || bytes_start_with(*rest, "export\t"))
		*rest = skip_blanks(bytes_slice(*rest, 7, rest->size));
	size = name_size(*rest);
	if (!bytes_start_with(*rest, "CONFIG_") || size <= 7 || size >= rest->size || rest->data[size] != '=')
		return false;
	line->name = bytes_slice(*rest, 0, size);
	*rest = bytes_slice(*rest, size + 1, rest->size);
	return read_value(rest, &line->value) && (rest->size == 0 || ends_bare_value(rest->data[0]));
}

/* What may stand behind a setting, or alone: blanks, a comment, the end of the line. */
static bool read_line_end(struct bytes *rest)
{
	size_t i = 0;

	*rest = skip_blanks(*rest);
	if (rest->size > 0 && rest->data[0] == '#')
		while (i < rest->size && rest->data[i] != '\r' && rest->data[i] != '\n') {
			if ((rest->data[i] < ' ' && rest->data[i] != '\t') || rest->data[i] == 0x7f)
				return false;
			i++;
		}
	if (i < rest->size && rest->data[i] == '\r')
		i++;
	if (i < rest->size && rest->data[i] != '\n')
		return false;
	*rest = bytes_slice(*rest, i + 1, rest->size);
	return true;
}

int settings_next_line(struct bytes *rest, struct settings_line *line)
{
	struct bytes start = *rest, after;

	buffer_clear(&line->value);
	line->name = BYTES_EMPTY;
	line->text = BYTES_EMPTY;
	if (start.size == 0)
		return 0;
	after = skip_blanks(start);
	if (after.size > 0 && !strchr("#\r\n", after.data[0]) && !read_assignment(&after, line))
		return -E_MALFORMED;
	if (!read_line_end(&after))
		return -E_MALFORMED;
	line->text = bytes_slice(start, 0, start.size - after.size);
	*rest = after;
	/* An empty value has memory of its own, too. */
	return buffer_string(&line->value) ? 1 : -E_MEMORY;
}

void settings_line_clear(struct settings_line *line)
{
	buffer_clear(&line->value);
}

static size_t count_lines(struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '\n';
	return count;
}

static int take_line(const struct settings_line *line, struct settings *settings)
{
	CLEANUP_FREE char *name = NULL;

	if (line->name.size == 0)
		return 0;
	name = bytes_to_string(line->name);
	return name ? settings_set(settings, name, (const char *)line->value.data) : -E_MEMORY;
}

int settings_parse(struct bytes text, const char *name, struct settings *ret_settings, struct error *error)
{
	CLEANUP(settings_clear) struct settings settings = {0};
	CLEANUP(settings_line_clear) struct settings_line line = {0};
	size_t number = 1;
	int r;

	if (text.size > SETTINGS_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, name, "%s is larger than %d bytes", name, SETTINGS_MAX_SIZE);
	while ((r = settings_next_line(&text, &line)) > 0) {
		r = take_line(&line, &settings);
		if (r < 0)
			break;
		number += count_lines(line.text);
	}
	if (r == -E_MALFORMED)
		return error_set(error, E_MALFORMED, name, "line %zu of %s is not CONFIG_NAME=value", number, name);
	if (r == -E_TOO_LARGE)
		return error_set(error, E_TOO_LARGE, name, "%s holds more than %d settings", name, SETTINGS_MAX_COUNT);
	if (r < 0)
		return error_set(error, E_MEMORY, name, "there is not enough memory to read %s", name);
	*ret_settings = settings;
	settings = (struct settings){0};
	return 0;
}
