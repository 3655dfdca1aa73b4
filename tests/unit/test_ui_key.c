/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmocka_all.h"
#include "ui/key.h"
#include <string.h>

static const struct {
	const char *bytes;
	enum press press;
} sequences[] = {
    {"\x1b[A", PRESS_UP},         {"\x1bOA", PRESS_UP},
    {"\x1b[B", PRESS_DOWN},       {"\x1b[C", PRESS_RIGHT},
    {"\x1b[D", PRESS_LEFT},       {"\x1b[1;5A", PRESS_UP},
    {"\x1b[5~", PRESS_PAGE_UP},   {"\x1b[6~", PRESS_PAGE_DOWN},
    {"\x1b[H", PRESS_HOME},       {"\x1b[1~", PRESS_HOME},
    {"\x1b[7~", PRESS_HOME},      {"\x1bOH", PRESS_HOME},
    {"\x1b[F", PRESS_END},        {"\x1b[4~", PRESS_END},
    {"\x1b[8~", PRESS_END},       {"\x1bOP", PRESS_HELP},
    {"\x1b[11~", PRESS_HELP},     {"\x1b[[A", PRESS_HELP},
    {"\x1bOM", PRESS_ENTER},      {"\r", PRESS_ENTER},
    {"\n", PRESS_ENTER},          {"\t", PRESS_TAB},
    {"\x7f", PRESS_BACKSPACE},    {"\b", PRESS_BACKSPACE},
    {"\x15", PRESS_ERASE_LINE},   {"\x0c", PRESS_REDRAW},
    {"\x03", PRESS_ESCAPE},       {"a", PRESS_BYTE},
    {"\xfc", PRESS_BYTE},         {"\x1b[24~", PRESS_OTHER},
    {"\x1b[[B", PRESS_OTHER},     {"\x1bx", PRESS_OTHER},
    {"\x1b[?62;1c", PRESS_OTHER}, {"\x1b[999999999999~", PRESS_OTHER},
};

/* Feeds all bytes; only the last may give a key. */
static enum press feed(struct key_decoder *decoder, const char *bytes)
{
	enum press press = PRESS_NONE;

	for (size_t i = 0; bytes[i]; i++) {
		assert_int_equal(PRESS_NONE, press);
		press = key_feed(decoder, (uint8_t)bytes[i], 1000);
	}
	return press;
}

static void test_sequences(void **state)
{
	struct key_decoder decoder = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		assert_int_equal(sequences[i].press, feed(&decoder, sequences[i].bytes));
		assert_false(key_pending(&decoder));
		assert_int_equal(PRESS_BYTE, feed(&decoder, "x")); /* and nothing is left over */
	}
}

static void test_lone_escape_needs_time(void **state)
{
	struct key_decoder decoder = {0};

	(void)state;
	assert_int_equal(PRESS_NONE, key_feed(&decoder, 0x1b, 1000));
	assert_true(key_pending(&decoder));
	assert_int_equal(PRESS_NONE, key_expire(&decoder, 1000 + KEY_ESCAPE_MS - 1));
	assert_int_equal(PRESS_ESCAPE, key_expire(&decoder, 1000 + KEY_ESCAPE_MS));
	assert_false(key_pending(&decoder));
	assert_int_equal(PRESS_NONE, key_expire(&decoder, 5000));
}

static void test_escape_twice(void **state)
{
	struct key_decoder decoder = {0};

	(void)state;
	assert_int_equal(PRESS_ESCAPE, feed(&decoder, "\x1b\x1b"));
	assert_int_equal(PRESS_ESCAPE, key_expire(&decoder, 2000));
}

static void test_enter_as_two_bytes_is_one_key(void **state)
{
	struct key_decoder decoder = {0};

	(void)state;
	assert_int_equal(PRESS_ENTER, feed(&decoder, "\r"));
	assert_int_equal(PRESS_NONE, feed(&decoder, "\n"));
	assert_int_equal(PRESS_ENTER, feed(&decoder, "\n"));
	assert_int_equal(PRESS_ENTER, feed(&decoder, "\r"));
	assert_int_equal(PRESS_ENTER, feed(&decoder, "\r"));
}

static void test_endless_sequence_is_given_up(void **state)
{
	struct key_decoder decoder = {0};
	int others = 0;

	(void)state;
	assert_int_equal(PRESS_NONE, feed(&decoder, "\x1b["));
	for (int i = 0; i < 100 && key_pending(&decoder); i++)
		others += key_feed(&decoder, ';', 1000) == PRESS_OTHER;
	assert_int_equal(1, others);
	assert_false(key_pending(&decoder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sequences),
	    cmocka_unit_test(test_lone_escape_needs_time),
	    cmocka_unit_test(test_escape_twice),
	    cmocka_unit_test(test_enter_as_two_bytes_is_one_key),
	    cmocka_unit_test(test_endless_sequence_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
