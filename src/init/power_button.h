/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's power button, which PID 1 hears while its children run. */
#ifndef HEADS_INIT_POWER_BUTTON_H
#define HEADS_INIT_POWER_BUTTON_H

#include <stddef.h>
#include <sys/types.h>

#define POWER_BUTTON_MAX 4

struct power_button {
	int fds[POWER_BUTTON_MAX]; /* input devices that have the key */
	size_t count;
};

/* Opens the input devices that have a power key, and takes SIGCHLD over for power_button_wait. None is no error: then
 * nothing is ever heard. Once, before the first child. */
void power_button_open(struct power_button *button);

/* Waits for the end of a child, any one, or a press of the button, without polling.
 * Returns the child's process id and its status in ret_status; 0 for a press; -1 where there is no child. */
pid_t power_button_wait(const struct power_button *button, int *ret_status);

#endif
