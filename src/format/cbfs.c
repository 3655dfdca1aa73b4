/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cbfs.h"
#include "base/cleanup.h"
#include <stdio.h>
#include <string.h>

#define MASTER_MAGIC    0x4f524243u /* "ORBC" */
#define MASTER_VERSION1 0x31313131u
#define MASTER_VERSION2 0x31313132u
#define MASTER_SIZE     32
#define POINTER_SIZE    4

static size_t round_up(size_t value)
{
	return (value + CBFS_ALIGNMENT - 1) / CBFS_ALIGNMENT * CBFS_ALIGNMENT;
}

/* An image from before there were maps: the last four bytes say how far before the end of the image its master header
 * lies. Returns 1, 0 where there is none, or -E_MALFORMED. The files end where the master header begins, if not before.
 */
static int find_by_master_header(struct bytes image, size_t *ret_offset, struct bytes *ret_region, struct error *error)
{
	struct cursor cursor = cursor_make(bytes_slice(image, image.size - POINTER_SIZE, POINTER_SIZE));
	uint32_t distance = 0 - cursor_u32le(&cursor), magic, version;
	size_t size, alignment, offset, end = image.size - POINTER_SIZE;

	if (distance > image.size || distance < MASTER_SIZE)
		return 0;
	cursor = cursor_make(bytes_slice(image, image.size - distance, MASTER_SIZE));
	magic = cursor_u32be(&cursor);
	version = cursor_u32be(&cursor);
	size = cursor_u32be(&cursor);
	(void)cursor_u32be(&cursor); /* the bootblock's size, which may lie in front or behind */
	alignment = cursor_u32be(&cursor);
	offset = cursor_u32be(&cursor);
	if (magic != MASTER_MAGIC || (version != MASTER_VERSION1 && version != MASTER_VERSION2))
		return 0;
	if (size != image.size || offset >= end || offset % CBFS_ALIGNMENT != 0)
		return error_set(error, E_MALFORMED, "CBFS",
		                 "the master header of the image does not describe its %zu bytes", image.size);
	if (alignment != CBFS_ALIGNMENT)
		return error_set(error, E_UNSUPPORTED, "CBFS",
		                 "the files of the image are aligned to %zu bytes; only %d is read", alignment,
		                 CBFS_ALIGNMENT);
	if (size - distance > offset && size - distance < end)
		end = size - distance;
	*ret_offset = offset;
	*ret_region = bytes_slice(image, offset, end - offset);
	return 1;
}

int cbfs_find(struct bytes image, const char *name, size_t *ret_offset, struct bytes *ret_region, struct error *error)
{
	struct fmap map;
	int r;

	if (fmap_open(image, &map, NULL) == 0)
		return fmap_find(image, name, ret_offset, ret_region, error);
	r = image.size < CBFS_HEADER_SIZE ? 0 : find_by_master_header(image, ret_offset, ret_region, error);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!bytes_start_with(image, CBFS_MAGIC))
		return error_set(error, E_MALFORMED, "FMAP",
		                 "this is no coreboot image: no FMAP and no CBFS was found in its %zu bytes",
		                 image.size);
	*ret_offset = 0;
	*ret_region = image;
	return 0;
}

bool cbfs_next_attribute(struct bytes *rest, uint32_t *ret_tag, struct bytes *ret_content)
{
	struct cursor cursor = cursor_make(*rest);
	uint32_t length;

	*ret_tag = cursor_u32be(&cursor);
	length = cursor_u32be(&cursor);
	if (cursor.failed || *ret_tag == 0 || *ret_tag == 0xffffffffu || length < 8 || length > rest->size)
		return false;
	*ret_content = bytes_slice(*rest, 8, length - 8);
	*rest = bytes_slice(*rest, length, rest->size);
	return true;
}

/* What the compression attribute says; false where the attributes are damaged. */
static bool read_attributes(struct cbfs_file *file)
{
	struct bytes rest = file->attributes, content;
	uint32_t tag;

	file->compression = CBFS_PLAIN;
	file->plain_size = file->data.size;
	while (cbfs_next_attribute(&rest, &tag, &content)) {
		struct cursor cursor = cursor_make(content);

		if (tag != CBFS_TAG_COMPRESSION)
			continue;
		file->compression = cursor_u32be(&cursor);
		if (file->compression != CBFS_PLAIN)
			file->plain_size = cursor_u32be(&cursor);
		if (cursor.failed)
			return false;
	}
	/* What is left is padding, or too little for an attribute; or one whose length is wrong. */
	return rest.size < 8 || tag == 0 || tag == 0xffffffffu;
}

/* Where name, attributes and data of a file lie, from the start of its header. */
struct layout {
	uint32_t length, attributes, offset;
};

static bool read_name(struct bytes name, char *ret_name)
{
	ret_name[0] = '\0';
	if (name.size == 0)
		return true;
	if (!memchr(name.data, '\0', name.size) || strlen((const char *)name.data) >= CBFS_NAME_SIZE)
		return false;
	memcpy(ret_name, name.data, strlen((const char *)name.data) + 1);
	return true;
}

/* The file whose header starts at `at`. */
static bool read_file(struct bytes region, size_t at, struct cbfs_file *file)
{
	struct cursor cursor = cursor_make(bytes_slice(region, at, region.size));
	struct bytes name, entry = cursor.rest;
	struct layout layout;

	(void)cursor_bytes(&cursor, strlen(CBFS_MAGIC));
	layout.length = cursor_u32be(&cursor);
	file->type = cursor_u32be(&cursor);
	layout.attributes = cursor_u32be(&cursor);
	layout.offset = cursor_u32be(&cursor);
	if (cursor.failed || layout.offset < CBFS_HEADER_SIZE || layout.offset > entry.size ||
	    layout.length > entry.size - layout.offset)
		return false;
	/* Zero says that there are none. */
	if (layout.attributes == 0)
		layout.attributes = layout.offset;
	if (layout.attributes < CBFS_HEADER_SIZE || layout.attributes > layout.offset)
		return false;
	name = bytes_slice(entry, CBFS_HEADER_SIZE, layout.attributes - CBFS_HEADER_SIZE);
	if (!read_name(name, file->name))
		return false;
	file->offset = at;
	file->data_end = at + layout.offset + layout.length;
	file->end = round_up(file->data_end);
	file->attributes = bytes_slice(entry, layout.attributes, layout.offset - layout.attributes);
	file->data = bytes_slice(entry, layout.offset, layout.length);
	return read_attributes(file);
}

int cbfs_next_entry(struct bytes region, size_t *position, struct cbfs_file *ret_file, struct error *error)
{
	size_t at = *position;

	for (; at + CBFS_HEADER_SIZE <= region.size; at += CBFS_ALIGNMENT) {
		if (memcmp(region.data + at, CBFS_MAGIC, strlen(CBFS_MAGIC)) != 0)
			continue;
		if (!read_file(region, at, ret_file)) {
			char object[32];

			*position = region.size;
			(void)snprintf(object, sizeof(object), "0x%zx", at);
			return error_set(error, E_MALFORMED, object,
			                 "the file header at offset %s of the CBFS is damaged", object);
		}
		/* Always forward: an empty file still takes its header. */
		*position = ret_file->end;
		return 1;
	}
	*position = region.size;
	return 0;
}

int cbfs_next(struct bytes region, size_t *position, struct cbfs_file *ret_file, struct error *error)
{
	int r;

	do
		r = cbfs_next_entry(region, position, ret_file, error);
	while (r > 0 && (ret_file->type == CBFS_TYPE_EMPTY || ret_file->type == CBFS_TYPE_DELETED));
	return r;
}

int cbfs_find_file(struct bytes region, const char *name, struct cbfs_file *ret_file, struct error *error)
{
	size_t position = 0;
	int r;

	while ((r = cbfs_next(region, &position, ret_file, error)) > 0)
		if (strcmp(ret_file->name, name) == 0)
			return 0;
	return r < 0 ? r : error_set(error, E_NOT_FOUND, name, "the image holds no file %s", name);
}

const char *cbfs_type_name(uint32_t type)
{
	static const struct {
		uint32_t type;
		const char *name;
	} types[] = {
	    {0x01, "bootblock"},     {0x02, "cbfs header"},  {0x10, "legacy stage"}, {0x11, "stage"},
	    {0x20, "simple elf"},    {0x21, "fit_payload"},  {0x30, "optionrom"},    {0x40, "bootsplash"},
	    {0x50, "raw"},           {0x51, "vsa"},          {0x52, "mbi"},          {0x53, "microcode"},
	    {0x60, "fsp"},           {0x61, "mrc"},          {0x62, "mma"},          {0x63, "efi"},
	    {0x70, "struct"},        {0xaa, "cmos_default"}, {0xab, "spd"},          {0xac, "mrc_cache"},
	    {0x01aa, "cmos_layout"},
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
