/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/image.h"
#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FLASH_END ((uint64_t)1 << 32)

int rom_open_file(const char *path, struct rom_image *ret_image, struct error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	void *data;

	if (fd < 0 && errno == ENOENT)
		return error_set(error, E_NOT_FOUND, path, "the ROM file %s does not exist", path);
	if (fd < 0 || fstat(fd, &status) != 0)
		return error_set_errno(error, E_IO, path, errno, "the ROM file %s cannot be opened", path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, E_NOT_REGULAR, path, "%s is not a regular file", path);
	if (status.st_size == 0)
		return error_set(error, E_MALFORMED, path, "the ROM file %s is empty", path);
	if ((uint64_t)status.st_size > ROM_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, path,
		                 "the ROM file %s has %lld bytes, more than the %zu of any flash chip", path,
		                 (long long)status.st_size, ROM_MAX_SIZE);
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return error_set_errno(error, E_IO, path, errno, "the ROM file %s cannot be read", path);
	ret_image->bytes = bytes_make(data, (size_t)status.st_size);
	return 0;
}

int rom_open_flash(size_t size, struct rom_image *ret_image, struct error *error)
{
	CLEANUP_CLOSE int fd = -1;
	void *data;

	if (size < (size_t)1 << 20 || size > (size_t)16 << 20 || (size & (size - 1)) != 0)
		return error_set(error, E_USAGE, "CONFIG_FLASH_SIZE",
		                 "CONFIG_FLASH_SIZE is %zu; expected a power of two from 1 MiB to 16 MiB", size);
	fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(error, E_IO, "/dev/mem", errno, "the flash cannot be read");
	data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)(FLASH_END - size));
	if (data == MAP_FAILED)
		return error_set_errno(error, E_IO, "/dev/mem", errno, "the flash cannot be mapped");
	ret_image->bytes = bytes_make(data, size);
	return 0;
}

void rom_close(struct rom_image *image)
{
	if (image->bytes.data)
		(void)munmap((void *)(uintptr_t)image->bytes.data, image->bytes.size);
	image->bytes = BYTES_EMPTY;
}
