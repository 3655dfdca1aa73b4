/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/seen_key.h"
#include "base/log.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int seen_key_open(struct error *error)
{
	int fd = memfd_create("seen-key", MFD_CLOEXEC);

	return fd >= 0 ? fd : error_set_errno(error, E_MEMORY, "TPM", errno, "there is no memory for the key's Name");
}

void seen_key_write(int fd, struct tpm *tpm)
{
	struct bytes name;
	struct error error;

	if (fd < 0 || !tpm || tpm_storage_key_name(tpm, &name, NULL) < 0 || name.size != TPM_NAME_SIZE)
		return;
	if (pwrite(fd, name.data, name.size, 0) == (ssize_t)name.size)
		return;
	(void)error_set_errno(&error, E_IO, "TPM", errno, "the Name of its key cannot be written down");
	log_error(&error);
}

struct bytes seen_key_read(int fd, uint8_t name[TPM_NAME_SIZE])
{
	if (fd < 0 || pread(fd, name, TPM_NAME_SIZE, 0) != TPM_NAME_SIZE)
		return BYTES_EMPTY;
	return bytes_make(name, TPM_NAME_SIZE);
}
