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
#define FLAGS       (MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC)

static bool attach_with(const char *device, unsigned long flags)
{
	static const char *const types[] = {"vfat", "ext4"};

	(void)mkdir(MOUNT_POINT, 0700);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (mount(device, MOUNT_POINT, types[i], flags, NULL) == 0)
			return true;
	return false;
}

static bool attach(const char *device)
{
	return attach_with(device, FLAGS);
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
	size_t device_count = block_list(devices), count = 0;

	for (int removable = 1; removable >= 0; removable--)
		for (size_t i = 0; i < device_count; i++)
			if (devices[i].removable == (removable == 1))
				count += list_device(kind, devices[i].path, files + count, MEDIA_MAX_FILES - count);
	return count;
}

static int read_file(const struct media_file *file, size_t limit, struct buffer *content, struct error *error)
{
	CLEANUP_CLOSE int directory = open(MOUNT_POINT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int fd = openat(directory, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		return error_set_errno(error, E_IO, file->name, errno, "%s on %s cannot be read", file->name,
		                       file->device);
	if (!S_ISREG(status.st_mode))
		return error_set(error, E_NOT_REGULAR, file->name, "%s on %s is not a regular file", file->name,
		                 file->device);
	return file_read_fd(fd, file->name, limit, content, error);
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

/* --- writing -------------------------------------------------------------------------------------------------------
 */

size_t media_places(struct media_place places[MEDIA_MAX_FILES])
{
	struct block_device devices[BLOCK_MAX_DEVICES];
	size_t device_count = block_list(devices), count = 0;

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

int media_write(const struct media_place *place, const char *name, struct bytes content, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer again = {0};
	struct media_file file = {.package = false};
	int directory, r;

	if (!attach_with(place->device, FLAGS & ~(unsigned long)MS_RDONLY))
		return error_set_errno(error, E_IO, place->device, errno, "%s cannot be written to", place->device);
	directory = open(MOUNT_POINT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = directory < 0 ? error_set_errno(error, E_IO, place->device, errno, "%s cannot be opened", place->device)
	                  : file_replace(directory, name, content, 0644, error);
	cleanup_close(&directory);
	/* Not lazily: once it is unmounted, all of it is on the stick. */
	if (umount2(MOUNT_POINT, 0) != 0) {
		detach();
		if (r == 0)
			r = error_set_errno(error, E_IO, place->device, errno, "%s cannot be unmounted", place->device);
	}
	if (r < 0)
		return r;
	(void)snprintf(file.device, sizeof(file.device), "%s", place->device);
	(void)snprintf(file.name, sizeof(file.name), "%s", name);
	r = media_read(&file, content.size, &again, error);
	if (r == 0 && !bytes_equal(buffer_bytes(&again), content))
		return error_set(error, E_IO, place->device, "%s on %s does not read as it was written", name,
		                 place->device);
	return r;
}
