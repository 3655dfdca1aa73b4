/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One terminal: its line settings, its screen, and what still waits to be sent to it.
 *
 * Frames and log lines go into a queue and, as the line takes them, to the terminal, without ever blocking: a serial
 * line whose other end has stopped it cannot hold up the screen beside it. A frame is drawn only when the queue is
 * empty, so a slow line gets fewer frames, never old ones. */
#ifndef HEADS_UI_TERMINAL_H
#define HEADS_UI_TERMINAL_H

#include "ui/key.h"
#include "ui/screen.h"
#include "ui/ui.h"
#include <termios.h>

struct terminal {
	char *path; /* NULL: the terminal of this process */
	char *type;
	int fd; /* -1: lost */
	struct screen screen;
	int rows;
	int columns;
	bool utf8;
	bool color;
	bool plain;                 /* given back: no screen is shown */
	bool owed;                  /* a frame waits to be drawn */
	bool torn;                  /* what the terminal shows is not what was drawn last: draw all of it */
	bool stalled;               /* took nothing for as long as we were ready to wait */
	unsigned long long painted; /* when the last whole screen was drawn, milliseconds */
	struct termios saved;
	struct buffer queue;
	size_t sent;
	struct secret input; /* bytes read and not yet decoded; locked memory, for passphrases pass through it */
	size_t taken;
	struct key_decoder keys;
};

/* Whether the user's locale is a UTF-8 one. */
bool terminal_locale_is_utf8(void);
/* Opens the terminal and takes over its screen. path and type are copied.
 * Errors: -E_IO (cannot be opened, is no terminal), -E_MEMORY. */
int terminal_open(const struct ui_terminal *where, struct terminal *ret_terminal, struct error *error);
/* Gives it back clean and releases everything. Fits a terminal that is all zero but fd == -1. */
void terminal_close(struct terminal *terminal);
/* Tries again to open a terminal that was lost. True where it is back. */
bool terminal_reopen(struct terminal *terminal);
static inline bool terminal_alive(const struct terminal *terminal)
{
	return terminal->fd >= 0;
}

/* Between these two the terminal has its old settings and no screen. */
void terminal_suspend(struct terminal *terminal);
void terminal_resume(struct terminal *terminal);

/* Draws a frame and sends what the line takes: draw is called on an empty screen.
 * Where the queue is not empty the frame stays owed. draw NULL: the same screen once more. */
void terminal_paint(struct terminal *terminal, void (*draw)(const struct terminal *terminal, void *context),
                    void *context);
/* Puts text into the queue, all of it or (where too much waits already) nothing. */
void terminal_queue(struct terminal *terminal, const char *text);
/* Sends what the line takes now. */
void terminal_pump(struct terminal *terminal);
/* Sends and waits, at most this long; a terminal that takes nothing at all is not waited for again until it does. */
void terminal_drain(struct terminal *terminal, int milliseconds);
static inline bool terminal_drained(const struct terminal *terminal)
{
	return terminal->sent == terminal->queue.size;
}

/* Follows a changed size of the terminal. */
void terminal_follow_size(struct terminal *terminal);
/* Reads what has arrived, as far as there is room. */
void terminal_read(struct terminal *terminal);
/* Whether the letter key is among what was read and not taken yet; nothing is taken. */
bool terminal_holds(const struct terminal *terminal, char key);
/* Forgets what was read and not taken yet. */
void terminal_forget_input(struct terminal *terminal);
/* The next key press out of what was read: PRESS_NONE where there is none. ret_byte is set for PRESS_BYTE. */
enum press terminal_press(struct terminal *terminal, uint8_t *ret_byte);

#endif
