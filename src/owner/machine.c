/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/machine.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define SMALL_FILE  4096
#define SECTOR_SIZE 512 /* the unit of sysfs, whatever the disk's own is */

/* The first line of an attribute without the blanks at its end, cut where it does not fit. False where there is none.
 */
static bool read_line(const char *directory, const char *name, char *line, size_t size)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct bytes text;
	char path[512];
	size_t length;

	line[0] = '\0';
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path) ||
	    file_read(path, SMALL_FILE, &content, NULL) < 0)
		return false;
	text = buffer_bytes(&content);
	for (length = 0; length < text.size && text.data[length] != '\n'; length++)
		;
	while (length > 0 && text.data[length - 1] == ' ')
		length--;
	(void)text_escape_into(bytes_slice(text, 0, length), line, size);
	return true;
}

static bool read_number(const char *directory, const char *name, uint64_t limit, uint64_t *ret_number)
{
	char line[32];
	uint64_t number = 0;

	if (!read_line(directory, name, line, sizeof(line)) || line[0] == '\0')
		return false;
	for (const char *at = line; *at; at++) {
		if (*at < '0' || *at > '9' || number > (limit - (uint64_t)(*at - '0')) / 10)
			return false;
		number = number * 10 + (uint64_t)(*at - '0');
	}
	*ret_number = number;
	return true;
}

static bool read_battery(const char *directory, const char *name, struct machine_battery *battery)
{
	char path[400], type[16];
	uint64_t capacity;

	(void)snprintf(path, sizeof(path), "%.99s/class/power_supply/%.255s", directory, name);
	if (!read_line(path, "type", type, sizeof(type)) || strcmp(type, "Battery") != 0 ||
	    !read_number(path, "capacity", 100, &capacity))
		return false;
	battery->capacity = (unsigned)capacity;
	(void)read_line(path, "status", battery->state, sizeof(battery->state));
	(void)text_escape_into(bytes_from_string(name), battery->name, sizeof(battery->name));
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct machine_battery *left = a, *right = b;

	return strverscmp(left->name, right->name);
}

size_t machine_batteries(const char *sysfs, struct machine_battery *batteries)
{
	const struct dirent *entry;
	size_t count = 0;
	char path[200];
	DIR *directory;

	(void)snprintf(path, sizeof(path), "%.99s/class/power_supply", sysfs);
	directory = opendir(path);
	if (!directory)
		return 0;
	while (count < MACHINE_MAX_BATTERY && (entry = readdir(directory))) /* NOLINT(concurrency-mt-unsafe) */
		if (entry->d_name[0] != '.' && read_battery(sysfs, entry->d_name, &batteries[count]))
			count++;
	(void)closedir(directory);
	qsort(batteries, count, sizeof(*batteries), by_name);
	return count;
}

bool machine_disk(const char *sysfs, const char *name, struct machine_disk *ret_disk)
{
	uint64_t sectors, removable = 0;
	char path[400];

	(void)snprintf(path, sizeof(path), "%.99s/class/block/%.255s", sysfs, name);
	if (!read_number(path, "size", UINT64_MAX / SECTOR_SIZE, &sectors))
		return false;
	(void)read_number(path, "removable", 1, &removable);
	ret_disk->bytes = sectors * SECTOR_SIZE;
	ret_disk->removable = removable != 0;
	(void)read_line(path, "device/model", ret_disk->model, sizeof(ret_disk->model));
	return true;
}
