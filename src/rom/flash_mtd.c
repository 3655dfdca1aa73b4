/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's MTD devices (Linux, include/uapi/mtd/mtd-abi.h), and image files with the same manners. */
#include "base/cleanup.h"
#include "rom/flash.h"
#include "rom/image.h"
#include <errno.h>
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FILE_BLOCK_SIZE 4096

struct chip {
	int fd;
	size_t block_size;
	char path[256];
};

/* musl's ioctl takes an int, glibc's an unsigned long; the kernel takes 32 bits. */
static int chip_control(const struct chip *chip, unsigned long request, void *argument)
{
	return (int)syscall(SYS_ioctl, chip->fd, request, argument);
}

static int chip_read(void *context, size_t offset, uint8_t *data, size_t size, struct error *error)
{
	const struct chip *chip = context;

	for (size_t done = 0; done < size;) {
		ssize_t got = pread(chip->fd, data + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set_errno(error, E_IO, chip->path, got < 0 ? errno : EIO,
			                       "%s cannot be read at 0x%zx", chip->path, offset + done);
		done += (size_t)got;
	}
	return 0;
}

static int chip_write(void *context, size_t offset, struct bytes bytes, struct error *error)
{
	const struct chip *chip = context;

	for (size_t done = 0; done < bytes.size;) {
		ssize_t put = pwrite(chip->fd, bytes.data + done, bytes.size - done, (off_t)(offset + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return error_set_errno(error, E_IO, chip->path, put < 0 ? errno : EIO,
			                       "%s cannot be written at 0x%zx", chip->path, offset + done);
		done += (size_t)put;
	}
	return 0;
}

static int mtd_erase(void *context, size_t offset, struct error *error)
{
	const struct chip *chip = context;
	struct erase_info_user erase = {.start = (uint32_t)offset, .length = (uint32_t)chip->block_size};

	if (chip_control(chip, MEMERASE, &erase) == 0)
		return 0;
	return error_set_errno(error, E_IO, chip->path, errno, "the block at 0x%zx of %s cannot be erased", offset,
	                       chip->path);
}

static int file_erase(void *context, size_t offset, struct error *error)
{
	const struct chip *chip = context;
	uint8_t erased[FILE_BLOCK_SIZE];

	memset(erased, 0xff, sizeof(erased));
	return chip_write(context, offset, bytes_make(erased, chip->block_size), error);
}

static void chip_close(void *context)
{
	struct chip *chip = context;

	(void)close(chip->fd);
	free(chip);
}

static int chip_open(const char *path, int flags, struct chip **ret_chip, struct error *error)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	struct chip *chip;

	if (fd < 0 && errno == ENOENT)
		return error_set(error, E_NOT_FOUND, path, "there is no %s", path);
	if (fd < 0)
		return error_set_errno(error, E_IO, path, errno, "%s cannot be opened for writing", path);
	chip = calloc(1, sizeof(*chip));
	if (!chip) {
		(void)close(fd);
		return error_set(error, E_MEMORY, path, "there is not enough memory to open %s", path);
	}
	chip->fd = fd;
	(void)snprintf(chip->path, sizeof(chip->path), "%s", path);
	*ret_chip = chip;
	return 0;
}

int flash_open_mtd(const char *path, struct flash **ret_flash, struct error *error)
{
	struct flash_device device = {.read = chip_read, .write = chip_write, .erase = mtd_erase, .close = chip_close};
	struct mtd_info_user info;
	struct chip *chip;
	int r = chip_open(path, O_RDWR | O_SYNC, &chip, error);

	if (r < 0)
		return r;
	if (chip_control(chip, MEMGETINFO, &info) != 0)
		r = error_set_errno(error, E_IO, path, errno, "%s is no flash chip (MTD)", path);
	else if (info.type != MTD_NORFLASH || info.size > ROM_MAX_SIZE)
		r = error_set(error, E_UNSUPPORTED, path, "%s is no NOR flash of at most %zu bytes", path,
		              ROM_MAX_SIZE);
	if (r < 0) {
		chip_close(chip);
		return r;
	}
	chip->block_size = info.erasesize;
	device.name = chip->path;
	device.context = chip;
	device.size = info.size;
	device.block_size = info.erasesize;
	return flash_open_device(&device, ret_flash, error);
}

int flash_open_file(const char *path, struct flash **ret_flash, struct error *error)
{
	struct flash_device device = {.block_size = FILE_BLOCK_SIZE,
	                              .read = chip_read,
	                              .write = chip_write,
	                              .erase = file_erase,
	                              .close = chip_close};
	struct stat status;
	struct chip *chip;
	int r = chip_open(path, O_RDWR, &chip, error);

	if (r < 0)
		return r;
	if (fstat(chip->fd, &status) != 0)
		r = error_set_errno(error, E_IO, path, errno, "%s cannot be read", path);
	else if (!S_ISREG(status.st_mode))
		r = error_set(error, E_NOT_REGULAR, path, "%s is not a regular file", path);
	else if (status.st_size > (off_t)ROM_MAX_SIZE)
		r = error_set(error, E_TOO_LARGE, path, "the ROM file %s has %lld bytes, more than the %zu of any chip",
		              path, (long long)status.st_size, ROM_MAX_SIZE);
	if (r < 0) {
		chip_close(chip);
		return r;
	}
	chip->block_size = FILE_BLOCK_SIZE;
	device.name = chip->path;
	device.context = chip;
	device.size = (size_t)status.st_size;
	return flash_open_device(&device, ret_flash, error);
}
