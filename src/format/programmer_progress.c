/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/programmer_progress.h"
#include <string.h>

#define MAX_DIGITS 8 /* flash chips are smaller than 4 GiB */

enum { BETWEEN, ZERO, START, DASH, END_ZERO, END };

static int digit_value(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void restart(struct programmer_progress *progress, uint8_t byte)
{
	progress->state = byte == '0' ? ZERO : BETWEEN;
}

/* One more digit of a number, or its end by the byte that must follow it. */
static void feed_number(struct programmer_progress *progress, uint64_t *number, uint8_t byte, uint8_t stop,
                        unsigned next)
{
	int value = digit_value(byte);

	if (value >= 0 && progress->digits < MAX_DIGITS) {
		*number = *number << 4 | (uint64_t)value;
		progress->digits++;
	} else if (byte == stop && progress->digits > 0) {
		progress->state = next;
	} else {
		restart(progress, byte);
	}
}

static void begin_number(struct programmer_progress *progress, uint64_t *number, unsigned state)
{
	*number = 0;
	progress->digits = 0;
	progress->state = state;
}

static bool rise(struct programmer_progress *progress, uint64_t done)
{
	if (done <= progress->done)
		return false;
	progress->done = done;
	return true;
}

static bool block_told(struct programmer_progress *progress)
{
	uint64_t behind = progress->end + 1;

	if (progress->end < progress->start || behind <= progress->offset)
		return false;
	behind -= progress->offset;
	return rise(progress, behind < progress->size ? behind : progress->size);
}

/* The bar of flashprog: what is between its bracket and its percent sign draws it, or belongs to the number. */
static bool feed_bar(struct programmer_progress *progress, uint8_t byte)
{
	static const char before[] = "Writing... [";

	if (progress->matched < sizeof(before) - 1) {
		progress->matched = byte == (uint8_t)before[progress->matched] ? progress->matched + 1
		                    : byte == (uint8_t)before[0]               ? 1
		                                                               : 0;
		progress->percent = 0;
		return false;
	}
	if (byte >= '0' && byte <= '9' && progress->percent <= 100) {
		progress->percent = progress->percent * 10 + (unsigned)(byte - '0');
		return false;
	}
	if (byte != '\0' && strchr("=> ]", byte) && progress->percent == 0)
		return false;
	progress->matched = 0;
	return byte == '%' && progress->percent <= 100 && rise(progress, progress->size * progress->percent / 100);
}

static bool feed_byte(struct programmer_progress *progress, uint8_t byte)
{
	switch (progress->state) {
	case ZERO:
		if (byte == 'x')
			begin_number(progress, &progress->start, START);
		else
			restart(progress, byte);
		return false;
	case START:
		feed_number(progress, &progress->start, byte, '-', DASH);
		return false;
	case DASH:
		progress->state = byte == '0' ? END_ZERO : BETWEEN;
		return false;
	case END_ZERO:
		if (byte == 'x')
			begin_number(progress, &progress->end, END);
		else
			restart(progress, byte);
		return false;
	case END:
		feed_number(progress, &progress->end, byte, ':', BETWEEN);
		return byte == ':' && progress->state == BETWEEN && progress->digits > 0 && block_told(progress);
	default:
		restart(progress, byte);
		return false;
	}
}

bool programmer_progress_feed(struct programmer_progress *progress, struct bytes piece)
{
	bool risen = false;

	for (size_t i = 0; i < piece.size; i++) {
		risen = feed_byte(progress, piece.data[i]) || risen;
		risen = feed_bar(progress, piece.data[i]) || risen;
	}
	return risen;
}
