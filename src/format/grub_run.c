/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs commands straight from the text, so that no tree of a large file has to be kept: a branch that is not taken is
 * passed over by the lexer, blocks of entries and functions are remembered as pieces of the text. */
#include "format/grub_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const UNTIL_THEN[] = {"then", NULL};
static const char *const UNTIL_BRANCH[] = {"elif", "else", "fi", NULL};
static const char *const UNTIL_FI[] = {"fi", NULL};
static const char *const UNTIL_DO[] = {"do", NULL};
static const char *const UNTIL_DONE[] = {"done", NULL};
static const char *const UNTIL_END[] = {NULL};
/* Where one of these stands without its beginning it is a syntax error in GRUB; here it is passed over. */
static const char *const STRAY[] = {"then", "elif", "else", "fi", "do", "done", NULL};

static struct bytes run_until(struct grub_parser *parser, struct grub_lexer *lexer, const char *const *until);

void grub_notice(struct grub_parser *parser, const char *format, ...)
{
	va_list arguments;

	if (parser->notice[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(parser->notice, parser->notice_size, format, arguments);
	va_end(arguments);
}

bool grub_exhausted(struct grub_parser *parser)
{
	if (parser->work <= parser->work_limit)
		return false;
	grub_notice(parser,
	            "the configuration asks for more work than its size allows, and the rest of it was left out");
	return true;
}

static bool word_is(struct bytes word, const char *text)
{
	return bytes_equal(word, bytes_from_string(text));
}

static void run_if(struct grub_parser *parser, struct grub_lexer *lexer)
{
	bool taken = false;
	struct bytes word = bytes_from_string("if");

	while (word_is(word, "if") || word_is(word, "elif")) {
		bool wanted = false;
		if (taken) {
			word = grub_lex_skip(lexer, UNTIL_THEN);
		} else {
			word = run_until(parser, lexer, UNTIL_THEN);
			wanted = parser->status == 0 && parser->flow == GRUB_FLOW_ON;
		}
		if (!word_is(word, "then"))
			return;
		taken |= wanted;
		word = wanted ? run_until(parser, lexer, UNTIL_BRANCH) : grub_lex_skip(lexer, UNTIL_BRANCH);
	}
	if (!word_is(word, "else"))
		return;
	if (taken)
		(void)grub_lex_skip(lexer, UNTIL_FI);
	else
		(void)run_until(parser, lexer, UNTIL_FI);
}

/* Whether the loop goes on after a round; takes `break` and `continue` back. */
static bool next_round(struct grub_parser *parser, size_t round)
{
	const enum grub_flow flow = parser->flow;

	parser->work += 256;

	if (flow == GRUB_FLOW_BREAK || flow == GRUB_FLOW_CONTINUE)
		parser->flow = GRUB_FLOW_ON;
	if (flow == GRUB_FLOW_BREAK || flow == GRUB_FLOW_RETURN || grub_exhausted(parser))
		return false;
	if (round + 1 < GRUB_MAX_ITERATIONS)
		return true;
	grub_notice(parser, "a loop was left after %d rounds", GRUB_MAX_ITERATIONS);
	return false;
}

static void run_while(struct grub_parser *parser, struct grub_lexer *lexer, bool wanted)
{
	const size_t start = lexer->position;

	for (size_t round = 0;; round++) {
		lexer->position = start;
		if (!word_is(run_until(parser, lexer, UNTIL_DO), "do"))
			return;
		if ((parser->status == 0) != wanted || parser->flow != GRUB_FLOW_ON) {
			(void)grub_lex_skip(lexer, UNTIL_DONE);
			return;
		}
		(void)run_until(parser, lexer, UNTIL_DONE);
		if (!next_round(parser, round))
			return;
	}
}

static void run_for(struct grub_parser *parser, struct grub_lexer *lexer)
{
	struct grub_words words = {0};

	while (grub_lex_peek(lexer) == GRUB_WORD)
		grub_words_expand(parser, grub_lex_word(lexer), &words);
	if (word_is(grub_lex_skip(lexer, UNTIL_DO), "do")) {
		const size_t start = lexer->position;
		bool ran = false;
		/* words: name "in" first second ... */
		for (size_t i = 2; i < words.count && !words.overflow; i++) {
			lexer->position = start;
			grub_variable_set(&parser->variables, words.items[0], words.items[i]);
			(void)run_until(parser, lexer, UNTIL_DONE);
			ran = true;
			if (!next_round(parser, i - 2))
				break;
		}
		if (!ran)
			(void)grub_lex_skip(lexer, UNTIL_DONE);
	}
	grub_words_clear(&words);
}

static void define_function(struct grub_parser *parser, struct grub_lexer *lexer)
{
	struct grub_words words = {0};
	bool closed = false;

	while (grub_lex_peek(lexer) == GRUB_WORD)
		grub_words_expand(parser, grub_lex_word(lexer), &words);
	/* The brace may stand on the next line. */
	while (grub_lex_peek(lexer) == GRUB_SEPARATOR)
		grub_lex_take(lexer);
	if (grub_lex_peek(lexer) == GRUB_OPEN) {
		grub_lex_take(lexer);
		const struct bytes body = grub_lex_block(lexer, &closed);
		if (words.count == 1 && closed && !words.overflow)
			grub_function_set(&parser->functions, words.items[0], body);
	}
	grub_words_clear(&words);
}

static void run_simple(struct grub_parser *parser, struct grub_lexer *lexer, struct bytes first)
{
	struct grub_words words = {0};
	struct grub_block block = {0};

	/* What a command costs besides its text. */
	parser->work += 256;
	grub_words_expand(parser, first, &words);
	for (;;) {
		const enum grub_token token = grub_lex_peek(lexer);
		if (token == GRUB_WORD) {
			grub_words_expand(parser, grub_lex_word(lexer), &words);
		} else if (token == GRUB_OPEN) {
			grub_lex_take(lexer);
			block.present = true;
			block.body = grub_lex_block(lexer, &block.closed);
			break;
		} else {
			break;
		}
	}
	if (words.overflow && parser->load)
		grub_load_problem(parser->load,
		                  "a command of the entry is longer than %zu bytes or has more than %d words",
		                  GRUB_MAX_WORD, GRUB_MAX_WORDS);
	else if (words.overflow)
		grub_notice(parser, "a command longer than %zu bytes or %d words was left out", GRUB_MAX_WORD,
		            GRUB_MAX_WORDS);
	else if (words.count > 0)
		grub_command_run(parser, &words, &block);
	grub_words_clear(&words);
}

static void run_word(struct grub_parser *parser, struct grub_lexer *lexer, struct bytes word)
{
	if (word_is(word, "if"))
		run_if(parser, lexer);
	else if (word_is(word, "while"))
		run_while(parser, lexer, true);
	else if (word_is(word, "until"))
		run_while(parser, lexer, false);
	else if (word_is(word, "for"))
		run_for(parser, lexer);
	else if (word_is(word, "function"))
		define_function(parser, lexer);
	else if (!grub_word_is_one_of(word, STRAY))
		run_simple(parser, lexer, word);
}

/* Runs commands until one of the words stands where a command begins, which is taken and returned; empty at the end. */
static struct bytes run_commands(struct grub_parser *parser, struct grub_lexer *lexer, const char *const *until)
{
	while (!grub_exhausted(parser)) {
		const enum grub_token token = grub_lex_peek(lexer);
		if (parser->flow != GRUB_FLOW_ON)
			return grub_lex_skip(lexer, until);
		if (token == GRUB_END)
			return BYTES_EMPTY;
		if (token != GRUB_WORD) {
			grub_lex_take(lexer);
			continue;
		}
		const struct bytes word = grub_lex_word(lexer);
		if (grub_word_is_one_of(word, until))
			return word;
		run_word(parser, lexer, word);
	}
	lexer->position = lexer->text.size;
	return BYTES_EMPTY;
}

static struct bytes run_until(struct grub_parser *parser, struct grub_lexer *lexer, const char *const *until)
{
	if (parser->nesting >= GRUB_MAX_NESTING) {
		grub_notice(parser, "commands nested deeper than %d were left out", GRUB_MAX_NESTING);
		if (parser->load)
			grub_load_problem(parser->load, "the commands of the entry are nested deeper than %d",
			                  GRUB_MAX_NESTING);
		parser->status = 1;
		return grub_lex_skip(lexer, until);
	}
	parser->nesting++;
	const struct bytes word = run_commands(parser, lexer, until);
	parser->nesting--;
	return word;
}

void grub_run(struct grub_parser *parser, struct bytes text)
{
	struct grub_lexer lexer = {.text = text, .work = &parser->work};

	(void)run_until(parser, &lexer, UNTIL_END);
}
