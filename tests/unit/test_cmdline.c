/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "cmocka_all.h"
#include "format/cmdline.h"
#include <stdio.h>
#include <string.h>

static void test_canonical_form_and_board_words(void **state)
{
	static const struct {
		const char *base, *add, *remove, *result; /* NULL: refused as malformed */
	} cases[] = {
	    {"", NULL, NULL, ""},
	    {"  root=/dev/sda1\t ro \n quiet ", NULL, NULL, "root=/dev/sda1 ro quiet"},
	    {"a b", "", "", "a b"},
	    /* Whole words, all of them: the original removes one of two equal neighbours. */
	    {"quiet splash quiet quiet", NULL, "quiet", "splash"},
	    {"quiet=1 xquiet quietx", NULL, "quiet", "quiet=1 xquiet quietx"},
	    {"intel_iommu=on a", NULL, "intel_iommu=off intel_iommu=on", "a"},
	    /* Added where absent. */
	    {"a", "b a c b", NULL, "a b c"},
	    {"intel_iommu=off", "intel_iommu=on", NULL, "intel_iommu=off intel_iommu=on"},
	    {"a b", "b", "b", "a b"},
	    /* Quotes belong to their word. */
	    {"x=\"a  b\" c", NULL, "b\"", "x=\"a  b\" c"},
	    {"x=\"a  b\" c", NULL, "x=\"a  b\"", "c"},
	    {"\"x=a b\"", "\"x=a b\"", NULL, "\"x=a b\""},
	    /* The installer's mark. */
	    {"quiet --- splash", NULL, NULL, "quiet splash"},
	    {"--- quiet ---", "---", NULL, "quiet"},
	    {"quiet -- init-argument", NULL, NULL, "quiet -- init-argument"},
	    /* An open quote would swallow what is added behind it. */
	    {"x=\"a b", "lockdown=integrity", NULL, NULL},
	    {"a", "x=\"b", NULL, NULL},
	    {"a\x1b[2J", NULL, NULL, NULL},
	    {"\"a\nb\"", NULL, NULL, NULL},
	    {"a=$(reboot) `reboot` ;|&", NULL, NULL, "a=$(reboot) `reboot` ;|&"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *line = NULL;
		struct error error = {0};
		const int result = cmdline_build(cases[i].base, cases[i].add, cases[i].remove, &line, &error);
		if (cases[i].result) {
			assert_int_equal(result, 0);
			assert_string_equal(line, cases[i].result);
		} else {
			assert_int_equal(result, -E_MALFORMED);
			assert_null(line);
			assert_true(error.sentence[0] != '\0');
		}
	}
}

static void test_words_of_a_boot_loader(void **state)
{
	static const struct {
		const char *words[4];
		const char *result; /* NULL: refused */
	} cases[] = {
	    {{"root=/dev/sda1", "ro", NULL}, "root=/dev/sda1 ro"},
	    {{"", "a", "", NULL}, "a"},
	    {{"dyndbg=file a.c +p", "b", NULL}, "\"dyndbg=file a.c +p\" b"},
	    {{"dyndbg=\"file a.c +p\"", NULL}, "dyndbg=\"file a.c +p\""},
	    {{"a=\"b", "c\"", NULL}, "a=\"b c\""},
	    {{"a\" \"b c", NULL}, NULL},
	    {{"a\tb", NULL}, NULL},
	    {{"a", "---", "b", NULL}, "a b"},
	    {{NULL}, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buffer_clear) struct buffer line = {0};
		struct error error = {0};
		size_t count = 0;
		while (cases[i].words[count])
			count++;
		const int result = cmdline_join(cases[i].words, count, &line, &error);
		assert_int_equal(result, cases[i].result ? 0 : -E_MALFORMED);
		if (cases[i].result)
			assert_string_equal(line.size ? buffer_string(&line) : "", cases[i].result);
	}
}

static void test_length(void **state)
{
	char text[CMDLINE_LIMIT + 2];
	CLEANUP_FREE char *line = NULL;
	struct error error = {0};

	(void)state;
	memset(text, 'x', sizeof(text));
	text[CMDLINE_LIMIT] = '\0';
	assert_int_equal(cmdline_build(text, NULL, NULL, &line, &error), 0);
	assert_int_equal(strlen(line), 2016);
	text[CMDLINE_LIMIT] = 'x';
	text[CMDLINE_LIMIT + 1] = '\0';
	char *refused = NULL;
	assert_int_equal(cmdline_build(text, NULL, NULL, &refused, &error), -E_TOO_LARGE);
	assert_null(refused);
	assert_non_null(strstr(error.sentence, "2017"));
	assert_non_null(strstr(error.sentence, "2016"));
	/* What the board adds counts too, what it removes does not. */
	text[CMDLINE_LIMIT - 1] = '\0';
	assert_int_equal(cmdline_build(text, "y", NULL, &refused, &error), -E_TOO_LARGE);
	text[100] = ' ';
	char removed[101];
	memset(removed, 'x', 100);
	removed[100] = '\0';
	assert_int_equal(cmdline_build(text, "y", removed, &refused, &error), 0);
	assert_int_equal(strlen(refused), CMDLINE_LIMIT - 1 - 101 + 2);
	free(refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_canonical_form_and_board_words),
	    cmocka_unit_test(test_words_of_a_boot_loader),
	    cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
