/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
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
	assert_int_equal(rom_settings_load(board, bytes_from_string("CONFIG_AUTO_BOOT_TIMEOUT=0\nCONFIG_OF_MINE=x\n"),
	                                   &settings, &error),
	                 0);
	assert_int_equal(rom_settings_number(&settings, "CONFIG_AUTO_BOOT_TIMEOUT", 100, 7), 0);
	assert_string_equal(rom_settings_origin(&settings, "CONFIG_AUTO_BOOT_TIMEOUT"), "owner");
	assert_string_equal(rom_settings_get(&settings, "CONFIG_BOARD"), "test");
	assert_string_equal(rom_settings_origin(&settings, "CONFIG_BOARD"), "board");
	assert_string_equal(rom_settings_get(&settings, "CONFIG_OF_MINE"), "x");
	assert_string_equal(rom_settings_origin(&settings, "CONFIG_NOTHING"), "not set");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_owner_wins_over_the_board),
	    cmocka_unit_test(test_numbers_are_bounded),
	    cmocka_unit_test(test_bad_owner_settings_leave_the_board),
	    cmocka_unit_test(test_a_workstation_has_no_board),
	};

	return cmocka_run_group_tests(tests, write_board, remove_board);
}
