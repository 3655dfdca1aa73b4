/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/date.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_YEAR 1970
#define LAST_YEAR  2105 /* 32 bits of seconds end in the year after */

/* Whether the text has the shape of the pattern, in which 0 stands for a digit. */
static bool has_shape(const char *text, const char *pattern)
{
	if (strlen(text) != strlen(pattern))
		return false;
	for (size_t i = 0; pattern[i]; i++)
		if (pattern[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i])
			return false;
	return true;
}

static int number(const char *text, size_t digits)
{
	int value = 0;

	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

int date_parse(const char *text, int64_t *ret_seconds, struct error *error)
{
	const bool seconds = has_shape(text, "0000-00-00 00:00:00");
	struct tm wanted = {0}, found;
	time_t value;

	if (!seconds && !has_shape(text, "0000-00-00 00:00"))
		return error_set(error, E_USAGE, "date",
		                 "a date is written YYYY-MM-DD hh:mm, or YYYY-MM-DD hh:mm:ss, in UTC");
	wanted.tm_year = number(text, 4) - 1900;
	wanted.tm_mon = number(text + 5, 2) - 1;
	wanted.tm_mday = number(text + 8, 2);
	wanted.tm_hour = number(text + 11, 2);
	wanted.tm_min = number(text + 14, 2);
	wanted.tm_sec = seconds ? number(text + 17, 2) : 0;
	found = wanted;
	value = timegm(&found); /* makes the 30th of February a day of March: then it is not what was written */
	if (number(text, 4) < FIRST_YEAR || number(text, 4) > LAST_YEAR || found.tm_mon != wanted.tm_mon ||
	    found.tm_mday != wanted.tm_mday || found.tm_hour != wanted.tm_hour || found.tm_min != wanted.tm_min ||
	    found.tm_sec != wanted.tm_sec)
		return error_set(error, E_USAGE, "date", "%s is no day and time of the years %d to %d", text,
		                 FIRST_YEAR, LAST_YEAR);
	*ret_seconds = value;
	return 0;
}

void date_write(int64_t seconds, char text[DATE_SIZE])
{
	const time_t value = (time_t)seconds;
	struct tm utc = {0};

	(void)gmtime_r(&value, &utc);
	if (strftime(text, DATE_SIZE, "%Y-%m-%d %H:%M:%S", &utc) == 0)
		text[0] = '\0';
}
