/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes between two frames: what they draw on a terminal, and how few they are. */
#include "cmocka_all.h"
#include "ui/screen.h"
#include "ui/vt.h"

#define ROWS    24
#define COLUMNS 80

static void put(struct screen *screen, int row, int column, uint32_t code, enum look look)
{
	*screen_cell(screen, row, column) = (struct screen_cell){code, (uint8_t)look};
}

/* Renders and feeds; returns the bytes it took. */
static size_t show(struct screen *screen, bool all, struct vt *vt)
{
	struct buffer output = {0};
	size_t size;

	screen_render(screen, true, all, &output);
	size = output.size;
	if (size > 0)
		vt_feed(vt, output.data, size);
	buffer_clear(&output);
	return size;
}

static void check_same(const struct screen *screen, const struct vt *vt)
{
	for (int row = 0; row < ROWS; row++)
		for (int column = 0; column < COLUMNS; column++)
			assert_int_equal(screen_cell(screen, row, column)->code, vt->cells[row][column].code);
}

static void test_random_frames_arrive_exactly(void **state)
{
	struct screen screen = {0};
	static struct vt vt;
	uint32_t seed = 12345;

	(void)state;
	assert_int_equal(0, screen_resize(&screen, ROWS, COLUMNS));
	vt_reset(&vt, ROWS, COLUMNS);
	for (int frame = 0; frame < 200; frame++) {
		for (int change = 0; change < 120; change++) {
			uint32_t code;

			seed = seed * 1664525 + 1013904223;
			code = seed >> 28 < 9 ? ' ' : seed >> 28 == 15 ? 0x2588 : 'a' + (seed >> 20) % 26;
			put(&screen, (int)(seed >> 8) % ROWS, (int)(seed >> 14) % COLUMNS, code,
			    (enum look)(code == ' ' ? 0 : seed % LOOK_LAST));
		}
		(void)show(&screen, frame % 50 == 0, &vt);
		check_same(&screen, &vt);
	}
	assert_int_equal(0, vt.unknown);
	screen_clear(&screen);
}

static void test_an_unchanged_frame_costs_nothing(void **state)
{
	struct screen screen = {0};
	static struct vt vt;

	(void)state;
	assert_int_equal(0, screen_resize(&screen, ROWS, COLUMNS));
	vt_reset(&vt, ROWS, COLUMNS);
	put(&screen, 3, 4, 'x', LOOK_GOOD);
	assert_true(show(&screen, true, &vt) > 0);
	assert_int_equal(0, show(&screen, false, &vt));
	put(&screen, 3, 4, 'y', LOOK_GOOD);
	assert_true(show(&screen, false, &vt) <= 24); /* position, look, letter, look */
	check_same(&screen, &vt);
	screen_blank(&screen);
	assert_true(show(&screen, false, &vt) <= 12);
	check_same(&screen, &vt);
	screen_clear(&screen);
}

static void test_torn_screen_is_drawn_whole(void **state)
{
	struct screen screen = {0};
	static struct vt vt;

	(void)state;
	assert_int_equal(0, screen_resize(&screen, ROWS, COLUMNS));
	vt_reset(&vt, ROWS, COLUMNS);
	put(&screen, 23, 79, 'z', LOOK_TITLE);
	(void)show(&screen, true, &vt);
	vt_feed(&vt, "\r\nsomething else\r\n", 18);
	(void)show(&screen, true, &vt);
	check_same(&screen, &vt);
	screen_clear(&screen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_frames_arrive_exactly),
	    cmocka_unit_test(test_an_unchanged_frame_costs_nothing),
	    cmocka_unit_test(test_torn_screen_is_drawn_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
