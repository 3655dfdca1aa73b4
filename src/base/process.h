/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helper programs: the only place that starts one. No shell, an argv array, a closed environment, and only the programs
 * of the table in process.c (DESIGN rule 2). */
#ifndef HEADS_BASE_PROCESS_H
#define HEADS_BASE_PROCESS_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"
#include <sys/types.h>

enum process_program {
	PROCESS_GPGV,             /* verifies signatures */
	PROCESS_GPG,              /* makes signatures, and keeps keys and the card with its two helpers */
	PROCESS_SHELL,            /* the recovery shell */
	PROCESS_HEADS,            /* this program again, as the menu */
	PROCESS_FLASH_PROGRAMMER, /* reads and writes flash chips that are no MTD device */
	PROCESS_PROGRAMS          /* how many there are */
};

/* A descriptor of ours that the program is given under the same number: argv can name it as /proc/self/fd/N. */
#define PROCESS_MAX_FDS 8

/* Called with each whole line that the program prints, without its line feed. What it appends to reply (at most
 * PROCESS_MAX_REPLY bytes) goes to the program's standard input. False: there is no answer, standard input ends. */
#define PROCESS_MAX_REPLY 256
typedef bool process_answer(void *context, struct bytes line, struct secret *reply);

struct process_request {
	enum process_program program;
	const char *const *arguments; /* after argv[0], NULL-terminated */
	const char *home;             /* HOME of the program, or NULL */
	int keep_fds[PROCESS_MAX_FDS];
	size_t keep_count;
	size_t output_limit;                              /* of standard output; more is -E_TOO_LARGE */
	unsigned timeout_ms;                              /* 0: none */
	void (*heard)(void *context, struct bytes piece); /* each piece of the output as it comes, or NULL */
	void *heard_context;
	/* process_run: where not NULL, the program is talked to. Without it, standard input is empty. */
	process_answer *answer;
	void *answer_context;
};

/* Is there such a program on this machine? */
bool process_is_installed(enum process_program program);
/* Where it is, for a caller that has to know which one of several was found; NULL where there is none. */
const char *process_path(enum process_program program);

/* Starts the program with standard input from /dev/null, or from request->answer, and standard output captured into
 * *output (appended); standard error goes to /dev/null. Waits for its end. ret_status is the exit status, or 128 +
 * signal. Errors: -E_NOT_FOUND (not installed), -E_PROCESS (cannot be started, timed out and was ended). */
int process_run(const struct process_request *request, struct buffer *output, int *ret_status, struct error *error);

/* Starts a program on a terminal of its own (setsid, controlling terminal, standard input, output and error on
 * terminal_fd where >= 0), default signals, closed environment. ret_pid is the child to wait for. */
int process_start(const struct process_request *request, int terminal_fd, pid_t *ret_pid, struct error *error);

/* How many programs this process has started: the cost that `make bench` reports. */
unsigned process_count(void);

#endif
