/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a screen shows, and the loop that shows it on every terminal and waits for a key. Inside src/ui only. */
#ifndef HEADS_UI_VIEW_H
#define HEADS_UI_VIEW_H

#include "ui/layout.h"
#include "ui/qr.h"
#include "ui/terminal.h"

struct view {
	const char *title;
	const struct ui_text *text;
	size_t top; /* first line of the text that is shown: the rest is scrolled */
	const struct ui_item *items;
	size_t count;
	size_t selected;
	const char *input; /* a line with what was typed; NULL: none */
	const char *note;  /* the line above the keys; NULL: none */
	bool bar;          /* a bar: done of total */
	uint64_t done;
	uint64_t total;
	const struct qr *qr; /* beside the text; NULL: none */
	const char *keys;    /* the last line; a leading '^' stands for the sign of the arrow keys */
	/* Set by the loop: the text, wrapped for the narrowest terminal, and the lines of it that the smallest shows.
	 */
	struct layout layout;
	size_t lines_shown;
	bool qr_shown; /* on at least one terminal */
};

struct ui {
	struct terminal terminals[UI_MAX_TERMINALS];
	size_t count;
	bool suspended;
	bool shown;              /* a view has been drawn since the terminals were taken over */
	unsigned long long tick; /* when the next second is over */
	int wake_fd;             /* > 0: ui_next comes back with PRESS_WOKEN once it can be read */
	/* For ui_progress, which returns at once. */
	unsigned long long progress_painted;
	char progress_what[128];
};

/* How wide the view's text may be on a terminal, and (once it is wrapped) how many lines of it are shown. */
int view_columns(const struct terminal *terminal, const struct view *view);
size_t view_lines(const struct terminal *terminal, const struct view *view);
/* Draws the view on the current screen; fits terminal_paint. */
void view_draw(const struct terminal *terminal, void *view);

/* Shows the view as it is now, and returns at once. */
void ui_show(struct ui *ui, struct view *view);
/* Shows the view and waits for a key, a second (PRESS_TICK), wake_fd (PRESS_WOKEN), or the end of the last terminal
 * (PRESS_GONE). */
enum press ui_next(struct ui *ui, struct view *view, uint8_t *ret_byte);
/* Moves the text by lines, within its ends. */
void view_scroll(struct view *view, long lines);
/* Scrolls for the arrow and page keys; false for any other. */
bool view_scroll_press(struct view *view, enum press press);
void view_clear(struct view *view);

#endif
