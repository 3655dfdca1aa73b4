/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/paint.h"
#include "ui/layout.h"
#include <curses.h>

/* The colour pair of a look has its number; pair 0 belongs to the terminal. */
static const struct {
	short foreground; /* -1: the terminal's own */
	short background;
	attr_t color;      /* attributes beside the colours */
	attr_t monochrome; /* attributes instead of them */
} looks[LOOK_LAST] = {
    [LOOK_NORMAL] = {-1, -1, A_NORMAL, A_NORMAL},
    [LOOK_GOOD] = {COLOR_GREEN, -1, A_BOLD, A_NORMAL},
    [LOOK_WARNING] = {COLOR_YELLOW, -1, A_BOLD, A_BOLD},
    [LOOK_BAD] = {COLOR_RED, -1, A_BOLD, A_BOLD},
    [LOOK_DIM] = {-1, -1, A_DIM, A_NORMAL},
    [LOOK_TITLE] = {COLOR_WHITE, COLOR_BLUE, A_BOLD, A_REVERSE},
    [LOOK_SELECTED] = {-1, -1, A_REVERSE, A_REVERSE},
    [LOOK_QR] = {COLOR_WHITE, COLOR_BLACK, A_BOLD, A_NORMAL},
};

static const struct {
	const char *utf8;
	const char *ascii;
} signs[SIGN_LAST] = {
    [SIGN_ELLIPSIS] = {"\u2026", "~"},
    [SIGN_LINE] = {"\u2500", "-"},
    [SIGN_UP_DOWN] = {"\u2191\u2193", "Up/Down"},
    [SIGN_BAR_DONE] = {"\u2588", "#"},
    [SIGN_BAR_TODO] = {"\u2591", "."},
    [SIGN_BLOCK_TOP] = {"\u2580", "'"},
    [SIGN_BLOCK_BOTTOM] = {"\u2584", ","},
    [SIGN_BLOCK] = {"\u2588", "#"},
};

bool paint_prepare(void)
{
	if (!has_colors() || start_color() == ERR || COLORS < 8 || COLOR_PAIRS <= LOOK_LAST)
		return false;
	(void)use_default_colors();
	for (short look = 1; look < LOOK_LAST; look++)
		(void)init_pair(look, looks[look].foreground, looks[look].background);
	return true;
}

const char *paint_sign(const struct terminal *terminal, enum paint_sign sign)
{
	return terminal->utf8 ? signs[sign].utf8 : signs[sign].ascii;
}

static void paint_look(const struct terminal *terminal, enum paint_look look)
{
	if (terminal->color)
		(void)attr_set(looks[look].color, (short)look, NULL);
	else
		(void)attr_set(looks[look].monochrome, 0, NULL);
}

void paint_fill(const struct terminal *terminal, int row, int column, int columns, enum paint_look look)
{
	if (row < 0 || row >= terminal->rows)
		return;
	paint_look(terminal, look);
	for (int i = column < 0 ? 0 : column; i < column + columns && i < terminal->columns; i++)
		(void)mvaddch(row, i, ' ');
	paint_look(terminal, LOOK_NORMAL);
}

/* Draws size bytes, which fit. Returns the columns. */
static int paint_characters(const struct terminal *terminal, int row, int column, const char *text, size_t size)
{
	int used = 0;

	for (size_t at = 0; at < size;) {
		wchar_t wide[2] = {0};
		uint32_t code;
		int columns;

		at += layout_character(text + at, size - at, &code, &columns);
		wide[0] = code < 0x80 || terminal->utf8 ? (wchar_t)code : L'?';
		(void)mvaddnwstr(row, column + used, wide, 1);
		used += columns;
	}
	return used;
}

int paint_text(const struct terminal *terminal, int row, int column, int columns, enum paint_look look,
               struct bytes text)
{
	const char *characters = (const char *)text.data;
	size_t fits = 0;   /* bytes that fit */
	size_t short_ = 0; /* bytes that fit with an ellipsis behind them */
	int used = 0;

	if (columns > terminal->columns - column)
		columns = terminal->columns - column;
	if (row < 0 || row >= terminal->rows || column < 0 || columns <= 0)
		return 0;
	while (fits < text.size) {
		uint32_t code;
		int one;
		size_t length = layout_character(characters + fits, text.size - fits, &code, &one);

		if (used + one > columns)
			break;
		used += one;
		fits += length;
		if (used < columns)
			short_ = fits;
	}
	paint_look(terminal, look);
	if (fits == text.size) {
		used = paint_characters(terminal, row, column, characters, fits);
	} else {
		struct bytes ellipsis = bytes_from_string(paint_sign(terminal, SIGN_ELLIPSIS));

		used = paint_characters(terminal, row, column, characters, short_);
		used += paint_characters(terminal, row, column + used, (const char *)ellipsis.data, ellipsis.size);
	}
	paint_look(terminal, LOOK_NORMAL);
	return used;
}
