/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the end of the menu's process means. The menu asks; what a mode gives nobody, PID 1 does not give it either,
 * whatever the menu has become. Pure. */
#ifndef HEADS_INIT_MENU_END_H
#define HEADS_INIT_MENU_END_H

#include "trust/access.h"
#include "trust/trust.h"
#include <stdint.h>

enum menu_wish {
	MENU_WISHES_EXIT,    /* exit, with outcome for the record of the starts */
	MENU_WISHES_SHELL,   /* the recovery shell, which may be opened */
	MENU_WISHES_REFUSED, /* action, which this mode refuses to everybody */
	MENU_CRASHED
};

struct menu_end {
	enum menu_wish wish;
	enum trust_exit exit;
	uint8_t outcome; /* START_... of format/start_record.h */
	enum access_action action;
};

/* status: enum menu_exit, or whatever the process ended with. */
struct menu_end menu_end_of(int status, enum access_mode access);

#endif
