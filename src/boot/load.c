/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/load.h"
#include "base/cleanup.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define ALL_SEALS         (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
#define SECRET_SEALS      (F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
#define INITRD_ALIGNMENT  4
#define CMDLINE_MAX_BYTES 2017 /* with the NUL: arch/x86 COMMAND_LINE_SIZE less what kexec puts before it */

static int check_sealed(int fd, const char *what, struct error *error)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || ((seals & ALL_SEALS) != ALL_SEALS && (seals & SECRET_SEALS) != SECRET_SEALS))
		return error_set(error, E_REFUSED, what, "the %s is not in a sealed memory file", what);
	return 0;
}

int load_kernel(int kernel, int initrd, const char *cmdline, struct error *error)
{
	unsigned long flags = initrd < 0 ? KEXEC_FILE_NO_INITRAMFS : 0;
	size_t size = strlen(cmdline) + 1;
	int r = check_sealed(kernel, "kernel", error);

	if (r == 0 && initrd >= 0)
		r = check_sealed(initrd, "initrd", error);
	if (r < 0)
		return r;
	if (size > CMDLINE_MAX_BYTES)
		return error_set(
		    error, E_TOO_LARGE, "command line",
		    "the kernel command line has %zu bytes with its end mark; at most %d can be handed over", size,
		    CMDLINE_MAX_BYTES);
	if (syscall(SYS_kexec_file_load, kernel, initrd, size, cmdline, flags) == 0)
		return 0;
	if (errno == ENOEXEC || errno == EINVAL || errno == EBADF)
		return error_set_errno(error, E_UNSUPPORTED, "kernel", errno,
		                       "the kernel image cannot be started by kexec; choose another entry");
	return error_set_errno(error, E_SYSTEM, "kernel", errno, "the kernel cannot be loaded");
}

static int append_fd(int out, int in, struct error *error)
{
	struct stat status;
	off_t offset = 0;

	if (fstat(in, &status) != 0)
		return error_set_errno(error, E_IO, "initrd", errno, "an initrd cannot be read");
	while (offset < status.st_size) {
		ssize_t done = sendfile(out, in, &offset, (size_t)(status.st_size - offset));

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_set_errno(error, E_MEMORY, "initrd", errno,
			                       "the initrds cannot be joined in memory");
	}
	return 0;
}

/* The zeros behind an initrd that is followed by another. */
static int append_zeros(int out, struct error *error)
{
	static const uint8_t zeros[2 * INITRD_ALIGNMENT];
	off_t size = lseek(out, 0, SEEK_CUR);
	size_t wanted;

	if (size < 0)
		return error_set_errno(error, E_IO, "initrd", errno, "the initrds cannot be joined in memory");
	wanted = INITRD_ALIGNMENT + (size_t)((INITRD_ALIGNMENT - size % INITRD_ALIGNMENT) % INITRD_ALIGNMENT);
	return file_write_all(out, "initrd", bytes_make(zeros, wanted), error);
}

/* Writes the initrds one behind the other into a new memfd, which is not sealed yet. */
static int join(const int *fds, size_t count, bool more, int *ret_fd, struct error *error)
{
	CLEANUP_CLOSE int joined = memfd_create("initrd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = 0;

	if (joined < 0)
		return error_set_errno(error, E_MEMORY, "initrd", errno, "no memory file can be made for the initrds");
	for (size_t i = 0; i < count && r == 0; i++) {
		r = append_fd(joined, fds[i], error);
		if (r == 0 && (more || i + 1 < count))
			r = append_zeros(joined, error);
	}
	if (r == 0)
		*ret_fd = TAKE_FD(joined);
	return r;
}

int load_join_initrds(const int *fds, size_t count, int *ret_fd, struct error *error)
{
	CLEANUP_CLOSE int joined = -1;
	int r = join(fds, count, false, &joined, error);

	if (r == 0)
		r = memfd_seal(joined, "initrd", error);
	if (r == 0)
		*ret_fd = TAKE_FD(joined);
	return r;
}

static int map_secret(struct load_initrd *initrd, struct bytes secret, struct error *error)
{
	off_t end = lseek(initrd->fd, 0, SEEK_END), page = (off_t)sysconf(_SC_PAGESIZE), start;
	void *map;

	if (end < 0 || ftruncate(initrd->fd, end + (off_t)secret.size) != 0)
		return error_set_errno(error, E_MEMORY, "initrd", errno,
		                       "there is not enough memory to join the initrds");
	start = end - end % page;
	initrd->map_size = (size_t)(end - start) + secret.size;
	map = mmap(NULL, initrd->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, initrd->fd, start);
	if (map == MAP_FAILED)
		return error_set_errno(error, E_MEMORY, "initrd", errno,
		                       "there is not enough memory to join the initrds");
	initrd->map = (uint8_t *)map;
	memcpy(initrd->map + (end - start), secret.data, secret.size);
	if (fcntl(initrd->fd, F_ADD_SEALS, SECRET_SEALS) != 0)
		return error_set_errno(error, E_SYSTEM, "initrd", errno, "the joined initrds cannot be sealed");
	return 0;
}

int load_join_secret(const int *fds, size_t count, struct bytes secret, struct load_initrd *ret_initrd,
                     struct error *error)
{
	CLEANUP(load_initrd_wipe) struct load_initrd initrd = {.fd = -1};
	int r = join(fds, count, true, &initrd.fd, error);

	if (r == 0)
		r = map_secret(&initrd, secret, error);
	if (r == 0)
		*ret_initrd = TAKE(initrd, ((struct load_initrd){.fd = -1}));
	return r;
}

void load_initrd_wipe(struct load_initrd *initrd)
{
	if (initrd->map) {
		memory_wipe(initrd->map, initrd->map_size);
		(void)munmap(initrd->map, initrd->map_size);
	}
	if (initrd->fd >= 0)
		(void)close(initrd->fd);
	*initrd = (struct load_initrd){.fd = -1};
}

void load_forget(void)
{
	(void)syscall(SYS_kexec_file_load, -1, -1, 1UL, "", (unsigned long)KEXEC_FILE_UNLOAD);
}
