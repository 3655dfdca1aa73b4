/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/terminal.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#define INPUT_SIZE      256
#define QUEUE_LIMIT     ((size_t)256 << 10)
#define DEFAULT_ROWS    24
#define DEFAULT_COLUMNS 80
#define LARGEST_SIDE    1000

/* Types that are less than the usual: UTF-8 and colours. */
static const struct {
	const char *name;
	bool utf8;
	bool color;
} lesser_types[] = {{"vt100", false, false}, {"vt102", false, false}, {"dumb", false, false}, {"ansi", false, true}};

/* Gives a terminal back as it was: normal text, cursor shown. Ours (path NULL) has kept its old screen meanwhile. */
static const char screen_leave[] = "\x1b[m\x1b[H\x1b[2J\x1b[?25h";
static const char screen_keep[] = "\x1b[?1049h";
static const char screen_restore[] = "\x1b[m\x1b[?25h\x1b[?1049l";

/* Asked of the environment: the program itself runs without a locale. */
bool terminal_locale_is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static void type_apply(struct terminal *terminal)
{
	terminal->utf8 = terminal->path || terminal_locale_is_utf8();
	terminal->color = true;
	for (size_t i = 0; i < ARRAY_SIZE(lesser_types); i++) {
		if (strcmp(terminal->type, lesser_types[i].name) == 0) {
			terminal->utf8 = terminal->utf8 && lesser_types[i].utf8;
			terminal->color = lesser_types[i].color;
		}
	}
}

/* An open file of our own, so that O_NONBLOCK does not reach the shell that shares descriptor 0. */
static int tty_open(const char *path, struct error *error)
{
	int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
	int fd;

	if (path) {
		fd = open(path, flags);
	} else if (isatty(STDIN_FILENO)) {
		fd = open("/proc/self/fd/0", flags);
		if (fd < 0)
			fd = open("/dev/tty", flags);
	} else {
		return error_set(error, E_IO, "standard input", "it is not a terminal");
	}
	if (fd < 0)
		return error_set_errno(error, E_IO, path ? path : "standard input", errno, "cannot open the terminal");
	if (!isatty(fd)) {
		(void)close(fd);
		return error_set(error, E_IO, path ? path : "standard input", "it is not a terminal");
	}
	return fd;
}

/* Raw: every byte as it comes, no echo, no signal from the keyboard; carrier ignored (no modem). */
static bool tty_raw(struct terminal *terminal)
{
	struct termios raw = terminal->saved;

	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(terminal->fd, TCSANOW, &raw) == 0;
}

/* Looks up the size; where it is new, starts with an empty screen of that size. */
static int terminal_measure(struct terminal *terminal)
{
	struct winsize size = {0};
	int rows = DEFAULT_ROWS;
	int columns = DEFAULT_COLUMNS;

	if (ioctl(terminal->fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
	    size.ws_row <= LARGEST_SIDE && size.ws_col <= LARGEST_SIDE) {
		rows = size.ws_row;
		columns = size.ws_col;
	}
	if (rows == terminal->screen.rows && columns == terminal->screen.columns)
		return 0;
	if (screen_resize(&terminal->screen, rows, columns) < 0)
		return -E_MEMORY;
	terminal->rows = rows;
	terminal->columns = columns;
	terminal->owed = terminal->torn = true;
	return 0;
}

/* Lets go of everything but path and type. */
static void terminal_release(struct terminal *terminal)
{
	screen_clear(&terminal->screen);
	cleanup_close(&terminal->fd);
	buffer_clear(&terminal->queue);
	terminal->sent = 0;
	secret_clear(&terminal->input);
	terminal->taken = 0;
	terminal->keys = (struct key_decoder){.state = KEY_PLAIN};
	terminal->owed = terminal->torn = terminal->stalled = false;
}

static int terminal_start(struct terminal *terminal, struct error *error)
{
	const char *name = terminal->path ? terminal->path : "standard input";
	int fd = tty_open(terminal->path, error);

	if (fd < 0)
		return fd;
	terminal->fd = fd;
	type_apply(terminal);
	if (secret_allocate(INPUT_SIZE, &terminal->input) < 0)
		return error_set(error, E_MEMORY, name, "no memory for the terminal");
	if (tcgetattr(fd, &terminal->saved) < 0 || !tty_raw(terminal))
		return error_set_errno(error, E_IO, name, errno, "cannot set up the terminal");
	if (terminal_measure(terminal) < 0)
		return error_set(error, E_MEMORY, name, "no memory for the screen");
	if (!terminal->path)
		terminal_queue(terminal, screen_keep);
	terminal->owed = terminal->torn = true;
	terminal->plain = false;
	return 0;
}

int terminal_open(const struct ui_terminal *where, struct terminal *ret_terminal, struct error *error)
{
	const char *type = where->type ? where->type : getenv("TERM");
	struct terminal terminal = {.fd = -1};
	int result;

	terminal.type = strdup(type && *type ? type : "vt220");
	terminal.path = where->path ? strdup(where->path) : NULL;
	if (!terminal.type || (where->path && !terminal.path))
		result = error_set(error, E_MEMORY, where->path, "no memory for the terminal");
	else
		result = terminal_start(&terminal, error);
	if (result < 0) {
		if (terminal.fd >= 0 && terminal.input.data)
			(void)tcsetattr(terminal.fd, TCSANOW, &terminal.saved);
		terminal_release(&terminal);
		free(terminal.path);
		free(terminal.type);
		return result;
	}
	*ret_terminal = terminal;
	return 0;
}

void terminal_close(struct terminal *terminal)
{
	terminal_suspend(terminal);
	terminal_release(terminal);
	free(terminal->path);
	free(terminal->type);
	*terminal = (struct terminal){.fd = -1};
}

bool terminal_reopen(struct terminal *terminal)
{
	if (!terminal->path)
		return false;
	if (terminal_start(terminal, NULL) < 0) {
		terminal_release(terminal);
		return false;
	}
	return true;
}

void terminal_suspend(struct terminal *terminal)
{
	if (!terminal_alive(terminal) || terminal->plain)
		return;
	terminal_queue(terminal, terminal->path ? screen_leave : screen_restore);
	terminal_drain(terminal, 500);
	if (terminal_alive(terminal))
		(void)tcsetattr(terminal->fd, TCSANOW, &terminal->saved);
	terminal->plain = true;
}

void terminal_resume(struct terminal *terminal)
{
	if (!terminal_alive(terminal) || !terminal->plain)
		return;
	terminal->plain = false;
	terminal->owed = terminal->torn = true;
	(void)tty_raw(terminal);
	if (!terminal->path)
		terminal_queue(terminal, screen_keep);
}

void terminal_paint(struct terminal *terminal, void (*draw)(const struct terminal *terminal, void *context),
                    void *context)
{
	terminal_pump(terminal);
	if (!terminal_alive(terminal) || terminal->plain)
		return;
	if (!terminal_drained(terminal)) {
		terminal->owed = true;
		return;
	}
	if (draw) {
		screen_blank(&terminal->screen);
		draw(terminal, context);
	}
	if (terminal->torn)
		terminal->painted = log_now_ms();
	screen_render(&terminal->screen, terminal->color, terminal->torn, &terminal->queue);
	terminal->owed = terminal->torn = false;
	terminal_pump(terminal);
}

void terminal_queue(struct terminal *terminal, const char *text)
{
	if (!terminal_alive(terminal) || terminal->queue.size - terminal->sent + strlen(text) > QUEUE_LIMIT)
		return;
	buffer_append_string(&terminal->queue, text);
}

void terminal_pump(struct terminal *terminal)
{
	struct buffer *queue = &terminal->queue;

	while (terminal_alive(terminal) && terminal->sent < queue->size) {
		ssize_t put = write(terminal->fd, queue->data + terminal->sent, queue->size - terminal->sent);

		if (put > 0) {
			terminal->sent += (size_t)put;
			terminal->stalled = false;
		} else if (put < 0 && errno == EINTR) {
			continue;
		} else if (put < 0 && errno == EAGAIN) {
			return;
		} else {
			terminal_release(terminal); /* EIO: hung up */
			return;
		}
	}
	if (queue->failed) { /* no memory for a part of it: what is shown cannot be known */
		buffer_clear(queue);
		terminal->sent = 0;
		terminal->owed = terminal->torn = true;
	} else if (queue->size > 0) {
		memory_wipe(queue->data, queue->size);
		queue->size = 0;
		terminal->sent = 0;
	}
}

void terminal_drain(struct terminal *terminal, int milliseconds)
{
	unsigned long long end = log_now_ms() + (unsigned long long)milliseconds;
	size_t before = terminal->queue.size - terminal->sent;

	terminal_pump(terminal);
	while (terminal_alive(terminal) && !terminal->stalled && !terminal_drained(terminal)) {
		struct pollfd wait = {.fd = terminal->fd, .events = POLLOUT};
		unsigned long long now = log_now_ms();

		if (now >= end) {
			terminal->stalled = terminal->queue.size - terminal->sent == before;
			return;
		}
		(void)poll(&wait, 1, (int)(end - now));
		terminal_pump(terminal);
	}
}

void terminal_follow_size(struct terminal *terminal)
{
	/* Without memory for the new size it goes on with the old one. */
	if (terminal_alive(terminal) && !terminal->plain)
		(void)terminal_measure(terminal);
}

void terminal_read(struct terminal *terminal)
{
	struct secret *input = &terminal->input;
	ssize_t got;

	if (!terminal_alive(terminal))
		return;
	if (terminal->taken > 0) {
		memmove(input->data, input->data + terminal->taken, input->size - terminal->taken);
		input->size -= terminal->taken;
		memory_wipe(input->data + input->size, terminal->taken);
		terminal->taken = 0;
	}
	if (input->size == input->capacity)
		return;
	got = read(terminal->fd, input->data + input->size, input->capacity - input->size);
	if (got > 0)
		input->size += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		terminal_release(terminal);
}

bool terminal_holds(const struct terminal *terminal, char key)
{
	struct key_decoder keys = terminal->keys;
	unsigned long long now = log_now_ms();

	for (size_t i = terminal->taken; i < terminal->input.size; i++)
		if (key_feed(&keys, terminal->input.data[i], now) == PRESS_BYTE &&
		    terminal->input.data[i] == (uint8_t)key)
			return true;
	return false;
}

void terminal_forget_input(struct terminal *terminal)
{
	if (terminal->input.size > 0)
		memory_wipe(terminal->input.data, terminal->input.size);
	terminal->input.size = terminal->taken = 0;
	terminal->keys = (struct key_decoder){.state = KEY_PLAIN};
}

enum press terminal_press(struct terminal *terminal, uint8_t *ret_byte)
{
	unsigned long long now = log_now_ms();

	while (terminal->taken < terminal->input.size) {
		uint8_t *byte = &terminal->input.data[terminal->taken++];
		enum press press = key_feed(&terminal->keys, *byte, now);

		if (press == PRESS_BYTE)
			*ret_byte = *byte;
		memory_wipe(byte, 1);
		if (press != PRESS_NONE)
			return press;
	}
	return key_expire(&terminal->keys, now);
}
