/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The widgets on one terminal. */
#include "ui/rig.h"

static const struct rig_terminal xterm = {"xterm", 24, 80};
static const struct rig_terminal vt100 = {"vt100", 24, 80};
static const struct rig_terminal vt220_of_unknown_size = {"vt220", 0, 0};

static const struct ui_item five[] = {
    {'d', "Default boot", UI_NORMAL},
    {'r', "Report", UI_GOOD},
    {0, "A label that goes on and on and on until it has long left the room that a screen of 80 columns has", UI_DIM},
    {'o', "Power off", UI_NORMAL},
    {'x', "Title with \x1b]0;evil\x07 and \u202e inside, na\u00efve", UI_BAD},
};

static void count_status(void *context, struct ui_text *text)
{
	ui_text_add(text, UI_GOOD, "TOTP 123456, call %d", ++*(int *)context);
	ui_text_add(text, UI_BAD, "Boot refused");
}

static void run_menu(struct ui *ui, struct rig_result *result)
{
	int calls = 0;
	size_t choice = 99;
	struct ui_menu menu = {.title = "Main menu",
	                       .status = count_status,
	                       .context = &calls,
	                       .items = five,
	                       .count = 5,
	                       .selected = 1,
	                       .help = "What this menu is for."};

	result->number = (int)ui_menu_run(ui, &menu, &choice) * 100 + (int)choice;
}

static struct rig_result run_keys(rig_scenario *scenario, const char *see, const char *keys)
{
	struct rig rig;

	rig_start(&rig, 1, &xterm, scenario);
	rig_see(&rig, 0, see);
	rig_type(&rig, 0, keys);
	return rig_finish(&rig);
}

static void test_menu_shows_title_status_items_and_keys(void **state)
{
	struct rig rig;
	const struct vt *vt = &rig.vt[0];
	char row[VT_COLUMNS * 4 + 1];

	(void)state;
	rig_start(&rig, 1, &xterm, run_menu);
	rig_see(&rig, 0, "F1 or ? help");
	assert_string_equal("  Main menu", vt_row(vt, 0, row));
	assert_non_null(strstr(vt_row(vt, 2, row), "  TOTP 123456, call"));
	assert_int_equal(2, vt->cells[2][2].foreground); /* green */
	assert_int_equal(1, vt->cells[3][2].foreground); /* red */
	assert_string_equal("    d  Default boot", vt_row(vt, 5, row));
	assert_string_equal("  > r  Report", vt_row(vt, 6, row));
	assert_true(vt->cells[6][2].reverse && vt->cells[6][77].reverse);
	assert_false(vt->cells[5][2].reverse);
	assert_string_equal("       A label that goes on and on and on until it has long left the room tha\u2026",
	                    vt_row(vt, 7, row));
	rig_see(&rig, 0, "call 3"); /* every second */
	rig_type(&rig, 0, "\r");
	assert_int_equal(1, rig_finish(&rig).number);
}

static void test_A11_label_cannot_steer_the_terminal(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &xterm, run_menu);
	rig_see(&rig, 0, "x  Title with ?]0;evil? and ? inside, na\u00efve");
	assert_int_equal(-1, rig_sent(&rig, 0, "\x1b]"));
	assert_int_equal(-1, rig_sent(&rig, 0, "\x07"));
	rig_type(&rig, 0, "\r");
	(void)rig_finish(&rig);
}

static void test_menu_keys(void **state)
{
	(void)state;
	assert_int_equal(2, run_keys(run_menu, "Report", "\x1b[B\r").number);
	assert_int_equal(0, run_keys(run_menu, "Report", "\x1bOA\n").number);
	assert_int_equal(4, run_keys(run_menu, "Report", "\x1b[A\x1b[A\r").number); /* round the end */
	assert_int_equal(4, run_keys(run_menu, "Report", "\x1b[F\r").number);
	assert_int_equal(0, run_keys(run_menu, "Report", "\x1b[1~\r").number);
	assert_int_equal(3, run_keys(run_menu, "Report", "o").number);
	assert_int_equal(199, run_keys(run_menu, "Report", "\x1b").number);
}

static void test_menu_help(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &xterm, run_menu);
	rig_see(&rig, 0, "Report");
	rig_type(&rig, 0, "?");
	rig_see(&rig, 0, "What this menu is for.");
	rig_see(&rig, 0, "Esc: back.");
	rig_type(&rig, 0, "\r");
	rig_see(&rig, 0, "Report");
	rig_type(&rig, 0, "\x1bOP");
	rig_see(&rig, 0, "What this menu is for.");
	rig_type(&rig, 0, "\x1b");
	rig_see(&rig, 0, "Report");
	rig_type(&rig, 0, "d");
	assert_int_equal(0, rig_finish(&rig).number);
}

static int wake_pipe[2];

/* From its second call on, a second later, what the menu waits for is there. */
static void wake_status(void *context, struct ui_text *text)
{
	int *calls = context;

	ui_text_add(text, UI_NORMAL, "call %d", ++*calls);
	if (*calls == 2)
		(void)!write(wake_pipe[1], "x", 1);
}

static void run_woken(struct ui *ui, struct rig_result *result)
{
	int calls = 0;
	size_t choice = 99;
	struct ui_menu menu = {
	    .title = "Waits", .status = wake_status, .context = &calls, .items = five, .count = 5, .help = "Stays."};

	if (pipe(wake_pipe) != 0)
		return;
	menu.wake_fd = wake_pipe[0];
	result->number = (int)ui_menu_run(ui, &menu, &choice) * 100 + (int)choice;
}

static void test_menu_is_woken(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &xterm, run_woken);
	rig_see(&rig, 0, "call 1");
	assert_int_equal(399, rig_finish(&rig).number); /* woken, and nothing was chosen */
}

static void run_woken_in_help(struct ui *ui, struct rig_result *result)
{
	size_t choice = 99;
	struct ui_menu menu = {
	    .title = "Waits", .items = five, .count = 5, .wake_fd = wake_pipe[0], .help = "Stays until it is left."};

	result->number = (int)ui_menu_run(ui, &menu, &choice) * 100 + (int)choice;
}

static void test_help_is_not_woken(void **state)
{
	struct pollfd over;
	struct rig rig;

	(void)state;
	assert_int_equal(pipe(wake_pipe), 0);
	rig_start(&rig, 1, &xterm, run_woken_in_help);
	rig_see(&rig, 0, "Report");
	rig_type(&rig, 0, "?");
	rig_see(&rig, 0, "Stays until it is left.");
	assert_int_equal(write(wake_pipe[1], "x", 1), 1);
	over = (struct pollfd){.fd = rig.report, .events = POLLIN};
	assert_int_equal(poll(&over, 1, 300), 0);
	rig_type(&rig, 0, "\x1b");
	assert_int_equal(399, rig_finish(&rig).number);
}

static void run_countdown(struct ui *ui, struct rig_result *result)
{
	size_t choice = 99;
	struct ui_menu menu = {
	    .title = "Countdown", .items = five, .count = 5, .selected = 3, .timeout_seconds = 2, .help = NULL};

	result->number = (int)ui_menu_run(ui, &menu, &choice) * 100 + (int)choice;
}

static void test_countdown_chooses(void **state)
{
	struct rig rig;
	unsigned long long start;

	(void)state;
	rig_start(&rig, 1, &xterm, run_countdown);
	rig_see(&rig, 0, "in 2 seconds");
	start = log_now_ms();
	rig_see(&rig, 0, "in 1 second.");
	assert_int_equal(203, rig_finish(&rig).number);
	assert_true(log_now_ms() - start >= 1000);
}

static void test_countdown_stops_for_a_key(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &xterm, run_countdown);
	rig_see(&rig, 0, "in 2 seconds");
	rig_type(&rig, 0, "\x1b"); /* stops the countdown alone */
	rig_wait(&rig, 0, "second", false);
	rig_settle(&rig, 2500);
	assert_true(vt_find(&rig.vt[0], "> o  Power off") >= 0);
	rig_type(&rig, 0, "\x1b");
	assert_int_equal(199, rig_finish(&rig).number);
}

static void run_long_menu(struct ui *ui, struct rig_result *result)
{
	static char labels[40][24];
	struct ui_item items[40];
	struct ui_menu menu = {.title = "Many", .items = items, .count = 40, .help = NULL};
	size_t choice = 99;

	for (int i = 0; i < 40; i++) {
		(void)snprintf(labels[i], sizeof(labels[i]), "Entry %d.", i + 1);
		items[i] = (struct ui_item){.label = labels[i]};
	}
	result->number = (int)ui_menu_run(ui, &menu, &choice) * 100 + (int)choice;
}

static void test_long_menu_scrolls(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &xterm, run_long_menu);
	rig_see(&rig, 0, "1 of 40");
	rig_see(&rig, 0, "> Entry 1.");
	rig_see(&rig, 0, "Entry 20.");
	assert_int_equal(-1, vt_find(&rig.vt[0], "Entry 21."));
	rig_type(&rig, 0, "\x1b[F");
	rig_see(&rig, 0, "> Entry 40.");
	rig_see(&rig, 0, "40 of 40");
	rig_type(&rig, 0, "\x1b[5~");
	rig_see(&rig, 0, "> Entry 30.");
	rig_type(&rig, 0, "\r");
	assert_int_equal(29, rig_finish(&rig).number);
}

static void run_text(struct ui *ui, struct rig_result *result)
{
	struct ui_text text = {0};

	for (int i = 1; i <= 50; i++)
		ui_text_add(&text, UI_NORMAL, "line %d.", i);
	ui_show_text(ui, "Report", &text);
	ui_text_clear(&text);
	result->number = 7;
}

static void test_text_scrolls(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &xterm, run_text);
	rig_see(&rig, 0, "lines 1-20 of 50");
	rig_see(&rig, 0, "line 20.");
	rig_type(&rig, 0, "\x1b[B");
	rig_see(&rig, 0, "lines 2-21 of 50");
	rig_type(&rig, 0, "\x1b[6~");
	rig_see(&rig, 0, "lines 21-40 of 50");
	rig_see(&rig, 0, "line 40.");
	rig_wait(&rig, 0, "line 20.", false);
	rig_type(&rig, 0, "\x1b[F\x1b[6~");
	rig_see(&rig, 0, "lines 31-50 of 50");
	rig_type(&rig, 0, "\x1b[H");
	rig_see(&rig, 0, "lines 1-20 of 50");
	rig_type(&rig, 0, "\r");
	assert_int_equal(7, rig_finish(&rig).number);
}

static void run_confirm(struct ui *ui, struct rig_result *result)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_WARNING, "Really?");
	result->number = ui_confirm(ui, "Question", &text, "Do it", "Leave it");
	ui_text_clear(&text);
}

static void test_confirm(void **state)
{
	(void)state;
	assert_int_equal(0, run_keys(run_confirm, "> n  Leave it", "\r").number);
	assert_int_equal(0, run_keys(run_confirm, "Really?", "\x1b").number);
	assert_int_equal(0, run_keys(run_confirm, "Really?", "n").number);
	assert_int_equal(0, run_keys(run_confirm, "Really?", "\x1b[A\x1b[B\r").number);
	assert_int_equal(1, run_keys(run_confirm, "Really?", "y").number);
	assert_int_equal(1, run_keys(run_confirm, "Really?", "\x1b[A\r").number);
}

static void run_typed(struct ui *ui, struct rig_result *result)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_BAD, "Type force to go on.");
	result->number = ui_confirm_typed(ui, "Forced boot", &text, "force");
	ui_text_clear(&text);
}

static void test_confirm_typed(void **state)
{
	(void)state;
	assert_int_equal(1, run_keys(run_typed, "Type force", "force\r").number);
	assert_int_equal(1, run_keys(run_typed, "Type force", "fox\x7frce\r").number);
	assert_int_equal(1, run_keys(run_typed, "Type force",
	                             "rubbish\x15"
	                             "force\r")
	                        .number);
	assert_int_equal(0, run_keys(run_typed, "Type force", "\r").number);
	assert_int_equal(0, run_keys(run_typed, "Type force", "forc\r").number);
	assert_int_equal(0, run_keys(run_typed, "Type force", "forced\r").number);
	assert_int_equal(0, run_keys(run_typed, "Type force", "Force\r").number);
	assert_int_equal(0, run_keys(run_typed, "Type force", "force\x1b").number);
}

static void run_secret(struct ui *ui, struct rig_result *result)
{
	struct ui_text text = {0};
	struct secret secret = {0};

	ui_text_add(&text, UI_NORMAL, "Passphrase:");
	assert_int_equal(0, secret_allocate(12, &secret));
	result->number = ui_ask_secret(ui, "Disk", &text, &secret);
	memcpy(result->text, secret.data, secret.size);
	for (size_t i = secret.size; i < secret.capacity; i++)
		result->number += secret.data[i] ? 1000 : 0; /* what was erased is wiped */
	secret_clear(&secret);
	ui_text_clear(&text);
}

static void test_secret_is_read_and_never_shown(void **state)
{
	struct rig rig;
	struct rig_result result;

	(void)state;
	rig_start(&rig, 1, &xterm, run_secret);
	rig_see(&rig, 0, "Passphrase:");
	rig_type(&rig, 0, "Zq\x7f\xc3\xa4\x7fQwX");
	rig_see(&rig, 0, "(typed, not shown)");
	assert_int_equal(-1, rig_sent(&rig, 0, "Z"));
	assert_int_equal(-1, rig_sent(&rig, 0, "Q"));
	assert_int_equal(-1, rig_sent(&rig, 0, "X"));
	assert_int_equal(-1, rig_sent(&rig, 0, "*"));
	rig_type(&rig, 0, "\r");
	result = rig_finish(&rig);
	assert_int_equal(1, result.number);
	assert_string_equal("ZQwX", result.text);
}

static void test_secret_limits(void **state)
{
	struct rig_result result = run_keys(run_secret, "Passphrase:",
	                                    "wrong\x15"
	                                    "0123456789abcdef\r");

	(void)state;
	assert_int_equal(1, result.number);
	assert_string_equal("0123456789ab", result.text);
	result = run_keys(run_secret, "Passphrase:", "abc\x1b");
	assert_int_equal(0, result.number);
	assert_string_equal("", result.text);
}

static void run_progress(struct ui *ui, struct rig_result *result)
{
	struct ui_text text = {0};

	ui_progress(ui, "Working", "Hashing files", 0, 200);
	(void)usleep(200000);
	ui_progress(ui, "Working", "Hashing files", 50, 200);
	(void)usleep(700000);
	ui_progress(ui, "Working", "Waiting for the disk", 0, 0);
	(void)usleep(700000);
	ui_show_text(ui, "Done", &text);
	result->number = 1;
}

static void test_progress(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &xterm, run_progress);
	rig_see(&rig, 0, "25 %");
	rig_see(&rig, 0, "\u2588\u2591");
	rig_see(&rig, 0, "Hashing files");
	rig_see(&rig, 0, "Waiting for the disk");
	assert_int_equal(-1, vt_find(&rig.vt[0], "%"));
	rig_see(&rig, 0, "Done");
	rig_type(&rig, 0, "\r");
	(void)rig_finish(&rig);
}

/* No colour, no UTF-8: everything is still there. */
static void test_vt100_gets_ascii_without_colours(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &vt100, run_menu);
	rig_see(&rig, 0, "Up/Down move");
	rig_see(&rig, 0, "left the room tha~");
	rig_see(&rig, 0, "and ? inside, na?ve");
	for (size_t i = 0; i < rig.raw[0].size; i++)
		assert_true(rig.raw[0].data[i] < 0x80);
	for (int row = 0; row < 24; row++)
		for (int column = 0; column < 80; column++)
			assert_true(rig.vt[0].cells[row][column].foreground == -1);
	rig_type(&rig, 0, "d");
	assert_int_equal(0, rig_finish(&rig).number);
}

static void test_unknown_size_is_80_by_24(void **state)
{
	struct rig rig;
	char row[VT_COLUMNS * 4 + 1];

	(void)state;
	rig_start(&rig, 1, &vt220_of_unknown_size, run_menu);
	rig_see(&rig, 0, "F1 or ? help");
	assert_non_null(strstr(vt_row(&rig.vt[0], 23, row), "F1 or ? help"));
	rig_type(&rig, 0, "d");
	assert_int_equal(0, rig_finish(&rig).number);
}

static void test_unknown_type_falls_back(void **state)
{
	const struct rig_terminal odd = {"no-such-terminal", 24, 80};
	struct rig rig;

	(void)state;
	rig_start(&rig, 1, &odd, run_menu);
	rig_see(&rig, 0, "> r  Report");
	rig_type(&rig, 0, "r");
	assert_int_equal(1, rig_finish(&rig).number);
}

static void test_tiny_screens_do_no_harm(void **state)
{
	static const struct rig_terminal tiny[] = {
	    {"xterm", 1, 1}, {"xterm", 2, 3}, {"vt100", 4, 10}, {"xterm", 6, 20}};
	rig_scenario *const scenarios[] = {run_menu, run_long_menu, run_text, run_confirm, run_typed};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 5; j++) {
			struct rig rig;

			rig_start(&rig, 1, &tiny[i], scenarios[j]);
			rig_settle(&rig, 100);
			rig_type(&rig, 0, "\x1b[B\x1b[6~\r\x1b");
			(void)rig_finish(&rig);
		}
	}
}

static bool label_holds(void *context, size_t index, const char *typed)
{
	(void)context;
	return strcasestr(five[index].label, typed);
}

static void run_search(struct ui *ui, struct rig_result *result)
{
	size_t choice = 99;
	struct ui_menu menu = {.title = "Settings", .items = five, .count = 5, .matches = label_holds};

	result->number = (int)ui_menu_run(ui, &menu, &choice) * 100 + (int)choice;
}

static void test_typing_narrows_the_items(void **state)
{
	(void)state;
	assert_int_equal(run_keys(run_search, "type to search", "power\r").number, UI_CHOSEN * 100 + 3);
	/* Two are left, the second is taken; letters choose nothing. */
	assert_int_equal(run_keys(run_search, "type to search", "repo\x7f\x7f\x7f\x7fO\x1b[B\r").number,
	                 UI_CHOSEN * 100 + 1);
	/* A letter with two bytes is one letter, which one key takes off again. */
	assert_int_equal(run_keys(run_search, "type to search", "po\xc3\x9c\x7fwer\r").number, UI_CHOSEN * 100 + 3);
	/* What finds nothing chooses nothing; Esc takes the word away first. */
	assert_int_equal(run_keys(run_search, "type to search", "zzz\r\x15\x1b[F\r").number, UI_CHOSEN * 100 + 4);
}

static void run_typed_ahead(struct ui *ui, struct rig_result *result)
{
	result->number = ui_typed_ahead(ui, 'z') * 100;
	result->number += ui_typed_ahead(ui, 'r') * 10;
	result->number += ui_typed_ahead(ui, 'r');
	(void)ui_ask_line(ui, "Line", NULL, result->text, sizeof(result->text));
}

/* Typed while no screen asked for keys: the letter is found, or all of it is there for the next screen. */
static void test_letter_that_was_typed_ahead(void **state)
{
	static const struct {
		const char *typed;
		int number;
		const char *line;
	} cases[] = {{"ab", 0, "abc"}, {"a\x1b[Arb", 10, "c"}, {"\x1b[r", 0, "c"}, {"", 0, "c"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig_result result;
		struct termios raw;
		struct rig rig;

		rig_prepare(&rig, 1, &xterm);
		assert_int_equal(tcgetattr(rig.slave[0], &raw), 0);
		cfmakeraw(&raw); /* as PID 1 leaves a console */
		assert_int_equal(tcsetattr(rig.slave[0], TCSANOW, &raw), 0);
		rig_type(&rig, 0, cases[i].typed);
		rig_fork(&rig, &xterm, run_typed_ahead);
		rig_see(&rig, 0, "Ctrl-U");
		rig_type(&rig, 0, "c\r");
		result = rig_finish(&rig);
		assert_int_equal(result.number, cases[i].number);
		assert_string_equal(result.text, cases[i].line);
	}
}

static void run_ask_line(struct ui *ui, struct rig_result *result)
{
	char line[8] = "ab";

	result->number = ui_ask_line(ui, "Line", NULL, line, sizeof(line)) ? (int)strtol(line, NULL, 16) : -1;
}

static void test_a_line_is_edited(void **state)
{
	(void)state;
	assert_int_equal(run_keys(run_ask_line, "Enter done", "c\r").number, 0xabc);
	assert_int_equal(run_keys(run_ask_line, "Enter done",
	                          "\x7f"
	                          "1\r")
	                     .number,
	                 0xa1);
	assert_int_equal(run_keys(run_ask_line, "Enter done",
	                          "\x15"
	                          "12345678\r")
	                     .number,
	                 0x1234567);
	assert_int_equal(run_keys(run_ask_line, "Enter done", "c\x1b").number, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_menu_shows_title_status_items_and_keys),
	    cmocka_unit_test(test_A11_label_cannot_steer_the_terminal),
	    cmocka_unit_test(test_menu_keys),
	    cmocka_unit_test(test_menu_help),
	    cmocka_unit_test(test_menu_is_woken),
	    cmocka_unit_test(test_help_is_not_woken),
	    cmocka_unit_test(test_countdown_chooses),
	    cmocka_unit_test(test_countdown_stops_for_a_key),
	    cmocka_unit_test(test_long_menu_scrolls),
	    cmocka_unit_test(test_text_scrolls),
	    cmocka_unit_test(test_confirm),
	    cmocka_unit_test(test_typing_narrows_the_items),
	    cmocka_unit_test(test_letter_that_was_typed_ahead),
	    cmocka_unit_test(test_a_line_is_edited),
	    cmocka_unit_test(test_confirm_typed),
	    cmocka_unit_test(test_secret_is_read_and_never_shown),
	    cmocka_unit_test(test_secret_limits),
	    cmocka_unit_test(test_progress),
	    cmocka_unit_test(test_vt100_gets_ascii_without_colours),
	    cmocka_unit_test(test_unknown_size_is_80_by_24),
	    cmocka_unit_test(test_unknown_type_falls_back),
	    cmocka_unit_test(test_tiny_screens_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
