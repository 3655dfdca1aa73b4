/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QR codes: what stands on the screen is read with zbarimg, an independent reader. */
#include "ui/rig.h"
#include <sys/mman.h>

#define SCALE 4

static const char payload[] = "otpauth://totp/Heads:demo?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Heads";
static const char *shown_payload = payload;

static void run_qr(struct ui *ui, struct rig_result *result)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_NORMAL, "Scan this, or type JBSW Y3DP.");
	result->number = ui_show_qr(ui, "New secret", shown_payload, &text);
	ui_text_clear(&text);
}

/* The brightness of the upper or lower half of a cell. */
static uint8_t half(const struct vt_cell *cell, bool lower)
{
	bool ink = cell->code == 0x2588 || cell->code == (lower ? 0x2584U : 0x2580U);
	bool light = cell->reverse ? !ink : ink;

	return light ? 255 : 0;
}

/* Draws the first columns of a screen as a picture and reads it; what zbarimg prints goes to text. */
static void decode(const struct vt *vt, int columns, char *text, size_t size)
{
	char path[] = "/tmp/ui-qr-XXXXXX";
	char command[128];
	int fd = mkstemp(path);
	FILE *picture = fdopen(fd, "w");
	FILE *reader;
	size_t got;

	assert_non_null(picture);
	(void)fprintf(picture, "P5\n%d %d\n255\n", columns * SCALE, vt->rows * 2 * SCALE);
	for (int y = 0; y < vt->rows * 2 * SCALE; y++)
		for (int x = 0; x < columns * SCALE; x++)
			(void)fputc(half(&vt->cells[y / SCALE / 2][x / SCALE], y / SCALE % 2), picture);
	assert_int_equal(0, fclose(picture));
	(void)snprintf(command, sizeof(command), "zbarimg --quiet --raw --nodbus -Sdisable -Sqrcode.enable PGM:%s",
	               path);
	reader = popen(command, "r");
	assert_non_null(reader);
	got = fread(text, 1, size - 1, reader);
	assert_int_equal(0, pclose(reader));
	assert_int_equal(0, unlink(path));
	while (got > 0 && text[got - 1] == '\n')
		got--;
	text[got] = '\0';
}

static void check_decodes(const struct rig_terminal *kind, int columns, const char *expected)
{
	struct rig rig;
	char text[512];

	shown_payload = expected;
	rig_start(&rig, 1, kind, run_qr);
	rig_see(&rig, 0, "Scan this");
	rig_see(&rig, 0, "JBSW");
	rig_see(&rig, 0, "Enter continue"); /* the last row */
	decode(&rig.vt[0], columns, text, sizeof(text));
	assert_string_equal(expected, text);
	rig_type(&rig, 0, "\r");
	assert_int_equal(1, rig_finish(&rig).number);
}

static void test_code_on_80_by_24_decodes(void **state)
{
	const struct rig_terminal kinds[] = {{"xterm", 24, 80}, {"linux", 24, 80}, {"vt220", 24, 80}};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		check_decodes(&kinds[i], 41, payload);
}

/* Version 5 leaves a narrower border, version 6 takes the whole height of the screen. */
static void test_longer_payloads_decode(void **state)
{
	const struct rig_terminal xterm = {"xterm", 24, 80};
	const struct rig_terminal large = {"xterm", 50, 160};
	char longer[211] = "";

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[100] = '\0';
	check_decodes(&xterm, 41, longer);
	longer[100] = 'x';
	longer[130] = '\0';
	check_decodes(&xterm, 45, longer);
	longer[130] = 'x';
	check_decodes(&large, 65, longer);
}

static void test_dark_stays_dark_on_a_light_terminal(void **state)
{
	const struct rig_terminal xterm = {"xterm", 24, 80};
	struct rig rig;

	(void)state;
	shown_payload = payload;
	rig_start(&rig, 1, &xterm, run_qr);
	rig_see(&rig, 0, "JBSW");
	assert_int_equal(0, rig.vt[0].cells[10][20].background); /* black, said so */
	assert_int_equal(7, rig.vt[0].cells[10][20].foreground);
	rig_type(&rig, 0, "\x1b");
	assert_int_equal(1, rig_finish(&rig).number);
}

static void check_text_alone(const struct rig_terminal *kind)
{
	struct rig rig;

	rig_start(&rig, 1, kind, run_qr);
	rig_see(&rig, 0, "JBSW");
	rig_see(&rig, 0, "larger screen");
	rig_type(&rig, 0, "\r");
	assert_int_equal(0, rig_finish(&rig).number);
}

static void test_code_that_does_not_fit_leaves_the_text(void **state)
{
	const struct rig_terminal small = {"xterm", 16, 80};
	const struct rig_terminal ascii = {"vt100", 24, 80};

	(void)state;
	shown_payload = payload;
	check_text_alone(&small);
	check_text_alone(&ascii);
}

static void test_ascii_terminal_with_room_decodes(void **state)
{
	const struct rig_terminal ascii = {"vt100", 50, 132};
	struct rig rig;
	struct vt square;
	char text[512];

	(void)state;
	shown_payload = payload;
	rig_start(&rig, 1, &ascii, run_qr);
	rig_see(&rig, 0, "JBSW");
	rig_see(&rig, 0, "Enter continue");
	/* Two columns of spaces are a module, as high as a row: drawn again as half blocks. Row 0 is the title. */
	vt_reset(&square, 21, 41);
	for (int row = 0; row < 21; row++) {
		for (int column = 0; column < 41; column++) {
			bool top = rig.vt[0].cells[1 + 2 * row][2 * column].reverse;
			bool bottom = row == 20 || rig.vt[0].cells[2 + 2 * row][2 * column].reverse;

			square.cells[row][column].code = top ? (bottom ? 0x2588 : 0x2580) : bottom ? 0x2584 : ' ';
		}
	}
	decode(&square, 41, text, sizeof(text));
	assert_string_equal(payload, text);
	rig_type(&rig, 0, "\r");
	assert_int_equal(1, rig_finish(&rig).number);
}

/* What a command prints, under a locale; given to a terminal, with the carriage returns of its line. */
static size_t print_code(const char *locale, struct vt *vt)
{
	const int own = dup(STDOUT_FILENO), fd = memfd_create("code", MFD_CLOEXEC);
	char printed[16384];
	ssize_t size;

	assert_int_equal(0, setenv("LC_ALL", locale, 1));
	(void)fflush(stdout);
	assert_int_equal(STDOUT_FILENO, dup2(fd, STDOUT_FILENO));
	ui_print_qr(payload);
	(void)fflush(stdout);
	assert_int_equal(STDOUT_FILENO, dup2(own, STDOUT_FILENO));
	size = pread(fd, printed, sizeof(printed), 0);
	assert_in_range(size, 0, sizeof(printed) - 1);
	vt_reset(vt, 40, 80);
	for (ssize_t i = 0; i < size; i++)
		vt_feed(vt, printed[i] == '\n' ? "\r\n" : &printed[i], printed[i] == '\n' ? 2 : 1);
	(void)close(fd);
	(void)close(own);
	return (size_t)size;
}

static void test_a_printed_code_decodes(void **state)
{
	struct vt vt;
	char text[512];

	(void)state;
	print_code("C.UTF-8", &vt);
	assert_int_equal(0, vt.cells[10][20].background);
	assert_int_equal(7, vt.cells[10][20].foreground);
	decode(&vt, 41, text, sizeof(text));
	assert_string_equal(payload, text);
	assert_int_equal(0, print_code("C", &vt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_code_on_80_by_24_decodes),
	    cmocka_unit_test(test_longer_payloads_decode),
	    cmocka_unit_test(test_dark_stays_dark_on_a_light_terminal),
	    cmocka_unit_test(test_code_that_does_not_fit_leaves_the_text),
	    cmocka_unit_test(test_ascii_terminal_with_room_decodes),
	    cmocka_unit_test(test_a_printed_code_decodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
