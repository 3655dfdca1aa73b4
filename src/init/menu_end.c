/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init/menu_end.h"
#include "base/cleanup.h"
#include "format/start_record.h"
#include "menu/menu.h"

#define NO_ACTION ACCESS_ACTIONS

static const struct {
	int status;
	struct menu_end end; /* its action: ACCESS_ACTIONS where nobody is refused this */
} ends[] = {
    {MENU_EXIT_BOOT, {MENU_WISHES_EXIT, TRUST_EXIT_BOOT, START_BOOTED, NO_ACTION}},
    {MENU_EXIT_BOOT_FORCED, {MENU_WISHES_EXIT, TRUST_EXIT_BOOT, START_FORCED, ACCESS_FORCED_BOOT}},
    {MENU_EXIT_RECOVERY, {MENU_WISHES_SHELL, TRUST_EXIT_RECOVERY, START_SHELL, ACCESS_SHELL}},
    {MENU_EXIT_EARLY_SHELL, {MENU_WISHES_SHELL, TRUST_EXIT_RECOVERY, START_SHELL, ACCESS_EARLY_SHELL}},
    {MENU_EXIT_REBOOT, {MENU_WISHES_EXIT, TRUST_EXIT_REBOOT, START_RESTARTED, NO_ACTION}},
    {MENU_EXIT_POWER_OFF, {MENU_WISHES_EXIT, TRUST_EXIT_POWER_OFF, START_OFF, NO_ACTION}},
};

struct menu_end menu_end_of(int status, enum access_mode access)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct menu_end end = ends[i].end;

		if (ends[i].status != status)
			continue;
		if (end.action != NO_ACTION && access_decide(access, end.action) == ACCESS_REFUSED)
			end.wish = MENU_WISHES_REFUSED;
		return end;
	}
	return (struct menu_end){MENU_CRASHED, TRUST_EXIT_CRASH, START_CRASHED, NO_ACTION};
}
