/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads pcr list`: what this machine measured, as `heads pcr why --list` and a signed /boot take it. */
#include "attest/keep.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "command/pcr.h"
#include <unistd.h>

int pcr_list_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(buffer_clear) struct buffer text = {0}, settings = {0};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct bytes measured;
	struct error error;

	if (argc != 1)
		return command_usage(context, "heads pcr %s takes no argument", argv[0]);
	if (keep_read_settings(&settings, &measured, &error) < 0 || tpm_open(context->tpm, &tpm, &error) < 0 ||
	    keep_text(tpm, measured, &text, &error) < 0 ||
	    file_write_all(STDOUT_FILENO, "standard output", buffer_bytes(&text), &error) < 0)
		return command_fail(context, &error);
	return 0;
}
