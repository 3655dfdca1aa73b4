/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom list`: the files of one region, or of every region that holds a CBFS. */
#include "base/cleanup.h"
#include "command/rom.h"
#include "format/cbfs.h"
#include "format/fmap.h"
#include <stdio.h>

static void print_file(const struct command_context *context, const char *region, size_t region_offset,
                       const struct cbfs_file *file)
{
	char unknown[16];
	struct json_object *object;

	if (!context->json) {
		(void)printf("%-32s 0x%-8zx %-14s %9zu %-4s %s\n", file->name, region_offset + file->offset,
		             rom_type_name(file, unknown), file->data.size, cbfs_compression_name(file->compression),
		             region);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "name", command_json_name(file->name));
	json_object_object_add(object, "offset", json_object_new_int64((int64_t)(region_offset + file->offset)));
	json_object_object_add(object, "type", json_object_new_string(rom_type_name(file, unknown)));
	json_object_object_add(object, "size", json_object_new_int64((int64_t)file->data.size));
	json_object_object_add(object, "compression", json_object_new_string(cbfs_compression_name(file->compression)));
	json_object_object_add(object, "region", command_json_name(region));
	command_print_json(object);
}

static int list_region(const struct command_context *context, const char *name, size_t offset, struct bytes region,
                       struct error *error)
{
	struct cbfs_file file;
	size_t position = 0;
	int r;

	while ((r = cbfs_next(region, &position, &file, error)) > 0)
		print_file(context, name, offset, &file);
	return r;
}

/* An area may hold others (FLASH, BIOS); its first bytes are then those of the first of them. */
static bool is_begun_by_another(const struct fmap *map, const struct fmap_area *area)
{
	struct fmap_area other;

	for (size_t i = 0; fmap_area(map, i, &other); i++)
		if (other.offset == area->offset && other.size > 0 && other.size < area->size)
			return true;
	return false;
}

/* Every region that holds a CBFS, in the order of the map. One that is damaged, as an update that was interrupted
 * leaves it, does not hide the others: it is named, and is the error in the end. */
static int list_all(const struct command_context *context, const struct fmap *map, struct bytes image,
                    struct error *error)
{
	struct fmap_area area;
	struct bytes region;
	size_t found = 0;
	int result = 0;

	for (size_t i = 0; fmap_area(map, i, &area); i++) {
		struct error why;
		int r = fmap_area_bytes(image, &area, &region, &why);

		if (r == 0 && (!bytes_start_with(region, CBFS_MAGIC) || is_begun_by_another(map, &area)))
			continue;
		found++;
		if (r == 0)
			r = list_region(context, area.name, area.offset, region, &why);
		if (r < 0)
			result = error_set(error, why.code, area.name, "region %s: %s", area.name, why.sentence);
	}
	if (result == 0 && found == 0)
		return error_set(error, E_NOT_FOUND, "CBFS", "no region of the image holds files (CBFS)");
	return result;
}

static int list(const struct command_context *context, const struct rom_arguments *arguments, struct bytes image,
                struct error *error)
{
	/* An image without a map has one CBFS, whatever it is called. */
	const char *name = arguments->region_given ? arguments->region : "CBFS";
	struct bytes region;
	struct fmap map;
	size_t offset;
	int r;

	if (!arguments->region_given && fmap_open(image, &map, NULL) == 0)
		return list_all(context, &map, image, error);
	r = cbfs_find(image, name, &offset, &region, error);
	return r < 0 ? r : list_region(context, name, offset, region, error);
}

int rom_list_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_source_close) struct rom_source source = {0};
	struct rom_arguments arguments;
	struct error error;
	int r;

	if (!rom_read_arguments(argc, argv, 0, &arguments) || arguments.stored)
		return command_usage(context, "usage: heads rom list [--region NAME] [FILE]");
	r = rom_source_open(context, arguments.file, &source, &error);
	if (r == 0)
		r = list(context, &arguments, source.image.bytes, &error);
	return r < 0 ? command_fail(context, &error) : 0;
}
