/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cmdline.h"

#include "base/cleanup.h"
#include <string.h>

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool is_separator_mark(struct bytes word)
{
	return bytes_equal(word, bytes_from_string("---"));
}

/* Takes the next word off the front. A quote that does not end is a failure: words put behind it would become part of
 * it. */
static bool next_word(struct bytes *rest, struct bytes *ret_word, bool *ret_open_quote)
{
	size_t start = 0;

	while (start < rest->size && is_space(rest->data[start]))
		start++;
	size_t end = start;
	bool quoted = false;
	while (end < rest->size && (quoted || !is_space(rest->data[end]))) {
		if (rest->data[end] == '"')
			quoted = !quoted;
		end++;
	}
	*ret_word = bytes_slice(*rest, start, end - start);
	*rest = bytes_slice(*rest, end, rest->size - end);
	*ret_open_quote = quoted;
	return end > start;
}

static bool line_contains(struct bytes line, struct bytes wanted)
{
	struct bytes word;
	bool open_quote;

	while (next_word(&line, &word, &open_quote))
		if (bytes_equal(word, wanted))
			return true;
	return false;
}

static void append_word(struct buffer *out, struct bytes word)
{
	if (out->size > 0)
		buffer_append_byte(out, ' ');
	buffer_append_bytes(out, word);
}

int cmdline_join(const char *const *words, size_t count, struct buffer *out, struct error *error)
{
	bool first = true;

	for (size_t i = 0; i < count; i++) {
		const struct bytes word = bytes_from_string(words[i]);
		bool inside = false, has_quote = false, needs_quotes = false;

		if (word.size == 0 || is_separator_mark(word))
			continue;
		for (size_t k = 0; k < word.size; k++) {
			const uint8_t c = word.data[k];
			if (is_control(c))
				return error_set(error, E_MALFORMED, words[i],
				                 "the command line has a control character (0x%02x) in a word", c);
			if (c == '"') {
				has_quote = true;
				inside = !inside;
			}
			needs_quotes |= c == ' ' && !inside;
		}
		if (needs_quotes && has_quote)
			return error_set(error, E_MALFORMED, words[i],
			                 "a word of the command line has a space and a quote in it, which the kernel "
			                 "cannot be told");
		if (!first)
			buffer_append_byte(out, ' ');
		first = false;
		if (needs_quotes)
			buffer_append_byte(out, '"');
		buffer_append_bytes(out, word);
		if (needs_quotes)
			buffer_append_byte(out, '"');
	}
	return out->failed ? error_set(error, E_MEMORY, "command line", "no memory for the command line") : 0;
}

int cmdline_check_length(size_t length, struct error *error)
{
	if (length <= CMDLINE_LIMIT)
		return 0;
	return error_set(error, E_TOO_LARGE, "command line",
	                 "the command line has %zu characters, and the kernel takes at most %d", length, CMDLINE_LIMIT);
}

/* Appends the words of line, in the canonical form, that keep() wants. */
static int add_words(struct bytes line, struct bytes unwanted, bool only_absent, struct buffer *out,
                     struct error *error)
{
	struct bytes word;
	bool open_quote;

	while (next_word(&line, &word, &open_quote)) {
		if (open_quote)
			return error_set(error, E_MALFORMED, "command line",
			                 "a quote of the command line does not end");
		for (size_t i = 0; i < word.size; i++)
			if (is_control(word.data[i]))
				return error_set(error, E_MALFORMED, "command line",
				                 "the command line has a control character (0x%02x) in a word",
				                 word.data[i]);
		if (is_separator_mark(word) || line_contains(unwanted, word))
			continue;
		if (only_absent && line_contains(buffer_bytes(out), word))
			continue;
		append_word(out, word);
		/* Bounds the work: what is too long stays too long. The whole length is for the sentence. */
		if (out->size > (size_t)16 * CMDLINE_LIMIT)
			break;
	}
	return 0;
}

int cmdline_build(const char *base, const char *add, const char *remove, char **ret_cmdline, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer out = {0};
	const struct bytes unwanted = remove ? bytes_from_string(remove) : BYTES_EMPTY;
	int result = add_words(bytes_from_string(base), unwanted, false, &out, error);

	if (result == 0 && add)
		result = add_words(bytes_from_string(add), BYTES_EMPTY, true, &out, error);
	if (result == 0)
		result = cmdline_check_length(out.size, error);
	if (result < 0)
		return result;
	char *cmdline = out.failed ? NULL : bytes_to_string(buffer_bytes(&out));
	if (!cmdline)
		return error_set(error, E_MEMORY, "command line", "no memory for the command line");
	*ret_cmdline = cmdline;
	return 0;
}
