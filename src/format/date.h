/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A date and time as the owner types and reads it, always UTC. */
#ifndef HEADS_FORMAT_DATE_H
#define HEADS_FORMAT_DATE_H

#include "base/error.h"
#include <stdint.h>

#define DATE_SIZE 20 /* "YYYY-MM-DD hh:mm:ss" and its NUL */

/* Reads "YYYY-MM-DD hh:mm" or "YYYY-MM-DD hh:mm:ss", of the years 1970 to 2105, and nothing else.
 * ret_seconds: since 1970. Errors: -E_USAGE (what was expected; or no day of the calendar). */
int date_parse(const char *text, int64_t *ret_seconds, struct error *error);
/* Writes it back, with seconds; seconds from 0 to the end of 2105. */
void date_write(int64_t seconds, char text[DATE_SIZE]);

#endif
