/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/lvm.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define SECTOR 512

/* All of it, or nothing. */
static bool read_exactly(int fd, void *data, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, (uint8_t *)data + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* The text goes round to the beginning of its area where that ends (A6: it is read once). */
static bool read_text(int fd, const struct lvm_area *area, const struct lvm_place *place, uint8_t *text)
{
	const uint64_t room = area->size - place->offset;
	const size_t first = place->size < room ? place->size : (size_t)room;

	return read_exactly(fd, text, first, area->offset + place->offset) &&
	       read_exactly(fd, text + first, place->size - first, area->offset + LVM_HEADER_SIZE);
}

/* 1: the area holds no metadata. */
static int read_area(int fd, const struct lvm_area *area, const char *path, struct lvm_group *group,
                     struct error *error)
{
	CLEANUP_FREE uint8_t *text = NULL;
	uint8_t header[LVM_HEADER_SIZE];
	struct lvm_place place;
	int r;

	if (!read_exactly(fd, header, sizeof(header), area->offset))
		return error_set(error, E_IO, path, "the LVM metadata of %s cannot be read", path);
	r = lvm_header_parse(bytes_make(header, sizeof(header)), area, path, &place, error);
	if (r < 0)
		return r;
	if (place.size == 0)
		return 1;
	text = malloc(place.size);
	if (!text)
		return error_set(error, E_MEMORY, path, "there is not enough memory for the LVM metadata of %s", path);
	if (!read_text(fd, area, &place, text))
		return error_set(error, E_IO, path, "the LVM metadata of %s cannot be read", path);
	return lvm_group_parse(bytes_make(text, place.size), place.checksum, path, group, error);
}

static int add_physical(struct lvm_scan *scan, const struct lvm_physical *physical, struct error *error)
{
	struct lvm_physical *grown = realloc(scan->physicals, (scan->count + 1) * sizeof(*grown));

	if (!grown)
		return error_set(error, E_MEMORY, physical->device.path,
		                 "there is not enough memory for a list of LVM's disks");
	scan->physicals = grown;
	scan->physicals[scan->count++] = *physical;
	return 0;
}

/* Takes the group, where it is new or newer than what another device had of it. */
static int add_group(struct lvm_scan *scan, struct lvm_group **group, struct error *error)
{
	for (size_t i = 0; i < scan->group_count; i++) {
		struct lvm_found *found = &scan->groups[i];

		if (strcmp(found->group->id, (*group)->id) != 0)
			continue;
		if ((*group)->sequence > found->group->sequence) {
			free(found->group);
			found->group = TAKE(*group, NULL);
		}
		return 0;
	}
	if (scan->group_count == LVM_MAX_GROUPS)
		return error_set(error, E_TOO_LARGE, (*group)->name, "the disks have more than %d volume groups",
		                 LVM_MAX_GROUPS);
	scan->groups[scan->group_count++].group = TAKE(*group, NULL);
	return 0;
}

/* The metadata of one device, of which it may have two copies: the newer one counts, and one whole copy is enough. */
static int read_metadata(struct lvm_scan *scan, int fd, struct lvm_physical *physical, struct error *error)
{
	CLEANUP_FREE struct lvm_group *best = NULL;
	int r = 0;

	for (size_t i = 0; i < physical->label.area_count; i++) {
		CLEANUP_FREE struct lvm_group *group = malloc(sizeof(*group));

		if (!group)
			return error_set(error, E_MEMORY, physical->device.path,
			                 "there is not enough memory for the LVM metadata");
		r = read_area(fd, &physical->label.areas[i], physical->device.path, group, error);
		if (r == -E_MEMORY)
			return r;
		if (r < 0)
			log_error(error);
		if (r == 0 && (!best || group->sequence > best->sequence)) {
			free(best);
			best = TAKE(group, NULL);
		}
	}
	if (!best)
		return 0;
	memcpy(physical->group, best->id, sizeof(physical->group));
	return add_group(scan, &best, error);
}

static int read_device(struct lvm_scan *scan, const struct block_device *device, struct error *error)
{
	CLEANUP_CLOSE int fd = open(device->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct lvm_physical physical = {.device = *device};
	uint8_t start[LVM_LABEL_SIZE];
	off_t size;
	int r;

	/* What cannot be read is said by whoever looks for LUKS there. */
	if (fd < 0 || !read_exactly(fd, start, sizeof(start), 0))
		return 0;
	r = lvm_label_parse(bytes_make(start, sizeof(start)), device->path, &physical.label, error);
	if (r < 0) {
		if (r == -E_MALFORMED)
			log_error(error);
		return 0;
	}
	size = lseek(fd, 0, SEEK_END);
	physical.sectors = size > 0 ? (uint64_t)size / SECTOR : 0;
	r = read_metadata(scan, fd, &physical, error);
	return r < 0 ? r : add_physical(scan, &physical, error);
}

static void refuse(struct lvm_found *found, const char *why, const char *object)
{
	(void)snprintf(found->refused, sizeof(found->refused), "the volume group %.60s is refused: %s %.100s",
	               found->group->name, why, object);
}

/* Finds the device in the scan; false where the group is refused for it. */
static bool place_device(const struct lvm_scan *scan, struct lvm_found *found, size_t index)
{
	const struct lvm_device *device = &found->group->devices[index];
	const struct lvm_physical *physical = NULL;

	for (size_t i = 0; i < scan->count; i++) {
		if (strcmp(scan->physicals[i].label.id, device->id) != 0)
			continue;
		if (physical) {
			refuse(found, "two disks say that they are its physical volume", device->id);
			return false;
		}
		physical = &scan->physicals[i];
		found->physical[index] = i;
	}
	if (!physical)
		refuse(found, "no disk is its physical volume", device->id);
	else if (physical->group[0] && strcmp(physical->group, found->group->id) != 0)
		refuse(found, "to another group belongs its physical volume", physical->device.path);
	else if (device->first > physical->sectors ||
	         device->extents > (physical->sectors - device->first) / found->group->extent_size)
		refuse(found, "smaller than its metadata say is", physical->device.path);
	else
		found->removable |= physical->device.removable;
	return found->refused[0] == '\0';
}

static void judge(struct lvm_scan *scan)
{
	for (size_t i = 0; i < scan->group_count; i++) {
		struct lvm_found *found = &scan->groups[i];

		for (size_t j = 0; j < scan->group_count; j++)
			if (j != i && strcmp(found->group->name, scan->groups[j].group->name) == 0)
				refuse(found, "of the same name there is another group,", scan->groups[j].group->id);
		for (size_t j = 0; j < found->group->device_count && found->refused[0] == '\0'; j++)
			if (!place_device(scan, found, j))
				break;
	}
}

int lvm_scan(const struct block_device *devices, size_t count, struct lvm_scan *ret_scan, struct error *error)
{
	CLEANUP(lvm_scan_clear) struct lvm_scan scan = {0};
	struct error problem;

	for (size_t i = 0; i < count; i++) {
		int r = read_device(&scan, &devices[i], &problem);

		if (r < 0) {
			if (error)
				*error = problem;
			return r;
		}
	}
	judge(&scan);
	*ret_scan = TAKE(scan, (struct lvm_scan){0});
	return 0;
}

void lvm_scan_clear(struct lvm_scan *scan)
{
	for (size_t i = 0; i < scan->group_count; i++)
		free(scan->groups[i].group);
	free(scan->physicals);
	*scan = (struct lvm_scan){0};
}
