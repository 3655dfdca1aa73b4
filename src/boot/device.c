/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/device.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "disk/block.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#define SUPERBLOCK_SIZE    4096
#define READ_AHEAD_SECTORS 4096UL /* of 512 bytes: 2 MiB */

/* The file system by its magic numbers; NULL for none of ours. */
static const char *recognise(const char *path, bool *found_luks)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t block[SUPERBLOCK_SIZE];

	if (fd < 0 || pread(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block))
		return NULL;
	if (memcmp(block, "LUKS\xba\xbe", 6) == 0) {
		*found_luks = true;
		return NULL;
	}
	if (block[1080] == 0x53 && block[1081] == 0xef)
		return "ext4";
	if (block[510] == 0x55 && block[511] == 0xaa &&
	    (memcmp(block + 54, "FAT", 3) == 0 || memcmp(block + 82, "FAT32", 5) == 0))
		return "vfat";
	return NULL;
}

/* Something that only a /boot has; the names are the original's and the boot loaders' own. */
static bool looks_like_boot(const char *mount_point)
{
	static const char *const marks[] = {"kexec.sig", "grub", "grub2",     "loader",    "extlinux",
	                                    "syslinux",  "EFI",  "boot/grub", "boot/grub2"};
	CLEANUP_CLOSE int directory = open(mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		struct stat status;

		if (fstatat(directory, marks[i], &status, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

/* Every file is read from end to end, so that the disk may work ahead: with the kernel's 128 KiB it waits for us and we
 * for it. Only speed depends on it. */
void boot_device_read_ahead(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)ioctl(fd, BLKRASET, READ_AHEAD_SECTORS);
}

/* Mounts and looks. 1 where it is a /boot, 0 where not, a negative error where it cannot be mounted. */
static int try_device(const char *path, const char *mount_point, struct boot_device *device, struct error *error)
{
	const char *type = recognise(path, &device->found_luks);

	if (!type)
		return 0;
	if (mount(path, mount_point, type, MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL) != 0)
		return error_set_errno(error, E_IO, path, errno, "%s looks like %s and cannot be mounted", path, type);
	if (!looks_like_boot(mount_point)) {
		(void)umount2(mount_point, MNT_DETACH);
		return 0;
	}
	boot_device_read_ahead(path);
	(void)snprintf(device->path, sizeof(device->path), "%s", path);
	(void)snprintf(device->type, sizeof(device->type), "%s", type);
	return 1;
}

/* All devices once: partitions first, then whole disks. Removable ones are for "boot from USB", which is asked for. */
static int scan(const char *mount_point, struct boot_device *device, size_t *ret_seen, struct error *error)
{
	struct block_device devices[BLOCK_MAX_DEVICES];
	size_t count = block_list(devices);
	int failed = 0;

	*ret_seen = 0;
	for (int partitions = 1; partitions >= 0; partitions--) {
		for (size_t i = 0; i < count; i++) {
			int r;

			if (devices[i].removable || devices[i].partition != (partitions == 1))
				continue;
			++*ret_seen;
			r = try_device(devices[i].path, mount_point, device, error);
			if (r > 0)
				return 1;
			if (r < 0) {
				log_error(error);
				failed = r;
			}
		}
	}
	return failed;
}

static void sleep_ms(unsigned milliseconds)
{
	struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};

	(void)nanosleep(&pause, NULL);
}

int boot_device_find(const char *saved, const char *mount_point, unsigned wait_ms, struct boot_device *ret_device,
                     struct error *error)
{
	unsigned long long deadline = log_now_ms() + wait_ms;
	size_t seen = 0;
	int r;

	*ret_device = (struct boot_device){0};
	for (;;) {
		if (saved && access(saved, F_OK) == 0) {
			r = try_device(saved, mount_point, ret_device, error);
			if (r != 0)
				return r < 0 ? r : 0;
		}
		r = scan(mount_point, ret_device, &seen, error);
		if (r > 0)
			return 0;
		if (r < 0 || seen > 0 || log_now_ms() >= deadline)
			break;
		sleep_ms(50);
	}
	if (r < 0)
		return r;
	if (seen == 0)
		return error_set(error, E_NOT_FOUND, "/boot",
		                 "no disk was found; check its connection, or boot from a USB stick");
	if (ret_device->found_luks)
		return error_set(error, E_NOT_FOUND, "/boot",
		                 "no /boot was found on %zu disks and partitions, though one is encrypted: install the "
		                 "system with an "
		                 "unencrypted /boot of its own",
		                 seen);
	return error_set(error, E_NOT_FOUND, "/boot",
	                 "no /boot (ext4 or vfat with a boot loader's folder) was found on %zu disks and partitions",
	                 seen);
}

int boot_device_writable(const char *mount_point, bool writable, struct error *error)
{
	unsigned long flags =
	    MS_REMOUNT | MS_NODEV | MS_NOSUID | MS_NOEXEC | (writable ? 0UL : (unsigned long)MS_RDONLY);

	if (mount(NULL, mount_point, NULL, flags, NULL) != 0)
		return error_set_errno(error, E_IO, mount_point, errno, "%s cannot be made %s", mount_point,
		                       writable ? "writable" : "read-only again");
	return 0;
}

void boot_device_release(const char *mount_point)
{
	(void)umount2(mount_point, MNT_DETACH);
}
