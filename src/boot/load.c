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
#define INITRD_ALIGNMENT  4
#define CMDLINE_MAX_BYTES 2017 /* with the NUL: arch/x86 COMMAND_LINE_SIZE less what kexec puts before it */

static int check_sealed(int fd, const char *what, struct error *error)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & ALL_SEALS) != ALL_SEALS)
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
	static const uint8_t zeros[INITRD_ALIGNMENT];
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
	if (status.st_size % INITRD_ALIGNMENT == 0)
		return 0;
	return file_write_all(out, "initrd",
	                      bytes_make(zeros, (size_t)(INITRD_ALIGNMENT - status.st_size % INITRD_ALIGNMENT)), error);
}

int load_join_initrds(const int *fds, size_t count, int *ret_fd, struct error *error)
{
	CLEANUP_CLOSE int joined = memfd_create("initrd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = 0;

	if (joined < 0)
		return error_set_errno(error, E_MEMORY, "initrd", errno, "no memory file can be made for the initrds");
	for (size_t i = 0; i < count && r == 0; i++)
		r = append_fd(joined, fds[i], error);
	if (r == 0)
		r = memfd_seal(joined, "initrd", error);
	if (r == 0)
		*ret_fd = TAKE_FD(joined);
	return r;
}

void load_forget(void)
{
	(void)syscall(SYS_kexec_file_load, -1, -1, 1UL, "", (unsigned long)KEXEC_FILE_UNLOAD);
}
