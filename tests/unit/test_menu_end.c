/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What PID 1 does when the menu's process ends: the menu asks, PID 1 says yes or no. */
#include "base/cleanup.h"
#include "format/start_record.h"
#include "init/menu_end.h"
#include "menu/menu.h"
#include "unit/cmocka_all.h"

static void test_each_wish(void **state)
{
	static const struct {
		int status;
		enum menu_wish wish;
		enum trust_exit exit;
		uint8_t outcome;
	} cases[] = {
	    {MENU_EXIT_BOOT, MENU_WISHES_EXIT, TRUST_EXIT_BOOT, START_BOOTED},
	    {MENU_EXIT_BOOT_FORCED, MENU_WISHES_EXIT, TRUST_EXIT_BOOT, START_FORCED},
	    {MENU_EXIT_RECOVERY, MENU_WISHES_SHELL, TRUST_EXIT_RECOVERY, START_SHELL},
	    {MENU_EXIT_REBOOT, MENU_WISHES_EXIT, TRUST_EXIT_REBOOT, START_RESTARTED},
	    {MENU_EXIT_POWER_OFF, MENU_WISHES_EXIT, TRUST_EXIT_POWER_OFF, START_OFF},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int mode = 0; mode <= ACCESS_LOCKED; mode++) {
			struct menu_end end = menu_end_of(cases[i].status, (enum access_mode)mode);

			assert_int_equal(end.wish, cases[i].wish);
			assert_int_equal(end.exit, cases[i].exit);
			assert_int_equal(end.outcome, cases[i].outcome);
		}
}

/* A menu that does not ask for the proof, or that an attacker has taken over, gets no shell in restricted mode and no
 * boot that it says itself is a forced one. */
static void test_restricted_mode_is_kept_by_pid_1(void **state)
{
	struct menu_end end = menu_end_of(MENU_EXIT_RECOVERY, ACCESS_RESTRICTED);

	(void)state;
	assert_int_equal(end.wish, MENU_WISHES_REFUSED);
	assert_int_equal(end.action, ACCESS_SHELL);
	end = menu_end_of(MENU_EXIT_BOOT_FORCED, ACCESS_RESTRICTED);
	assert_int_equal(end.wish, MENU_WISHES_REFUSED);
	assert_int_equal(end.action, ACCESS_FORCED_BOOT);
	/* The early key, for which nobody can be asked for a proof, not in locked mode either. */
	for (int mode = 0; mode < ACCESS_MODES; mode++) {
		end = menu_end_of(MENU_EXIT_EARLY_SHELL, (enum access_mode)mode);
		assert_int_equal(end.wish, mode == ACCESS_OPEN ? MENU_WISHES_SHELL : MENU_WISHES_REFUSED);
		assert_int_equal(end.exit, TRUST_EXIT_RECOVERY);
		assert_int_equal(end.outcome, START_SHELL);
		assert_int_equal(end.action, ACCESS_EARLY_SHELL);
	}
	assert_int_equal(menu_end_of(MENU_EXIT_BOOT, ACCESS_RESTRICTED).wish, MENU_WISHES_EXIT);
	assert_int_equal(menu_end_of(MENU_EXIT_REBOOT, ACCESS_RESTRICTED).wish, MENU_WISHES_EXIT);
	assert_int_equal(menu_end_of(MENU_EXIT_POWER_OFF, ACCESS_RESTRICTED).wish, MENU_WISHES_EXIT);
}

static void test_anything_else_is_a_crash(void **state)
{
	static const int statuses[] = {-1, 0, 1, 2, 3, 9, 16, 127, 128 + 6, 128 + 9, 128 + 11, 255};

	(void)state;
	for (int mode = 0; mode < ACCESS_MODES; mode++)
		for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
			assert_int_equal(menu_end_of(statuses[i], (enum access_mode)mode).wish, MENU_CRASHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_wish),
	    cmocka_unit_test(test_restricted_mode_is_kept_by_pid_1),
	    cmocka_unit_test(test_anything_else_is_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
