/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/load.h"
#include "base/cleanup.h"
#include "base/file.h"
#include <errno.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define INITRD_ALIGNMENT  4
#define CMDLINE_MAX_BYTES 2017 /* with the NUL: arch/x86 COMMAND_LINE_SIZE less what kexec puts before it */

static int check_sealed(int fd, const char *what, struct error *error)
{
	if (!memfd_is_sealed(fd))
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

void load_forget(void)
{
	(void)syscall(SYS_kexec_file_load, -1, -1, 1UL, "", (unsigned long)KEXEC_FILE_UNLOAD);
}

/* Zeros behind what another archive follows: to a multiple of 4 bytes, as the kernel's cpio reader wants, and at least
 * 4, which end the data of lz4. */
static struct bytes padding(uint64_t size)
{
	static const uint8_t zeros[2 * INITRD_ALIGNMENT];

	return bytes_make(zeros, INITRD_ALIGNMENT + (INITRD_ALIGNMENT - size % INITRD_ALIGNMENT) % INITRD_ALIGNMENT);
}

void load_initrd_borrow(int fd, struct memfd_room *room, struct load_initrd *ret_initrd)
{
	*ret_initrd = (struct load_initrd){.fd = fd, .borrowed = true, .room = room};
}

static int copy(int joined, const struct bytes *initrds, size_t count, struct error *error)
{
	uint64_t size = 0;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct bytes zeros = i > 0 ? padding(size) : BYTES_EMPTY;

		r = file_write_all(joined, "initrd", zeros, NULL);
		if (r == 0)
			r = file_write_all(joined, "initrd", initrds[i], NULL);
		size += zeros.size + initrds[i].size;
	}
	return r < 0 ? error_set(error, E_MEMORY, "initrd", "the initrds cannot be joined in memory") : 0;
}

int load_initrd_join(const struct bytes *initrds, size_t count, size_t room, struct load_initrd *ret_initrd,
                     struct error *error)
{
	CLEANUP_CLOSE int joined = memfd_create("initrd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (joined < 0)
		return error_set_errno(error, E_MEMORY, "initrd", errno, "no memory file can be made for the initrds");
	r = copy(joined, initrds, count, error);
	if (r == 0)
		r = memfd_seal_with_room(joined, "initrd", room, &ret_initrd->own, error);
	if (r < 0)
		return r;
	ret_initrd->room = &ret_initrd->own;
	ret_initrd->fd = TAKE_FD(joined);
	return 0;
}

size_t load_initrd_room(struct bytes segment)
{
	return 2 * (size_t)INITRD_ALIGNMENT + segment.size;
}

int load_initrd_add(struct load_initrd *initrd, struct bytes segment, struct error *error)
{
	int r = memfd_append(initrd->fd, "initrd", initrd->room, padding((uint64_t)initrd->room->end), error);

	return r < 0 ? r : memfd_append(initrd->fd, "initrd", initrd->room, segment, error);
}

int load_initrd_seal(struct load_initrd *initrd, struct error *error)
{
	return memfd_seal_room(initrd->fd, "initrd", error);
}

void load_initrd_wipe(struct load_initrd *initrd)
{
	if (initrd->room)
		memfd_room_wipe(initrd->room);
	if (!initrd->borrowed)
		cleanup_close(&initrd->fd);
	*initrd = (struct load_initrd){.fd = -1};
}
