/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LVM2. Input of the size of a label or more is the start of a physical volume; its checksums are made right first,
 * because no fuzzer finds them. Anything else is the text of a group. What is accepted lies within its disks, without a
 * gap. */
#include "format/lvm.h"
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_u32(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static void check_group(const struct lvm_group *group)
{
	if (group->name[0] == '\0' || strchr(group->name, '/') || group->extent_size == 0 ||
	    group->device_count > LVM_MAX_DEVICES || group->volume_count > LVM_MAX_VOLUMES)
		abort();
	for (size_t i = 0; i < group->volume_count; i++) {
		const struct lvm_volume *volume = &group->volumes[i];

		if ((volume->refused[0] != '\0') != (volume->piece_count == 0) || strchr(volume->name, '/') ||
		    volume->first_piece + volume->piece_count > group->piece_count)
			abort();
		for (size_t j = 0; j < volume->piece_count; j++) {
			const struct lvm_piece *piece = &group->pieces[volume->first_piece + j];

			if (piece->device >= group->device_count || piece->extents == 0 ||
			    piece->start + piece->extents > group->devices[piece->device].extents)
				abort();
		}
	}
}

static void parse_text(struct bytes text)
{
	static struct lvm_group group;
	struct error error;

	if (lvm_group_parse(text, lvm_checksum(text), "disk", &group, &error) == 0)
		check_group(&group);
}

static void parse_start(uint8_t *start, size_t size)
{
	struct lvm_label label;
	struct error error;

	for (size_t i = 0; i < LVM_LABEL_SIZE; i += SECTOR)
		if (memcmp(start + i, "LABELONE", 8) == 0)
			put_u32(start + i + 16, lvm_checksum(bytes_make(start + i + 20, SECTOR - 20)));
	if (lvm_label_parse(bytes_make(start, size), "disk", &label, &error) < 0)
		return;
	if (strlen(label.id) != 38 || label.area_count > LVM_MAX_AREAS)
		abort();
	for (size_t i = 0; i < label.area_count; i++) {
		struct lvm_place place;
		uint8_t *header;

		if (label.areas[i].offset > size || size - label.areas[i].offset < LVM_HEADER_SIZE)
			continue;
		header = start + label.areas[i].offset;
		put_u32(header, lvm_checksum(bytes_make(header + 4, LVM_HEADER_SIZE - 4)));
		if (lvm_header_parse(bytes_make(header, LVM_HEADER_SIZE), &label.areas[i], "disk", &place, &error) < 0)
			continue;
		if (place.size > LVM_MAX_TEXT ||
		    (place.size > 0 && (place.offset < LVM_HEADER_SIZE || place.offset >= label.areas[i].size)))
			abort();
		parse_text(bytes_slice(bytes_make(start, size), label.areas[i].offset + place.offset, place.size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < LVM_LABEL_SIZE || data[0] != 0) {
		parse_text(bytes_make(data, size));
		return 0;
	}
	copy = malloc(size);
	if (copy) {
		memcpy(copy, data, size);
		parse_start(copy, size);
	}
	free(copy);
	return 0;
}
