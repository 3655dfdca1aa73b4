/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/ui.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "ui/view.h"
#include <poll.h>
#include <string.h>

/* Nothing tells us that the size of a terminal has changed where it is not the controlling one: looked up so often. */
#define SIZE_CHECK_MS 250
/* After a log line the screen is drawn again, but not more often than this: a serial line is slow. */
#define LOG_REPAINT_MS 250
/* How long a log line waits for a line that does not take it. */
#define LOG_WAIT_MS 200
#define PROGRESS_MS 100

int ui_open(const struct ui_terminal *terminals, size_t count, struct ui **ret_ui, struct error *error)
{
	struct ui *ui = calloc(1, sizeof(*ui));
	int result = 0;

	if (!ui)
		return error_set(error, E_MEMORY, "screen", "no memory for the screens");
	for (size_t i = 0; i < count && ui->count < UI_MAX_TERMINALS; i++) {
		int opened = terminal_open(&terminals[i], &ui->terminals[ui->count], error);

		if (opened < 0)
			result = opened;
		else
			ui->count++;
	}
	if (ui->count == 0) {
		free(ui);
		return result < 0 ? result : error_set(error, E_IO, "screen", "no terminal was named");
	}
	*ret_ui = ui;
	return 0;
}

void ui_close(struct ui **ui)
{
	if (!*ui)
		return;
	for (size_t i = 0; i < (*ui)->count; i++)
		terminal_close(&(*ui)->terminals[i]);
	free(TAKE_PTR(*ui));
}

void ui_suspend(struct ui *ui)
{
	ui->suspended = true;
	ui->shown = false;
	for (size_t i = 0; i < ui->count; i++)
		terminal_suspend(&ui->terminals[i]);
}

void ui_resume(struct ui *ui)
{
	ui->suspended = false;
	for (size_t i = 0; i < ui->count; i++)
		terminal_resume(&ui->terminals[i]);
}

void ui_log_sink(void *context, const char *line)
{
	struct ui *ui = context;
	struct buffer text = {0};

	buffer_append_format(&text, "%s%s\r\n", ui->suspended ? "" : "\r\n", line);
	for (size_t i = 0; i < ui->count && buffer_string(&text); i++) {
		struct terminal *terminal = &ui->terminals[i];

		terminal_queue(terminal, buffer_string(&text));
		terminal_drain(terminal, LOG_WAIT_MS);
		if (ui->suspended || !ui->shown)
			continue;
		terminal->owed = terminal->torn = true;
		if (log_now_ms() - terminal->painted >= LOG_REPAINT_MS)
			terminal_paint(terminal, NULL, NULL);
	}
	buffer_clear(&text);
}

/* Wraps the text for the narrowest terminal, so that the same line is at the same place on all of them. */
static void ui_layout(struct ui *ui, struct view *view)
{
	int columns = 0;

	for (size_t i = 0; i < ui->count; i++) {
		int own = view_columns(&ui->terminals[i], view);

		if (terminal_alive(&ui->terminals[i]) && (columns == 0 || own < columns))
			columns = own;
	}
	layout_clear(&view->layout);
	(void)layout_wrap(view->text, columns, &view->layout);
	view->lines_shown = view->layout.count;
	for (size_t i = 0; i < ui->count; i++) {
		size_t own = view_lines(&ui->terminals[i], view);

		if (terminal_alive(&ui->terminals[i]) && own < view->lines_shown)
			view->lines_shown = own;
	}
	view_scroll(view, 0);
}

static void ui_follow_sizes(struct ui *ui)
{
	for (size_t i = 0; i < ui->count; i++)
		terminal_follow_size(&ui->terminals[i]);
}

void ui_show(struct ui *ui, struct view *view)
{
	ui_follow_sizes(ui);
	ui_layout(ui, view);
	view->qr_shown = false;
	for (size_t i = 0; i < ui->count; i++)
		terminal_paint(&ui->terminals[i], view_draw, view);
	ui->shown = !ui->suspended;
}

/* Waits for a key, room in a queue, wake_fd, or at most until end. True: it was wake_fd. */
static bool ui_poll(struct ui *ui, unsigned long long end)
{
	struct pollfd wait[UI_MAX_TERMINALS + 1];
	unsigned long long now = log_now_ms();
	unsigned long long until = end < now + SIZE_CHECK_MS ? end : now + SIZE_CHECK_MS;

	for (size_t i = 0; i < ui->count; i++) {
		struct terminal *terminal = &ui->terminals[i];

		wait[i] = (struct pollfd){.fd = terminal->fd, .events = POLLIN};
		if (!terminal_drained(terminal))
			wait[i].events |= POLLOUT;
		if (key_pending(&terminal->keys) && terminal->keys.since + KEY_ESCAPE_MS < until)
			until = terminal->keys.since + KEY_ESCAPE_MS;
	}
	wait[ui->count] = (struct pollfd){.fd = ui->wake_fd > 0 ? ui->wake_fd : -1, .events = POLLIN};
	if (poll(wait, ui->count + 1, until > now ? (int)(until - now) : 0) <= 0)
		return false;
	for (size_t i = 0; i < ui->count; i++) {
		if (wait[i].revents & POLLOUT)
			terminal_pump(&ui->terminals[i]);
		if (wait[i].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
			terminal_read(&ui->terminals[i]);
	}
	return wait[ui->count].revents != 0;
}

/* The next key from any terminal. */
static enum press ui_press(struct ui *ui, uint8_t *ret_byte)
{
	for (size_t i = 0; i < ui->count; i++) {
		enum press press = terminal_press(&ui->terminals[i], ret_byte);

		/* Somebody who came late to a serial line presses any key to see the whole screen. */
		if (press == PRESS_REDRAW || press == PRESS_OTHER)
			ui->terminals[i].owed = ui->terminals[i].torn = true;
		if (press != PRESS_NONE)
			return press;
	}
	return PRESS_NONE;
}

/* Once a second: lost terminals are tried again. False where none is left and none can come back. */
static bool ui_revive(struct ui *ui)
{
	bool hope = false;

	for (size_t i = 0; i < ui->count; i++) {
		if (!terminal_alive(&ui->terminals[i]))
			(void)terminal_reopen(&ui->terminals[i]);
		hope = hope || terminal_alive(&ui->terminals[i]) || ui->terminals[i].path;
	}
	return hope;
}

static bool ui_alive(const struct ui *ui)
{
	for (size_t i = 0; i < ui->count; i++)
		if (terminal_alive(&ui->terminals[i]) || ui->terminals[i].path)
			return true;
	return false;
}

enum press ui_next(struct ui *ui, struct view *view, uint8_t *ret_byte)
{
	unsigned long long now = log_now_ms();

	if (ui->tick + 1000 < now || ui->tick > now + 1000)
		ui->tick = now + 1000;
	ui_show(ui, view);
	while (ui_alive(ui)) {
		enum press press = ui_press(ui, ret_byte);

		if (press != PRESS_NONE)
			return press;
		now = log_now_ms();
		if (now >= ui->tick) {
			ui->tick += 1000;
			return ui_revive(ui) ? PRESS_TICK : PRESS_GONE;
		}
		if (ui_poll(ui, ui->tick))
			return PRESS_WOKEN;
		ui_follow_sizes(ui);
		for (size_t i = 0; i < ui->count; i++) {
			if (!ui->terminals[i].owed || !terminal_drained(&ui->terminals[i]))
				continue;
			ui_show(ui, view);
			break;
		}
	}
	return PRESS_GONE;
}

bool ui_typed_ahead(struct ui *ui, char key)
{
	bool typed = false;

	for (size_t i = 0; i < ui->count; i++) {
		terminal_read(&ui->terminals[i]);
		typed = typed || terminal_holds(&ui->terminals[i], key);
	}
	for (size_t i = 0; typed && i < ui->count; i++)
		terminal_forget_input(&ui->terminals[i]);
	return typed;
}

void ui_progress(struct ui *ui, const char *title, const char *what, uint64_t done, uint64_t total)
{
	struct ui_line line = {.tone = UI_NORMAL, .text = (char *)(uintptr_t)what};
	struct ui_text text = {.lines = &line, .count = 1};
	struct view view = {.title = title, .text = &text, .bar = total > 0, .done = done, .total = total, .keys = ""};
	unsigned long long now = log_now_ms();
	bool same = !strncmp(ui->progress_what, what, sizeof(ui->progress_what) - 1);

	if (same && done < total && now - ui->progress_painted < PROGRESS_MS && ui->shown)
		return;
	ui->progress_painted = now;
	(void)snprintf(ui->progress_what, sizeof(ui->progress_what), "%s", what);
	ui_show(ui, &view);
	view_clear(&view);
}
