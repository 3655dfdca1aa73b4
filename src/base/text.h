/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from outside, made safe to show. */
#ifndef HEADS_BASE_TEXT_H
#define HEADS_BASE_TEXT_H

#include "base/bytes.h"

/* Appends bytes with everything outside printable ASCII, and the backslash, as \xNN: for names of files in JSON, on a
 * terminal and on the console log (A11: no escape sequence reaches a terminal). */
void text_escape(struct bytes bytes, struct buffer *buffer);
/* As text_escape, into an array of size bytes, cut at a whole character where it does not fit. Returns text. */
char *text_escape_into(struct bytes bytes, char *text, size_t size);
/* The way back from text_escape: appends the bytes. False where the text holds anything that text_escape does not
 * write.
 */
bool text_unescape(struct bytes text, struct buffer *buffer);
/* Takes the bytes before the separator off the front, and the separator; all of it where there is none. */
struct bytes text_take_field(struct bytes *rest, uint8_t separator);
/* Appends bytes for a title on a screen: well-formed UTF-8 of printable characters is kept, the rest is escaped. */
void text_escape_utf8(struct bytes bytes, struct buffer *buffer);
/* Whether text holds word, both UTF-8, in either case of the Latin, Greek and Cyrillic letters. */
bool text_holds(const char *text, const char *word);
/* How many of the size bytes of UTF-8 text stay where its last character is taken off. */
size_t text_without_last(const char *text, size_t size);

#endif
