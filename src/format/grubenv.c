/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/grubenv.h"

#include "base/cleanup.h"
#include <string.h>

#define SIGNATURE "# GRUB Environment Block\n"

/* One line up to its newline; a backslash takes the next character as it is, newline included. */
static void read_line(struct cursor *cursor, struct buffer *line)
{
	while (cursor->rest.size > 0) {
		uint8_t c = cursor_u8(cursor);
		if (c == '\n')
			return;
		if (c == '\\' && cursor->rest.size > 0)
			c = cursor_u8(cursor);
		if (c != '\0')
			buffer_append_byte(line, c);
	}
}

int grubenv_parse(struct bytes block, void (*found)(void *context, const char *name, const char *value), void *context,
                  struct error *error)
{
	if (block.size > GRUBENV_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, "grubenv",
		                 "the environment block has %zu bytes, at most %zu are read", block.size,
		                 GRUBENV_MAX_SIZE);
	if (!bytes_start_with(block, SIGNATURE))
		return error_set(error, E_MALFORMED, "grubenv", "this is no GRUB environment block");

	struct cursor cursor = cursor_make(bytes_slice(block, strlen(SIGNATURE), block.size));
	CLEANUP(buffer_clear) struct buffer line = {0};
	while (cursor.rest.size > 0) {
		const bool filler = cursor.rest.data[0] == '#';
		line.size = 0;
		read_line(&cursor, &line);
		char *text = (char *)(uintptr_t)buffer_string(&line);
		char *equals = text && !filler ? strchr(text, '=') : NULL;
		if (!equals || equals == text)
			continue;
		*equals = '\0';
		found(context, text, equals + 1);
	}
	return 0;
}
