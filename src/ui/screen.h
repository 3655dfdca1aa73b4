/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal shows and what it should show, and the bytes that lead from one to the other. Pure.
 *
 * Only sequences that every terminal since the VT100 knows are used (cursor position, erase, SGR), so no terminal
 * description is needed. */
#ifndef HEADS_UI_SCREEN_H
#define HEADS_UI_SCREEN_H

#include "base/bytes.h"
#include "base/error.h"
#include "ui/ui.h"

/* How a text looks: the tones of ui.h, and the parts of a screen. */
enum look {
	LOOK_NORMAL = UI_NORMAL,
	LOOK_GOOD = UI_GOOD,
	LOOK_WARNING = UI_WARNING,
	LOOK_BAD = UI_BAD,
	LOOK_DIM = UI_DIM,
	LOOK_TITLE,
	LOOK_SELECTED,
	LOOK_QR, /* white on black, whatever the colours of the terminal */
	LOOK_LAST
};

struct screen_cell {
	uint32_t code; /* 0: the right half of a wide character */
	uint8_t look;
};

struct screen {
	int rows;
	int columns;
	struct screen_cell *wanted; /* rows * columns, drawn by paint.h */
	struct screen_cell *shown;
};

/* A blank screen. Release with screen_clear. Errors: -E_MEMORY (the screen is then unchanged). */
int screen_resize(struct screen *screen, int rows, int columns);
void screen_clear(struct screen *screen);
/* Empties what is wanted. */
void screen_blank(struct screen *screen);
/* Appends what turns the shown screen into the wanted one; all: whatever is shown, everything is drawn. */
void screen_render(struct screen *screen, bool color, bool all, struct buffer *output);

static inline struct screen_cell *screen_cell(const struct screen *screen, int row, int column)
{
	return &screen->wanted[(size_t)row * (size_t)screen->columns + (size_t)column];
}

#endif
