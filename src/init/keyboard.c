/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init/keyboard.h"
#include "base/log.h"
#include "format/keyboard.h"
#include <errno.h>
#include <linux/kd.h>
#include <sys/ioctl.h>

#define SETTING "CONFIG_KEYBOARD_KEYMAP"

/* The keymap is one for all consoles of the kernel; a serial line knows nothing of it. */
static int find_console(const struct consoles *consoles)
{
	for (size_t i = 0; i < consoles->count; i++) {
		char type;

		if (ioctl(consoles->list[i].fd, KDGKBTYPE, &type) == 0)
			return consoles->list[i].fd;
	}
	return -1;
}

int keyboard_set(const struct consoles *consoles, const char *name, struct error *error)
{
	static struct keyboard_entry entries[KEYBOARD_MAX_ENTRIES];
	const struct keyboard_layout *layout = name ? keyboard_find(name) : NULL;
	const int fd = find_console(consoles);
	size_t count;

	if (!name || !*name)
		return 0;
	if (!layout)
		return error_set(error, E_USAGE, SETTING,
		                 "there is no keyboard layout %s; the keyboard has that of the United States", name);
	if (fd < 0)
		return 0;
	count = keyboard_entries(layout, entries);
	for (size_t i = 0; i < count; i++) {
		struct kbentry entry = {entries[i].table, entries[i].key, entries[i].value};

		if (ioctl(fd, KDSKBENT, &entry) != 0)
			return error_set_errno(error, E_SYSTEM, SETTING, errno,
			                       "the kernel does not take the keyboard layout %s",
			                       keyboard_name(layout));
	}
	log_line("keyboard layout=%s", keyboard_name(layout));
	return 0;
}
