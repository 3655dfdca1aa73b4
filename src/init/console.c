/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init/console.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* A serial line gets the type that terminal emulators of today understand. */
#define SERIAL_TYPE "xterm"

static void add_console(struct consoles *consoles, const char *name)
{
	bool screen = strcmp(name, "tty0") == 0;
	struct console console = {.type = screen ? "linux" : SERIAL_TYPE};

	if (consoles->count == CONSOLE_MAX)
		return;
	(void)snprintf(console.path, sizeof(console.path), "/dev/%s", screen ? "tty1" : name);
	console.fd = open(console.path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (console.fd < 0)
		return;
	consoles->list[consoles->count++] = console;
}

void consoles_open(struct consoles *consoles)
{
	CLEANUP_FCLOSE FILE *file = fopen("/proc/consoles", "re");
	char line[128];

	for (size_t i = 0; i < consoles->count; i++)
		(void)close(consoles->list[i].fd);
	consoles->count = 0;
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, " \t\n")] = '\0';
		if (strncmp(line, "tty", 3) == 0)
			add_console(consoles, line);
	}
	if (consoles->count == 0)
		add_console(consoles, "console");
	consoles_plain(consoles);
}

void consoles_plain(const struct consoles *consoles)
{
	for (size_t i = 0; i < consoles->count; i++) {
		struct termios mode;

		if (tcgetattr(consoles->list[i].fd, &mode) != 0)
			continue;
		mode.c_iflag = ICRNL | IXANY | IUTF8;
		mode.c_oflag = OPOST | ONLCR;
		mode.c_lflag = 0; /* keys one by one, without echo, until a shell or a screen wants them otherwise */
		mode.c_cflag |= CREAD | CLOCAL;
		mode.c_cc[VMIN] = 0;
		mode.c_cc[VTIME] = 0;
		(void)tcsetattr(consoles->list[i].fd, TCSANOW, &mode);
	}
}

char consoles_key(const struct consoles *consoles, const char *keys, int milliseconds)
{
	unsigned long long deadline = log_now_ms() + (unsigned)milliseconds;
	struct pollfd ready[CONSOLE_MAX];

	for (;;) {
		unsigned long long now = log_now_ms();

		for (size_t i = 0; i < consoles->count; i++)
			ready[i] = (struct pollfd){.fd = consoles->list[i].fd, .events = POLLIN};
		if (poll(ready, consoles->count, now >= deadline ? 0 : (int)(deadline - now)) <= 0)
			return 0;
		for (size_t i = 0; i < consoles->count; i++) {
			char key = 0;

			if ((ready[i].revents & POLLIN) && read(ready[i].fd, &key, 1) == 1 && key && strchr(keys, key))
				return key;
			if (ready[i].revents & (POLLERR | POLLHUP | POLLNVAL))
				return 0;
		}
	}
}

void consoles_log_sink(void *context, const char *line)
{
	const struct consoles *consoles = context;
	char text[2100];
	int size = snprintf(text, sizeof(text), "%s\n", line);

	for (size_t i = 0; i < consoles->count; i++) {
		struct pollfd ready = {.fd = consoles->list[i].fd, .events = POLLOUT};
		int sent = 0;

		/* A serial line is slow: wait for room, but not for one that nobody drains. */
		while (sent < size && poll(&ready, 1, 1000) == 1) {
			ssize_t done = write(ready.fd, text + sent, (size_t)(size - sent));

			if (done <= 0)
				break;
			sent += (int)done;
		}
	}
}
