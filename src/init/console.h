/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The consoles that the kernel uses: serial line and framebuffer at once. */
#ifndef HEADS_INIT_CONSOLE_H
#define HEADS_INIT_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#define CONSOLE_MAX 4

struct console {
	char path[64];    /* "/dev/ttyS0", "/dev/tty1" */
	const char *type; /* terminfo name */
	int fd;
};

struct consoles {
	struct console list[CONSOLE_MAX];
	size_t count;
};

/* Opens what /proc/consoles lists (tty0 as tty1); /dev/console where that gives nothing. Never fails: a machine
 * without any console still boots. What the struct (zero at first) had open is closed before. */
void consoles_open(struct consoles *consoles);
/* Lines as a person expects them: echo, CR to CR LF. */
void consoles_plain(const struct consoles *consoles);
/* Waits up to milliseconds for a key on any console; 0 for none. Other keys that were typed are thrown away. */
char consoles_key(const struct consoles *consoles, const char *keys, int milliseconds);
/* A sink of base/log.h: the line on every console; context is the struct consoles. */
void consoles_log_sink(void *context, const char *line);

#endif
