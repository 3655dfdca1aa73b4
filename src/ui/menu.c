/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"
#include "base/text.h"
#include "ui/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HALF_PAGE 10

static const char menu_keys[] = "^ move   Enter choose   Esc back   F1 or ? help";
static const char search_keys[] = "^ move   Enter choose   type to search   Esc back   F1 help";
static const char keys_help[] = "Arrow up, arrow down: move the bar. Page up, page down, Home, End: move it further.\n"
                                "A letter in front of an item chooses it at once.\n"
                                "Enter: choose the item with the bar.\n"
                                "Esc: back.\n"
                                "Ctrl-L, or any other key: draw the screen again.";

struct menu_state {
	struct view view;
	struct ui_text status;
	unsigned long long end; /* when the countdown is over; 0: no countdown */
	char note[80];
	/* Where the menu is searched: what was typed, the items that match, and which they are. */
	char typed[40];
	struct ui_item *shown;
	size_t *indexes;
};

/* Narrows the items to those that match. */
static void menu_filter(const struct ui_menu *menu, struct menu_state *state)
{
	size_t count = 0;

	for (size_t i = 0; i < menu->count; i++) {
		if (menu->matches && !menu->matches(menu->context, i, state->typed))
			continue;
		state->shown[count] = menu->items[i];
		state->shown[count].key = 0;
		state->indexes[count++] = i;
	}
	state->view.items = state->shown;
	state->view.count = count;
	if (state->view.selected >= count)
		state->view.selected = 0;
	(void)snprintf(state->note, sizeof(state->note), "Search: %s%s", state->typed,
	               count == 0 ? "   (nothing is found)" : "");
	state->view.note = state->typed[0] ? state->note : NULL;
}

/* Without memory for it the menu cannot be searched. */
static void menu_start_search(const struct ui_menu *menu, struct menu_state *state)
{
	state->indexes = calloc(menu->count + 1, sizeof(*state->indexes));
	state->shown = state->indexes ? calloc(menu->count + 1, sizeof(*state->shown)) : NULL;
	if (!state->shown)
		return;
	state->view.keys = search_keys;
	menu_filter(menu, state);
}

/* What a key does to the search; false where it means something else. */
static bool menu_search(const struct ui_menu *menu, struct menu_state *state, enum press press, uint8_t byte)
{
	size_t size = strlen(state->typed);

	if (press == PRESS_BYTE && byte > ' ' && size + 1 < sizeof(state->typed))
		state->typed[size++] = (char)byte;
	else if (press == PRESS_BACKSPACE && size > 0)
		size = text_without_last(state->typed, size);
	else if ((press == PRESS_ESCAPE || press == PRESS_ERASE_LINE) && size > 0)
		size = 0;
	else
		return false;
	state->typed[size] = '\0';
	menu_filter(menu, state);
	return true;
}

static void menu_help(struct ui *ui, const struct ui_menu *menu)
{
	struct ui_text text = {0};

	if (menu->help)
		ui_text_add(&text, UI_NORMAL, "%s\n", menu->help);
	ui_text_add(&text, menu->help ? UI_DIM : UI_NORMAL, "%s", keys_help);
	ui_show_text(ui, menu->title, &text);
	ui_text_clear(&text);
}

static void menu_status(const struct ui_menu *menu, struct menu_state *state)
{
	ui_text_clear(&state->status);
	if (menu->status)
		menu->status(menu->context, &state->status);
}

/* Moves the bar; false where press does not move it. */
static bool menu_move(struct view *view, enum press press)
{
	size_t last = view->count - 1;
	size_t at = view->selected;

	switch (press) {
	case PRESS_UP:
		view->selected = at > 0 ? at - 1 : last;
		return true;
	case PRESS_DOWN:
	case PRESS_TAB:
		view->selected = at < last ? at + 1 : 0;
		return true;
	case PRESS_PAGE_UP:
		view->selected = at > HALF_PAGE ? at - HALF_PAGE : 0;
		return true;
	case PRESS_PAGE_DOWN:
		view->selected = last - at > HALF_PAGE ? at + HALF_PAGE : last;
		return true;
	case PRESS_HOME:
		view->selected = 0;
		return true;
	case PRESS_END:
		view->selected = last;
		return true;
	default:
		return false;
	}
}

static bool menu_letter(struct view *view, uint8_t byte)
{
	for (size_t i = 0; i < view->count; i++) {
		if (view->items[i].key && (uint8_t)view->items[i].key == byte) {
			view->selected = i;
			return true;
		}
	}
	return false;
}

/* Shows what is left of the countdown; true when it is over. */
static bool menu_countdown(struct menu_state *state)
{
	unsigned long long now = log_now_ms();
	unsigned long long seconds;

	if (!state->end) {
		if (!state->shown)
			state->view.note = NULL;
		return false;
	}
	if (now >= state->end)
		return true;
	seconds = (state->end - now + 999) / 1000;
	(void)snprintf(state->note, sizeof(state->note),
	               "Goes on with the marked item in %llu second%s. Any key stops this.", seconds,
	               seconds == 1 ? "" : "s");
	state->view.note = state->note;
	return false;
}

/* What a key means; true where the menu is over, with the answer. */
static bool menu_press(struct ui *ui, const struct ui_menu *menu, struct menu_state *state, enum press press,
                       uint8_t byte, enum ui_answer *ret_answer)
{
	struct view *view = &state->view;
	bool counting = state->end != 0;

	if (press == PRESS_TICK)
		return false;
	*ret_answer = UI_WOKEN;
	if (press == PRESS_WOKEN)
		return true;
	state->end = 0;
	*ret_answer = UI_BACK;
	if (press == PRESS_GONE)
		return true;
	if (state->shown && menu_search(menu, state, press, byte))
		return false;
	if (press == PRESS_ESCAPE)
		return !counting;
	if (press == PRESS_HELP) {
		menu_help(ui, menu);
	} else if (view->count > 0 && !menu_move(view, press)) {
		*ret_answer = UI_CHOSEN;
		if (press == PRESS_ENTER || (press == PRESS_BYTE && !state->shown && menu_letter(view, byte)))
			return true;
		if (press == PRESS_BYTE && byte == '?')
			menu_help(ui, menu);
	}
	return false;
}

enum ui_answer ui_menu_run(struct ui *ui, const struct ui_menu *menu, size_t *ret_choice)
{
	struct menu_state state = {.view = {.title = menu->title,
	                                    .text = NULL,
	                                    .items = menu->items,
	                                    .count = menu->count,
	                                    .selected = menu->selected < menu->count ? menu->selected : 0,
	                                    .keys = menu_keys}};
	enum ui_answer answer = UI_BACK;
	enum press press = PRESS_TICK;
	uint8_t byte = 0;

	state.view.text = &state.status;
	if (menu->matches)
		menu_start_search(menu, &state);
	if (menu->timeout_seconds > 0 && menu->count > 0)
		state.end = log_now_ms() + menu->timeout_seconds * 1000ULL;
	do {
		if (press == PRESS_TICK)
			menu_status(menu, &state);
		if (menu_countdown(&state)) {
			answer = UI_TIMED_OUT;
			break;
		}
		ui->wake_fd = menu->wake_fd;
		press = ui_next(ui, &state.view, &byte);
		ui->wake_fd = 0; /* a help that is shown over the menu waits for its key alone */
	} while (!menu_press(ui, menu, &state, press, byte, &answer));
	if (answer == UI_CHOSEN || answer == UI_TIMED_OUT)
		*ret_choice = state.shown ? state.indexes[state.view.selected] : state.view.selected;
	free(state.shown);
	free(state.indexes);
	view_clear(&state.view);
	ui_text_clear(&state.status);
	return answer;
}
