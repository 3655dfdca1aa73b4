/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings of the device mapper (Linux, Documentation/admin-guide/device-mapper/linear.rst). */
#include "base/bytes.h"
#include "base/file.h"
#include "disk/lvm.h"
#include <dirent.h>
#include <inttypes.h>
#include <libdevmapper.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define DIRECTORY "/dev/mapper/"

static char *append_name(char *to, const char *name)
{
	for (; *name; name++) {
		if (*name == '-')
			*to++ = '-';
		*to++ = *name;
	}
	return to;
}

void lvm_path(const struct lvm_group *group, const struct lvm_volume *volume, char path[LVM_PATH_SIZE])
{
	char *end;

	memcpy(path, DIRECTORY, sizeof(DIRECTORY) - 1);
	end = append_name(path + sizeof(DIRECTORY) - 1, group->name);
	*end++ = '-';
	end = append_name(end, volume->name);
	*end = '\0';
}

/* The library would write to the owner's screen. */
static void say_nothing(int level, const char *file, int line, int number, const char *format, ...)
{
	(void)level;
	(void)file;
	(void)line;
	(void)number;
	(void)format;
}

static struct dm_task *open_task(int type, const char *path)
{
	struct dm_task *task;

	dm_log_with_errno_init(say_nothing);
	task = dm_task_create(type);
	if (task && !dm_task_set_name(task, path + sizeof(DIRECTORY) - 1)) {
		dm_task_destroy(task);
		return NULL;
	}
	return task;
}

static bool run_task(struct dm_task *task)
{
	const bool good = dm_task_run(task) != 0;

	dm_task_update_nodes();
	return good;
}

static bool add_targets(struct dm_task *task, const struct lvm_scan *scan, const struct lvm_found *found,
                        const struct lvm_volume *volume)
{
	const struct lvm_group *group = found->group;
	uint64_t next = 0;

	for (size_t i = 0; i < volume->piece_count; i++) {
		const struct lvm_piece *piece = &group->pieces[volume->first_piece + i];
		const struct lvm_physical *physical = &scan->physicals[found->physical[piece->device]];
		const uint64_t size = piece->extents * group->extent_size;
		/* Within the disk: the scan has compared the extents with its size. */
		const uint64_t sector = group->devices[piece->device].first + piece->start * group->extent_size;
		char where[96];

		(void)snprintf(where, sizeof(where), "%s %" PRIu64, physical->device.path, sector);
		if (!dm_task_add_target(task, next, size, "linear", where))
			return false;
		next += size;
	}
	return true;
}

static bool map(const struct lvm_scan *scan, const struct lvm_found *found, const struct lvm_volume *volume,
                const char *path, bool change)
{
	struct dm_task *task = open_task(DM_DEVICE_CREATE, path);
	const bool good =
	    task && (change || dm_task_set_ro(task)) && add_targets(task, scan, found, volume) && run_task(task);

	if (task)
		dm_task_destroy(task);
	return good;
}

int lvm_map(const struct lvm_scan *scan, const struct lvm_found *found, const struct lvm_volume *volume, bool change,
            struct error *error)
{
	char path[LVM_PATH_SIZE];

	lvm_path(found->group, volume, path);
	if (found->refused[0])
		return error_set(error, E_REFUSED, path, "%s", found->refused);
	if (volume->refused[0])
		return error_set(error, E_REFUSED, path, "the logical volume %s of the group %s is refused: %s",
		                 volume->name, found->group->name, volume->refused);
	if (map(scan, found, volume, path, change))
		return 0;
	lvm_unmap(path);
	return map(scan, found, volume, path, change)
	           ? 0
	           : error_set(error, E_IO, path, "the logical volume %s of the group %s cannot be mapped",
	                       volume->name, found->group->name);
}

void lvm_unmap(const char *path)
{
	struct dm_task *task = open_task(DM_DEVICE_REMOVE, path);

	if (task) {
		(void)run_task(task);
		dm_task_destroy(task);
	}
}

/* NAME below /sys/class/block is a mapping: takes it down by the name that it has there. */
static void unmap_device(const char *name)
{
	struct buffer text = {0};
	char file[512], path[LVM_PATH_SIZE];

	(void)snprintf(file, sizeof(file), "/sys/class/block/%.255s/dm/name", name);
	if (file_read(file, LVM_PATH_SIZE, &text, NULL) == 0 && buffer_string(&text)) {
		(void)snprintf(path, sizeof(path), DIRECTORY "%.*s", (int)strcspn(buffer_string(&text), "\n"),
		               buffer_string(&text));
		lvm_unmap(path);
	}
	buffer_clear(&text);
}

void lvm_unmap_upon(const char *path)
{
	struct stat status;
	struct dirent *item;
	char directory[64];
	DIR *holders;

	if (stat(path, &status) != 0 || !S_ISBLK(status.st_mode))
		return;
	(void)snprintf(directory, sizeof(directory), "/sys/dev/block/%u:%u/holders", major(status.st_rdev),
	               minor(status.st_rdev));
	holders = opendir(directory);
	if (!holders)
		return;
	while ((item = readdir(holders)))
		if (item->d_name[0] != '.')
			unmap_device(item->d_name);
	(void)closedir(holders);
}
