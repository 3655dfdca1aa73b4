/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/confine.h"

#include "base/cleanup.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Seconds of CPU time that the child may use. */
#define CPU_SECONDS 20

#define LOAD(field)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_ARG(n)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + (n) * sizeof(__u64))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW(number)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), RETURN(SECCOMP_RET_ALLOW)
/* Memory that is never executable. */
#define ALLOW_DATA(number)                                                                           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4), LOAD_ARG(2),                              \
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS), \
	    RETURN(SECCOMP_RET_ALLOW)

#if defined(__x86_64__)
static int install_filter(void)
{
	static struct sock_filter filter[] = {
	    LOAD(arch),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
	    RETURN(SECCOMP_RET_KILL_PROCESS),
	    LOAD(nr),
	    ALLOW(SYS_read),
	    ALLOW(SYS_write),
	    ALLOW(SYS_brk),
	    ALLOW(SYS_munmap),
	    ALLOW(SYS_mremap),
	    ALLOW(SYS_madvise),
	    ALLOW(SYS_futex),
	    ALLOW(SYS_exit),
	    ALLOW(SYS_exit_group),
	    ALLOW_DATA(SYS_mmap),
	    ALLOW_DATA(SYS_mprotect),
	    RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static int install_filter(void)
{
	errno = ENOSYS;
	return -1;
}
#endif

int confine_self(int descriptor, struct error *error)
{
	const struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS};
	const struct rlimit none = {0, 0};

	if (dup2(descriptor, 0) < 0 || syscall(SYS_close_range, 1U, ~0U, 0U) < 0 || setrlimit(RLIMIT_CPU, &cpu) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0 ||
	    install_filter() < 0)
		return error_set_errno(error, E_SYSTEM, "seccomp", errno, "the parser's child cannot be confined");
	return 0;
}

void confine_exit(int status)
{
	for (;;)
		(void)syscall(SYS_exit_group, status);
}

static void run_child(int socket, void (*body)(int socket, void *context), void *context)
{
	/* The parent's death must not leave it behind. */
	(void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (confine_self(socket, NULL) < 0)
		confine_exit(1);
	body(0, context);
	confine_exit(0);
}

int confine_start(void (*body)(int socket, void *context), void *context, int *ret_socket, pid_t *ret_pid,
                  struct error *error)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_set_errno(error, E_SYSTEM, "socketpair", errno, "the parser's child cannot be started");
	const pid_t pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		run_child(ends[1], body, context);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		const int number = errno;
		(void)close(ends[0]);
		return error_set_errno(error, E_SYSTEM, "fork", number, "the parser's child cannot be started");
	}
	*ret_socket = ends[0];
	*ret_pid = pid;
	return 0;
}

bool confine_wait(pid_t pid)
{
	int status = 0;

	/* A child that has done its work has ended, or is about to: nothing is lost by the signal. */
	for (int i = 0; i < 50; i++) {
		const pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		if (ended < 0 && errno != EINTR)
			return false;
		(void)usleep(2000);
	}
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return false;
}
