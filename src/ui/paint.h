/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strokes on the screen of a terminal: texts cut to their room, tones, blocks.
 * Rows and columns count from 0; what lies outside the screen is not drawn. */
#ifndef HEADS_UI_PAINT_H
#define HEADS_UI_PAINT_H

#include "ui/terminal.h"

/* Signs outside ASCII, with a stand-in for terminals without UTF-8. */
enum paint_sign {
	SIGN_ELLIPSIS,
	SIGN_LINE,
	SIGN_UP_DOWN,
	SIGN_BAR_DONE,
	SIGN_BAR_TODO,
	SIGN_BLOCK_TOP,
	SIGN_BLOCK_BOTTOM,
	SIGN_BLOCK,
	SIGN_LAST
};

const char *paint_sign(const struct terminal *terminal, enum paint_sign sign);
/* Fills columns with spaces of a look. */
void paint_fill(const struct terminal *terminal, int row, int column, int columns, enum look look);
/* Draws text in at most columns, cut with an ellipsis where it is longer. Returns the columns used. */
int paint_text(const struct terminal *terminal, int row, int column, int columns, enum look look, struct bytes text);

#endif
