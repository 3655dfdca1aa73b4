/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A date: what is accepted is written back as it was, but for the seconds. */
#include "base/cleanup.h"
#include "format/date.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[64], again[DATE_SIZE];
	struct error error;
	int64_t seconds;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (date_parse(text, &seconds, &error) < 0)
		return 0;
	date_write(seconds, again);
	if (strncmp(text, again, strlen(text)) != 0)
		abort();
	return 0;
}
