/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session: its home, and gpg. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "dongle/gnupg_programs.h"
#include "dongle/openpgp_private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define GPG_OUTPUT_LIMIT ((size_t)1 << 20)
#define GPG_TIMEOUT_MS   600000 /* RSA-4096 under emulation takes long */
#define MAX_ARGUMENTS    32

void openpgp_path(const struct openpgp *session, const char *name, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/%s", session->home, name);
}

static int write_configuration(const struct openpgp *session, const char *name, const char *text, struct error *error)
{
	CLEANUP_CLOSE int directory = open(session->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return error_set_errno(error, E_SYSTEM, session->home, errno, "the home of GnuPG cannot be opened");
	return file_replace(directory, name, bytes_from_string(text), 0600, error);
}

int openpgp_open(const struct openpgp_options *options, struct openpgp **ret_session, struct error *error)
{
	const char *directory = options && options->directory      ? options->directory
	                        : access("/run", W_OK | X_OK) == 0 ? "/run"
	                                                           : "/tmp";
	CLEANUP_FREE struct openpgp *session = calloc(1, sizeof(*session));
	int r;

	if (!session)
		return error_set(error, E_MEMORY, "gpg", "there is not enough memory");
	r = gnupg_programs_unpack(GNUPG_PROGRAMS, error);
	if (r < 0)
		return r;
	if (!process_is_installed(PROCESS_GPG))
		return error_set(error, E_PROCESS, "gpg", "GnuPG, which handles keys and cards, is not installed");
	if (snprintf(session->home, sizeof(session->home), "%s/gnupg-XXXXXX", directory) >= 72)
		return error_set(error, E_USAGE, directory, "the directory for the home of GnuPG has too long a name");
	if (!mkdtemp(session->home))
		return error_set_errno(error, E_SYSTEM, directory, errno, "no home for GnuPG can be made in %s",
		                       directory);
	r = write_configuration(session, "gpg-agent.conf", "allow-loopback-pinentry\n", error);
	if (r == 0)
		r = write_configuration(session, "scdaemon.conf",
		                        options && options->scdaemon_configuration ? options->scdaemon_configuration
		                                                                   : "disable-pinpad\n",
		                        error);
	*ret_session = TAKE_PTR(session);
	if (r < 0)
		openpgp_close(ret_session);
	return r;
}

/* --- the home ------------------------------------------------------------------------------------------------------
 */

/* Overwrites a file: the file system is in memory, where that reaches the bytes. */
static void wipe(int directory, const char *name)
{
	static const uint8_t zeros[4096];
	CLEANUP_CLOSE int fd = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return;
	for (off_t done = 0; done < status.st_size; done += (off_t)sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), done) < 0)
			return;
}

/* Two levels: what GnuPG makes. */
static void remove_directory(int parent, const char *name, unsigned depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;

	if (!entries) {
		cleanup_close(&fd);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(entries));) { /* NOLINT(concurrency-mt-unsafe) */
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		wipe(fd, entry->d_name);
		if (unlinkat(fd, entry->d_name, 0) != 0 && depth > 0)
			remove_directory(fd, entry->d_name, depth - 1);
	}
	(void)closedir(entries);
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

void openpgp_close(struct openpgp **session)
{
	if (!*session)
		return;
	openpgp_stop(*session);
	remove_directory(AT_FDCWD, (*session)->home, 2);
	memory_wipe(*session, sizeof(**session));
	free(*session);
	*session = NULL;
}

int openpgp_take_output(struct openpgp *session, struct buffer *content, struct error *error)
{
	CLEANUP_CLOSE int directory = open(session->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[OPENPGP_PATH];
	int r;

	openpgp_path(session, OPENPGP_OUTPUT, path, sizeof(path));
	r = file_read(path, OPENPGP_MAX_EXPORT, content, error);
	wipe(directory, OPENPGP_OUTPUT);
	(void)unlinkat(directory, OPENPGP_OUTPUT, 0);
	return r;
}

/* --- gpg -----------------------------------------------------------------------------------------------------------
 */

struct talk {
	const struct openpgp_run *run;
	bool given[OPENPGP_MAX_ANSWERS];
	bool seen[OPENPGP_MAX_ANSWERS]; /* what an answer comes after */
};

/* GET_LINE, GET_BOOL and GET_HIDDEN want a line each. */
static bool answer(void *context, struct bytes line, struct secret *reply)
{
	struct talk *talk = context;
	struct bytes rest, keyword;

	/* What went wrong once is not tried again: a PIN is spent once. */
	if (gnupg_status_is(line, "SC_OP_FAILURE", NULL))
		return false;
	for (size_t i = 0; i < talk->run->answer_count; i++)
		if (!talk->run->answers[i].after || gnupg_status_is(line, talk->run->answers[i].after, NULL))
			talk->seen[i] = true;
	if (!gnupg_status_is(line, "GET_LINE", &rest) && !gnupg_status_is(line, "GET_BOOL", &rest) &&
	    !gnupg_status_is(line, "GET_HIDDEN", &rest))
		return true;
	keyword = text_take_field(&rest, ' ');
	for (size_t i = 0; i < talk->run->answer_count; i++) {
		const struct openpgp_answer *given = &talk->run->answers[i];

		if (talk->given[i] || !talk->seen[i] || !bytes_equal(keyword, bytes_from_string(given->keyword)))
			continue;
		talk->given[i] = !given->repeat;
		if (given->value.size + 1 > reply->capacity)
			return false;
		if (given->value.size > 0)
			memcpy(reply->data, given->value.data, given->value.size);
		reply->data[given->value.size] = '\n';
		reply->size = given->value.size + 1;
		return true;
	}
	return false;
}

int openpgp_gpg(struct openpgp *session, const struct openpgp_run *run, struct buffer *output, int *ret_status,
                struct error *error)
{
	/* No configuration, no trust database, no look at the clock of others: the owner's keys are known by their
	 * fingerprints. */
	const char *arguments[MAX_ARGUMENTS] = {"--homedir",
	                                        session->home,
	                                        "--no-options",
	                                        "--no-tty",
	                                        "--quiet",
	                                        "--expert",
	                                        "--status-fd",
	                                        "1",
	                                        "--command-fd",
	                                        "0",
	                                        "--pinentry-mode",
	                                        "loopback",
	                                        "--yes",
	                                        "--trust-model",
	                                        "always",
	                                        "--no-auto-check-trustdb",
	                                        "--ignore-time-conflict"};
	struct talk talk = {.run = run};
	struct process_request request = {.program = PROCESS_GPG,
	                                  .arguments = arguments,
	                                  .home = session->home,
	                                  .output_limit = GPG_OUTPUT_LIMIT,
	                                  .timeout_ms = GPG_TIMEOUT_MS,
	                                  .answer = answer,
	                                  .answer_context = &talk};
	size_t count = 17;

	if (run->answer_count > OPENPGP_MAX_ANSWERS)
		return error_set(error, E_USAGE, "gpg", "too many answers for gpg");
	for (size_t i = 0; run->arguments[i] && count + 1 < MAX_ARGUMENTS; i++)
		arguments[count++] = run->arguments[i];
	if (run->input >= 0)
		request.keep_fds[request.keep_count++] = run->input;
	return process_run(&request, output, ret_status, error);
}
