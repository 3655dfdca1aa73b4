/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/block.h"
#include "base/cleanup.h"
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LEAST_SECTORS 4096 /* of 512 bytes: smaller partitions hold neither /boot nor a system */
#define MAX_NAME      32

static bool sysfs_exists(const char *name, const char *attribute)
{
	char path[320];

	(void)snprintf(path, sizeof(path), "/sys/class/block/%s/%s", name, attribute);
	return access(path, F_OK) == 0;
}

static unsigned long long sysfs_number(const char *name, const char *attribute)
{
	char path[320];
	CLEANUP_FCLOSE FILE *file = NULL;
	unsigned long long number = 0;

	(void)snprintf(path, sizeof(path), "/sys/class/block/%s/%s", name, attribute);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%llu", &number) != 1) /* NOLINT(cert-err34-c): the kernel's own number */
		return 0;
	return number;
}

static int by_path(const void *a, const void *b)
{
	const struct block_device *left = a, *right = b;

	return strverscmp(left->path, right->path);
}

static bool is_wanted(const char *name)
{
	static const char *const unwanted[] = {"loop", "ram", "mtdblock", "sr", "fd", "zram", "nbd", "dm-"};

	for (size_t i = 0; i < ARRAY_SIZE(unwanted); i++)
		if (strncmp(name, unwanted[i], strlen(unwanted[i])) == 0)
			return false;
	return sysfs_number(name, "size") >= LEAST_SECTORS;
}

/* A partition says nothing of it; its disk does. */
static bool is_removable(const char *name, bool partition)
{
	return sysfs_number(name, partition ? "../removable" : "removable") != 0;
}

size_t block_list(struct block_device *devices)
{
	DIR *directory = opendir("/sys/class/block");
	const struct dirent *entry;
	size_t count = 0;

	if (!directory)
		return 0;
	while (count < BLOCK_MAX_DEVICES && (entry = readdir(directory))) { /* NOLINT(concurrency-mt-unsafe) */
		struct block_device *device = &devices[count];

		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= MAX_NAME || !is_wanted(entry->d_name))
			continue;
		(void)snprintf(device->path, sizeof(device->path), "/dev/%.31s", entry->d_name);
		device->partition = sysfs_exists(entry->d_name, "partition");
		device->removable = is_removable(entry->d_name, device->partition);
		count++;
	}
	(void)closedir(directory);
	qsort(devices, count, sizeof(*devices), by_path);
	return count;
}
