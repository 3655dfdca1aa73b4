/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option --pcsc of commands that talk to the security dongle. */
#ifndef HEADS_COMMAND_DONGLE_H
#define HEADS_COMMAND_DONGLE_H

#include "dongle/openpgp.h"

/* Options of a session that borrow from this; starts zeroed. */
struct command_dongle {
	struct openpgp_options options;
	char configuration[600];
};

/* library: the whole path of a PC/SC library in the place of GnuPG's own driver, or NULL. Errors: -E_USAGE. */
int command_dongle_options(const char *library, struct command_dongle *ret_dongle, struct error *error);

#endif
