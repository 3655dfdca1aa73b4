/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/screen.h"
#include <stdlib.h>
#include <string.h>

/* After it the pen is LOOK_NORMAL, characters are ASCII or UTF-8, the cursor is hidden and the screen empty. */
#define START_OVER "\x1b[m\x1b(B\x1b[?25l\x1b[H\x1b[2J"

static const struct {
	const char *color;
	const char *monochrome;
} looks[LOOK_LAST] = {
    [LOOK_NORMAL] = {"\x1b[m", "\x1b[m"},           [LOOK_GOOD] = {"\x1b[0;1;32m", "\x1b[m"},
    [LOOK_WARNING] = {"\x1b[0;1;33m", "\x1b[0;1m"}, [LOOK_BAD] = {"\x1b[0;1;31m", "\x1b[0;1m"},
    [LOOK_DIM] = {"\x1b[0;2m", "\x1b[m"},           [LOOK_TITLE] = {"\x1b[0;1;37;44m", "\x1b[0;7m"},
    [LOOK_SELECTED] = {"\x1b[0;7m", "\x1b[0;7m"},   [LOOK_QR] = {"\x1b[0;1;37;40m", "\x1b[m"},
};

static const struct screen_cell blank = {' ', LOOK_NORMAL};

static void cells_fill(struct screen_cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cells[i] = blank;
}

static bool cell_equal(const struct screen_cell *a, const struct screen_cell *b)
{
	return a->code == b->code && a->look == b->look;
}

int screen_resize(struct screen *screen, int rows, int columns)
{
	size_t count = (size_t)rows * (size_t)columns;
	struct screen_cell *wanted = calloc(count, sizeof(*wanted));
	struct screen_cell *shown = calloc(count, sizeof(*shown));

	if (!wanted || !shown) {
		free(wanted);
		free(shown);
		return -E_MEMORY;
	}
	cells_fill(wanted, count);
	cells_fill(shown, count);
	screen_clear(screen);
	*screen = (struct screen){.rows = rows, .columns = columns, .wanted = wanted, .shown = shown};
	return 0;
}

void screen_clear(struct screen *screen)
{
	size_t size = (size_t)screen->rows * (size_t)screen->columns * sizeof(*screen->wanted);

	/* A QR code may have been a secret. */
	if (screen->wanted)
		memory_wipe(screen->wanted, size);
	if (screen->shown)
		memory_wipe(screen->shown, size);
	free(screen->wanted);
	free(screen->shown);
	*screen = (struct screen){0};
}

void screen_blank(struct screen *screen)
{
	cells_fill(screen->wanted, (size_t)screen->rows * (size_t)screen->columns);
}

static void append_utf8(struct buffer *output, uint32_t code)
{
	if (code < 0x80) {
		buffer_append_byte(output, (uint8_t)code);
		return;
	}
	if (code < 0x800) {
		buffer_append_byte(output, (uint8_t)(0xc0 | code >> 6));
	} else {
		if (code < 0x10000) {
			buffer_append_byte(output, (uint8_t)(0xe0 | code >> 12));
		} else {
			buffer_append_byte(output, (uint8_t)(0xf0 | code >> 18));
			buffer_append_byte(output, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
		}
		buffer_append_byte(output, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	}
	buffer_append_byte(output, (uint8_t)(0x80 | (code & 0x3f)));
}

struct pen {
	struct buffer *output;
	bool color;
	uint8_t look;
	int row; /* where the cursor is; -1: not known */
	int column;
};

static void pen_go(struct pen *pen, int row, int column)
{
	if (pen->row != row || pen->column != column)
		buffer_append_format(pen->output, "\x1b[%d;%dH", row + 1, column + 1);
	pen->row = row;
	pen->column = column;
}

static void pen_look(struct pen *pen, uint8_t look)
{
	if (pen->look != look)
		buffer_append_string(pen->output, pen->color ? looks[look].color : looks[look].monochrome);
	pen->look = look;
}

/* From where on the row is wanted blank. */
static int row_end(const struct screen_cell *wanted, int columns)
{
	while (columns > 0 && cell_equal(&wanted[columns - 1], &blank))
		columns--;
	return columns;
}

static void render_row(struct pen *pen, const struct screen *screen, int row)
{
	const struct screen_cell *wanted = screen->wanted + (size_t)row * (size_t)screen->columns;
	const struct screen_cell *shown = screen->shown + (size_t)row * (size_t)screen->columns;
	int end = row_end(wanted, screen->columns);

	for (int column = 0; column < screen->columns; column++) {
		bool wide = column + 1 < screen->columns && wanted[column + 1].code == 0;

		if (wanted[column].code == 0 || (cell_equal(&wanted[column], &shown[column]) &&
		                                 (!wide || cell_equal(&wanted[column + 1], &shown[column + 1]))))
			continue;
		pen_go(pen, row, column);
		pen_look(pen, wanted[column].look);
		if (column >= end) {
			buffer_append_string(pen->output, "\x1b[K");
			return;
		}
		append_utf8(pen->output, wanted[column].code);
		pen->column++;
		/* Terminals differ on wide characters, and on what the last column does to the cursor. */
		if (wide || pen->column == screen->columns)
			pen->row = -1;
	}
}

void screen_render(struct screen *screen, bool color, bool all, struct buffer *output)
{
	size_t count = (size_t)screen->rows * (size_t)screen->columns;
	struct pen pen = {.output = output, .color = color, .look = LOOK_NORMAL, .row = -1};

	if (all) {
		buffer_append_string(output, START_OVER);
		cells_fill(screen->shown, count);
	}
	for (int row = 0; row < screen->rows; row++)
		render_row(&pen, screen, row);
	pen_look(&pen, LOOK_NORMAL);
	memcpy(screen->shown, screen->wanted, count * sizeof(*screen->shown));
}
