/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/passphrase.h"
#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>

/* One byte after the other, so that what follows the line stays for whoever reads next. */
static int read_line(int fd, const char *name, struct secret *line, struct error *error)
{
	for (;;) {
		uint8_t byte = 0;
		ssize_t got = read(fd, &byte, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(error, E_IO, name, errno, "the passphrase cannot be read from %s", name);
		if (got == 0 || byte == '\n')
			return 0;
		if (line->size == line->capacity)
			return error_set(
			    error, E_TOO_LARGE, name,
			    "the passphrase from %s is longer than the %d bytes that a passphrase may have", name,
			    OWNER_PASSPHRASE_MAX);
		line->data[line->size++] = byte;
		memory_wipe(&byte, 1);
	}
}

static int read_secret(int fd, const char *name, struct secret *ret_passphrase, struct error *error)
{
	CLEANUP(secret_clear) struct secret line = {0};
	int r;

	if (secret_allocate(OWNER_PASSPHRASE_MAX, &line) < 0)
		return error_set(error, E_MEMORY, name, "no locked memory for the passphrase");
	r = read_line(fd, name, &line, error);
	if (r == 0)
		*ret_passphrase = TAKE(line, (struct secret){0});
	return r;
}

int command_passphrase_read(const char *path, struct secret *ret_passphrase, struct error *error)
{
	CLEANUP_CLOSE int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_secret(STDIN_FILENO, "standard input", ret_passphrase, error);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_set_errno(error, errno == ENOENT ? E_NOT_FOUND : E_IO, path, errno,
		                       "the passphrase cannot be read from %s", path);
	return read_secret(fd, path, ret_passphrase, error);
}

int command_passphrase_ask(const char *prompt, struct secret *ret_passphrase, struct error *error)
{
	CLEANUP_CLOSE int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before, silent;
	int r;

	if (fd < 0 || tcgetattr(fd, &before) != 0)
		return error_set(error, E_USAGE, "passphrase",
		                 "there is no terminal to ask for the %s on; give it by a file or descriptor", prompt);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	silent.c_lflag |= ICANON | ECHONL | ISIG;
	if (tcsetattr(fd, TCSAFLUSH, &silent) != 0)
		return error_set_errno(error, E_IO, "/dev/tty", errno, "the terminal's echo cannot be switched off");
	(void)dprintf(fd, "%s: ", prompt);
	r = read_secret(fd, "/dev/tty", ret_passphrase, error);
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	return r;
}

int command_owner_passphrase(struct tpm *tpm, const char *path, struct secret *ret_owner, struct error *error)
{
	struct tpm_info info;
	int r;

	if (path)
		return command_passphrase_read(path, ret_owner, error);
	r = tpm_get_info(tpm, &info, error);
	if (r < 0 || !info.owner_auth_set)
		return r;
	r = command_passphrase_ask("TPM owner passphrase", ret_owner, error);
	if (r == -E_USAGE)
		return error_set(
		    error, E_WRONG_AUTH, "TPM",
		    "the TPM has an owner passphrase, and there is no terminal to ask for it on; give it with "
		    "--owner-passphrase FILE");
	return r;
}
