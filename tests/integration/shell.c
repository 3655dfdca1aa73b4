/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "integration/shell.h"
#include "base/cleanup.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

int shell_run(const char *directory, const char *format, ...)
{
	CLEANUP_FREE char *line = NULL;
	CLEANUP_FREE char *command = NULL;
	va_list arguments;
	int status;

	va_start(arguments, format);
	status = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (status < 0 || asprintf(&command, "cd %s && { %s; } >log 2>&1", directory, line) < 0)
		abort();
	status = system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): the test's own words */
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
