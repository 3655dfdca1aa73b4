/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/seen_key.h"
#include "base/log.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define START_OFFSET   64 /* behind the Name */
#define START_RECORDED 1

int seen_key_open(struct error *error)
{
	int fd = memfd_create("seen-key", MFD_CLOEXEC);

	return fd >= 0 ? fd : error_set_errno(error, E_MEMORY, "TPM", errno, "there is no memory for the key's Name");
}

static void write_down(int fd, struct bytes what, off_t offset)
{
	struct error error;

	if (pwrite(fd, what.data, what.size, offset) == (ssize_t)what.size)
		return;
	(void)error_set_errno(&error, E_IO, "TPM", errno, "what this start has seen of it cannot be written down");
	log_error(&error);
}

void seen_key_write(int fd, struct tpm *tpm)
{
	struct bytes name;

	if (fd < 0 || !tpm || tpm_storage_key_name(tpm, &name, NULL) < 0 || name.size != TPM_NAME_SIZE)
		return;
	write_down(fd, name, 0);
}

struct bytes seen_key_read(int fd, uint8_t name[TPM_NAME_SIZE])
{
	if (fd < 0 || pread(fd, name, TPM_NAME_SIZE, 0) != TPM_NAME_SIZE)
		return BYTES_EMPTY;
	/* Only the start was written down. */
	if (bytes_are_all(bytes_make(name, TPM_NAME_SIZE), 0))
		return BYTES_EMPTY;
	return bytes_make(name, TPM_NAME_SIZE);
}

void seen_start_write(int fd)
{
	const uint8_t recorded = START_RECORDED;

	if (fd >= 0)
		write_down(fd, bytes_make(&recorded, sizeof(recorded)), START_OFFSET);
}

bool seen_start_is_recorded(int fd)
{
	uint8_t recorded = 0;

	return fd >= 0 && pread(fd, &recorded, sizeof(recorded), START_OFFSET) == (ssize_t)sizeof(recorded) &&
	       recorded == START_RECORDED;
}
