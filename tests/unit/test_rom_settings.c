/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/file.h"
#include "rom/settings.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char board[] = "/tmp/heads-board-XXXXXX";

static int write_board(void **state)
{
	static const char text[] = "CONFIG_BOARD=test\nCONFIG_AUTO_BOOT_TIMEOUT=5\nCONFIG_FLASH_SIZE=0x100000\n";
	CLEANUP_CLOSE int fd = mkstemp(board);

	(void)state;
	return fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1 ? 0 : -1;
}

static int remove_board(void **state)
{
	(void)state;
	return unlink(board);
}

static void test_the_owner_wins_over_the_board(void **state)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct error error;

	(void)state;
	assert_int_equal(
	    rom_settings_load(board,
	                      bytes_from_string("CONFIG_AUTO_BOOT_TIMEOUT=0\nCONFIG_OF_MINE=x\nCONFIG_BOARD=other\n"),
	                      &settings, &error),
	    0);
	assert_int_equal(rom_settings_number(&settings, "CONFIG_AUTO_BOOT_TIMEOUT", 100, 7), 0);
	assert_string_equal(rom_settings_origin(&settings, "CONFIG_AUTO_BOOT_TIMEOUT"), "rom");
	assert_string_equal(rom_settings_get(&settings, "CONFIG_BOARD"), "test");
	assert_string_equal(rom_settings_origin(&settings, "CONFIG_BOARD"), "board");
	assert_string_equal(rom_settings_get(&settings, "CONFIG_OF_MINE"), "x");
	assert_string_equal(rom_settings_origin(&settings, "CONFIG_NOTHING"), "default");
}

static void test_a_change_is_looked_at(void **state)
{
	static const struct {
		const char *name, *value;
		int result;
	} cases[] = {
	    {"CONFIG_AUTO_BOOT_TIMEOUT", "10", 0},
	    {"CONFIG_AUTO_BOOT_TIMEOUT", "3601", -E_USAGE},
	    {"CONFIG_AUTO_BOOT_TIMEOUT", "5s", -E_USAGE},
	    {"CONFIG_AUTO_BOOT_TIMEOUT", "-1", -E_USAGE},
	    {"CONFIG_AUTO_BOOT_TIMEOUT", "", -E_USAGE},
	    {"CONFIG_NO_EVENTLOG_HANDOVER", "yes", -E_USAGE},
	    {"CONFIG_NO_EVENTLOG_HANDOVER", "y", 0},
	    {"CONFIG_BOOT_DEV", "sda1", -E_USAGE},
	    {"CONFIG_BOOT_DEV", "", 0},
	    {"CONFIG_GPG_ALGO", "p256", 0},
	    {"CONFIG_GPG_ALGO", "p25", -E_USAGE},
	    {"CONFIG_GPG_ALGO", "RSA,p256", -E_USAGE},
	    {"CONFIG_GPG_ALGO", "", -E_USAGE},
	    {"CONFIG_BOARD", "other", -E_REFUSED},
	    {"CONFIG_OF_MINE", "a\"b\n$c", 0},
	    {"CONFIG_AUTO_BOOT_TIMEOUT", NULL, 0},
	    {"CONFIG_BOARD", NULL, 0},
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buffer_clear) struct buffer text = {0};

		if (rom_settings_edit(BYTES_EMPTY, cases[i].name, cases[i].value, &text, &error) != cases[i].result)
			fail_msg("%s=%s", cases[i].name, cases[i].value);
	}
}

static void test_numbers_are_bounded(void **state)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct error error;

	(void)state;
	assert_int_equal(rom_settings_load(
	                     board, bytes_from_string("CONFIG_AUTO_BOOT_TIMEOUT=5s\nCONFIG_BIG=99999999999999999999\n"),
	                     &settings, &error),
	                 0);
	assert_int_equal(rom_settings_number(&settings, "CONFIG_FLASH_SIZE", (unsigned long)1 << 24, 0), 0x100000);
	assert_int_equal(rom_settings_number(&settings, "CONFIG_FLASH_SIZE", 1000, 3), 3);
	assert_int_equal(rom_settings_number(&settings, "CONFIG_AUTO_BOOT_TIMEOUT", 100, 3), 3);
	assert_int_equal(rom_settings_number(&settings, "CONFIG_BIG", 100, 3), 3);
	assert_int_equal(rom_settings_number(&settings, "CONFIG_BOARD", 100, 3), 3);
}

/* What the owner wrote badly is named, and the board's settings still hold. */
static void test_bad_owner_settings_leave_the_board(void **state)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct error error;

	(void)state;
	assert_int_equal(rom_settings_load(board, bytes_from_string("CONFIG_A=$(reboot)\n"), &settings, &error),
	                 -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "config.user"));
	assert_string_equal(rom_settings_get(&settings, "CONFIG_BOARD"), "test");
}

static void test_a_workstation_has_no_board(void **state)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct error error;

	(void)state;
	assert_int_equal(rom_settings_load("/nonexistent/board.settings", BYTES_EMPTY, &settings, &error), 0);
	assert_null(rom_settings_get(&settings, "CONFIG_BOARD"));
}

/* docs/settings.md has one row for each entry, made of what the table says, and no other. */
static void test_the_documentation_is_the_table(void **state)
{
	CLEANUP(buffer_clear) struct buffer document = {0};
	const struct setting_info *info;
	size_t count = 0, rows = 0;

	(void)state;
	assert_int_equal(file_read(TEST_DATA "/../../docs/settings.md", 1 << 20, &document, NULL), 0);
	for (; (info = setting_info_at(count)); count++) {
		CLEANUP(buffer_clear) struct buffer row = {0};

		buffer_append_format(&row, "| `%s` | %s | %s | %s | %s |\n", info->name,
		                     info->choices ? info->choices : setting_type_name(info),
		                     info->fallback ? info->fallback : "", setting_effect_name(info), info->meaning);
		if (!strstr(buffer_string(&document), buffer_string(&row)))
			fail_msg("docs/settings.md misses: %s", buffer_string(&row));
	}
	for (const char *at = buffer_string(&document); (at = strstr(at, "\n| `CONFIG_")); at++)
		rows++;
	assert_int_equal(rows, count);
}

/* Every "CONFIG_NAME" in the program is known, and every setting that works is there. */
static void test_what_the_program_reads_is_in_the_table(void **state)
{
	CLEANUP(buffer_clear) struct buffer found = {0};
	FILE *grep = popen("grep -rhoE '\"CONFIG_[A-Z0-9_]+\"' " TEST_DATA
	                   "/../../src --include=*.[ch] --exclude=setting_info.c | sort -u",
	                   "r");
	const struct setting_info *info;
	char name[128];

	(void)state;
	assert_non_null(grep);
	while (fscanf(grep, " \"%127[A-Z0-9_]\"", name) == 1) {
		buffer_append_format(&found, " %s ", name);
		if (strcmp(name, "CONFIG_") != 0 &&
		    (!setting_info_find(name) || setting_info_find(name)->effect == SETTING_UNUSED))
			fail_msg("%s is read by the program: src/rom/setting_info.c does not say so", name);
	}
	assert_int_equal(pclose(grep), 0);
	for (size_t i = 0; (info = setting_info_at(i)); i++) {
		char word[128];

		(void)snprintf(word, sizeof(word), " %s ", info->name);
		if (info->effect != SETTING_UNUSED && !strstr(buffer_string(&found), word))
			fail_msg("%s is in the table as if it worked", info->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_owner_wins_over_the_board),
	    cmocka_unit_test(test_a_change_is_looked_at),
	    cmocka_unit_test(test_numbers_are_bounded),
	    cmocka_unit_test(test_the_documentation_is_the_table),
	    cmocka_unit_test(test_what_the_program_reads_is_in_the_table),
	    cmocka_unit_test(test_bad_owner_settings_leave_the_board),
	    cmocka_unit_test(test_a_workstation_has_no_board),
	};

	return cmocka_run_group_tests(tests, write_board, remove_board);
}
