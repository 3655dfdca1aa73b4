/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom info`: what an image is and how much room it has. */
#include "base/cleanup.h"
#include "base/text.h"
#include "boot/flash_lock.h"
#include "command/rom.h"
#include "format/cbfs_write.h"
#include "rom/owner_files.h"
#include "rom/settings.h"
#include <stdio.h>
#include <string.h>

/* One area of the map; the files and the space of one that holds a CBFS. */
struct area {
	struct fmap_area area;
	bool has_files;
	struct cbfs_space space;
};

static struct json_object *json_of_area(const struct area *area)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "name", command_json_name(area->area.name));
	json_object_object_add(object, "offset", json_object_new_int64((int64_t)area->area.offset));
	json_object_object_add(object, "size", json_object_new_int64((int64_t)area->area.size));
	if (area->has_files) {
		json_object_object_add(object, "files", json_object_new_int64((int64_t)area->space.files));
		json_object_object_add(object, "used", json_object_new_int64((int64_t)area->space.used));
		json_object_object_add(object, "free", json_object_new_int64((int64_t)area->space.free));
		json_object_object_add(object, "largest", json_object_new_int64((int64_t)area->space.largest));
	}
	return object;
}

static void print_area(const struct area *area)
{
	(void)printf("%-20s 0x%08zx %9zu", area->area.name, area->area.offset, area->area.size);
	if (area->has_files)
		(void)printf("  %zu files, %zu bytes free, at most %zu in one file", area->space.files,
		             area->space.free, area->space.largest);
	(void)printf("\n");
}

static int show_area(struct bytes image, const struct fmap_area *map_area, struct json_object *array,
                     struct error *error)
{
	struct area area = {.area = *map_area};
	struct bytes region;
	int r = fmap_area_bytes(image, map_area, &region, error);

	if (r < 0)
		return r;
	area.has_files = bytes_start_with(region, CBFS_MAGIC);
	if (area.has_files && (r = cbfs_space(region, &area.space, error)) < 0)
		return r;
	if (array)
		json_object_array_add(array, json_of_area(&area));
	else
		print_area(&area);
	return 0;
}

/* The areas of the map; an image without one has a single area, which holds its files. */
static int show_areas(struct bytes image, struct json_object *array, struct error *error)
{
	struct fmap_area area = {.name = "CBFS"};
	struct bytes region;
	struct fmap map;
	int r;

	if (fmap_open(image, &map, NULL) < 0) {
		r = cbfs_find(image, "CBFS", &area.offset, &region, error);
		area.size = region.size;
		return r < 0 ? r : show_area(image, &area, array, error);
	}
	for (size_t i = 0; fmap_area(&map, i, &area); i++) {
		r = show_area(image, &area, array, error);
		if (r < 0)
			return r;
	}
	return 0;
}

static void show_owner_files(const struct owner_files *files, struct json_object *array)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct owner_file *file = &files->files[i];
		const char *meaning = owner_file_meaning(file->name);
		struct json_object *object;

		if (!array) {
			(void)printf("%-32s %9zu  %s\n", file->name, file->content.size,
			             meaning ? meaning : "measured; a file of this name has no effect");
			continue;
		}
		object = json_object_new_object();
		json_object_object_add(object, "name", command_json_name(file->name));
		json_object_object_add(object, "size", json_object_new_int64((int64_t)file->content.size));
		json_object_object_add(object, "meaning", meaning ? json_object_new_string(meaning) : NULL);
		json_object_array_add(array, object);
	}
}

/* What coreboot's build wrote into the image: the value behind "KEY: " in the file build_info, or "". */
static void build_info(struct bytes image, const char *key, char *text, size_t size)
{
	struct bytes region, rest;
	struct cbfs_file file;
	size_t offset;

	text[0] = '\0';
	if (cbfs_find(image, ROM_REGION, &offset, &region, NULL) < 0 ||
	    cbfs_find_file(region, "build_info", &file, NULL) < 0)
		return;
	for (rest = file.data; rest.size > 0;) {
		const uint8_t *end = memchr(rest.data, '\n', rest.size);
		struct bytes line = bytes_slice(rest, 0, end ? (size_t)(end - rest.data) : rest.size);

		if (bytes_start_with(line, key)) {
			(void)text_escape_into(bytes_slice(line, strlen(key), line.size), text, size);
			return;
		}
		rest = bytes_slice(rest, line.size + 1, rest.size);
	}
}

/* Of the chip of this machine; an image file has no lock. */
static struct json_object *show_lock(const struct command_context *context)
{
	struct flash_lock_state state = flash_lock_state(context->settings ? context->settings : SETTINGS_BOARD_FILE);
	struct json_object *object;

	if (!context->json) {
		(void)printf("%-32s %s\n", "lock", flash_lock_sentence(&state));
		return NULL;
	}
	object = json_object_new_object();
	json_object_object_add(object, "board", json_object_new_string(state.declared ? "smi" : "none"));
	json_object_object_add(
	    object, "asked",
	    state.asked == FLASH_LOCK_UNKNOWN ? NULL : json_object_new_boolean(state.asked == FLASH_LOCK_ASKED));
	return object;
}

int rom_info_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_source_close) struct rom_source source = {0};
	struct rom_arguments arguments;
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	struct json_object *regions = NULL, *owner = NULL, *lock = NULL, *object;
	char version[128], mainboard[128];
	struct error error;

	if (!rom_read_arguments(argc, argv, 0, &arguments) || arguments.region_given || arguments.stored)
		return command_usage(context, "usage: heads rom info [FILE]");
	if (rom_source_open(context, arguments.file, &source, &error) < 0 ||
	    owner_files_read(&source.image, &files, &error) < 0)
		return command_fail(context, &error);
	build_info(source.image.bytes, "COREBOOT_VERSION: ", version, sizeof(version));
	build_info(source.image.bytes, "MAINBOARD_PART_NUMBER: ", mainboard, sizeof(mainboard));
	if (context->json) {
		regions = json_object_new_array();
		owner = json_object_new_array();
	} else {
		(void)printf("%s: %zu bytes, coreboot %s, %s\n", source.name, source.image.bytes.size,
		             version[0] ? version : "of unknown version", mainboard[0] ? mainboard : "unknown board");
	}
	if (show_areas(source.image.bytes, regions, &error) < 0) {
		json_object_put(regions);
		json_object_put(owner);
		return command_fail(context, &error);
	}
	show_owner_files(&files, owner);
	if (source.flash)
		lock = show_lock(context);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "bytes", json_object_new_int64((int64_t)source.image.bytes.size));
		json_object_object_add(object, "coreboot", version[0] ? json_object_new_string(version) : NULL);
		json_object_object_add(object, "mainboard", mainboard[0] ? json_object_new_string(mainboard) : NULL);
		json_object_object_add(object, "regions", regions);
		json_object_object_add(object, "owner_files", owner);
		json_object_object_add(object, "lock", lock);
		command_print_json(object);
	}
	return 0;
}
