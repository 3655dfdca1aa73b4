/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/settings.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

static void test_reads_what_the_original_writes(void **state)
{
	CLEANUP(settings_clear) struct settings settings = {0};
	const char *text = "# made by the owner\n"
	                   "export CONFIG_BOOT_DEV=\"/dev/nvme0n1p1\"\n"
	                   "\n"
	                   "CONFIG_TPM=y\r\n"
	                   "  export\tCONFIG_BOARD_NAME='Q35 = \"x\"'\t# which board\n"
	                   "CONFIG_EMPTY=\n"
	                   "CONFIG_AUTO_BOOT_TIMEOUT=5 # seconds\n"
	                   "CONFIG_BOOT_KERNEL_ADD=\"a \\\"b\\\" \\$c \\\\d \\e\"\n"
	                   "CONFIG_NOBODY_KNOWS=1\n"
	                   "CONFIG_TPM=n";

	(void)state;
	/* "\e" between double quotes is a backslash and an e for the shell; it is refused rather than guessed. */
	assert_int_equal(settings_parse(bytes_from_string(text), "config.user", &settings, NULL), -E_MALFORMED);
	text = "# made by the owner\n"
	       "export CONFIG_BOOT_DEV=\"/dev/nvme0n1p1\"\n"
	       "\n"
	       "CONFIG_TPM=y\r\n"
	       "  export\tCONFIG_BOARD_NAME='Q35 = \"x\"'\t# which board\n"
	       "CONFIG_EMPTY=\n"
	       "CONFIG_AUTO_BOOT_TIMEOUT=5 # seconds\n"
	       "CONFIG_BOOT_KERNEL_ADD=\"a \\\"b\\\" \\$c \\\\d\"\n"
	       "CONFIG_NOBODY_KNOWS=1\n"
	       "CONFIG_TPM=n";
	assert_int_equal(settings_parse(bytes_from_string(text), "config.user", &settings, NULL), 0);
	assert_int_equal(settings.count, 7);
	assert_string_equal(settings_get(&settings, "CONFIG_BOOT_DEV"), "/dev/nvme0n1p1");
	assert_string_equal(settings_get(&settings, "CONFIG_BOARD_NAME"), "Q35 = \"x\"");
	assert_string_equal(settings_get(&settings, "CONFIG_EMPTY"), "");
	assert_string_equal(settings_get(&settings, "CONFIG_AUTO_BOOT_TIMEOUT"), "5");
	assert_string_equal(settings_get(&settings, "CONFIG_BOOT_KERNEL_ADD"), "a \"b\" $c \\d");
	assert_string_equal(settings_get(&settings, "CONFIG_NOBODY_KNOWS"), "1");
	assert_string_equal(settings_get(&settings, "CONFIG_TPM"), "n");
	assert_string_equal(settings.settings[1].name, "CONFIG_TPM");
	assert_null(settings_get(&settings, "CONFIG_TPM2"));
	assert_false(settings_is_yes(&settings, "CONFIG_TPM"));
}

static void test_A11_refuses_what_a_shell_would_run(void **state)
{
	static const char *const cases[] = {
	    "reboot\n",
	    "CONFIG_X=$(reboot)\n",
	    "CONFIG_X=\"$(reboot)\"\n",
	    "CONFIG_X=`reboot`\n",
	    "CONFIG_X=\"`reboot`\"\n",
	    "CONFIG_X=y; reboot\n",
	    "CONFIG_X=y;reboot\n",
	    "CONFIG_X=y&reboot\n",
	    "CONFIG_X=y reboot\n",
	    "CONFIG_X=\"y\"reboot\n",
	    "CONFIG_X=\"y\n",
	    "CONFIG_X='y\n",
	    "CONFIG_X=a\\\nb\n",
	    "CONFIG_X=$HOME\n",
	    "CONFIG_X=\"$HOME\"\n",
	    "CONFIG_X\n",
	    "CONFIG_=y\n",
	    "CONFIG_X =y\n",
	    "CONFIG_X-Y=y\n",
	    "PATH=/tmp\n",
	    "export PATH=/tmp\n",
	    "export CONFIG_X\n",
	    "CONFIG_X=\x1b[2J\n",
	    "CONFIG_X=(a)\n",
	    "CONFIG_X=a\rb\n",
	    "# \x1b[2J\n",
	    "CONFIG_X='a'b\n",
	};
	struct settings settings = {0};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (settings_parse(bytes_from_string(cases[i]), "config.user", &settings, &error) != -E_MALFORMED)
			fail_msg("accepted: %s", cases[i]);
	assert_non_null(strstr(error.sentence, "line 1"));
	assert_int_equal(settings_parse(bytes_make("CONFIG_X=a\0b", 12), "config.user", &settings, NULL), -E_MALFORMED);
	assert_int_equal(settings_parse(bytes_make("CONFIG_X='a\0b'", 14), "config.user", &settings, NULL),
	                 -E_MALFORMED);
	assert_int_equal(settings_parse(bytes_make("CONFIG_X=\"a\\\0\"", 13), "config.user", &settings, NULL),
	                 -E_MALFORMED);
}

static void test_single_quotes_keep_everything(void **state)
{
	CLEANUP(settings_clear) struct settings settings = {0};

	(void)state;
	assert_int_equal(
	    settings_parse(bytes_from_string("CONFIG_X='$(reboot) `x` \\ \"'\n"), "config.user", &settings, NULL), 0);
	assert_string_equal(settings_get(&settings, "CONFIG_X"), "$(reboot) `x` \\ \"");
}

static void test_merge_puts_one_over_the_other(void **state)
{
	CLEANUP(settings_clear) struct settings board = {0}, user = {0};

	(void)state;
	assert_int_equal(settings_parse(bytes_from_string("CONFIG_A=y\nCONFIG_B=1\n"), "board", &board, NULL), 0);
	assert_int_equal(settings_parse(bytes_from_string("CONFIG_B=2\nCONFIG_C=y\n"), "user", &user, NULL), 0);
	assert_int_equal(settings_merge(&board, &user), 0);
	assert_int_equal(board.count, 3);
	assert_string_equal(settings_get(&board, "CONFIG_B"), "2");
	assert_true(settings_is_yes(&board, "CONFIG_A"));
	assert_true(settings_is_yes(&board, "CONFIG_C"));
}

static void test_bounds(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct settings settings = {0};

	(void)state;
	for (int i = 0; i <= SETTINGS_MAX_COUNT; i++)
		buffer_append_format(&text, "CONFIG_%d=y\n", i);
	assert_int_equal(settings_parse(buffer_bytes(&text), "config.user", &settings, NULL), -E_TOO_LARGE);
	while (text.size <= SETTINGS_MAX_SIZE)
		buffer_append_string(&text, "#\n");
	assert_int_equal(settings_parse(buffer_bytes(&text), "config.user", &settings, NULL), -E_TOO_LARGE);
}

static void test_values_with_any_byte_survive(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	CLEANUP(settings_clear) struct settings settings = {0};
	char value[256];

	(void)state;
	for (int i = 1; i < 256; i++)
		value[i - 1] = (char)i;
	value[255] = '\0';
	assert_int_equal(settings_edit(bytes_from_string("# mine\n"), "config.user", "CONFIG_X", value, &text, NULL),
	                 0);
	assert_int_equal(settings_parse(buffer_bytes(&text), "config.user", &settings, NULL), 0);
	assert_string_equal(settings_get(&settings, "CONFIG_X"), value);
}

static void test_a_change_leaves_the_other_lines(void **state)
{
	static const struct {
		const char *before, *name, *value, *after;
	} cases[] = {
	    {"", "CONFIG_A", "y", "export CONFIG_A=\"y\"\n"},
	    {"CONFIG_B=1", "CONFIG_A", "y", "CONFIG_B=1\nexport CONFIG_A=\"y\"\n"},
	    {"# c\r\nCONFIG_A=1 # a\n\nCONFIG_B='2\n3'\n", "CONFIG_A", "$a`\\\"",
	     "# c\r\nexport CONFIG_A=\"\\$a\\`\\\\\\\"\"\n\nCONFIG_B='2\n3'\n"},
	    /* A name that is part of another one is not touched, nor is a value that looks like a setting. */
	    {"CONFIG_TPM2_TOOLS=y\nCONFIG_X='\nCONFIG_TPM=n\n'\n", "CONFIG_TPM", "y",
	     "CONFIG_TPM2_TOOLS=y\nCONFIG_X='\nCONFIG_TPM=n\n'\nexport CONFIG_TPM=\"y\"\n"},
	    {"CONFIG_A=1\nCONFIG_B=2\nCONFIG_A=3\n", "CONFIG_A", "4&5", "export CONFIG_A=\"4&5\"\nCONFIG_B=2\n"},
	    {"CONFIG_A=1\nCONFIG_B=2\nCONFIG_A=3", "CONFIG_A", NULL, "CONFIG_B=2\n"},
	    {"CONFIG_B=2\n", "CONFIG_A", NULL, "CONFIG_B=2\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buffer_clear) struct buffer text = {0};

		assert_int_equal(settings_edit(bytes_from_string(cases[i].before), "config.user", cases[i].name,
		                               cases[i].value, &text, NULL),
		                 0);
		assert_string_equal(buffer_string(&text), cases[i].after);
	}
}

static void test_a_change_that_cannot_be_is_refused(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0}, large = {0};
	struct error error;

	(void)state;
	assert_int_equal(settings_edit(BYTES_EMPTY, "config.user", "PATH", "x", &text, &error), -E_USAGE);
	assert_int_equal(settings_edit(BYTES_EMPTY, "config.user", "CONFIG_", "x", &text, &error), -E_USAGE);
	assert_int_equal(settings_edit(BYTES_EMPTY, "config.user", "CONFIG_A B", "x", &text, &error), -E_USAGE);
	assert_int_equal(
	    settings_edit(bytes_from_string("\n\nreboot\n"), "config.user", "CONFIG_A", "x", &text, &error),
	    -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "line 3"));
	for (size_t i = 0; i < SETTINGS_MAX_SIZE; i++)
		buffer_append_byte(&large, 'x');
	assert_int_equal(settings_edit(BYTES_EMPTY, "config.user", "CONFIG_A", buffer_string(&large), &text, &error),
	                 -E_TOO_LARGE);
	assert_int_equal(text.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads_what_the_original_writes),
	    cmocka_unit_test(test_A11_refuses_what_a_shell_would_run),
	    cmocka_unit_test(test_single_quotes_keep_everything),
	    cmocka_unit_test(test_merge_puts_one_over_the_other),
	    cmocka_unit_test(test_values_with_any_byte_survive),
	    cmocka_unit_test(test_a_change_leaves_the_other_lines),
	    cmocka_unit_test(test_a_change_that_cannot_be_is_refused),
	    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
