/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/layout.h"
#include "base/cleanup.h"
#include <string.h>

struct range {
	uint32_t first;
	uint32_t last;
};

/* Not shown: no room of their own, or an effect on their neighbours. Sorted. */
static const struct range hidden[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},     {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05cf},
    {0x0600, 0x061c}, {0x064b, 0x065f},   {0x0e31, 0x0e3a},     {0x1160, 0x11ff}, {0x180b, 0x180f}, {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f},   {0xd800, 0xdfff},     {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb},
    {0xfffe, 0xffff}, {0xe0000, 0xe0fff}, {0x10fffe, 0x10ffff},
};

/* Two columns wide. Sorted. */
static const struct range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count && ranges[i].first <= code; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

/* Bytes of the UTF-8 character at text, 0 where it is malformed, cut or overlong. */
static size_t utf8_decode(const uint8_t *text, size_t size, uint32_t *ret_code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc2 ? 2 : 0;
	uint32_t code;

	if (length == 0 || length > size || text[0] > 0xf4)
		return 0;
	code = length == 1 ? text[0] : text[0] & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fU);
	}
	if (code < smallest[length] || code > 0x10ffff)
		return 0;
	*ret_code = code;
	return length;
}

size_t layout_character(const char *text, size_t size, uint32_t *ret_code, int *ret_columns)
{
	uint32_t code;
	size_t length = utf8_decode((const uint8_t *)text, size, &code);

	*ret_columns = 1;
	if (length == 0 || in_ranges(hidden, ARRAY_SIZE(hidden), code)) {
		*ret_code = '?';
		return length ? length : 1;
	}
	*ret_code = code;
	if (in_ranges(wide, ARRAY_SIZE(wide), code))
		*ret_columns = 2;
	return length;
}

int layout_columns(const char *text, size_t size)
{
	int columns = 0;

	for (size_t at = 0; at < size;) {
		uint32_t code;
		int one;

		at += layout_character(text + at, size - at, &code, &one);
		columns += one;
	}
	return columns;
}

static int layout_add(struct layout *layout, struct layout_line line)
{
	if (layout->count % 64 == 0) {
		struct layout_line *lines = realloc(layout->lines, (layout->count + 64) * sizeof(*lines));

		if (!lines)
			return -E_MEMORY;
		layout->lines = lines;
	}
	layout->lines[layout->count++] = line;
	return 0;
}

/* How many bytes of text go into columns, broken at a space where there is one. *ret_next: bytes up to the next line.
 */
static size_t layout_break(const char *text, size_t size, int columns, size_t *ret_next)
{
	size_t at = 0;
	size_t space = 0; /* where the last word that fits ends */
	int used = 0;

	while (at < size) {
		uint32_t code;
		int one;
		size_t length = layout_character(text + at, size - at, &code, &one);

		if (code == ' ' && at > 0 && text[at - 1] != ' ')
			space = at;
		if (used + one > columns)
			break;
		used += one;
		at += length;
	}
	if (at == size) {
		*ret_next = size;
		return size;
	}
	if (space > 0)
		at = space;
	if (at == 0) { /* not even one wide character fits */
		uint32_t code;
		int one;

		at = layout_character(text, size, &code, &one);
	}
	*ret_next = at;
	while (*ret_next < size && text[*ret_next] == ' ')
		(*ret_next)++;
	return at;
}

/* One line of the text, without "\n". */
static int layout_line(struct layout *layout, enum ui_tone tone, const char *text, size_t size, int columns)
{
	size_t indent = 0;

	while (indent < size && text[indent] == ' ')
		indent++;
	text += indent;
	size -= indent;
	if (size == 0)
		indent = 0;
	if (indent > (size_t)columns / 2)
		indent = (size_t)columns / 2;
	do {
		size_t next;
		size_t length = layout_break(text, size, columns - (int)indent, &next);
		struct layout_line line = {.tone = tone, .indent = (int)indent, .text = text, .size = length};

		if (layout_add(layout, line) < 0)
			return -E_MEMORY;
		text += next;
		size -= next;
	} while (size > 0);
	return 0;
}

int layout_wrap(const struct ui_text *text, int columns, struct layout *ret_layout)
{
	struct layout layout = {0};

	if (columns < 1)
		columns = 1;
	for (size_t i = 0; text && i < text->count; i++) {
		const char *rest = text->lines[i].text;

		while (rest) {
			const char *end = strchr(rest, '\n');
			size_t size = end ? (size_t)(end - rest) : strlen(rest);

			if (layout_line(&layout, text->lines[i].tone, rest, size, columns) < 0) {
				layout_clear(&layout);
				*ret_layout = layout;
				return -E_MEMORY;
			}
			rest = end ? end + 1 : NULL;
		}
	}
	*ret_layout = layout;
	return 0;
}

void layout_clear(struct layout *layout)
{
	free(layout->lines);
	*layout = (struct layout){0};
}
