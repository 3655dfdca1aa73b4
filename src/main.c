/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the command and calls it. As PID 1 of the ROM the command is `init`. */
#include "base/digest.h"
#include "command/command.h"
#include "command/nouns.h"
#include <locale.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)setlocale(LC_ALL, "");
	digest_library_start();
	if (getpid() == 1) {
		char *init[] = {(char *)(uintptr_t) "heads", (char *)(uintptr_t) "init", NULL};

		return command_main(2, init);
	}
	return command_main(argc, argv);
}
