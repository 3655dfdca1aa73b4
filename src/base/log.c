/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOG_MAX_SINKS 8
#define LOG_LINE_SIZE 2048
#define FIELD_END     '\x01' /* a quote of the format, while its arguments are put in; text_escape lets none through */

static struct {
	log_sink *sink;
	void *context;
} sinks[LOG_MAX_SINKS];
static size_t sink_count;
static _Thread_local struct buffer *collected;

void log_add_sink(log_sink *sink, void *context)
{
	if (sink_count < LOG_MAX_SINKS) {
		sinks[sink_count].sink = sink;
		sinks[sink_count].context = context;
		sink_count++;
	}
}

void log_clear_sinks(void)
{
	sink_count = 0;
}

static void give(const char *line)
{
	for (size_t i = 0; i < sink_count; i++)
		sinks[i].sink(sinks[i].context, line);
}

/* The quotes of the format end a field; those of its arguments become \x22, for they are text within one. */
__attribute__((format(printf, 3, 0))) static void format_fields(char *line, size_t size, const char *format,
                                                                va_list arguments)
{
	char text[LOG_LINE_SIZE], marked[LOG_LINE_SIZE];
	size_t used = 0;

	(void)snprintf(marked, sizeof(marked), "%s", format);
	for (char *quote = marked; (quote = strchr(quote, '"'));)
		*quote = FIELD_END;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the caller's format, but for its quotes */
	(void)vsnprintf(text, sizeof(text), marked, arguments);
#pragma GCC diagnostic pop
	for (const char *byte = text; *byte; byte++) {
		const char *shown = *byte == '"' ? "\\x22" : *byte == FIELD_END ? "\"" : (const char[]){*byte, '\0'};
		size_t length = strlen(shown);

		if (used + length >= size)
			break;
		memcpy(line + used, shown, length);
		used += length;
	}
	line[used] = '\0';
}

void log_line(const char *format, ...)
{
	char line[LOG_LINE_SIZE] = "heads: ";
	va_list arguments;

	va_start(arguments, format);
	format_fields(line + 7, sizeof(line) - 7, format, arguments);
	va_end(arguments);
	if (collected) {
		buffer_append_string(collected, line);
		buffer_append_string(collected, "\n");
	} else {
		give(line);
	}
}

void log_collect(struct buffer *lines)
{
	collected = lines;
}

void log_replay(struct bytes lines)
{
	char line[LOG_LINE_SIZE];

	while (lines.size > 0) {
		const uint8_t *end = memchr(lines.data, '\n', lines.size);
		size_t size = end ? (size_t)(end - lines.data) : lines.size;

		(void)snprintf(line, sizeof(line), "%.*s", (int)size, (const char *)lines.data);
		give(line);
		lines = bytes_slice(lines, end ? size + 1 : size, lines.size);
	}
}

void log_error(const struct error *error)
{
	log_line("error code=%s object=\"%s\" sentence=\"%s\"", error_name(error->code), error->object,
	         error->sentence);
}

unsigned long long log_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000 + (unsigned long long)now.tv_nsec / 1000000;
}
