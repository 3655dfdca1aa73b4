/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cbfs.h"
#include "base/cleanup.h"
#include <stdio.h>
#include <string.h>

#define FMAP_SIGNATURE   "__FMAP__"
#define FMAP_HEADER_SIZE 56
#define FMAP_AREA_SIZE   42
#define FMAP_MAX_AREAS   256

#define CBFS_MAGIC           "LARCHIVE"
#define CBFS_HEADER_SIZE     24
#define CBFS_ALIGNMENT       64
#define CBFS_TYPE_DELETED    0x00000000u
#define CBFS_TYPE_EMPTY      0xffffffffu
#define CBFS_TAG_COMPRESSION 0x42435a4cu

/* The area NAME of the FMAP at the front of bytes. Returns 1, 0 where the FMAP has none, or -E_MALFORMED where this is
 * no FMAP: the signature may stand anywhere, for instance inside a program. */
static int fmap_area(struct bytes bytes, const char *name, uint32_t *ret_offset, uint32_t *ret_size)
{
	struct cursor cursor = cursor_make(bytes);
	uint8_t major;
	uint16_t areas;

	(void)cursor_bytes(&cursor, strlen(FMAP_SIGNATURE));
	major = cursor_u8(&cursor);
	(void)cursor_bytes(&cursor, 1 + 8 + 4 + 32); /* minor version, base, size, name */
	areas = cursor_u16le(&cursor);
	if (cursor.failed || major != 1 || areas == 0 || areas > FMAP_MAX_AREAS)
		return -E_MALFORMED;
	for (uint16_t i = 0; i < areas; i++) {
		uint32_t offset = cursor_u32le(&cursor), size = cursor_u32le(&cursor);
		struct bytes label = cursor_bytes(&cursor, 32);

		(void)cursor_u16le(&cursor);
		if (cursor.failed)
			return -E_MALFORMED;
		if (memchr(label.data, '\0', label.size) && strcmp((const char *)label.data, name) == 0) {
			*ret_offset = offset;
			*ret_size = size;
			return 1;
		}
	}
	return 0;
}

int fmap_find(struct bytes image, const char *name, size_t *ret_offset, struct bytes *ret_region, struct error *error)
{
	bool found_map = false;

	/* coreboot aligns the FMAP to 64 bytes at least. */
	for (size_t at = 0; at + FMAP_HEADER_SIZE <= image.size; at += CBFS_ALIGNMENT) {
		uint32_t offset, size;
		int r;

		if (memcmp(image.data + at, FMAP_SIGNATURE, strlen(FMAP_SIGNATURE)) != 0)
			continue;
		r = fmap_area(bytes_slice(image, at, image.size), name, &offset, &size);
		if (r < 0)
			continue;
		found_map = true;
		if (r == 0)
			continue;
		if (offset > image.size || size > image.size - offset)
			return error_set(error, E_MALFORMED, name,
			                 "the image is truncated: its region %s ends at %llu, the image at %zu", name,
			                 (unsigned long long)offset + size, image.size);
		*ret_offset = offset;
		*ret_region = bytes_slice(image, offset, size);
		return 0;
	}
	if (found_map)
		return error_set(error, E_NOT_FOUND, name, "the image has no region %s", name);
	return error_set(error, E_MALFORMED, name, "this is no coreboot image: no FMAP was found in its %zu bytes",
	                 image.size);
}

/* The compression attribute of a file, 0 where there is none. */
static int read_compression(struct bytes attributes, uint32_t *ret_compression)
{
	*ret_compression = 0;
	while (attributes.size >= 8) {
		struct cursor cursor = cursor_make(attributes);
		uint32_t tag = cursor_u32be(&cursor), length = cursor_u32be(&cursor);

		if (tag == 0 || tag == 0xffffffffu)
			return 0;
		if (length < 8 || length > attributes.size)
			return -E_MALFORMED;
		if (tag == CBFS_TAG_COMPRESSION) {
			*ret_compression = cursor_u32be(&cursor);
			if (cursor.failed)
				return -E_MALFORMED;
		}
		attributes = bytes_slice(attributes, length, attributes.size);
	}
	return 0;
}

/* One file whose header starts at `at`. */
static int read_file(struct bytes region, size_t at, struct cbfs_file *file, size_t *ret_end)
{
	struct cursor cursor = cursor_make(bytes_slice(region, at, region.size));
	uint32_t length, attributes, offset;
	struct bytes name;

	(void)cursor_bytes(&cursor, strlen(CBFS_MAGIC));
	length = cursor_u32be(&cursor);
	file->type = cursor_u32be(&cursor);
	attributes = cursor_u32be(&cursor);
	offset = cursor_u32be(&cursor);
	if (cursor.failed || offset < CBFS_HEADER_SIZE || offset > region.size - at ||
	    length > region.size - at - offset)
		return -E_MALFORMED;
	if (attributes != 0 && (attributes < CBFS_HEADER_SIZE || attributes > offset))
		return -E_MALFORMED;
	name = bytes_slice(region, at + CBFS_HEADER_SIZE, (attributes ? attributes : offset) - CBFS_HEADER_SIZE);
	if (name.size > 0 && !memchr(name.data, '\0', name.size))
		return -E_MALFORMED;
	if (name.size > 0 && strlen((const char *)name.data) >= sizeof(file->name))
		return -E_MALFORMED;
	file->name[0] = '\0';
	if (name.size > 0)
		memcpy(file->name, name.data, strlen((const char *)name.data) + 1);
	file->compression = 0;
	if (attributes != 0 &&
	    read_compression(bytes_slice(region, at + attributes, offset - attributes), &file->compression) < 0)
		return -E_MALFORMED;
	file->offset = at;
	file->data = bytes_slice(region, at + offset, length);
	*ret_end = at + offset + length;
	return 0;
}

int cbfs_next(struct bytes region, size_t *position, struct cbfs_file *ret_file, struct error *error)
{
	size_t at = *position;

	while (at + CBFS_HEADER_SIZE <= region.size) {
		size_t end;

		if (memcmp(region.data + at, CBFS_MAGIC, strlen(CBFS_MAGIC)) != 0) {
			at += CBFS_ALIGNMENT;
			continue;
		}
		if (read_file(region, at, ret_file, &end) < 0) {
			char object[32];

			*position = region.size;
			(void)snprintf(object, sizeof(object), "0x%zx", at);
			return error_set(error, E_MALFORMED, object,
			                 "the file header at offset %s of the CBFS is damaged", object);
		}
		/* Always forward: an empty file still takes its header. */
		at = (end + CBFS_ALIGNMENT - 1) / CBFS_ALIGNMENT * CBFS_ALIGNMENT;
		*position = at;
		if (ret_file->type != CBFS_TYPE_EMPTY && ret_file->type != CBFS_TYPE_DELETED)
			return 1;
	}
	*position = region.size;
	return 0;
}

const char *cbfs_type_name(uint32_t type)
{
	static const struct {
		uint32_t type;
		const char *name;
	} types[] = {
	    {0x01, "bootblock"},  {0x02, "cbfs header"},  {0x10, "legacy stage"}, {0x11, "stage"},
	    {0x20, "simple elf"}, {0x21, "fit_payload"},  {0x30, "optionrom"},    {0x40, "bootsplash"},
	    {0x50, "raw"},        {0x51, "vsa"},          {0x52, "mbi"},          {0x53, "microcode"},
	    {0x60, "fsp"},        {0x61, "mrc"},          {0x62, "mma"},          {0x63, "efi"},
	    {0x70, "struct"},     {0xaa, "cmos_default"}, {0xab, "spd"},          {0x01aa, "cmos_layout"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

const char *cbfs_compression_name(uint32_t compression)
{
	static const char *const names[] = {"none", "lzma", "lz4"};

	return compression < ARRAY_SIZE(names) ? names[compression] : "unknown";
}
