/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "ui/view.h"
#include <string.h>

#define WORD_LIMIT 64

void ui_show_text(struct ui *ui, const char *title, const struct ui_text *text)
{
	struct view view = {.title = title, .text = text, .keys = "^ scroll   Enter or Esc continue"};
	enum press press;

	do {
		uint8_t byte;

		press = ui_next(ui, &view, &byte);
		(void)view_scroll_press(&view, press);
	} while (press != PRESS_ENTER && press != PRESS_ESCAPE && press != PRESS_GONE);
	view_clear(&view);
}

bool ui_confirm(struct ui *ui, const char *title, const struct ui_text *text, const char *yes, const char *no)
{
	const struct ui_item items[] = {{'y', yes, UI_NORMAL}, {'n', no, UI_NORMAL}};
	struct view view = {.title = title,
	                    .text = text,
	                    .items = items,
	                    .count = 2,
	                    .selected = 1,
	                    .keys = "^ move   Enter choose   Page up/down scroll   Esc no"};
	bool answered = false;

	while (!answered) {
		uint8_t byte = 0;
		enum press press = ui_next(ui, &view, &byte);

		answered = true;
		if (press == PRESS_ESCAPE || press == PRESS_GONE)
			view.selected = 1;
		else if (press == PRESS_BYTE && (byte == 'y' || byte == 'n'))
			view.selected = byte == 'n';
		else if (press != PRESS_ENTER)
			answered = false;
		if (press == PRESS_UP || press == PRESS_DOWN || press == PRESS_TAB || press == PRESS_LEFT ||
		    press == PRESS_RIGHT)
			view.selected = !view.selected;
		else
			(void)view_scroll_press(&view, press);
	}
	view_clear(&view);
	return view.selected == 0;
}

static bool read_line(struct ui *ui, struct view *view, char *line, size_t size)
{
	size_t used = strlen(line);
	enum press press;

	view->input = line;
	do {
		uint8_t byte = 0;

		press = ui_next(ui, view, &byte);
		if (press == PRESS_BYTE && used + 1 < size)
			line[used++] = (char)byte;
		else if (press == PRESS_BACKSPACE)
			used = text_without_last(line, used);
		else if (press == PRESS_ERASE_LINE)
			used = 0;
		else
			(void)view_scroll_press(view, press);
		line[used] = '\0';
	} while (press != PRESS_ENTER && press != PRESS_ESCAPE && press != PRESS_GONE);
	view_clear(view);
	return press == PRESS_ENTER;
}

bool ui_ask_line(struct ui *ui, const char *title, const struct ui_text *text, char *line, size_t size)
{
	struct view view = {.title = title, .text = text, .keys = "Enter done   Ctrl-U start again   Esc cancel"};

	return read_line(ui, &view, line, size);
}

bool ui_confirm_typed(struct ui *ui, const char *title, const struct ui_text *text, const char *word)
{
	char typed[WORD_LIMIT + 1] = "";
	struct view view = {
	    .title = title, .text = text, .keys = "Enter confirm what is typed   Page up/down scroll   Esc no"};

	return read_line(ui, &view, typed, sizeof(typed)) && strcmp(typed, word) == 0;
}

/* What is seen of a passphrase: not even its length. */
static const char *secret_shown(const struct secret *secret, bool full)
{
	if (full)
		return "(no more fits)";
	return secret->size > 0 ? "(typed, not shown)" : "";
}

bool ui_ask_secret(struct ui *ui, const char *title, const struct ui_text *text, struct secret *ret_secret)
{
	struct view view = {.title = title, .text = text, .keys = "Enter done   Ctrl-U start again   Esc cancel"};
	enum press press;
	bool full = false;

	ret_secret->size = 0;
	do {
		uint8_t byte = 0;
		size_t size = ret_secret->size;

		view.input = secret_shown(ret_secret, full);
		press = ui_next(ui, &view, &byte);
		full = press == PRESS_BYTE && size == ret_secret->capacity;
		if (press == PRESS_BYTE && !full)
			ret_secret->data[ret_secret->size++] = byte;
		else if (press == PRESS_BACKSPACE)
			ret_secret->size = text_without_last((const char *)ret_secret->data, size);
		else if (press == PRESS_ERASE_LINE || press == PRESS_ESCAPE || press == PRESS_GONE)
			ret_secret->size = 0;
		else
			(void)view_scroll_press(&view, press);
		memory_wipe(&byte, 1);
		if (ret_secret->size < size)
			memory_wipe(ret_secret->data + ret_secret->size, size - ret_secret->size);
	} while (press != PRESS_ENTER && press != PRESS_ESCAPE && press != PRESS_GONE);
	view_clear(&view);
	return press == PRESS_ENTER;
}
