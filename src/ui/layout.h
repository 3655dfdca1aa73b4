/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text measured in columns of a terminal, and broken into lines at words. Pure. */
#ifndef HEADS_UI_LAYOUT_H
#define HEADS_UI_LAYOUT_H

#include "ui/ui.h"

/* Takes one character off UTF-8 text: returns its bytes (at least 1), sets its code and its columns (1 or 2).
 * What a terminal must not get (control characters, marks that turn the reading direction or take no room of their
 * own, malformed UTF-8) becomes '?' (A11). size must not be 0. */
size_t layout_character(const char *text, size_t size, uint32_t *ret_code, int *ret_columns);
/* Columns of a text. */
int layout_columns(const char *text, size_t size);

struct layout_line {
	enum ui_tone tone;
	int indent;       /* columns: a wrapped line keeps the indent of its beginning */
	const char *text; /* borrowed from the struct ui_text */
	size_t size;
};

struct layout {
	struct layout_line *lines;
	size_t count;
};

/* Breaks text into lines of at most columns (at least 1): at spaces, or inside a word that is longer than a line.
 * Release with layout_clear. Errors: -E_MEMORY; the layout is then empty. */
int layout_wrap(const struct ui_text *text, int columns, struct layout *ret_layout);
void layout_clear(struct layout *layout);

#endif
