/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotes, backslashes and variables inside a word (grub-core/script/argv.c and execute.c). */
#include "format/grub_internal.h"

#include "base/cleanup.h"
#include <string.h>

static void finish_word(struct grub_words *words)
{
	if (!words->has_current)
		return;
	words->has_current = false;
	if (words->overflow)
		return;
	if (words->count >= GRUB_MAX_WORDS || words->current.failed) {
		words->overflow = true;
		return;
	}
	if (words->count == words->capacity) {
		const size_t capacity = words->capacity ? words->capacity * 2 : 8;
		char **items = reallocarray(words->items, capacity, sizeof(*items));
		if (!items) {
			words->overflow = true;
			return;
		}
		words->items = items;
		words->capacity = capacity;
	}
	char *item = bytes_to_string(buffer_bytes(&words->current));
	if (!item) {
		words->overflow = true;
		return;
	}
	words->items[words->count++] = item;
	words->current.size = 0;
}

static void put(struct grub_words *words, const void *data, size_t size)
{
	words->has_current = true;
	/* A carriage return or NUL inside quotes vanishes, as it does in GRUB's reading of lines. */
	if (size == 1 && (*(const char *)data == '\r' || *(const char *)data == '\0'))
		return;
	words->bytes += size;
	if (words->current.size + size > GRUB_MAX_WORD || words->bytes > GRUB_MAX_COMMAND) {
		words->overflow = true;
		return;
	}
	buffer_append(&words->current, data, size);
}

/* A value outside quotes is split at its blanks. */
static void put_split(struct grub_words *words, const char *value)
{
	for (;;) {
		const size_t length = strcspn(value, " \t\n");
		if (length > 0)
			put(words, value, length);
		value += length;
		if (*value == '\0')
			return;
		finish_word(words);
		value++;
	}
}

static void put_value(struct grub_words *words, const char *value, bool quoted)
{
	if (quoted)
		put(words, value, strlen(value));
	else
		put_split(words, value);
}

/* $@ and $*: all arguments; "$@" keeps each one whole. */
static void put_arguments(struct grub_words *words, const struct grub_scope *scope, bool quoted, bool separate)
{
	for (size_t i = scope ? scope->first : 0; scope && i < scope->words->count; i++) {
		put_value(words, scope->words->items[i], quoted);
		if (i + 1 == scope->words->count)
			return;
		if (quoted && !separate)
			put(words, " ", 1);
		else
			finish_word(words);
	}
}

static void put_variable(struct grub_parser *parser, struct grub_words *words, struct bytes name, bool quoted)
{
	const struct grub_scope *scope = parser->scope;
	const size_t arguments = scope && scope->words->count > scope->first ? scope->words->count - scope->first : 0;
	char text[24];

	switch (name.data[0]) {
	case '?':
		(void)snprintf(text, sizeof(text), "%d", parser->status);
		put_value(words, text, quoted);
		return;
	case '#':
		(void)snprintf(text, sizeof(text), "%zu", arguments);
		put_value(words, text, quoted);
		return;
	case '@':
	case '*':
		put_arguments(words, scope, quoted, name.data[0] == '@');
		return;
	default:
		break;
	}
	if (name.size > 256)
		return;
	CLEANUP_FREE char *string = bytes_to_string(name);
	if (!string) {
		words->overflow = true;
	} else if (string[0] >= '0' && string[0] <= '9') {
		const unsigned long number = strtoul(string, NULL, 10);
		if (number >= 1 && number <= arguments)
			put_value(words, scope->words->items[scope->first + number - 1], quoted);
	} else {
		put_value(words, grub_variable_get(&parser->variables, string), quoted);
	}
}

/* What a backslash takes its meaning from inside double quotes. */
static bool is_escaped(uint8_t c)
{
	return c == '\\' || c == '"' || c == '$' || c == '\n';
}

/* The part from a double quote on; returns how many bytes it takes. */
static size_t expand_quoted(struct grub_parser *parser, struct bytes raw, struct grub_words *words)
{
	size_t at = 1;

	words->has_current = true;
	while (at < raw.size && raw.data[at] != '"') {
		const struct bytes rest = bytes_slice(raw, at, raw.size);
		struct bytes name = BYTES_EMPTY;
		const size_t variable = rest.data[0] == '$' ? grub_lex_variable(rest, &name) : 0;
		if (variable > 0) {
			put_variable(parser, words, name, true);
			at += variable;
		} else if (rest.data[0] == '\\' && rest.size > 1 && is_escaped(rest.data[1])) {
			if (rest.data[1] != '\n')
				put(words, &rest.data[1], 1);
			at += 2;
		} else {
			put(words, &rest.data[0], 1);
			at++;
		}
	}
	return at + 1;
}

void grub_words_expand(struct grub_parser *parser, struct bytes raw, struct grub_words *words)
{
	size_t at = 0;

	/* Once the limits are passed the rest is not looked at: the command is not run. */
	while (at < raw.size && !words->overflow) {
		const struct bytes rest = bytes_slice(raw, at, raw.size);
		const uint8_t c = rest.data[0];
		struct bytes name = BYTES_EMPTY;
		const size_t variable = c == '$' ? grub_lex_variable(rest, &name) : 0;

		if (variable > 0) {
			put_variable(parser, words, name, false);
			at += variable;
		} else if (c == '"') {
			at += expand_quoted(parser, rest, words);
		} else if (c == '\'') {
			words->has_current = true;
			for (at++; at < raw.size && raw.data[at] != '\''; at++)
				put(words, &raw.data[at], 1);
			at++;
		} else if (c == '\\' && rest.size > 1) {
			if (rest.data[1] != '\n')
				put(words, &rest.data[1], 1);
			at += 2;
		} else {
			put(words, &rest.data[0], 1);
			at++;
		}
	}
	parser->work += raw.size;
	finish_word(words);
}

void grub_words_clear(struct grub_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
	buffer_clear(&words->current);
	*words = (struct grub_words){0};
}
