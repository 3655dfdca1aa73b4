/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmocka_all.h"
#include "ui/layout.h"
#include <stdio.h>
#include <string.h>

/* The lines of a text, joined with '|', each indent as dots. */
static const char *wrapped(const char *line, int columns)
{
	static char joined[512];
	struct ui_text text = {0};
	struct layout layout = {0};
	size_t size = 0;

	ui_text_add(&text, UI_NORMAL, "%s", line);
	assert_int_equal(0, layout_wrap(&text, columns, &layout));
	for (size_t i = 0; i < layout.count; i++)
		size += (size_t)snprintf(joined + size, sizeof(joined) - size, "%s%.*s%.*s", i ? "|" : "",
		                         layout.lines[i].indent, "....................", (int)layout.lines[i].size,
		                         layout.lines[i].text);
	layout_clear(&layout);
	ui_text_clear(&text);
	return joined;
}

static void test_words_stay_whole(void **state)
{
	(void)state;
	assert_string_equal("one two", wrapped("one two", 7));
	assert_string_equal("one|two", wrapped("one two", 6));
	assert_string_equal("one two|three", wrapped("one two   three", 9));
	assert_string_equal("a b c", wrapped("a b c", 80));
}

static void test_long_words_are_cut(void **state)
{
	(void)state;
	assert_string_equal("abcd|efgh|i", wrapped("abcdefghi", 4));
	assert_string_equal("x|abcd|ef y", wrapped("x abcdef y", 4));
}

static void test_indent_is_kept(void **state)
{
	(void)state;
	assert_string_equal("..one|..two", wrapped("  one two", 6));
	assert_string_equal("..abcd|..ef", wrapped("  abcdef", 6));
	/* Never more than half of the room. */
	assert_string_equal("...abc|...d", wrapped("          abcd", 6));
}

static void test_empty_lines_and_newlines(void **state)
{
	(void)state;
	assert_string_equal("", wrapped("", 10));
	assert_string_equal("", wrapped("     ", 10));
	assert_string_equal("a||b", wrapped("a\n\nb", 10));
}

static void test_no_room_at_all(void **state)
{
	(void)state;
	assert_string_equal("a|b", wrapped("ab", 0));
	assert_string_equal("\u6f22|\u5b57", wrapped("\u6f22\u5b57", 1));
}

static void test_wide_characters_count_two(void **state)
{
	(void)state;
	assert_int_equal(4, layout_columns("\u6f22\u5b57", 6));
	assert_int_equal(5, layout_columns("Z\u00fcrch", 6));
	assert_string_equal("\u6f22\u5b57|\u6f22", wrapped("\u6f22\u5b57\u6f22", 5));
}

/* Nothing that could steer a terminal, hide a text or turn its direction comes through. */
static void test_A11_steering_characters_become_question_marks(void **state)
{
	static const char *const hostile[] = {
	    "\x1b",     "\r",     "\x07",   "\x7f",       "\xc2\x9b",         "\u202e",
	    "\u200b",   "\u0301", "\ufeff", "\xff",       "\xc0\x80",         "\xed\xa0\x80",
	    "\xe2\x82", "\x80",   "\u2066", "\U000e0041", "\xf5\x80\x80\x80",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		size_t size = strlen(hostile[i]);
		uint32_t code;
		int columns;
		size_t taken = layout_character(hostile[i], size, &code, &columns);

		assert_true(taken >= 1 && taken <= size);
		assert_int_equal('?', code);
		assert_int_equal(1, columns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words_stay_whole),
	    cmocka_unit_test(test_long_words_are_cut),
	    cmocka_unit_test(test_indent_is_kept),
	    cmocka_unit_test(test_empty_lines_and_newlines),
	    cmocka_unit_test(test_no_room_at_all),
	    cmocka_unit_test(test_wide_characters_count_two),
	    cmocka_unit_test(test_A11_steering_characters_become_question_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
