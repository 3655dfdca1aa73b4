/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/key.h"

#define SEQUENCE_LIMIT 32

/* The last byte of "ESC [ x" and "ESC O x". */
static enum press key_of_letter(uint8_t byte)
{
	switch (byte) {
	case 'A':
		return PRESS_UP;
	case 'B':
		return PRESS_DOWN;
	case 'C':
		return PRESS_RIGHT;
	case 'D':
		return PRESS_LEFT;
	case 'F':
		return PRESS_END;
	case 'H':
		return PRESS_HOME;
	case 'M': /* Enter of the keypad */
		return PRESS_ENTER;
	case 'P':
		return PRESS_HELP;
	default:
		return PRESS_OTHER;
	}
}

/* The number of "ESC [ n ~". */
static enum press key_of_number(unsigned number)
{
	switch (number) {
	case 1:
	case 7:
		return PRESS_HOME;
	case 4:
	case 8:
		return PRESS_END;
	case 5:
		return PRESS_PAGE_UP;
	case 6:
		return PRESS_PAGE_DOWN;
	case 11:
		return PRESS_HELP;
	default:
		return PRESS_OTHER;
	}
}

static enum press key_plain(struct key_decoder *decoder, uint8_t byte, unsigned long long now)
{
	bool after_cr = decoder->after_cr;

	decoder->after_cr = byte == '\r';
	switch (byte) {
	case 0x1b:
		*decoder = (struct key_decoder){.state = KEY_ESCAPE, .since = now};
		return PRESS_NONE;
	case '\r':
		return PRESS_ENTER;
	case '\n':
		return after_cr ? PRESS_NONE : PRESS_ENTER;
	case 0x03: /* Ctrl-C: whoever is used to it wants out */
		return PRESS_ESCAPE;
	case '\t':
		return PRESS_TAB;
	case 0x08:
	case 0x7f:
		return PRESS_BACKSPACE;
	case 0x0c:
		return PRESS_REDRAW;
	case 0x15:
		return PRESS_ERASE_LINE;
	case 0x00: /* noise of a serial line: a break */
		return PRESS_NONE;
	default:
		return byte < 0x20 ? PRESS_OTHER : PRESS_BYTE;
	}
}

static enum press key_csi(struct key_decoder *decoder, uint8_t byte)
{
	if (byte == '[' && decoder->length == 1) { /* Linux console: ESC [ [ A is F1 */
		decoder->state = KEY_LINUX;
		return PRESS_NONE;
	}
	if (byte >= '0' && byte <= '9') {
		if (!decoder->number_done && decoder->number < 1000)
			decoder->number = decoder->number * 10 + (unsigned)(byte - '0');
		return PRESS_NONE;
	}
	if (byte >= 0x20 && byte <= 0x3f) { /* further parameters: Shift, Alt, Ctrl */
		decoder->number_done = true;
		return PRESS_NONE;
	}
	decoder->state = KEY_PLAIN;
	if (byte == '~')
		return key_of_number(decoder->number);
	/* Control bytes do not belong into a sequence; lower case ends answers of the terminal. */
	return key_of_letter(byte);
}

enum press key_feed(struct key_decoder *decoder, uint8_t byte, unsigned long long now)
{
	if (decoder->state != KEY_PLAIN && ++decoder->length > SEQUENCE_LIMIT) {
		*decoder = (struct key_decoder){.state = KEY_PLAIN};
		return PRESS_OTHER;
	}
	switch (decoder->state) {
	case KEY_PLAIN:
		return key_plain(decoder, byte, now);
	case KEY_ESCAPE:
		decoder->length = 0;
		if (byte == '[') {
			decoder->state = KEY_CSI;
			return PRESS_NONE;
		}
		if (byte == 'O') {
			decoder->state = KEY_SS3;
			return PRESS_NONE;
		}
		if (byte == 0x1b) { /* Esc twice */
			decoder->since = now;
			return PRESS_ESCAPE;
		}
		decoder->state = KEY_PLAIN;
		return PRESS_OTHER; /* Alt with a letter */
	case KEY_CSI:
		return key_csi(decoder, byte);
	case KEY_SS3:
		decoder->state = KEY_PLAIN;
		return key_of_letter(byte);
	case KEY_LINUX:
		decoder->state = KEY_PLAIN;
		return byte == 'A' ? PRESS_HELP : PRESS_OTHER;
	}
	return PRESS_OTHER;
}

bool key_pending(const struct key_decoder *decoder)
{
	return decoder->state != KEY_PLAIN;
}

enum press key_expire(struct key_decoder *decoder, unsigned long long now)
{
	if (!key_pending(decoder) || now < decoder->since + KEY_ESCAPE_MS)
		return PRESS_NONE;
	*decoder = (struct key_decoder){.state = KEY_PLAIN};
	return PRESS_ESCAPE;
}
