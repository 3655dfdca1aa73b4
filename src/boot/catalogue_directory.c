/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory as the catalogue's source. Every path is resolved with the directory as the root, so that no link and no
 * ".." leads out of it (openat2, RESOLVE_IN_ROOT): a boot loader, too, sees the file system's root as the top. */
#include "boot/catalogue.h"

#include "base/cleanup.h"
#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int open_in(int directory, const char *path, uint64_t flags)
{
	const struct open_how how = {
	    .flags = flags | O_CLOEXEC,
	    .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

static enum catalogue_kind directory_kind(void *context, const char *path)
{
	/* O_PATH: nothing is opened that could block or act, as a FIFO or a device. */
	CLEANUP_CLOSE int fd = open_in(*(int *)context, path, O_PATH);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return CATALOGUE_MISSING;
	if (S_ISDIR(status.st_mode))
		return CATALOGUE_DIRECTORY;
	if (!S_ISREG(status.st_mode))
		return CATALOGUE_OTHER;
	return status.st_size == 0 ? CATALOGUE_EMPTY : CATALOGUE_REGULAR;
}

static int directory_read(void *context, const char *path, size_t limit, struct buffer *content)
{
	CLEANUP_CLOSE int fd = open_in(*(int *)context, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0)
		return -E_NOT_FOUND;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return -E_NOT_REGULAR;
	return file_read_fd(fd, path, limit, content, NULL);
}

static int directory_list(void *context, const char *path, struct buffer *names)
{
	const int fd = open_in(*(int *)context, path, O_RDONLY | O_DIRECTORY);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *found = NULL;

	if (!directory) {
		if (fd >= 0)
			(void)close(fd);
		return -E_NOT_FOUND;
	}
	while ((found = readdir(directory)) && names->size < ((size_t)1 << 20))
		buffer_append(names, found->d_name, strlen(found->d_name) + 1);
	(void)closedir(directory);
	return names->failed ? -E_MEMORY : 0;
}

struct catalogue_source catalogue_directory(int *descriptor)
{
	return (struct catalogue_source){descriptor, directory_kind, directory_read, directory_list};
}
