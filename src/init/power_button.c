/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init/power_button.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_INPUT_DEVICES 32

static bool has_power_key(int fd)
{
	uint8_t keys[KEY_MAX / 8 + 1] = {0};

	/* Not ioctl(): the C libraries do not agree on the type of a request beyond 31 bits. */
	return syscall(SYS_ioctl, fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) >= 0 &&
	       (keys[KEY_POWER / 8] & 1u << (KEY_POWER % 8));
}

/* Only to interrupt ppoll. */
static void child_ended(int number)
{
	(void)number;
}

void power_button_open(struct power_button *button)
{
	struct sigaction action = {.sa_handler = child_ended};
	sigset_t child;

	for (int i = 0; i < MAX_INPUT_DEVICES && button->count < POWER_BUTTON_MAX; i++) {
		char path[32];
		int fd;

		(void)snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (has_power_key(fd))
			button->fds[button->count++] = fd;
		else
			(void)close(fd);
	}
	/* Blocked but in ppoll: an end between waitpid and ppoll is not lost. Children get the default mask back. */
	(void)sigaction(SIGCHLD, &action, NULL);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
}

/* Whether the key went down, among all that the device has to tell. */
static bool pressed(int fd)
{
	struct input_event event;
	bool down = false;

	while (read(fd, &event, sizeof(event)) == (ssize_t)sizeof(event))
		down = down || (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1);
	return down;
}

pid_t power_button_wait(const struct power_button *button, int *ret_status)
{
	struct pollfd ready[POWER_BUTTON_MAX];
	sigset_t none;

	(void)sigemptyset(&none);
	for (;;) {
		pid_t ended = waitpid(-1, ret_status, WNOHANG);
		bool down = false;

		if (ended > 0 || (ended < 0 && errno != EINTR))
			return ended;
		for (size_t i = 0; i < button->count; i++)
			ready[i] = (struct pollfd){.fd = button->fds[i], .events = POLLIN};
		if (ppoll(ready, button->count, NULL, &none) <= 0)
			continue;
		for (size_t i = 0; i < button->count; i++)
			down = (ready[i].revents && pressed(button->fds[i])) || down;
		if (down)
			return 0;
	}
}
