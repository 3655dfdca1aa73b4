/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small terminal for tests: bytes in, screen out. Knows the usual sequences of vt220, Linux console and xterm;
 * anything else is counted in `unknown`. */
#ifndef TESTS_UI_VT_H
#define TESTS_UI_VT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define VT_ROWS      60
#define VT_COLUMNS   200
#define VT_ARGUMENTS 16

struct vt_cell {
	uint32_t code;
	bool bold;
	bool reverse;
	int foreground; /* 0-7, -1: the terminal's own */
	int background;
};

struct vt {
	int rows;
	int columns;
	int row;
	int column;
	bool wrap; /* the last column was written: the next character goes to the next line */
	struct vt_cell pen;
	struct vt_cell cells[VT_ROWS][VT_COLUMNS];
	enum { VT_TEXT, VT_ESCAPE, VT_CSI, VT_CHARSET, VT_STRING } state;
	char private; /* '?' or '>' after CSI */
	int arguments[VT_ARGUMENTS];
	int argument_count;
	uint32_t code; /* UTF-8 in the making */
	int more;
	uint32_t last;
	unsigned unknown;
};

static inline void vt_blank(struct vt *vt, int row, int from, int to)
{
	for (int i = from; i < to && i < VT_COLUMNS; i++)
		vt->cells[row][i] =
		    (struct vt_cell){.code = ' ', .foreground = vt->pen.foreground, .background = vt->pen.background};
}

static inline void vt_reset(struct vt *vt, int rows, int columns)
{
	memset(vt, 0, sizeof(*vt));
	vt->rows = rows;
	vt->columns = columns;
	vt->pen = (struct vt_cell){.foreground = -1, .background = -1};
	for (int row = 0; row < VT_ROWS; row++)
		vt_blank(vt, row, 0, VT_COLUMNS);
}

static inline void vt_line_feed(struct vt *vt)
{
	if (vt->row < vt->rows - 1) {
		vt->row++;
		return;
	}
	memmove(vt->cells[0], vt->cells[1], (size_t)(vt->rows - 1) * sizeof(vt->cells[0]));
	vt_blank(vt, vt->rows - 1, 0, vt->columns);
}

static inline void vt_put(struct vt *vt, uint32_t code)
{
	struct vt_cell cell = vt->pen;

	if (vt->wrap) {
		vt->column = 0;
		vt_line_feed(vt);
	}
	vt->wrap = false;
	cell.code = code;
	vt->last = code;
	vt->cells[vt->row][vt->column] = cell;
	if (vt->column == vt->columns - 1)
		vt->wrap = true;
	else
		vt->column++;
}

static inline void vt_graphics(struct vt *vt)
{
	for (int i = 0; i < vt->argument_count; i++) {
		int n = vt->arguments[i];

		if (n == 0)
			vt->pen = (struct vt_cell){.foreground = -1, .background = -1};
		else if (n == 1)
			vt->pen.bold = true;
		else if (n == 22)
			vt->pen.bold = false;
		else if (n == 7 || n == 27)
			vt->pen.reverse = n == 7;
		else if (n >= 30 && n <= 37)
			vt->pen.foreground = n - 30;
		else if (n == 39)
			vt->pen.foreground = -1;
		else if (n >= 40 && n <= 47)
			vt->pen.background = n - 40;
		else if (n == 49)
			vt->pen.background = -1;
	}
}

static inline int vt_clamp(int value, int limit)
{
	return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

static inline void vt_erase(struct vt *vt, uint8_t final, int how)
{
	vt_blank(vt, vt->row, how == 0 ? vt->column : 0, how == 1 ? vt->column + 1 : vt->columns);
	for (int row = 0; final == 'J' && row < vt->rows; row++)
		if ((how != 1 && row > vt->row) || (how != 0 && row < vt->row))
			vt_blank(vt, row, 0, vt->columns);
}

/* Moves the rest of the row, or the rows below, by count. */
static inline void vt_shift(struct vt *vt, uint8_t final, int count)
{
	struct vt_cell *row = vt->cells[vt->row];

	for (; count > 0; count--) {
		size_t right = (size_t)(vt->columns - vt->column - 1) * sizeof(*row);
		size_t below = (size_t)(vt->rows - vt->row - 1) * sizeof(vt->cells[0]);

		if (final == '@') {
			memmove(row + vt->column + 1, row + vt->column, right);
			vt_blank(vt, vt->row, vt->column, vt->column + 1);
		} else if (final == 'P') {
			memmove(row + vt->column, row + vt->column + 1, right);
			vt_blank(vt, vt->row, vt->columns - 1, vt->columns);
		} else if (final == 'L') {
			memmove(vt->cells[vt->row + 1], vt->cells[vt->row], below);
			vt_blank(vt, vt->row, 0, vt->columns);
		} else {
			memmove(vt->cells[vt->row], vt->cells[vt->row + 1], below);
			vt_blank(vt, vt->rows - 1, 0, vt->columns);
		}
	}
}

static inline void vt_csi(struct vt *vt, uint8_t final)
{
	int first = vt->argument_count > 0 ? vt->arguments[0] : 0;
	int count = first > 0 ? first : 1;

	vt->argument_count += vt->argument_count == 0;
	if (final == 'm') {
		vt_graphics(vt);
		return;
	}
	if (final == 'J' || final == 'K') {
		vt_erase(vt, final, first);
		return;
	}
	if (final == '@' || final == 'P' || final == 'L' || final == 'M') {
		vt_shift(vt, final, count);
		return;
	}
	if (final == 'b') {
		while (count-- > 0)
			vt_put(vt, vt->last);
		return;
	}
	if (final == 'X') {
		vt_blank(vt, vt->row, vt->column, vt->column + count);
		return;
	}
	if (vt->private || strchr("hlrtgnc", final))
		return; /* modes, margins of the whole screen, reports */
	vt->wrap = false;
	if (final == 'H' || final == 'f') {
		vt->row = vt_clamp(count - 1, vt->rows);
		vt->column = vt_clamp((vt->argument_count > 1 ? vt->arguments[1] : 1) - 1, vt->columns);
	} else if (final == 'A' || final == 'B') {
		vt->row = vt_clamp(vt->row + (final == 'A' ? -count : count), vt->rows);
	} else if (final == 'C' || final == 'D') {
		vt->column = vt_clamp(vt->column + (final == 'D' ? -count : count), vt->columns);
	} else if (final == 'Z') {
		while (count-- > 0)
			vt->column = vt_clamp((vt->column - 1) / 8 * 8, vt->columns);
	} else if (final == 'G') {
		vt->column = vt_clamp(count - 1, vt->columns);
	} else if (final == 'd') {
		vt->row = vt_clamp(count - 1, vt->rows);
	} else {
		(void)fprintf(stderr, "vt: unknown sequence that ends in %c\n", final);
		vt->unknown++;
	}
}

static inline void vt_csi_byte(struct vt *vt, uint8_t byte)
{
	if (byte >= '0' && byte <= '9') {
		vt->argument_count += vt->argument_count == 0;
		vt->arguments[vt->argument_count - 1] = vt->arguments[vt->argument_count - 1] * 10 + byte - '0';
	} else if (byte == ';' || byte == ':') {
		vt->argument_count += vt->argument_count == 0;
		if (vt->argument_count < VT_ARGUMENTS)
			vt->argument_count++;
	} else if (byte < 0x40) {
		vt->private = (char)byte;
	} else {
		vt->state = VT_TEXT;
		vt_csi(vt, byte);
	}
}

static inline void vt_text(struct vt *vt, uint8_t byte)
{
	if (vt->more > 0 && (byte & 0xc0) == 0x80) {
		vt->code = vt->code << 6 | (byte & 0x3fU);
		if (--vt->more == 0)
			vt_put(vt, vt->code);
	} else if (byte >= 0xc0) {
		vt->more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
		vt->code = byte & (0x3fU >> vt->more);
	} else if (byte >= 0x20 && byte < 0x7f) {
		vt_put(vt, byte);
	} else if (byte == 0x1b) {
		vt->state = VT_ESCAPE;
	} else if (byte == '\r') {
		vt->column = 0;
		vt->wrap = false;
	} else if (byte == '\n') {
		vt->wrap = false;
		vt_line_feed(vt);
	} else if (byte == '\b') {
		vt->column = vt_clamp(vt->column - 1, vt->columns);
		vt->wrap = false;
	} else if (byte == '\t') {
		vt->column = vt_clamp((vt->column / 8 + 1) * 8, vt->columns);
	} else if (byte != 0x0e && byte != 0x0f && byte != 0) {
		vt->unknown++;
	}
}

static inline void vt_feed(struct vt *vt, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++) {
		uint8_t byte = bytes[i];

		switch (vt->state) {
		case VT_TEXT:
			vt_text(vt, byte);
			break;
		case VT_ESCAPE:
			vt->state = byte == '[' ? VT_CSI : strchr("()*+%#", byte) ? VT_CHARSET : VT_TEXT;
			if (byte == ']')
				vt->state = VT_STRING;
			if (byte == 'M' && vt->row > 0)
				vt->row--;
			vt->unknown += strchr("[()*+%#M78=>c]", byte) ? 0 : 1;
			memset(vt->arguments, 0, sizeof(vt->arguments));
			vt->argument_count = 0;
			vt->private = 0;
			break;
		case VT_CSI:
			vt_csi_byte(vt, byte);
			break;
		case VT_CHARSET:
			vt->state = VT_TEXT;
			break;
		case VT_STRING:
			vt->unknown += byte == 0x07;
			vt->state = byte == 0x07 ? VT_TEXT : VT_STRING;
			break;
		}
	}
}

/* A row as UTF-8, without spaces at its end. */
static inline const char *vt_row(const struct vt *vt, int row, char text[VT_COLUMNS * 4 + 1])
{
	size_t size = 0;
	size_t end = 0;

	for (int i = 0; i < vt->columns; i++) {
		uint32_t code = vt->cells[row][i].code;

		if (code < 0x80) {
			text[size++] = (char)code;
		} else if (code < 0x800) {
			text[size++] = (char)(0xc0 | code >> 6);
			text[size++] = (char)(0x80 | (code & 0x3f));
		} else {
			text[size++] = (char)(0xe0 | code >> 12);
			text[size++] = (char)(0x80 | (code >> 6 & 0x3f));
			text[size++] = (char)(0x80 | (code & 0x3f));
		}
		if (code != ' ')
			end = size;
	}
	text[end] = '\0';
	return text;
}

/* The row that holds text, -1 for none. */
static inline int vt_find(const struct vt *vt, const char *text)
{
	char row[VT_COLUMNS * 4 + 1];

	for (int i = 0; i < vt->rows; i++)
		if (strstr(vt_row(vt, i, row), text))
			return i;
	return -1;
}

static inline void vt_dump(const struct vt *vt, FILE *stream)
{
	char row[VT_COLUMNS * 4 + 1];

	for (int i = 0; i < vt->rows; i++)
		(void)fprintf(stream, "%2d|%s\n", i, vt_row(vt, i, row));
}

#endif
