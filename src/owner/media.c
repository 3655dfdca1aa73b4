/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/media.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "disk/block.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MOUNT_POINT "/run/heads/media"
#define PREFIX      "heads-"
#define FLAGS       (MS_NODEV | MS_NOSUID | MS_NOEXEC)

static bool attach_as(const char *device, unsigned long more_flags)
{
	static const char *const types[] = {"vfat", "ext4"};

	(void)mkdir(MOUNT_POINT, 0700);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (mount(device, MOUNT_POINT, types[i], FLAGS | more_flags, NULL) == 0)
			return true;
	return false;
}

static bool attach(const char *device)
{
	return attach_as(device, MS_RDONLY);
}

static void detach(void)
{
	(void)umount2(MOUNT_POINT, MNT_DETACH);
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t size = strlen(name), end = strlen(suffix);

	return size > end && strcasecmp(name + size - end, suffix) == 0;
}

static bool is_wanted(enum media_kind kind, const char *name)
{
	if (kind == MEDIA_KEYS)
		return name[0] != '.' && (ends_with(name, ".asc") || ends_with(name, ".gpg") ||
		                          ends_with(name, ".key") || ends_with(name, ".pgp"));
	if (kind == MEDIA_ANSWERS)
		return strncasecmp(name, "heads-owner", strlen("heads-owner")) == 0 && ends_with(name, ".txt");
	if (ends_with(name, ".zip"))
		return name[0] != '.';
	return strncasecmp(name, PREFIX, strlen(PREFIX)) == 0 && (ends_with(name, ".tar") || ends_with(name, ".rom"));
}

static size_t list_device(enum media_kind kind, const char *device, struct media_file *files, size_t room)
{
	const struct dirent *entry;
	size_t count = 0;
	DIR *directory;

	if (room == 0 || !attach(device))
		return 0;
	directory = opendir(MOUNT_POINT);
	while (directory && count < room && (entry = readdir(directory))) { /* NOLINT(concurrency-mt-unsafe) */
		if (!is_wanted(kind, entry->d_name) || strlen(entry->d_name) >= sizeof(files->name))
			continue;
		(void)snprintf(files[count].device, sizeof(files->device), "%.47s", device);
		(void)snprintf(files[count].name, sizeof(files->name), "%.127s", entry->d_name);
		files[count++].package = ends_with(entry->d_name, ".tar");
	}
	if (directory)
		(void)closedir(directory);
	detach();
	return count;
}

size_t media_list(enum media_kind kind, struct media_file files[MEDIA_MAX_FILES])
{
	struct block_device devices[BLOCK_MAX_DEVICES];
	size_t device_count, count = 0;

	block_wait_for_sticks();
	device_count = block_list(devices);
	for (int removable = 1; removable >= 0; removable--)
		for (size_t i = 0; i < device_count; i++)
			if (devices[i].removable == (removable == 1))
				count += list_device(kind, devices[i].path, files + count, MEDIA_MAX_FILES - count);
	return count;
}

int media_read_in(int directory, const char *where, const char *name, size_t limit, struct buffer *content,
                  struct error *error)
{
	CLEANUP_CLOSE int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return error_set(error, E_NOT_FOUND, name, "there is no file %s on %s", name, where);
	if (fd < 0 || fstat(fd, &status) != 0)
		return error_set_errno(error, E_IO, name, errno, "%s on %s cannot be read", name, where);
	if (!S_ISREG(status.st_mode))
		return error_set(error, E_NOT_REGULAR, name, "%s on %s is not a regular file", name, where);
	return file_read_fd(fd, name, limit, content, error);
}

static int read_file(const struct media_file *file, size_t limit, struct buffer *content, struct error *error)
{
	CLEANUP_CLOSE int directory = open(MOUNT_POINT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return media_read_in(directory, file->device, file->name, limit, content, error);
}

int media_read(const struct media_file *file, size_t limit, struct buffer *content, struct error *error)
{
	int r;

	if (!attach(file->device))
		return error_set(error, E_IO, file->device, "%s cannot be mounted any more; is the stick still there?",
		                 file->device);
	r = read_file(file, limit, content, error);
	detach();
	return r;
}

size_t media_places(struct media_place places[MEDIA_MAX_FILES])
{
	struct block_device devices[BLOCK_MAX_DEVICES];
	size_t device_count, count = 0;

	block_wait_for_sticks();
	device_count = block_list(devices);
	for (size_t i = 0; i < device_count && count < MEDIA_MAX_FILES; i++) {
		if (!devices[i].portable || !attach(devices[i].path))
			continue;
		detach();
		(void)snprintf(places[count].device, sizeof(places->device), "%.47s", devices[i].path);
		block_model(devices[i].path, places[count].disk, sizeof(places->disk));
		count++;
	}
	return count;
}

int media_write_in(int directory, const char *where, const char *name, struct bytes content,
                   enum media_existing existing, struct error *error)
{
	struct stat status;

	if (existing == MEDIA_KEEP && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(error, E_EXISTS, name, "there is a file %s on %s already, and it stays", name, where);
	return file_replace(directory, name, content, 0600, error);
}

static int write_file(const struct media_file *file, struct bytes content, enum media_existing existing,
                      struct error *error)
{
	CLEANUP_CLOSE int directory = open(MOUNT_POINT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return error_set_errno(error, E_IO, file->device, errno, "%s cannot be opened", file->device);
	return media_write_in(directory, file->device, file->name, content, existing, error);
}

int media_write(const struct media_file *file, struct bytes content, enum media_existing existing, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer again = {0};
	int r;

	if (!attach_as(file->device, 0))
		return error_set(error, E_IO, file->device,
		                 "%s cannot be mounted to write on; is the stick still there, and not write-protected?",
		                 file->device);
	r = write_file(file, content, existing, error);
	/* Not lazily: once it is unmounted, all of it is on the stick, and the owner may pull it out. */
	if (umount2(MOUNT_POINT, 0) != 0) {
		detach();
		if (r == 0)
			r = error_set_errno(error, E_IO, file->device, errno, "%s cannot be unmounted", file->device);
	}
	if (r == 0)
		r = media_read(file, content.size, &again, error);
	if (r == 0 && !bytes_equal(buffer_bytes(&again), content))
		return error_set(error, E_IO, file->device, "%s on %s does not read as it was written", file->name,
		                 file->device);
	return r;
}
