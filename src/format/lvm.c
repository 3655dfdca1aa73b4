/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical volumes: label and metadata areas. */
#include "format/lvm.h"
#include <string.h>

#define SECTOR           512
#define CHECKSUM_START   0xf597a6cfu
#define CHECKSUM_POLYNOM 0xedb88320u
#define CHECKED_FROM     20 /* of a label: behind its own checksum */
#define ID_LENGTH        32
#define AREAS_LISTED     16 /* of either kind: more are nowhere */
#define MIN_AREA         4096
#define IGNORED          1u

uint32_t lvm_checksum(struct bytes bytes)
{
	uint32_t checksum = CHECKSUM_START;

	for (size_t i = 0; i < bytes.size; i++) {
		checksum ^= bytes.data[i];
		for (unsigned bit = 0; bit < 8; bit++)
			checksum = (checksum >> 1) ^ (checksum & 1 ? CHECKSUM_POLYNOM : 0);
	}
	return checksum;
}

/* "6-4-4-4-4-4-6", as LVM2 shows and writes it in the text. */
static bool read_id(struct bytes raw, char *id)
{
	static const uint8_t groups[] = {6, 4, 4, 4, 4, 4, 6};
	size_t from = 0, to = 0;

	if (raw.size != ID_LENGTH)
		return false;
	for (size_t group = 0; group < sizeof(groups); group++) {
		if (group > 0)
			id[to++] = '-';
		for (size_t i = 0; i < groups[group]; i++, from++) {
			const uint8_t c = raw.data[from];

			if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
				return false;
			id[to++] = (char)c;
		}
	}
	id[to] = '\0';
	return true;
}

/* The data areas are where the text says; only their list is passed over. */
static bool read_areas(struct cursor *cursor, struct lvm_label *label)
{
	uint64_t offset = 1;

	for (size_t i = 0; i < AREAS_LISTED && offset != 0 && !cursor->failed; i++) {
		offset = cursor_u64le(cursor);
		(void)cursor_u64le(cursor);
	}
	if (offset != 0)
		return false;
	for (size_t i = 0; i < AREAS_LISTED && !cursor->failed; i++) {
		struct lvm_area area = {cursor_u64le(cursor), 0};

		area.size = cursor_u64le(cursor);
		if (area.offset == 0)
			return !cursor->failed;
		if (label->area_count == LVM_MAX_AREAS || area.size < MIN_AREA || area.offset > INT64_MAX ||
		    area.size > INT64_MAX - area.offset)
			return false;
		label->areas[label->area_count++] = area;
	}
	return false;
}

static bool read_label(struct bytes sector, uint64_t number, struct lvm_label *label)
{
	struct cursor cursor = cursor_make(bytes_slice(sector, 8, SIZE_MAX));
	uint32_t checksum, offset;
	uint64_t own;

	own = cursor_u64le(&cursor);
	checksum = cursor_u32le(&cursor);
	offset = cursor_u32le(&cursor);
	if (own != number || checksum != lvm_checksum(bytes_slice(sector, CHECKED_FROM, SIZE_MAX)) || offset < 32 ||
	    offset >= SECTOR)
		return false;
	cursor = cursor_make(bytes_slice(sector, offset, SIZE_MAX));
	if (!read_id(cursor_bytes(&cursor, ID_LENGTH), label->id))
		return false;
	(void)cursor_u64le(&cursor); /* size of the device when it was made: it may have grown */
	return read_areas(&cursor, label);
}

int lvm_label_parse(struct bytes start, const char *name, struct lvm_label *ret_label, struct error *error)
{
	for (uint64_t i = 0; i < LVM_LABEL_SIZE / SECTOR; i++) {
		const struct bytes sector = bytes_slice(start, i * SECTOR, SECTOR);
		struct lvm_label label = {0};

		if (sector.size != SECTOR || !bytes_start_with(sector, "LABELONE") ||
		    memcmp(sector.data + 24, "LVM2 001", 8) != 0)
			continue;
		if (!read_label(sector, i, &label))
			return error_set(error, E_MALFORMED, name, "the LVM label of %s is damaged", name);
		*ret_label = label;
		return 0;
	}
	return error_set(error, E_NOT_FOUND, name, "%s is no physical volume of LVM", name);
}

int lvm_header_parse(struct bytes header, const struct lvm_area *area, const char *name, struct lvm_place *ret_place,
                     struct error *error)
{
	static const char magic[] = " LVM2 x[5A%r0N*>";
	struct cursor cursor = cursor_make(header);
	const uint32_t checksum = cursor_u32le(&cursor);
	const struct bytes found = cursor_bytes(&cursor, sizeof(magic) - 1);
	const uint32_t version = cursor_u32le(&cursor);
	const uint64_t start = cursor_u64le(&cursor), size = cursor_u64le(&cursor);
	const uint64_t offset = cursor_u64le(&cursor), length = cursor_u64le(&cursor);
	const uint32_t text_checksum = cursor_u32le(&cursor), flags = cursor_u32le(&cursor);

	if (cursor.failed || header.size != LVM_HEADER_SIZE || !bytes_equal(found, bytes_from_string(magic)) ||
	    checksum != lvm_checksum(bytes_slice(header, 4, SIZE_MAX)) || version != 1 || start != area->offset ||
	    size != area->size)
		return error_set(error, E_MALFORMED, name, "the header of the LVM metadata on %s is damaged", name);
	*ret_place = (struct lvm_place){0};
	if (offset == 0 || length == 0 || flags & IGNORED)
		return 0;
	if (offset < LVM_HEADER_SIZE || offset >= size || length > size - LVM_HEADER_SIZE)
		return error_set(error, E_MALFORMED, name, "the LVM metadata on %s lie outside of their area", name);
	if (length > LVM_MAX_TEXT)
		return error_set(error, E_TOO_LARGE, name, "the LVM metadata on %s are larger than %zu bytes", name,
		                 LVM_MAX_TEXT);
	*ret_place = (struct lvm_place){offset, (size_t)length, text_checksum};
	return 0;
}
