/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/dongle.h"
#include <stdio.h>
#include <string.h>

int command_dongle_options(const char *library, struct command_dongle *ret_dongle, struct error *error)
{
	*ret_dongle = (struct command_dongle){.configuration = ""};
	if (!library)
		return 0;
	if (library[0] != '/' || strchr(library, '\n') || strlen(library) > 500)
		return error_set(error, E_USAGE, "--pcsc", "--pcsc takes the whole path of a PC/SC library");
	(void)snprintf(ret_dongle->configuration, sizeof(ret_dongle->configuration), "disable-ccid\npcsc-driver %s\n",
	               library);
	ret_dongle->options.scdaemon_configuration = ret_dongle->configuration;
	return 0;
}
