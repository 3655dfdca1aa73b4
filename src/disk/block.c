/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/block.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/usb.h"
#include <dirent.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LEAST_SECTORS 4096 /* of 512 bytes: smaller partitions hold neither /boot nor a system */
#define MAX_NAME      32
#define STICK_WAIT_MS 3000
#define STICK_POLL_MS 50

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

/* The way through the machine to the device names the bus. */
static bool is_on_usb(const char *name)
{
	char path[320], target[1024];
	ssize_t size;

	(void)snprintf(path, sizeof(path), "/sys/class/block/%s", name);
	size = readlink(path, target, sizeof(target) - 1);
	if (size <= 0)
		return false;
	target[size] = '\0';
	return strstr(target, "/usb") != NULL;
}

/* A stick whose disk is still to come. */
static bool has_no_disk(const char *interface)
{
	char pattern[sizeof(USB_DEVICES) + USB_MAX_INTERFACE + 32];
	glob_t found = {0};
	bool none;

	(void)snprintf(pattern, sizeof(pattern), USB_DEVICES "/%s/host*/target*/*/block", interface);
	none = glob(pattern, GLOB_NOSORT, NULL, &found) != 0;
	globfree(&found);
	return none;
}

void block_wait_for_sticks(void)
{
	const struct timespec pause = {.tv_nsec = STICK_POLL_MS * 1000000L};

	for (int waited = 0; waited < STICK_WAIT_MS && usb_has_interface(USB_MASS_STORAGE, has_no_disk);
	     waited += STICK_POLL_MS)
		(void)nanosleep(&pause, NULL);
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
		device->portable = device->removable || is_on_usb(entry->d_name);
		count++;
	}
	(void)closedir(directory);
	qsort(devices, count, sizeof(*devices), by_path);
	return count;
}

/* --- one device ----------------------------------------------------------------------------------------------------
 */

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Appends the words of an attribute, without the spaces around them. False: there is none. */
static bool append_attribute(const char *name, const char *attribute, struct buffer *text)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct bytes words;
	char path[320];

	(void)snprintf(path, sizeof(path), "/sys/class/block/%s/%s", name, attribute);
	if (file_read(path, 4096, &content, NULL) < 0)
		return false;
	words = buffer_bytes(&content);
	while (words.size > 0 && (words.data[words.size - 1] == ' ' || words.data[words.size - 1] == '\n'))
		words.size--;
	if (words.size > 0 && text->size > 0)
		buffer_append_byte(text, ' ');
	buffer_append_bytes(text, words);
	return words.size > 0;
}

void block_model(const char *path, char *text, size_t size)
{
	const bool partition = sysfs_exists(name_of(path), "partition");
	CLEANUP(buffer_clear) struct buffer words = {0};

	(void)append_attribute(name_of(path), partition ? "../device/vendor" : "device/vendor", &words);
	(void)append_attribute(name_of(path), partition ? "../device/model" : "device/model", &words);
	if (words.size == 0)
		buffer_append_string(&words, "disk");
	(void)text_escape_into(buffer_bytes(&words), text, size);
}

uint64_t block_size(const char *path)
{
	return 512 * (uint64_t)sysfs_number(name_of(path), "size");
}

void block_partition_name(const char *path, char *text, size_t size)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct bytes rest;

	text[0] = '\0';
	if (!append_attribute(name_of(path), "uevent", &content))
		return;
	for (rest = buffer_bytes(&content); rest.size > 0;) {
		struct bytes line = text_take_field(&rest, '\n');

		if (bytes_start_with(line, "PARTNAME="))
			(void)text_escape_into(bytes_slice(line, strlen("PARTNAME="), line.size), text, size);
	}
}
