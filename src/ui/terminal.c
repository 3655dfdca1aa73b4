/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/terminal.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "ui/paint.h"
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define INPUT_SIZE      256
#define QUEUE_LIMIT     ((size_t)256 << 10)
#define SEND_AT_ONCE    4096
#define DEFAULT_ROWS    24
#define DEFAULT_COLUMNS 80
#define LARGEST_SIDE    1000

/* Types of which only ASCII is expected; everything else shows UTF-8. */
static const char *const ascii_types[] = {"vt100", "vt102", "ansi", "dumb"};
/* Tried in this order where the type itself is not known. */
static const char *const usual_types[] = {"vt220", "vt100", "linux", "ansi"};
/* Signals for which curses installs handlers; what the program does with them is not the screen's business. */
static const int curses_signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

static bool type_is_utf8(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(ascii_types); i++)
		if (!strcmp(type, ascii_types[i]))
			return false;
	return true;
}

/* curses needs a UTF-8 locale for its wide characters, whatever the terminal can show.
 * Returns whether the user's own locale is one. */
static bool locale_prepare(void)
{
	bool utf8 = setlocale(LC_CTYPE, "") && !strcmp(nl_langinfo(CODESET), "UTF-8");

	if (!utf8)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	return utf8;
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

static SCREEN *screen_new(struct terminal *terminal)
{
	struct sigaction actions[ARRAY_SIZE(curses_signals)];
	SCREEN *screen;

	for (size_t i = 0; i < ARRAY_SIZE(curses_signals); i++)
		(void)sigaction(curses_signals[i], NULL, &actions[i]);
	use_env(FALSE);
	screen = newterm(terminal->type, terminal->drawing, terminal->drawing);
	for (size_t i = 0; !screen && i < ARRAY_SIZE(usual_types); i++)
		screen = newterm(usual_types[i], terminal->drawing, terminal->drawing);
	for (size_t i = 0; i < ARRAY_SIZE(curses_signals); i++)
		(void)sigaction(curses_signals[i], &actions[i], NULL);
	return screen;
}

static void terminal_measure(struct terminal *terminal)
{
	struct winsize size = {0};

	terminal->rows = DEFAULT_ROWS;
	terminal->columns = DEFAULT_COLUMNS;
	if (ioctl(terminal->fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
	    size.ws_row <= LARGEST_SIDE && size.ws_col <= LARGEST_SIDE) {
		terminal->rows = size.ws_row;
		terminal->columns = size.ws_col;
	}
}

/* Moves what curses has drawn from the memory file into the queue. */
static void terminal_collect(struct terminal *terminal)
{
	int fd = fileno(terminal->drawing);
	char chunk[SEND_AT_ONCE];
	ssize_t got;

	(void)fflush(terminal->drawing);
	(void)lseek(fd, 0, SEEK_SET);
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buffer_append(&terminal->queue, chunk, (size_t)got);
	if (ftruncate(fd, 0) != 0)
		terminal->queue.failed = true;
	(void)lseek(fd, 0, SEEK_SET);
	memory_wipe(chunk, sizeof(chunk));
}

/* Lets go of everything but path and type. */
static void terminal_release(struct terminal *terminal)
{
	if (terminal->screen)
		delscreen(terminal->screen);
	terminal->screen = NULL;
	cleanup_fclose(&terminal->drawing);
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
	bool locale_utf8 = locale_prepare();
	int fd = tty_open(terminal->path, error);
	int memory;

	if (fd < 0)
		return fd;
	terminal->fd = fd;
	terminal->utf8 = type_is_utf8(terminal->type) && (terminal->path || locale_utf8);
	if (secret_allocate(INPUT_SIZE, &terminal->input) < 0)
		return error_set(error, E_MEMORY, name, "no memory for the terminal");
	if (tcgetattr(fd, &terminal->saved) < 0 || !tty_raw(terminal))
		return error_set_errno(error, E_IO, name, errno, "cannot set up the terminal");
	memory = memfd_create("screen", MFD_CLOEXEC);
	terminal->drawing = memory < 0 ? NULL : fdopen(memory, "w+");
	if (!terminal->drawing) {
		cleanup_close(&memory);
		return error_set_errno(error, E_MEMORY, name, errno, "no memory for the screen");
	}
	terminal->screen = screen_new(terminal);
	if (!terminal->screen)
		return error_set(error, E_UNSUPPORTED, name, "the terminal type %s is not known", terminal->type);
	(void)set_term(terminal->screen);
	(void)nonl();
	(void)curs_set(0);
	terminal->color = paint_prepare();
	terminal_measure(terminal);
	(void)resize_term(terminal->rows, terminal->columns);
	terminal->owed = terminal->torn = true;
	terminal->plain = false;
	return 0;
}

int terminal_open(const struct ui_terminal *where, struct terminal *ret_terminal, struct error *error)
{
	const char *type = where->type ? where->type : getenv("TERM");
	struct terminal terminal = {.fd = -1};
	int result;

	terminal.type = strdup(type && *type ? type : usual_types[0]);
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
	(void)set_term(terminal->screen);
	(void)endwin();
	terminal_collect(terminal);
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
	(void)set_term(terminal->screen);
	if (draw) {
		(void)attrset(A_NORMAL);
		(void)erase();
		draw(terminal, context);
		(void)wnoutrefresh(stdscr);
	}
	if (terminal->torn) {
		(void)clearok(curscr, TRUE);
		terminal->painted = log_now_ms();
	}
	(void)doupdate();
	terminal->owed = terminal->torn = false;
	terminal_collect(terminal);
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
	int rows = terminal->rows;
	int columns = terminal->columns;

	if (!terminal_alive(terminal) || terminal->plain)
		return;
	terminal_measure(terminal);
	if (rows == terminal->rows && columns == terminal->columns)
		return;
	(void)set_term(terminal->screen);
	(void)resize_term(terminal->rows, terminal->columns);
	terminal->owed = terminal->torn = true;
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
