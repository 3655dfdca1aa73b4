/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Widgets in a process of their own, on pseudo-terminals whose other ends the test holds: it types, and looks at the
 * screens as a vt.h terminal shows them. */
#ifndef TESTS_UI_RIG_H
#define TESTS_UI_RIG_H

#include "base/cleanup.h"
#include "base/log.h"
#include "ui/ui.h"
#include "ui/vt.h"
#include "unit/cmocka_all.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIG_TERMINALS 2
#define RIG_PATIENCE  10000 /* milliseconds: machines under test are slow and busy */

struct rig_terminal {
	const char *type;
	int rows;
	int columns;
};

/* What the child reports when its scenario is over. */
struct rig_result {
	int number;
	char text[200];
};

typedef void rig_scenario(struct ui *ui, struct rig_result *result);

struct rig {
	size_t count;
	int master[RIG_TERMINALS];
	int slave[RIG_TERMINALS]; /* kept open, so that the child comes and goes without an end of file */
	char path[RIG_TERMINALS][64];
	struct vt vt[RIG_TERMINALS];
	struct buffer *raw;       /* everything that each was sent */
	bool deaf[RIG_TERMINALS]; /* the test does not read this one */
	pid_t child;
	int report;
};

/* Outlives a failed test, which leaves by a jump: the next one tidies up. */
static struct buffer rig_raw[RIG_TERMINALS];
static pid_t rig_left;

/* The child. Never returns. */
static inline void rig_child(struct rig *rig, const struct rig_terminal *kinds, rig_scenario *scenario, int report)
{
	struct ui_terminal terminals[RIG_TERMINALS];
	struct rig_result result = {0};
	struct error error = {0};
	struct ui *ui = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < rig->count; i++) {
		(void)close(rig->master[i]);
		(void)close(rig->slave[i]);
		terminals[i] = (struct ui_terminal){.path = rig->path[i], .type = kinds[i].type};
	}
	if (ui_open(terminals, rig->count, &ui, &error) < 0) {
		(void)fprintf(stderr, "ui_open: %s: %s\n", error.object, error.sentence);
		exit(2);
	}
	log_add_sink(ui_log_sink, ui);
	scenario(ui, &result);
	log_clear_sinks();
	ui_close(&ui);
	exit(write(report, &result, sizeof(result)) == (ssize_t)sizeof(result) ? 0 : 3);
}

static inline void rig_prepare(struct rig *rig, size_t count, const struct rig_terminal *kinds)
{
	if (rig_left > 0) {
		(void)kill(rig_left, SIGKILL);
		(void)waitpid(rig_left, NULL, 0);
	}
	memset(rig, 0, sizeof(*rig));
	rig->raw = rig_raw;
	rig->count = count;
	for (size_t i = 0; i < RIG_TERMINALS; i++)
		buffer_clear(&rig->raw[i]);
	for (size_t i = 0; i < count; i++) {
		struct winsize size = {.ws_row = (unsigned short)kinds[i].rows,
		                       .ws_col = (unsigned short)kinds[i].columns};

		assert_int_equal(0, openpty(&rig->master[i], &rig->slave[i], rig->path[i], NULL, &size));
		(void)fcntl(rig->master[i], F_SETFD, FD_CLOEXEC);
		(void)fcntl(rig->master[i], F_SETFL, O_NONBLOCK);
		vt_reset(&rig->vt[i], kinds[i].rows ? kinds[i].rows : 24, kinds[i].columns ? kinds[i].columns : 80);
	}
}

static inline void rig_fork(struct rig *rig, const struct rig_terminal *kinds, rig_scenario *scenario)
{
	int report[2];

	assert_int_equal(0, pipe(report));
	(void)fflush(NULL);
	rig->child = fork();
	assert_true(rig->child >= 0);
	if (rig->child == 0) {
		(void)close(report[0]);
		rig_child(rig, kinds, scenario, report[1]);
	}
	rig_left = rig->child;
	(void)close(report[1]);
	rig->report = report[0];
}

static inline void rig_start(struct rig *rig, size_t count, const struct rig_terminal *kinds, rig_scenario *scenario)
{
	rig_prepare(rig, count, kinds);
	rig_fork(rig, kinds, scenario);
}

/* Reads what the terminals were sent, for at most so long; returns early once something came. */
static inline void rig_pump(struct rig *rig, int milliseconds)
{
	struct pollfd wait[RIG_TERMINALS];
	uint8_t bytes[4096];

	for (size_t i = 0; i < rig->count; i++)
		wait[i] = (struct pollfd){.fd = rig->deaf[i] ? -1 : rig->master[i], .events = POLLIN};
	(void)poll(wait, rig->count, milliseconds);
	for (size_t i = 0; i < rig->count; i++) {
		ssize_t got = wait[i].revents ? read(rig->master[i], bytes, sizeof(bytes)) : 0;

		if (got <= 0)
			continue;
		vt_feed(&rig->vt[i], bytes, (size_t)got);
		buffer_append(&rig->raw[i], bytes, (size_t)got);
	}
}

static inline void rig_settle(struct rig *rig, int milliseconds)
{
	unsigned long long end = log_now_ms() + (unsigned long long)milliseconds;

	while (log_now_ms() < end)
		rig_pump(rig, 20);
}

static inline void rig_kill(struct rig *rig)
{
	if (rig->child > 0) {
		(void)kill(rig->child, SIGKILL);
		(void)waitpid(rig->child, NULL, 0);
		rig->child = rig_left = 0;
	}
}

/* Waits until text stands (or, with stands false, no longer stands) on a screen. */
static inline void rig_wait(struct rig *rig, size_t which, const char *text, bool stands)
{
	unsigned long long end = log_now_ms() + RIG_PATIENCE;

	while ((vt_find(&rig->vt[which], text) >= 0) != stands) {
		if (log_now_ms() >= end) {
			vt_dump(&rig->vt[which], stderr);
			rig_kill(rig);
			fail_msg("terminal %zu: \"%s\" %s on the screen", which, text, stands ? "is not" : "is still");
		}
		rig_pump(rig, 50);
	}
}

static inline void rig_see(struct rig *rig, size_t which, const char *text)
{
	rig_wait(rig, which, text, true);
}

static inline void rig_type(struct rig *rig, size_t which, const char *keys)
{
	assert_int_equal(strlen(keys), write(rig->master[which], keys, strlen(keys)));
}

/* Waits for the end of the scenario and returns what it reports. */
static inline struct rig_result rig_finish(struct rig *rig)
{
	struct rig_result result = {0};
	unsigned long long end = log_now_ms() + RIG_PATIENCE;
	int status = -1;

	while (waitpid(rig->child, &status, WNOHANG) == 0) {
		if (log_now_ms() >= end) {
			vt_dump(&rig->vt[0], stderr);
			rig_kill(rig);
			fail_msg("the scenario does not end");
		}
		rig_pump(rig, 20);
	}
	rig->child = rig_left = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	assert_int_equal(sizeof(result), read(rig->report, &result, sizeof(result)));
	for (size_t i = 0; i < rig->count; i++)
		assert_int_equal(0, rig->vt[i].unknown);
	(void)close(rig->report);
	for (size_t i = 0; i < rig->count; i++) {
		cleanup_close(&rig->master[i]);
		cleanup_close(&rig->slave[i]);
		buffer_clear(&rig->raw[i]);
	}
	return result;
}

/* The first place of text in everything that a terminal was sent; -1 for none. */
static inline long rig_sent(const struct rig *rig, size_t which, const char *text)
{
	const struct buffer *raw = &rig->raw[which];
	const void *at = raw->size ? memmem(raw->data, raw->size, text, strlen(text)) : NULL;

	return at ? (long)((const uint8_t *)at - raw->data) : -1;
}

#endif
