/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot directory, keys of GnuPG, and a way to run programs: for the tests of boot/. */
#ifndef HEADS_TESTS_UNIT_BOOT_FIXTURE_H
#define HEADS_TESTS_UNIT_BOOT_FIXTURE_H

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "unit/cmocka_all.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything lives below one directory, which is removed at the end. */
static char fixture_root[64];

/* A path below the root. The text lives until the eighth call from here. */
static __attribute__((unused)) const char *at(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *at(const char *format, ...)
{
	static char paths[8][6000];
	static unsigned next;
	char *path = paths[next++ % 8];
	va_list arguments;
	int used = snprintf(path, sizeof(paths[0]), "%s/", fixture_root);

	va_start(arguments, format);
	(void)vsnprintf(path + used, sizeof(paths[0]) - (size_t)used, format, arguments);
	va_end(arguments);
	return path;
}

static __attribute__((unused)) int remove_one(const char *path, const struct stat *status, int kind, struct FTW *state)
{
	(void)status;
	(void)kind;
	(void)state;
	return remove(path);
}

static __attribute__((unused)) void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static __attribute__((unused)) void fixture_start(void)
{
	digest_library_start();
	(void)snprintf(fixture_root, sizeof(fixture_root), "/tmp/heads-test-XXXXXX");
	if (!mkdtemp(fixture_root))
		abort();
}

static __attribute__((unused)) void fixture_end(void)
{
	remove_tree(fixture_root);
}

static __attribute__((unused)) void make_directory(const char *path)
{
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
}

static __attribute__((unused)) void write_bytes(const char *path, struct bytes bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, path, bytes, NULL), 0);
	assert_int_equal(close(fd), 0);
}

static __attribute__((unused)) void write_text(const char *path, const char *text)
{
	write_bytes(path, bytes_from_string(text));
}

static __attribute__((unused)) void read_text(const char *path, struct buffer *text)
{
	assert_int_equal(file_read(path, (size_t)1 << 24, text, NULL), 0);
	assert_non_null(buffer_string(text));
}

/* Runs a shell command line, which is the test's own and never the program's; returns its exit status. */
static __attribute__((unused)) int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *format, ...)
{
	char command[8192];
	va_list arguments;
	int status;
	pid_t pid;

	va_start(arguments, format);
	(void)vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		execl("/bin/bash", "bash", "-c", command, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* A GnuPG home "gnupg" with the keys owner, other, expired and revoked, each exported to NAME.gpg, and the fingerprints
 * in NAME.fpr. All are Ed25519, without passphrase. */
static __attribute__((unused)) void make_keys(void)
{
	assert_int_equal(
	    shell("set -e; cd %s; mkdir -m 700 gnupg; export GNUPGHOME=$PWD/gnupg\n"
	          "make() { gpg --batch --passphrase '' ${4:-} --quick-gen-key \"$1 <$1@example.org>\" ed25519 sign $2;"
	          " gpg --with-colons --list-keys \"$1@example.org\" | awk -F: '/^fpr/{print $10;exit}' | tr -d '\\n' "
	          "> $1.fpr; }\n"
	          "make owner never; make other never; make revoked never\n"
	          "make expired 30d x --faked-system-time=20200101T000000\n"
	          "make future never x --faked-system-time=20370101T000000\n"
	          "gpg --armor --export $(cat revoked.fpr) > revoked-before.gpg\n"
	          "sed 's/^:---/---/' gnupg/openpgp-revocs.d/$(cat revoked.fpr).rev > revoke.asc\n"
	          "for n in owner other expired future; do gpg --export $(cat $n.fpr) > $n.gpg; done\n"
	          "gpg --armor --export $(cat owner.fpr) > owner.asc\n",
	          fixture_root),
	    0);
}

/* Revokes the key "revoked", after it signed. */
static __attribute__((unused)) void revoke_key(void)
{
	assert_int_equal(shell("set -e; cd %s; export GNUPGHOME=$PWD/gnupg; gpg --batch --import revoke.asc;"
	                       " gpg --export $(cat revoked.fpr) > revoked.gpg",
	                       fixture_root),
	                 0);
}

/* gpg-agent is a child of nobody: it is told to end before its home is removed. */
static __attribute__((unused)) void end_keys(void)
{
	(void)shell("gpgconf --homedir %s/gnupg --kill all", fixture_root);
}

/* Signs a directory as the original does (its shell commands), with one of the keys. */
static __attribute__((unused)) void sign_as_original(const char *directory, const char *key, const char *options)
{
	assert_int_equal(
	    shell("set -e -o pipefail; export LC_ALL=C GNUPGHOME=%s/gnupg; cd %s; rm -f kexec.sig\n"
	          "find ./ -type f ! -path './kexec*' -print0 | xargs -0 sha256sum > kexec_hashes.txt\n"
	          "find ./ ! -path './kexec*' -print0 | sort -z > kexec_tree.txt\n"
	          "sha256sum kexec*.txt | gpg --batch --yes %s -u $(cat %s/%s.fpr) --detach-sign -a > kexec.sig\n",
	          fixture_root, directory, options, fixture_root, key),
	    0);
}

/* Signs the listing of what is there, whatever it is. */
static __attribute__((unused)) void sign_listing(const char *directory, const char *key, const char *options)
{
	assert_int_equal(
	    shell("set -e -o pipefail; export LC_ALL=C GNUPGHOME=%s/gnupg; cd %s\n"
	          "sha256sum kexec*.txt | gpg --batch --yes %s -u $(cat %s/%s.fpr) --detach-sign -a > kexec.sig\n",
	          fixture_root, directory, options, fixture_root, key),
	    0);
}

/* A small /boot: kernel, initrd, a link, a directory with a configuration, an empty directory. */
static __attribute__((unused)) void make_boot(const char *directory)
{
	make_directory(directory);
	assert_int_equal(
	    shell("set -e; cd %s; mkdir -p grub/fonts lost+found; echo kernel > vmlinuz-6.1; echo initrd > "
	          "initrd.img-6.1;"
	          " ln -s vmlinuz-6.1 vmlinuz; echo menuentry > grub/grub.cfg; echo font > grub/fonts/unicode.pf2;"
	          " ln -s grub/fonts fonts; : > empty",
	          directory),
	    0);
}

#endif
