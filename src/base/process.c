/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/process.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The programs that may be started at all, and where each is looked for: first in the ROM's place, then where a
 * workstation has it. */
static const struct {
	const char *name;
	const char *paths[4];
} programs[PROCESS_PROGRAMS] = {
    [PROCESS_GPGV] = {"gpgv", {"/bin/gpgv", "/usr/bin/gpgv", NULL}},
    [PROCESS_GPG] = {"gpg", {"/bin/gpg", "/usr/bin/gpg", NULL}},
    [PROCESS_SHELL] = {"sh", {"/bin/busybox", NULL}},
    [PROCESS_FLASH_PROGRAMMER] = {"flashprog", {"/bin/flashprog", "/usr/sbin/flashprog", "/usr/sbin/flashrom", NULL}},
    [PROCESS_HEADS] = {"heads", {"/bin/heads", "/proc/self/exe", NULL}},
};

#define MAX_ARGUMENTS 48

static atomic_uint started;

unsigned process_count(void)
{
	return atomic_load(&started);
}

const char *process_path(enum process_program program)
{
	for (size_t i = 0; programs[program].paths[i]; i++)
		if (access(programs[program].paths[i], X_OK) == 0)
			return programs[program].paths[i];
	return NULL;
}

bool process_is_installed(enum process_program program)
{
	return process_path(program) != NULL;
}

struct launch {
	const char *path;
	const char *argv[MAX_ARGUMENTS + 2];
	const char *environment[8];
	char home[300];
};

static int prepare(const struct process_request *request, struct launch *launch, struct error *error)
{
	const char *name = programs[request->program].name;
	size_t count = 0, variables = 0;

	launch->path = process_path(request->program);
	if (!launch->path)
		return error_set(error, E_NOT_FOUND, name, "the program %s is not installed", name);
	launch->argv[count++] = name;
	for (size_t i = 0; request->arguments && request->arguments[i]; i++) {
		if (count > MAX_ARGUMENTS)
			return error_set(error, E_USAGE, name, "%s would get more than %d arguments", name,
			                 MAX_ARGUMENTS);
		launch->argv[count++] = request->arguments[i];
	}
	launch->argv[count] = NULL;
	launch->environment[variables++] = "PATH=/bin:/sbin:/usr/bin:/usr/sbin";
	launch->environment[variables++] = "LC_ALL=C.UTF-8";
	if (request->program == PROCESS_SHELL)
		launch->environment[variables++] = "TERM=linux";
	if (snprintf(launch->home, sizeof(launch->home), "HOME=%s", request->home ? request->home : "/") >=
	    (int)sizeof(launch->home))
		return error_set(error, E_USAGE, name, "the home directory of %s has too long a name", name);
	launch->environment[variables++] = launch->home;
	launch->environment[variables] = NULL;
	return 0;
}

/* In the child: default signals, the descriptors that were asked for, and the program. */
static _Noreturn void child(const struct process_request *request, const struct launch *launch)
{
	sigset_t none;

	for (int i = 1; i < 32; i++)
		(void)signal(i, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < request->keep_count; i++)
		(void)fcntl(request->keep_fds[i], F_SETFD, 0);
	(void)execve(launch->path, (char *const *)(uintptr_t)launch->argv,
	             (char *const *)(uintptr_t)launch->environment);
	_exit(127);
}

/* input: where standard input comes from, -1: nothing. */
static void child_of_run(const struct process_request *request, const struct launch *launch, int input, int output)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(input >= 0 ? input : null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	child(request, launch);
}

/* Answers the whole lines from *done on; a program that does not read any more gets nothing. */
static void reply_to_lines(const struct process_request *request, const struct buffer *output, size_t *done,
                           int *talking)
{
	CLEANUP(secret_clear) struct secret reply = {0};

	if (!request->answer || *talking < 0)
		return;
	if (output->failed || secret_allocate(PROCESS_MAX_REPLY, &reply) < 0) {
		cleanup_close(talking);
		return;
	}
	while (*talking >= 0) {
		struct bytes rest = bytes_slice(buffer_bytes(output), *done, output->size);
		const uint8_t *end = rest.size > 0 ? memchr(rest.data, '\n', rest.size) : NULL;

		if (!end)
			return;
		reply.size = 0;
		*done += (size_t)(end - rest.data) + 1;
		if (!request->answer(request->answer_context, bytes_make(rest.data, (size_t)(end - rest.data)),
		                     &reply) ||
		    (reply.size > 0 && send(*talking, reply.data, reply.size, MSG_NOSIGNAL) != (ssize_t)reply.size))
			cleanup_close(talking);
	}
}

/* Reads until the end of file, the limit, or the deadline (0: none). talking: to the program's standard input. */
static int collect(const struct process_request *request, int fd, int *talking, struct buffer *output,
                   struct error *error)
{
	const char *name = programs[request->program].name;
	unsigned long long deadline = log_now_ms() + request->timeout_ms;
	size_t total = 0, answered = output->size;
	uint8_t chunk[4096];

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int wait = -1;
		ssize_t got;

		if (request->timeout_ms > 0) {
			unsigned long long now = log_now_ms();

			wait = now >= deadline ? 0 : (int)(deadline - now);
		}
		if (poll(&ready, 1, wait) == 0)
			return error_set(error, E_PROCESS, name, "%s did not end within %u milliseconds", name,
			                 request->timeout_ms);
		got = read(fd, chunk, sizeof(chunk));
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return error_set_errno(error, E_PROCESS, name, errno, "the output of %s cannot be read", name);
		if (got == 0)
			return 0;
		total += (size_t)got;
		if (total > request->output_limit)
			return error_set(error, E_TOO_LARGE, name, "%s printed more than %zu bytes", name,
			                 request->output_limit);
		buffer_append(output, chunk, (size_t)got);
		if (request->heard)
			request->heard(request->heard_context, bytes_make(chunk, (size_t)got));
		reply_to_lines(request, output, &answered, talking);
	}
}

static int wait_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_run(const struct process_request *request, struct buffer *output, int *ret_status, struct error *error)
{
	const char *name = programs[request->program].name;
	CLEANUP_CLOSE int reading = -1, talking = -1, listening = -1;
	struct launch launch;
	int pipes[2], ends[2], status, r;
	pid_t pid;

	r = prepare(request, &launch, error);
	if (r < 0)
		return r;
	if (request->answer) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
			return error_set_errno(error, E_SYSTEM, name, errno, "no socket can be made for %s", name);
		talking = ends[0];
		listening = ends[1];
	}
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return error_set_errno(error, E_SYSTEM, name, errno, "no pipe can be made for %s", name);
	reading = pipes[0];
	pid = fork();
	if (pid < 0) {
		(void)close(pipes[1]);
		return error_set_errno(error, E_PROCESS, name, errno, "%s cannot be started", name);
	}
	if (pid == 0)
		child_of_run(request, &launch, listening, pipes[1]);
	atomic_fetch_add(&started, 1);
	(void)close(pipes[1]);
	cleanup_close(&listening);
	r = collect(request, reading, &talking, output, error);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	status = wait_status(pid);
	if (r < 0)
		return r;
	if (output->failed)
		return error_set(error, E_MEMORY, name, "there is not enough memory for the output of %s", name);
	if (status == 127)
		return error_set(error, E_PROCESS, name, "%s cannot be started", name);
	*ret_status = status;
	return 0;
}

int process_start(const struct process_request *request, int terminal_fd, pid_t *ret_pid, struct error *error)
{
	const char *name = programs[request->program].name;
	struct launch launch;
	pid_t pid;
	int r = prepare(request, &launch, error);

	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return error_set_errno(error, E_PROCESS, name, errno, "%s cannot be started", name);
	if (pid == 0) {
		(void)setsid();
		if (terminal_fd >= 0) {
			(void)ioctl(terminal_fd, TIOCSCTTY, 1);
			if (dup2(terminal_fd, STDIN_FILENO) < 0 || dup2(terminal_fd, STDOUT_FILENO) < 0 ||
			    dup2(terminal_fd, STDERR_FILENO) < 0)
				_exit(127);
		}
		child(request, &launch);
	}
	atomic_fetch_add(&started, 1);
	*ret_pid = pid;
	return 0;
}
