/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console log: one stable line a step, `heads: WORD key=value ...` (docs/console-log.md).
 * Lines go to every sink; a program without sinks says nothing. Never a secret (DESIGN rule 5). */
#ifndef HEADS_BASE_LOG_H
#define HEADS_BASE_LOG_H

#include "base/bytes.h"
#include "base/error.h"

/* Receives one line, without "\n". */
typedef void log_sink(void *context, const char *line);

/* Adds a sink (at most 8). */
void log_add_sink(log_sink *sink, void *context);
void log_clear_sinks(void);
/* A line "heads: " + text. Text from outside must have been through text_escape, and stands between quotes of the
 * format, field="%s": a quote in it becomes \x22 here, so that it never ends its field early (A11). */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* heads: error code=... object="..." sentence="..." */
void log_error(const struct error *error);
/* From here on the lines of the calling thread are appended to lines, each with "\n", and go to no sink; NULL: to the
 * sinks again. For a thread that works beside the one that owns the sinks. lines belongs to the caller. */
void log_collect(struct buffer *lines);
/* What was collected, to the sinks. */
void log_replay(struct bytes lines);
/* Milliseconds of CLOCK_MONOTONIC, for the ms= fields. */
unsigned long long log_now_ms(void);

#endif
