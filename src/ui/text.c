/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "ui/ui.h"
#include <stdio.h>

void ui_text_add(struct ui_text *text, enum ui_tone tone, const char *format, ...)
{
	char *line = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (length < 0)
		return; /* without memory the line is missing; nothing that decides hangs on it */
	if (text->count % 16 == 0) {
		struct ui_line *lines = realloc(text->lines, (text->count + 16) * sizeof(*lines));

		if (!lines) {
			free(line);
			return;
		}
		text->lines = lines;
	}
	text->lines[text->count++] = (struct ui_line){.tone = tone, .text = line};
}

void ui_text_clear(struct ui_text *text)
{
	for (size_t i = 0; i < text->count; i++)
		free(text->lines[i].text);
	free(text->lines);
	*text = (struct ui_text){0};
}
