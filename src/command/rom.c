/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom`: what a flash image holds. */
#include "base/cleanup.h"
#include "base/file.h"
#include "command/nouns.h"
#include "format/cbfs.h"
#include "rom/image.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const char *type_name(const struct cbfs_file *file, char text[16])
{
	const char *name = cbfs_type_name(file->type);

	if (name)
		return name;
	(void)snprintf(text, 16, "0x%x", file->type);
	return text;
}

static void print_file(const struct command_context *context, const struct cbfs_file *file, size_t region_offset)
{
	char unknown[16];
	struct json_object *object;

	if (!context->json) {
		(void)printf("%-32s 0x%-8zx %-14s %9zu %s\n", file->name, region_offset + file->offset,
		             type_name(file, unknown), file->data.size, cbfs_compression_name(file->compression));
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "name", command_json_name(file->name));
	json_object_object_add(object, "offset", json_object_new_int64((int64_t)(region_offset + file->offset)));
	json_object_object_add(object, "type", json_object_new_string(type_name(file, unknown)));
	json_object_object_add(object, "size", json_object_new_int64((int64_t)file->data.size));
	json_object_object_add(object, "compression", json_object_new_string(cbfs_compression_name(file->compression)));
	command_print_json(object);
}

/* Walks the CBFS of an image file. With a name: stops there and gives that file in *ret_file (1), 0 where there is
 * none. */
static int walk(const struct command_context *context, const struct rom_image *image, const char *name,
                struct cbfs_file *ret_file, struct error *error)
{
	size_t offset, position = 0;
	struct bytes region;
	int r = cbfs_find(image->bytes, "COREBOOT", &offset, &region, error);

	if (r < 0)
		return r;
	while ((r = cbfs_next(region, &position, ret_file, error)) > 0) {
		if (!name)
			print_file(context, ret_file, offset);
		else if (strcmp(name, ret_file->name) == 0)
			return 1;
	}
	return r;
}

static int list_verb(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_close) struct rom_image image = {BYTES_EMPTY};
	struct cbfs_file file;
	struct error error;

	if (argc != 2)
		return command_usage(context, "usage: heads rom list FILE");
	if (rom_open_file(argv[1], &image, &error) < 0 || walk(context, &image, NULL, &file, &error) < 0)
		return command_fail(context, &error);
	return 0;
}

static int extract_verb(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_close) struct rom_image image = {BYTES_EMPTY};
	struct cbfs_file file = {0};
	struct error error;
	int r;

	if (argc != 3)
		return command_usage(context, "usage: heads rom extract FILE NAME > CONTENT");
	r = rom_open_file(argv[1], &image, &error);
	if (r == 0)
		r = walk(context, &image, argv[2], &file, &error);
	if (r == 0)
		r = error_set(&error, E_NOT_FOUND, argv[2], "the ROM file %s holds no %s", argv[1], argv[2]);
	if (r > 0 && file.compression != 0)
		r = error_set(&error, E_UNSUPPORTED, argv[2],
		              "%s is compressed (%s), which is not read yet; use cbfstool", argv[2],
		              cbfs_compression_name(file.compression));
	if (r > 0)
		r = file_write_all(STDOUT_FILENO, "standard output", file.data, &error);
	return r < 0 ? command_fail(context, &error) : 0;
}

static const struct command_verb verbs[] = {
    {"list", "FILE", "the files in the CBFS of an image", list_verb},
    {"extract", "FILE NAME", "writes one uncompressed file to standard output", extract_verb},
};

const struct command_noun command_rom = {"rom", "what a flash image holds", verbs, ARRAY_SIZE(verbs)};
