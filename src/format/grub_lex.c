/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB's lexer (grub-core/script/yylex.l), as far as words and separators go. */
#include "format/grub_internal.h"

#include <string.h>

static bool is_blank(uint8_t c)
{
	/* GRUB drops carriage returns when it reads a line; NUL cannot be part of anything. */
	return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

static bool ends_word(uint8_t c)
{
	return is_blank(c) || c == '\n' || c == ';' || c == '{' || c == '}';
}

static bool is_name_start(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

enum grub_token grub_lex_peek(struct grub_lexer *lexer)
{
	const struct bytes text = lexer->text;
	size_t at = lexer->position;

	for (; at < text.size; at++) {
		const uint8_t c = text.data[at];
		if (c == '\\' && at + 1 < text.size && text.data[at + 1] == '\n') {
			at++;
		} else if (c == '#') {
			const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
			at = (end ? (size_t)(end - text.data) : text.size) - 1;
		} else if (!is_blank(c)) {
			break;
		}
	}
	*lexer->work += at - lexer->position + 1;
	lexer->position = at;
	if (at >= text.size)
		return GRUB_END;
	switch (text.data[at]) {
	case '\n':
	case ';':
		return GRUB_SEPARATOR;
	case '{':
		return GRUB_OPEN;
	case '}':
		return GRUB_CLOSE;
	default:
		return GRUB_WORD;
	}
}

void grub_lex_take(struct grub_lexer *lexer)
{
	lexer->position++;
}

size_t grub_lex_variable(struct bytes text, struct bytes *ret_name)
{
	const bool braces = text.size > 1 && text.data[1] == '{';
	const size_t start = braces ? 2 : 1;
	size_t end = start;

	if (text.size <= start || text.data[0] != '$')
		return 0;
	if (is_name_start(text.data[end])) {
		while (end < text.size && (is_name_start(text.data[end]) || is_digit(text.data[end])))
			end++;
	} else if (is_digit(text.data[end])) {
		while (end < text.size && is_digit(text.data[end]))
			end++;
	} else if (text.data[end] == '?' || text.data[end] == '*' || text.data[end] == '@' || text.data[end] == '#') {
		end++;
	}
	if (end == start || (braces && (end >= text.size || text.data[end] != '}')))
		return 0;
	*ret_name = bytes_slice(text, start, end - start);
	return end + (braces ? 1 : 0);
}

/* Where the quoted part that starts at `at` has ended; the end of the text where no quote closes it. */
static size_t quote_end(struct bytes text, size_t at)
{
	const uint8_t quote = text.data[at++];

	while (at < text.size && text.data[at] != quote) {
		if (quote == '"' && text.data[at] == '\\')
			at++;
		at++;
	}
	return at < text.size ? at + 1 : text.size;
}

struct bytes grub_lex_word(struct grub_lexer *lexer)
{
	const struct bytes text = lexer->text;
	const size_t start = lexer->position;
	size_t at = start;

	while (at < text.size && !ends_word(text.data[at])) {
		const uint8_t c = text.data[at];
		struct bytes name = BYTES_EMPTY;
		if (c == '\\')
			at += 2;
		else if (c == '\'' || c == '"')
			at = quote_end(text, at);
		else if (c == '$' && at + 1 < text.size && text.data[at + 1] == '{')
			/* At most a name is looked at twice. */
			at += grub_lex_variable(bytes_slice(text, at, text.size), &name) + (name.size == 0);
		else
			at++;
	}
	if (at > text.size)
		at = text.size;
	*lexer->work += at - start;
	lexer->position = at;
	return bytes_slice(text, start, at - start);
}

bool grub_word_is_one_of(struct bytes word, const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		if (bytes_equal(word, bytes_from_string(list[i])))
			return true;
	return false;
}

struct bytes grub_lex_block(struct grub_lexer *lexer, bool *ret_closed)
{
	const size_t start = lexer->position;
	size_t open = 1;

	for (;;) {
		switch (grub_lex_peek(lexer)) {
		case GRUB_END:
			*ret_closed = false;
			return bytes_slice(lexer->text, start, lexer->position - start);
		case GRUB_WORD:
			(void)grub_lex_word(lexer);
			break;
		case GRUB_OPEN:
			open++;
			grub_lex_take(lexer);
			break;
		case GRUB_CLOSE:
			grub_lex_take(lexer);
			if (--open == 0) {
				*ret_closed = true;
				return bytes_slice(lexer->text, start, lexer->position - 1 - start);
			}
			break;
		case GRUB_SEPARATOR:
			grub_lex_take(lexer);
			break;
		}
	}
}

struct bytes grub_lex_skip(struct grub_lexer *lexer, const char *const *until)
{
	static const char *const openers[] = {"if", "while", "until", "for", NULL};
	static const char *const closers[] = {"fi", "done", NULL};
	static const char *const starters[] = {"if", "then", "elif", "else", "while", "until", "do", NULL};
	size_t open = 0, braces = 0;
	bool command_begins = true;

	for (;;) {
		const enum grub_token token = grub_lex_peek(lexer);
		if (token == GRUB_END || (token == GRUB_CLOSE && braces == 0))
			return BYTES_EMPTY;
		if (token != GRUB_WORD) {
			grub_lex_take(lexer);
			braces += token == GRUB_OPEN;
			braces -= token == GRUB_CLOSE;
			command_begins = true;
			continue;
		}
		const struct bytes word = grub_lex_word(lexer);
		const bool keyword = command_begins;
		command_begins = keyword && grub_word_is_one_of(word, starters);
		if (!keyword)
			continue;
		if (open == 0 && braces == 0 && grub_word_is_one_of(word, until))
			return word;
		/* Inside braces the counts of their own block are ignored: the brace that closes decides. */
		if (braces == 0 && grub_word_is_one_of(word, openers))
			open++;
		else if (braces == 0 && open > 0 && grub_word_is_one_of(word, closers))
			open--;
	}
}
