/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/view.h"
#include "ui/paint.h"
#include <stdio.h>
#include <string.h>

/* Content wider than this is hard to read. */
#define CONTENT_COLUMNS 96
#define MARGIN          2
/* So many items stay on screen, however long the text above them is. */
#define ITEMS_KEPT 6
/* Below this height there are no empty rows. */
#define ROOMY_ROWS 16

/* The rows of a screen, from the top: title, text, a gap, items or input, note, keys. */
struct rows {
	int text;
	int text_rows;
	int lower; /* items, input line or bar */
	int lower_rows;
	int column;
	int columns;
	bool qr;
	struct qr_place place;
};

static int lower_wanted(const struct view *view)
{
	if (view->input || view->bar)
		return 1;
	return view->count > 1000 ? 1000 : (int)view->count;
}

static int at_most(int value, int limit)
{
	return value < limit ? value : limit;
}

static struct rows view_rows(const struct terminal *terminal, const struct view *view)
{
	int roomy = terminal->rows >= ROOMY_ROWS;
	int room = terminal->rows - (roomy ? 4 : 3); /* title, gap, note, keys */
	int text = view->layout.count > 1000 ? 1000 : (int)view->layout.count;
	int lower = lower_wanted(view);
	int gap = text > 0 && lower > 0 && roomy;
	struct rows rows = {.text = 1 + roomy};

	rows.columns = at_most(terminal->columns - 2 * MARGIN, CONTENT_COLUMNS);
	rows.column = (terminal->columns - rows.columns) / 2;
	if (view->qr && qr_fits(view->qr, terminal, &rows.place)) {
		rows.qr = true;
		rows.column = rows.place.columns + MARGIN;
		rows.columns = terminal->columns - rows.column - 1;
	}
	if (text + gap + lower > room) {
		lower = at_most(lower, ITEMS_KEPT);
		if (text + gap + lower < room) /* more items fit under a short text */
			lower = room - gap - text;
		lower = at_most(lower, room);
		text = room - gap - lower;
	}
	rows.text_rows = text < 0 ? 0 : text;
	rows.lower = rows.text + rows.text_rows + gap;
	rows.lower_rows = lower < 0 ? 0 : lower;
	return rows;
}

int view_columns(const struct terminal *terminal, const struct view *view)
{
	return view_rows(terminal, view).columns;
}

size_t view_lines(const struct terminal *terminal, const struct view *view)
{
	return (size_t)view_rows(terminal, view).text_rows;
}

/* The title, and at the right end where in a long text or list the screen is. */
static void draw_title(const struct terminal *terminal, const struct view *view, const struct rows *rows)
{
	bool beside = rows->qr && rows->place.whole;
	size_t end = view->top + (size_t)rows->text_rows;
	char where[64] = "";
	int columns = rows->columns;
	int column = beside || !rows->qr ? rows->column : 1;

	if (!beside)
		paint_fill(terminal, 0, 0, terminal->columns, LOOK_TITLE);
	if (rows->qr && !beside)
		columns = terminal->columns - 2;
	if ((size_t)rows->lower_rows < view->count)
		(void)snprintf(where, sizeof(where), " %zu of %zu", view->selected + 1, view->count);
	else if ((size_t)rows->text_rows < view->layout.count)
		(void)snprintf(where, sizeof(where), " lines %zu-%zu of %zu", view->top + 1,
		               end < view->layout.count ? end : view->layout.count, view->layout.count);
	if ((int)strlen(where) < columns / 2) {
		columns -= (int)strlen(where);
		(void)paint_text(terminal, 0, column + columns, (int)strlen(where), LOOK_TITLE,
		                 bytes_from_string(where));
	}
	(void)paint_text(terminal, 0, column, columns, LOOK_TITLE, bytes_from_string(view->title));
}

static void draw_text(const struct terminal *terminal, const struct view *view, const struct rows *rows)
{
	for (int i = 0; i < rows->text_rows; i++) {
		size_t index = view->top + (size_t)i;
		const struct layout_line *line;

		if (index >= view->layout.count)
			return;
		line = &view->layout.lines[index];
		(void)paint_text(terminal, rows->text + i, rows->column + line->indent, rows->columns - line->indent,
		                 (enum look)line->tone, bytes_make(line->text, line->size));
	}
}

static void draw_items(const struct terminal *terminal, const struct view *view, const struct rows *rows)
{
	size_t visible = (size_t)rows->lower_rows;
	size_t first = view->selected > visible / 2 ? view->selected - visible / 2 : 0;
	bool keys = false;

	if (visible >= view->count)
		first = 0;
	else if (first > view->count - visible)
		first = view->count - visible;
	for (size_t i = 0; i < view->count; i++)
		keys = keys || view->items[i].key;
	for (size_t i = 0; i < visible && first + i < view->count; i++) {
		const struct ui_item *item = &view->items[first + i];
		bool selected = first + i == view->selected;
		enum look look = selected ? LOOK_SELECTED : (enum look)item->tone;
		char head[8];
		int row = rows->lower + (int)i;
		int used;

		if (selected)
			paint_fill(terminal, row, rows->column, rows->columns, look);
		(void)snprintf(head, sizeof(head), keys ? "%s %c  " : "%s ", selected ? ">" : " ",
		               item->key ? item->key : ' ');
		used = paint_text(terminal, row, rows->column, rows->columns, look, bytes_from_string(head));
		(void)paint_text(terminal, row, rows->column + used, rows->columns - used, look,
		                 bytes_from_string(item->label));
	}
}

/* The end of the input stays in sight where it is longer than the row. */
static void draw_input(const struct terminal *terminal, const struct view *view, const struct rows *rows)
{
	int room = rows->columns - 4;
	const char *input = view->input;
	size_t size = strlen(input);
	int used = paint_text(terminal, rows->lower, rows->column, 2, LOOK_NORMAL, bytes_from_string("> "));

	while (size > 0 && layout_columns(input, size) > room) {
		input++;
		size--;
	}
	used += paint_text(terminal, rows->lower, rows->column + used, room, LOOK_NORMAL, bytes_make(input, size));
	paint_fill(terminal, rows->lower, rows->column + used, 1, LOOK_SELECTED);
}

static void draw_bar(const struct terminal *terminal, const struct view *view, const struct rows *rows)
{
	uint64_t done = view->done < view->total ? view->done : view->total;
	double part = (double)done / (double)view->total;
	int room = at_most(rows->columns - 6, 60);
	char percent[16];

	for (int i = 0; i < room; i++) {
		bool reached = i < (int)(part * room);
		const char *sign = paint_sign(terminal, reached ? SIGN_BAR_DONE : SIGN_BAR_TODO);

		(void)paint_text(terminal, rows->lower, rows->column + i, 1, reached ? LOOK_NORMAL : LOOK_DIM,
		                 bytes_from_string(sign));
	}
	(void)snprintf(percent, sizeof(percent), " %3d %%", (int)(part * 100));
	(void)paint_text(terminal, rows->lower, rows->column + room, 8, LOOK_NORMAL, bytes_from_string(percent));
}

static void draw_keys(const struct terminal *terminal, const struct view *view, const struct rows *rows)
{
	int row = terminal->rows - 1;
	int column = rows->qr && !rows->place.whole ? 1 : rows->column;
	int columns = rows->qr && !rows->place.whole ? terminal->columns - 2 : rows->columns;
	const char *keys = view->keys;

	if (*keys == '^') {
		int used = paint_text(terminal, row, column, columns, LOOK_DIM,
		                      bytes_from_string(paint_sign(terminal, SIGN_UP_DOWN)));

		column += used;
		columns -= used;
		keys++;
	}
	(void)paint_text(terminal, row, column, columns, LOOK_DIM, bytes_from_string(keys));
}

void view_draw(const struct terminal *terminal, void *context)
{
	struct view *view = context;
	struct rows rows = view_rows(terminal, view);
	const char *note = view->note;

	if (view->qr && !rows.qr)
		note = "The QR code needs a larger screen than this one.";
	draw_title(terminal, view, &rows);
	draw_text(terminal, view, &rows);
	if (view->input)
		draw_input(terminal, view, &rows);
	else if (view->bar && view->total > 0)
		draw_bar(terminal, view, &rows);
	else if (view->count > 0)
		draw_items(terminal, view, &rows);
	if (note)
		(void)paint_text(terminal, terminal->rows - 2, rows.column, rows.columns, LOOK_WARNING,
		                 bytes_from_string(note));
	draw_keys(terminal, view, &rows);
	if (rows.qr) {
		qr_draw(view->qr, terminal, &rows.place);
		view->qr_shown = true;
	}
}

void view_scroll(struct view *view, long lines)
{
	size_t last = view->layout.count > view->lines_shown ? view->layout.count - view->lines_shown : 0;

	if (lines < 0)
		view->top = (size_t)-lines < view->top ? view->top - (size_t)-lines : 0;
	else
		view->top += (size_t)lines;
	if (view->top > last)
		view->top = last;
}

bool view_scroll_press(struct view *view, enum press press)
{
	long page = view->lines_shown > 2 ? (long)view->lines_shown - 1 : 1;

	switch (press) {
	case PRESS_UP:
		view_scroll(view, -1);
		return true;
	case PRESS_DOWN:
		view_scroll(view, 1);
		return true;
	case PRESS_PAGE_UP:
		view_scroll(view, -page);
		return true;
	case PRESS_PAGE_DOWN:
		view_scroll(view, page);
		return true;
	case PRESS_HOME:
		view->top = 0;
		return true;
	case PRESS_END:
		view->top = view->layout.count;
		view_scroll(view, 0);
		return true;
	default:
		return false;
	}
}

void view_clear(struct view *view)
{
	layout_clear(&view->layout);
}
