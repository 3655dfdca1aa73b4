/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk and the look-ups; the reading is in snapshot_read.c. */
#include "boot/snapshot.h"
#include "base/cleanup.h"
#include "boot/snapshot_private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h> /* musl 1.2.3 has no statx of its own */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

int snapshot_open_path(const struct snapshot *snapshot, const char *path, int flags)
{
	CLEANUP_CLOSE int directory = fcntl(snapshot->root, F_DUPFD_CLOEXEC, 0);
	char part[MAX_NAME + 1];

	while (directory >= 0) {
		const char *slash = strchr(path, '/');
		size_t size = slash ? (size_t)(slash - path) : strlen(path);
		int next;

		if (size == 0 || size > MAX_NAME) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, path, size);
		part[size] = '\0';
		if (!slash)
			return openat(directory, part, flags | O_NOFOLLOW | O_CLOEXEC);
		next = openat(directory, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		(void)close(directory);
		directory = next;
		path = slash + 1;
	}
	return -1;
}

static enum tree_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return TREE_FILE;
	case S_IFDIR:
		return TREE_DIRECTORY;
	case S_IFLNK:
		return TREE_LINK;
	case S_IFBLK:
		return TREE_BLOCK;
	case S_IFCHR:
		return TREE_CHARACTER;
	case S_IFIFO:
		return TREE_FIFO;
	default:
		return TREE_SOCKET;
	}
}

static int no_memory(struct error *error)
{
	return error_set(error, E_MEMORY, "", "there is not enough memory for the list of files");
}

static struct snapshot_entry *grow(struct snapshot *snapshot)
{
	struct snapshot_entry *entries;

	if (snapshot->count == snapshot->capacity) {
		size_t capacity = snapshot->capacity ? snapshot->capacity * 2 : 256;

		entries = realloc(snapshot->entries, capacity * sizeof(*entries));
		if (!entries)
			return NULL;
		snapshot->entries = entries;
		snapshot->capacity = capacity;
	}
	entries = &snapshot->entries[snapshot->count++];
	*entries = (struct snapshot_entry){.fd = -1};
	return entries;
}

static char *read_target(int directory, const char *name)
{
	char target[MAX_PATH + 1];
	ssize_t size = readlinkat(directory, name, target, sizeof(target));

	if (size <= 0 || (size_t)size >= sizeof(target))
		return NULL;
	return strndup(target, (size_t)size);
}

/* Whether something is mounted there. A subvolume of btrfs has a device number of its own and is no mount. */
static bool is_mount(int directory, const char *name)
{
	struct statx status;

	if (syscall(SYS_statx, directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &status) != 0)
		return true; /* what cannot be asked is not entered, and so refused */
	return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

static int add(struct snapshot *snapshot, int directory, const char *prefix, const char *name, struct error *error)
{
	size_t prefix_size = strlen(prefix), name_size = strlen(name);
	struct snapshot_entry *entry;
	struct stat status;

	if (snapshot->count >= snapshot->limit)
		return error_set(error, E_TOO_LARGE, prefix, "there are more than %zu files", snapshot->limit);
	if (prefix_size + name_size + 1 > MAX_PATH)
		return error_set(error, E_TOO_LARGE, prefix, "a path below %s is longer than %d bytes", prefix,
		                 MAX_PATH);
	entry = grow(snapshot);
	if (!entry)
		return no_memory(error);
	entry->path = malloc(prefix_size + name_size + 2);
	if (!entry->path)
		return no_memory(error);
	(void)snprintf(entry->path, prefix_size + name_size + 2, "%s%s%s", prefix, prefix_size ? "/" : "", name);
	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0)
		return error_set_errno(error, E_IO, entry->path, errno, "%s cannot be looked at", entry->path);
	entry->type = type_of(status.st_mode);
	entry->device = status.st_dev;
	entry->inode = status.st_ino;
	if (entry->type == TREE_FILE)
		entry->size = (uint64_t)status.st_size;
	if (entry->type == TREE_DIRECTORY)
		entry->mounted = is_mount(directory, name);
	if (entry->type == TREE_LINK) {
		entry->target = read_target(directory, name);
		if (!entry->target)
			return error_set(error, E_IO, entry->path, "the link %s cannot be read", entry->path);
	}
	return 0;
}

static size_t depth_of(const char *path)
{
	size_t depth = 1;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* Adds what a directory holds. fd is taken over. */
static int list(struct snapshot *snapshot, int fd, const char *path, struct error *error)
{
	DIR *stream = fdopendir(fd);
	struct dirent *item;
	int r = 0;

	if (!stream) {
		(void)close(fd);
		return no_memory(error);
	}
	if (path[0] && depth_of(path) > SNAPSHOT_MAX_DEPTH)
		r = error_set(error, E_TOO_LARGE, path, "the directories are more than %d deep", SNAPSHOT_MAX_DEPTH);
	while (r == 0) {
		errno = 0;
		item = readdir(stream);
		if (!item && errno != 0)
			r = error_set_errno(error, E_IO, path, errno, "the directory /%s cannot be listed", path);
		if (!item)
			break;
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
			r = add(snapshot, dirfd(stream), path, item->d_name, error);
	}
	(void)closedir(stream);
	return r;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct snapshot_entry *)a)->path, ((const struct snapshot_entry *)b)->path);
}

/* Entries found so far are the queue: each directory among them is listed in turn, so depth costs no stack. */
static int walk(struct snapshot *snapshot, struct error *error)
{
	int fd, r = 0;

	for (size_t i = 0; r == 0 && i < snapshot->count; i++) {
		CLEANUP_FREE char *path = NULL;

		if (snapshot->entries[i].type != TREE_DIRECTORY || snapshot->entries[i].mounted)
			continue;
		fd = snapshot_open_path(snapshot, snapshot->entries[i].path, O_RDONLY | O_DIRECTORY);
		if (fd < 0) {
			snapshot_fail(&snapshot->entries[i], errno, "it cannot be listed");
			continue;
		}
		path = strdup(snapshot->entries[i].path); /* the array may move */
		r = path ? list(snapshot, fd, path, error) : no_memory(error);
	}
	if (r == 0 && snapshot->count > 0)
		qsort(snapshot->entries, snapshot->count, sizeof(*snapshot->entries), compare_entries);
	return r;
}

/* An empty one. */
static int start(int directory, uint64_t keep_limit, size_t limit, struct snapshot **ret_snapshot, struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot)
		return no_memory(error);
	snapshot->keep_limit = keep_limit;
	snapshot->limit = limit;
	snapshot->root = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	if (snapshot->root < 0)
		return error_set_errno(error, E_SYSTEM, "/", errno, "the directory cannot be opened");
	*ret_snapshot = TAKE_PTR(snapshot);
	return 0;
}

int snapshot_open(int directory, uint64_t keep_limit, struct snapshot **ret_snapshot, struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	int r = start(directory, keep_limit, SNAPSHOT_MAX_ENTRIES, &snapshot, error);
	int fd;

	if (r < 0 || !snapshot)
		return r;
	fd = openat(snapshot->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(error, E_IO, "/", errno, "the boot directory cannot be listed");
	r = list(snapshot, fd, "", error);
	if (r == 0)
		r = walk(snapshot, error);
	if (r < 0)
		return r;
	*ret_snapshot = TAKE_PTR(snapshot);
	return 0;
}

/* Records one path; nothing where it is not there. */
static int add_path(struct snapshot *snapshot, const char *path, struct error *error)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	CLEANUP_FREE char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);
	CLEANUP_CLOSE int directory = -1;
	struct stat status;

	if (!parent)
		return no_memory(error);
	directory = slash ? snapshot_open_path(snapshot, parent, O_PATH | O_DIRECTORY)
	                  : fcntl(snapshot->root, F_DUPFD_CLOEXEC, 0);
	if (directory >= 0 && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0)
		return add(snapshot, directory, parent, name, error);
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return 0;
	return error_set_errno(error, E_IO, path, errno, "/%s cannot be looked at", path);
}

int snapshot_open_paths(int directory, const char *const *paths, size_t count, struct snapshot **ret_snapshot,
                        struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	int r = start(directory, 0, SNAPSHOT_MAX_ROOT_ENTRIES, &snapshot, error);

	if (r < 0 || !snapshot)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_path(snapshot, paths[i], error);
	if (r == 0)
		r = walk(snapshot, error);
	if (r < 0)
		return r;
	*ret_snapshot = TAKE_PTR(snapshot);
	return 0;
}

void snapshot_close(struct snapshot **snapshot)
{
	struct snapshot *s = *snapshot;

	*snapshot = NULL;
	if (!s)
		return;
	for (size_t i = 0; i < s->map_count; i++)
		(void)munmap(s->maps[i].data, s->maps[i].size);
	for (size_t i = 0; i < s->count; i++) {
		cleanup_close(&s->entries[i].fd);
		snapshot_drop_room(&s->entries[i]);
		free(s->entries[i].path);
		free(s->entries[i].target);
		free(s->entries[i].problem);
	}
	free(s->maps);
	free(s->entries);
	if (s->root >= 0)
		(void)close(s->root);
	free(s);
}

size_t snapshot_count(const struct snapshot *snapshot)
{
	return snapshot->count;
}

const struct snapshot_entry *snapshot_at(const struct snapshot *snapshot, size_t index)
{
	return &snapshot->entries[index];
}

struct snapshot_entry *snapshot_entry(const struct snapshot *snapshot, const char *path)
{
	struct snapshot_entry key = {.path = (char *)(uintptr_t)path};

	if (snapshot->count == 0)
		return NULL;
	return bsearch(&key, snapshot->entries, snapshot->count, sizeof(*snapshot->entries), compare_entries);
}

const struct snapshot_entry *snapshot_find(const struct snapshot *snapshot, const char *path)
{
	return snapshot_entry(snapshot, path);
}

/* Puts target before what is left of the path. */
static bool prepend(char rest[MAX_PATH + 1], const char *target, const char *tail)
{
	CLEANUP_FREE char *joined = NULL;
	int size = asprintf(&joined, "%s/%s", target, tail);

	if (size < 0) {
		joined = NULL;
		return false;
	}
	if ((size_t)size > MAX_PATH)
		return false;
	memcpy(rest, joined, (size_t)size + 1);
	return true;
}

const struct snapshot_entry *snapshot_resolve(const struct snapshot *snapshot, const char *path)
{
	char done[MAX_PATH + 1] = "", rest[MAX_PATH + 1];
	const struct snapshot_entry *entry = NULL;
	const char *next = rest;

	if (strlen(path) > MAX_PATH)
		return NULL;
	memcpy(rest, path, strlen(path) + 1);
	for (unsigned links = 0; links <= 40;) {
		size_t used = strlen(done), size;
		char *slash;

		next += strspn(next, "/");
		size = strcspn(next, "/");
		if (size == 0)
			return entry;
		if (size <= 2 && strncmp(next, "..", size) == 0) {
			slash = size == 2 ? strrchr(done, '/') : NULL;
			if (size == 2)
				*(slash ? slash : done) = '\0';
			next += size;
			entry = done[0] ? snapshot_entry(snapshot, done) : NULL;
			continue;
		}
		if (used + size + 1 > MAX_PATH)
			return NULL;
		(void)snprintf(done + used, sizeof(done) - used, "%s%.*s", used ? "/" : "", (int)size, next);
		entry = snapshot_entry(snapshot, done);
		next += size;
		if (!entry)
			return NULL;
		if (entry->type != TREE_LINK)
			continue;
		done[entry->target[0] == '/' ? 0 : used] = '\0';
		if (!prepend(rest, entry->target, next))
			return NULL;
		next = rest;
		links++;
	}
	return NULL;
}

int snapshot_bytes(struct snapshot *snapshot, const char *path, size_t limit, struct bytes *ret_bytes,
                   struct error *error)
{
	const struct snapshot_entry *entry = snapshot_entry(snapshot, path);
	struct snapshot_map *maps;
	void *data;

	if (!entry || entry->fd < 0)
		return error_set(error, E_NOT_FOUND, path, "%s is not there, or was not kept", path);
	if (entry->size > limit)
		return error_set(error, E_TOO_LARGE, path, "%s is larger than %zu bytes", path, limit);
	*ret_bytes = BYTES_EMPTY;
	if (entry->size == 0)
		return 0;
	maps = realloc(snapshot->maps, (snapshot->map_count + 1) * sizeof(*maps));
	if (!maps)
		return no_memory(error);
	snapshot->maps = maps;
	data = mmap(NULL, (size_t)entry->size, PROT_READ, MAP_PRIVATE, entry->fd, 0);
	if (data == MAP_FAILED)
		return error_set_errno(error, E_MEMORY, path, errno, "%s cannot be mapped", path);
	maps[snapshot->map_count++] = (struct snapshot_map){data, (size_t)entry->size};
	*ret_bytes = bytes_make(data, (size_t)entry->size);
	return 0;
}

struct memfd_room *snapshot_room(const struct snapshot_entry *entry)
{
	return entry->room && entry->room->map ? entry->room : NULL;
}

void snapshot_drop_room(struct snapshot_entry *entry)
{
	if (entry->room)
		memfd_room_wipe(entry->room);
	free(entry->room);
	entry->room = NULL;
}

struct snapshot_figures snapshot_figures(const struct snapshot *snapshot)
{
	struct snapshot_figures figures = {.bytes_read = snapshot->bytes_read, .bytes_kept = snapshot->kept};

	for (size_t i = 0; i < snapshot->count; i++) {
		if (snapshot->entries[i].type != TREE_FILE)
			continue;
		figures.files++;
		figures.bytes += snapshot->entries[i].size;
	}
	return figures;
}
