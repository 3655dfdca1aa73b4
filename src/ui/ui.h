/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screens on one or several terminals at once (serial line and framebuffer show the same, keys come from either). */
#ifndef HEADS_UI_UI_H
#define HEADS_UI_UI_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"

struct ui;

struct ui_terminal {
	const char *path; /* "/dev/ttyS0"; NULL for the terminal of this process */
	const char *type; /* terminfo name: "linux", "vt220"; NULL: from TERM */
};

#define UI_MAX_TERMINALS 4

/* How a text is meant; shown in colour where there is colour, and always also said in words by the caller. */
enum ui_tone { UI_NORMAL, UI_GOOD, UI_WARNING, UI_BAD, UI_DIM };

struct ui_line {
	enum ui_tone tone;
	char *text;
};

struct ui_text {
	struct ui_line *lines;
	size_t count;
};
/* Adds a line (printf); long lines are wrapped at words when shown. The text must be safe for a terminal already. */
void ui_text_add(struct ui_text *text, enum ui_tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void ui_text_clear(struct ui_text *text);

/* Opens the terminals that can be opened (at least one, or -E_IO) and takes over their screens. Release with ui_close,
 * which gives them back clean. UI_MAX_TERMINALS at most. */
int ui_open(const struct ui_terminal *terminals, size_t count, struct ui **ret_ui, struct error *error);
void ui_close(struct ui **ui);
/* Between suspend and resume the terminals are plain: lines can be written, a program can run on them. */
void ui_suspend(struct ui *ui);
void ui_resume(struct ui *ui);
/* A log line (base/log.h sink, context is the struct ui): goes out as a whole line on every terminal; while a screen is
 * shown it is repainted afterwards, so that the byte stream of a serial line always holds the line in one piece. */
void ui_log_sink(void *ui, const char *line);

/* In the order in which a table of them reads. */
struct ui_item {           /* NOLINT(clang-analyzer-optin.performance.Padding) */
	char key;          /* letter that chooses it, 0 for none */
	const char *label; /* one line, cut where it does not fit */
	enum ui_tone tone;
};

struct ui_menu {
	const char *title;
	/* Fills in the lines above the items; called at the start and every second (live code). May be NULL. */
	void (*status)(void *context, struct ui_text *text);
	void *context;
	const struct ui_item *items;
	size_t count;
	size_t selected; /* where the bar starts */
	/* > 0: chooses `selected` by itself unless a key is pressed; the countdown is shown. */
	unsigned timeout_seconds;
	int wake_fd;      /* > 0: the menu is over, with UI_WOKEN, as soon as this descriptor can be read */
	const char *help; /* shown for F1 and '?'; NULL: the keys alone */
	/* Where not NULL, typing searches: only the items are shown for which this is true, and letters choose nothing.
	 */
	bool (*matches)(void *context, size_t index, const char *typed);
};

enum ui_answer { UI_CHOSEN = 0, UI_BACK = 1, UI_TIMED_OUT = 2, UI_WOKEN = 3 };

/* Shows a menu until an item is chosen (Enter or its key), Esc, the timeout, or wake_fd. */
enum ui_answer ui_menu_run(struct ui *ui, const struct ui_menu *menu, size_t *ret_choice);
/* Shows text, scrolled with the arrow and page keys, until Enter or Esc. */
void ui_show_text(struct ui *ui, const char *title, const struct ui_text *text);
/* Asks yes or no; Esc is no; the bar starts on no. */
bool ui_confirm(struct ui *ui, const char *title, const struct ui_text *text, const char *yes, const char *no);
/* True where the owner typed exactly word and Enter; Esc or anything else is false. */
bool ui_confirm_typed(struct ui *ui, const char *title, const struct ui_text *text, const char *word);
/* Reads a line that is seen, of less than size bytes; line holds what it starts with. False for Esc. */
bool ui_ask_line(struct ui *ui, const char *title, const struct ui_text *text, char *line, size_t size);
/* Reads a line without echo, at most ret_secret->capacity bytes, into an allocated secret. False for Esc. */
bool ui_ask_secret(struct ui *ui, const char *title, const struct ui_text *text, struct secret *ret_secret);
/* Shows a QR code of payload (UTF-8 half blocks, dark on light, quiet zone; ASCII blocks where the terminal has no
 * UTF-8) with text below or beside it; waits for Enter or Esc. False where the code does not fit on any terminal: then
 * text alone was shown. */
bool ui_show_qr(struct ui *ui, const char *title, const char *payload, const struct ui_text *text);
/* The same on standard output, for a command on a terminal: nothing where its locale is not of UTF-8. */
void ui_print_qr(const char *payload);
/* Whether the letter key was typed on any terminal, while no screen asked for keys; then all that was typed is taken.
 * Where it was not, everything stays for the next screen. Returns at once. */
bool ui_typed_ahead(struct ui *ui, char key);
/* Shows "working" text with an optional bar; returns at once. done of total; total 0: no bar. */
void ui_progress(struct ui *ui, const char *title, const char *what, uint64_t done, uint64_t total);

#endif
