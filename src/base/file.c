/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"
#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_fd(int fd, const char *name, size_t limit, struct buffer *buffer, struct error *error)
{
	uint8_t chunk[16384];
	size_t total = 0;

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			memory_wipe(chunk, sizeof(chunk));
			return error_set_errno(error, E_IO, name, errno, "%s cannot be read", name);
		}
		if (got == 0)
			break;
		total += (size_t)got;
		if (total > limit) {
			memory_wipe(chunk, sizeof(chunk));
			return error_set(error, E_TOO_LARGE, name, "%s is larger than the limit of %zu bytes", name,
			                 limit);
		}
		buffer_append(buffer, chunk, (size_t)got);
	}
	memory_wipe(chunk, sizeof(chunk));
	if (buffer->failed)
		return error_set(error, E_MEMORY, name, "there is not enough memory to read %s", name);
	return 0;
}

int file_read(const char *path, size_t limit, struct buffer *buffer, struct error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return error_set(error, E_NOT_FOUND, path, "%s does not exist", path);
	if (fd < 0)
		return error_set_errno(error, E_IO, path, errno, "%s cannot be opened", path);
	return file_read_fd(fd, path, limit, buffer, error);
}

int file_write_all(int fd, const char *name, struct bytes bytes, struct error *error)
{
	while (bytes.size > 0) {
		ssize_t done = write(fd, bytes.data, bytes.size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_set_errno(error, E_IO, name, errno, "%s cannot be written", name);
		bytes = bytes_slice(bytes, (size_t)done, bytes.size);
	}
	return 0;
}

int file_replace(int directory, const char *name, struct bytes bytes, mode_t mode, struct error *error)
{
	char temporary[256];
	CLEANUP_CLOSE int fd = -1;
	int r;

	if (snprintf(temporary, sizeof(temporary), ".%s.new", name) >= (int)sizeof(temporary))
		return error_set(error, E_USAGE, name, "the name %s is too long", name);
	(void)unlinkat(directory, temporary, 0);
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return error_set_errno(error, E_IO, name, errno, "%s cannot be created", temporary);
	r = file_write_all(fd, name, bytes, error);
	if (r == 0 && fsync(fd) != 0)
		r = error_set_errno(error, E_IO, name, errno, "%s cannot be written to its disk", name);
	if (r == 0 && renameat(directory, temporary, directory, name) != 0)
		r = error_set_errno(error, E_IO, name, errno, "%s cannot be put in place", name);
	if (r == 0 && fsync(directory) != 0)
		r = error_set_errno(error, E_IO, name, errno, "the directory of %s cannot be written to its disk",
		                    name);
	if (r < 0)
		(void)unlinkat(directory, temporary, 0);
	return r;
}

int file_replace_path(const char *path, struct bytes bytes, struct error *error)
{
	CLEANUP_FREE char *real = realpath(path, NULL);
	const char *whole = real ? real : path, *slash = strrchr(whole, '/');
	CLEANUP_FREE char *parent = slash ? strndup(whole, (size_t)(slash - whole) + 1) : strdup(".");
	CLEANUP_CLOSE int directory = -1;
	mode_t mode = 0644;
	struct stat status;

	if (!parent)
		return error_set(error, E_MEMORY, path, "there is not enough memory to write %s", path);
	directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_set_errno(error, E_IO, path, errno, "the directory of %s cannot be opened", path);
	if (fstatat(directory, slash ? slash + 1 : whole, &status, 0) == 0)
		mode = status.st_mode & 0777;
	return file_replace(directory, slash ? slash + 1 : whole, bytes, mode, error);
}
