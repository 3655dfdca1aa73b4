/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/paint.h"
#include "ui/layout.h"

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

const char *paint_sign(const struct terminal *terminal, enum paint_sign sign)
{
	return terminal->utf8 ? signs[sign].utf8 : signs[sign].ascii;
}

static void paint_cell(const struct terminal *terminal, int row, int column, enum look look, uint32_t code)
{
	if (row >= 0 && row < terminal->rows && column >= 0 && column < terminal->columns)
		*screen_cell(&terminal->screen, row, column) = (struct screen_cell){code, (uint8_t)look};
}

void paint_fill(const struct terminal *terminal, int row, int column, int columns, enum look look)
{
	for (int i = column; i < column + columns; i++)
		paint_cell(terminal, row, i, look, ' ');
}

/* Draws size bytes, which fit. Returns the columns. */
static int paint_characters(const struct terminal *terminal, int row, int column, enum look look, const char *text,
                            size_t size)
{
	int used = 0;

	for (size_t at = 0; at < size;) {
		uint32_t code;
		int columns;

		at += layout_character(text + at, size - at, &code, &columns);
		paint_cell(terminal, row, column + used, look, code < 0x80 || terminal->utf8 ? code : '?');
		if (columns == 2)
			paint_cell(terminal, row, column + used + 1, look, terminal->utf8 ? 0 : ' ');
		used += columns;
	}
	return used;
}

int paint_text(const struct terminal *terminal, int row, int column, int columns, enum look look, struct bytes text)
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
	if (fits == text.size) {
		used = paint_characters(terminal, row, column, look, characters, fits);
	} else {
		struct bytes ellipsis = bytes_from_string(paint_sign(terminal, SIGN_ELLIPSIS));

		used = paint_characters(terminal, row, column, look, characters, short_);
		used +=
		    paint_characters(terminal, row, column + used, look, (const char *)ellipsis.data, ellipsis.size);
	}
	return used;
}
