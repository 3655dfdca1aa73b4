/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several terminals at once, and what can happen to them: log lines, other sizes, an end, a line that is stopped. */
#include "ui/rig.h"

static const struct rig_terminal pair[] = {{"vt220", 24, 80}, {"linux", 40, 128}};

static const struct ui_item items[] = {{'a', "First", UI_NORMAL}, {'b', "Second", UI_NORMAL}, {'q', "Quit", UI_NORMAL}};

/* Shows the menu until q; each choice is a log line. */
static void run_menu(struct ui *ui, struct rig_result *result)
{
	struct ui_menu menu = {.title = "Both", .items = items, .count = 3, .help = NULL};

	while (ui_menu_run(ui, &menu, &menu.selected) == UI_CHOSEN && menu.selected != 2) {
		log_line("chosen=%zu and a text that is long enough to go over the end of a row of the screen",
		         menu.selected);
		result->number++;
	}
}

static void test_both_show_the_same_and_keys_come_from_either(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 2, pair, run_menu);
	rig_see(&rig, 0, "> a  First");
	rig_see(&rig, 1, "> a  First");
	rig_type(&rig, 0, "\x1b[B");
	rig_see(&rig, 0, "> b  Second");
	rig_see(&rig, 1, "> b  Second");
	rig_type(&rig, 1, "\x1b[B");
	rig_see(&rig, 0, "> q  Quit");
	rig_see(&rig, 1, "> q  Quit");
	assert_int_equal(23, vt_find(&rig.vt[0], "Enter choose"));
	assert_int_equal(39, vt_find(&rig.vt[1], "Enter choose"));
	rig_type(&rig, 1, "q");
	assert_int_equal(0, rig_finish(&rig).number);
}

static void test_log_lines_arrive_whole_and_the_screen_is_repaired(void **state)
{
	static const char line[] =
	    "\r\nheads: chosen=1 and a text that is long enough to go over the end of a row of the "
	    "screen\r\n";
	struct rig rig;

	(void)state;
	rig_start(&rig, 2, pair, run_menu);
	rig_see(&rig, 1, "> a  First");
	rig_type(&rig, 0, "b");
	for (size_t i = 0; i < 2; i++) {
		while (rig_sent(&rig, i, line) < 0)
			rig_pump(&rig, 50);
		rig_wait(&rig, i, "heads:", false);
		rig_see(&rig, i, "> b  Second");
		assert_int_equal(0, vt_find(&rig.vt[i], "Both"));
	}
	rig_type(&rig, 0, "q");
	assert_int_equal(1, rig_finish(&rig).number);
}

static void test_size_change_is_followed(void **state)
{
	struct winsize size = {.ws_row = 30, .ws_col = 100};
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, pair, run_menu);
	rig_see(&rig, 0, "> a  First");
	vt_reset(&rig.vt[0], 30, 100);
	assert_int_equal(0, ioctl(rig.master[0], TIOCSWINSZ, &size));
	rig_see(&rig, 0, "Enter choose");
	assert_int_equal(29, vt_find(&rig.vt[0], "Enter choose"));
	rig_see(&rig, 0, "> a  First");
	rig_type(&rig, 0, "q");
	assert_int_equal(0, rig_finish(&rig).number);
}

static void test_any_key_draws_the_screen_again(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, pair, run_menu);
	rig_see(&rig, 0, "> a  First");
	vt_reset(&rig.vt[0], 24, 80); /* somebody attaches late */
	rig_type(&rig, 0, "\x0c");
	rig_see(&rig, 0, "> a  First");
	vt_reset(&rig.vt[0], 24, 80);
	rig_type(&rig, 0, "\x1b[24~");
	rig_see(&rig, 0, "> a  First");
	rig_type(&rig, 0, "q");
	assert_int_equal(0, rig_finish(&rig).number);
}

static void test_a_terminal_that_ends_is_dropped(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 2, pair, run_menu);
	rig_see(&rig, 0, "> a  First");
	rig_see(&rig, 1, "> a  First");
	(void)close(rig.master[1]);
	rig.master[1] = -1;
	rig.deaf[1] = true;
	rig_type(&rig, 0, "\x1b[B");
	rig_see(&rig, 0, "> b  Second");
	rig_type(&rig, 0, "a");
	rig_type(&rig, 0, "q");
	assert_int_equal(1, rig_finish(&rig).number);
}

/* The second terminal is a link that first leads nowhere any more, then to a new terminal. */
static void test_a_terminal_that_comes_back_is_used_again(void **state)
{
	char link[] = "/tmp/ui-terminal-XXXXXX";
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct rig rig;
	char path[64];
	int slave;

	(void)state;
	assert_non_null(mkdtemp(link));
	assert_int_equal(0, rmdir(link));
	rig_prepare(&rig, 2, pair);
	assert_int_equal(0, symlink(rig.path[1], link));
	(void)snprintf(rig.path[1], sizeof(rig.path[1]), "%s", link);
	rig_fork(&rig, pair, run_menu);
	rig_see(&rig, 1, "> a  First");
	(void)close(rig.master[1]);
	(void)close(rig.slave[1]);
	rig.deaf[1] = true;
	rig_settle(&rig, 1500);
	assert_int_equal(0, openpty(&rig.master[1], &slave, path, NULL, &size));
	rig.slave[1] = slave;
	assert_int_equal(0, unlink(link));
	assert_int_equal(0, symlink(path, link));
	(void)fcntl(rig.master[1], F_SETFL, O_NONBLOCK);
	vt_reset(&rig.vt[1], 24, 80);
	rig.deaf[1] = false;
	rig_see(&rig, 1, "> a  First");
	rig_type(&rig, 1, "\x1b[B");
	rig_see(&rig, 0, "> b  Second");
	rig_type(&rig, 1, "q");
	(void)rig_finish(&rig);
	(void)unlink(link);
}

static void test_a_stopped_line_does_not_hold_up_the_other(void **state)
{
	struct rig rig;
	unsigned long long start;

	(void)state;
	rig_start(&rig, 2, pair, run_menu);
	rig_see(&rig, 0, "> a  First");
	rig.deaf[1] = true;
	start = log_now_ms();
	for (int i = 0; i < 100; i++) { /* far more than a pty holds */
		rig_type(&rig, 0, i % 2 ? "a" : "b");
		rig_see(&rig, 0, i % 2 ? "> a  First" : "> b  Second");
	}
	assert_true(log_now_ms() - start < RIG_PATIENCE);
	rig.deaf[1] = false; /* it goes on, and shows what is true now */
	rig_see(&rig, 1, "> a  First");
	rig_settle(&rig, 500);
	assert_int_equal(-1, vt_find(&rig.vt[1], "heads:"));
	assert_true(vt_find(&rig.vt[1], "> a  First") >= 0);
	rig_type(&rig, 1, "q");
	assert_int_equal(100, rig_finish(&rig).number);
}

static void run_suspended(struct ui *ui, struct rig_result *result)
{
	struct ui_menu menu = {.title = "Before", .items = items, .count = 3, .help = NULL};
	size_t choice;

	(void)ui_menu_run(ui, &menu, &choice);
	ui_suspend(ui);
	log_line("plain now");
	(void)usleep(500000);
	ui_resume(ui);
	menu.title = "After";
	result->number = (int)ui_menu_run(ui, &menu, &choice);
}

static void test_suspended_terminals_are_plain(void **state)
{
	struct rig rig;
	struct termios settings;

	(void)state;
	rig_start(&rig, 2, pair, run_suspended);
	rig_see(&rig, 0, "Before");
	assert_int_equal(0, tcgetattr(rig.slave[0], &settings));
	assert_false(settings.c_lflag & (ECHO | ICANON));
	rig_type(&rig, 0, "a");
	rig_see(&rig, 0, "heads: plain now");
	rig_see(&rig, 1, "heads: plain now");
	assert_int_equal(0, tcgetattr(rig.slave[0], &settings));
	assert_true(settings.c_lflag & ECHO);
	assert_true(settings.c_lflag & ICANON);
	rig_see(&rig, 1, "After");
	rig_wait(&rig, 1, "heads:", false);
	rig_type(&rig, 1, "q");
	assert_int_equal(UI_CHOSEN, rig_finish(&rig).number);
}

static void test_no_terminal_is_an_error(void **state)
{
	const struct ui_terminal none[] = {{"/dev/null", "vt220"}, {"/no/such/terminal", NULL}};
	struct error error = {0};
	struct ui *ui = NULL;

	(void)state;
	assert_int_equal(-E_IO, ui_open(none, 2, &ui, &error));
	assert_int_equal(E_IO, error.code);
	assert_null(ui);
	assert_int_equal(-E_IO, ui_open(none, 0, &ui, &error));
	ui_close(&ui);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_show_the_same_and_keys_come_from_either),
	    cmocka_unit_test(test_log_lines_arrive_whole_and_the_screen_is_repaired),
	    cmocka_unit_test(test_size_change_is_followed),
	    cmocka_unit_test(test_any_key_draws_the_screen_again),
	    cmocka_unit_test(test_a_terminal_that_ends_is_dropped),
	    cmocka_unit_test(test_a_terminal_that_comes_back_is_used_again),
	    cmocka_unit_test(test_a_stopped_line_does_not_hold_up_the_other),
	    cmocka_unit_test(test_suspended_terminals_are_plain),
	    cmocka_unit_test(test_no_terminal_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
