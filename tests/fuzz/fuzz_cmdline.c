/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: lines of the input are the base, the words to add and the words to remove. The result has to be
 * canonical: a second pass changes nothing. */
#include "base/cleanup.h"
#include "format/cmdline.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = calloc(1, size + 1);
	CLEANUP_FREE char *line = NULL;
	CLEANUP_FREE char *again = NULL;
	CLEANUP(buffer_clear) struct buffer joined = {0};
	char *parts[3] = {NULL, NULL, NULL};

	if (!text)
		return 0;
	memcpy(text, data, size);
	char *rest = text;
	for (size_t i = 0; i < 3; i++)
		parts[i] = strsep(&rest, "\n");
	if (cmdline_build(parts[0], parts[1], parts[2], &line, NULL) == 0) {
		if (strlen(line) > CMDLINE_LIMIT || strstr(line, "\t") || line[0] == ' ')
			abort();
		if (cmdline_build(line, parts[1], NULL, &again, NULL) != 0 || strcmp(line, again) != 0)
			abort();
	}
	if (cmdline_join((const char *const *)parts, 1, &joined, NULL) == 0 && joined.size > strlen(parts[0]) + 2)
		abort();
	return 0;
}
