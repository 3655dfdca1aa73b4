/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes from a keyboard or a serial line, turned into key presses. Pure: no I/O, no clock of its own.
 *
 * The escape sequences of vt220, xterm, the Linux console and their relatives are known all at once: the emulator at
 * the other end of a serial line is not ours to choose. */
#ifndef HEADS_UI_KEY_H
#define HEADS_UI_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum press {
	PRESS_NONE,
	PRESS_BYTE, /* a printable ASCII byte, or one byte of a UTF-8 character */
	PRESS_ENTER,
	PRESS_ESCAPE,
	PRESS_UP,
	PRESS_DOWN,
	PRESS_LEFT,
	PRESS_RIGHT,
	PRESS_PAGE_UP,
	PRESS_PAGE_DOWN,
	PRESS_HOME,
	PRESS_END,
	PRESS_TAB,
	PRESS_BACKSPACE,
	PRESS_ERASE_LINE, /* Ctrl-U */
	PRESS_REDRAW,     /* Ctrl-L */
	PRESS_HELP,       /* F1 */
	PRESS_OTHER,      /* a key without a meaning here */
	PRESS_TICK,       /* no key: a second has passed */
	PRESS_WOKEN,      /* no key: what was waited for beside the keys is there */
	PRESS_GONE,       /* no key: no terminal is left and none can come back */
};

/* How long a lone ESC byte waits for the rest of a sequence before it is the Esc key. */
#define KEY_ESCAPE_MS 40

struct key_decoder {
	enum { KEY_PLAIN, KEY_ESCAPE, KEY_CSI, KEY_SS3, KEY_LINUX } state;
	unsigned number;          /* first parameter of a CSI sequence */
	bool number_done;         /* a ';' was seen */
	bool after_cr;            /* a "\n" right after "\r" is the same Enter */
	unsigned length;          /* bytes of the sequence so far: an endless one is given up */
	unsigned long long since; /* time of its first byte, milliseconds */
};

/* Takes one byte that arrived at now (milliseconds). PRESS_NONE where no key is complete yet. */
enum press key_feed(struct key_decoder *decoder, uint8_t byte, unsigned long long now);
/* True while a sequence has begun: call key_expire when KEY_ESCAPE_MS have passed since decoder->since. */
bool key_pending(const struct key_decoder *decoder);
/* Ends a sequence that has waited too long: it was the Esc key. PRESS_NONE where nothing is to end. */
enum press key_expire(struct key_decoder *decoder, unsigned long long now);

#endif
