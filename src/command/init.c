/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads init`: PID 1 of the ROM. */
#include "init/init.h"
#include "base/cleanup.h"
#include "command/nouns.h"

static int init_verb(const struct command_context *context, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (getpid() != 1)
		return command_usage(context, "heads init runs as PID 1 of the ROM and nowhere else");
	init_run();
}

static const struct command_verb verbs[] = {{"", "", "PID 1 of the ROM", init_verb}};

const struct command_noun command_init = {"init", "PID 1 of the ROM", verbs, ARRAY_SIZE(verbs)};
