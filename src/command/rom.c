/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom`: what a flash image holds. */
#include "command/rom.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "command/nouns.h"
#include "format/cbfs_content.h"
#include "rom/image.h"
#include <stdio.h>
#include <string.h>

bool rom_read_arguments(int argc, char **argv, int words, struct rom_arguments *ret_arguments)
{
	int i = 1;

	*ret_arguments = (struct rom_arguments){.region = ROM_REGION};
	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--stored") == 0)
			ret_arguments->stored = true;
		else if (strcmp(argv[i], "--region") == 0 && i + 1 < argc) {
			ret_arguments->region = argv[++i];
			ret_arguments->region_given = true;
		} else
			return false;
	}
	ret_arguments->words = argv + i;
	ret_arguments->count = argc - i;
	return ret_arguments->count == words;
}

const char *rom_type_name(const struct cbfs_file *file, char text[16])
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
		             rom_type_name(file, unknown), file->data.size, cbfs_compression_name(file->compression));
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "name", command_json_name(file->name));
	json_object_object_add(object, "offset", json_object_new_int64((int64_t)(region_offset + file->offset)));
	json_object_object_add(object, "type", json_object_new_string(rom_type_name(file, unknown)));
	json_object_object_add(object, "size", json_object_new_int64((int64_t)file->data.size));
	json_object_object_add(object, "compression", json_object_new_string(cbfs_compression_name(file->compression)));
	command_print_json(object);
}

static int list_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_close) struct rom_image image = {BYTES_EMPTY};
	size_t offset, position = 0;
	struct rom_arguments arguments;
	struct cbfs_file file;
	struct bytes region;
	struct error error;
	int r;

	if (!rom_read_arguments(argc, argv, 1, &arguments) || arguments.stored)
		return command_usage(context, "usage: heads rom list [--region NAME] FILE");
	r = rom_open_file(arguments.words[0], &image, &error);
	if (r == 0)
		r = cbfs_find(image.bytes, arguments.region, &offset, &region, &error);
	if (r == 0)
		while ((r = cbfs_next(region, &position, &file, &error)) > 0)
			print_file(context, &file, offset);
	return r < 0 ? command_fail(context, &error) : 0;
}

static int extract_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_close) struct rom_image image = {BYTES_EMPTY};
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct cbfs_file file;
	struct rom_arguments arguments;
	struct bytes region;
	struct error error;
	size_t offset;
	int r;

	if (!rom_read_arguments(argc, argv, 2, &arguments))
		return command_usage(context,
		                     "usage: heads rom extract [--region NAME] [--stored] FILE NAME > CONTENT");
	r = rom_open_file(arguments.words[0], &image, &error);
	if (r == 0)
		r = cbfs_find(image.bytes, arguments.region, &offset, &region, &error);
	if (r == 0)
		r = cbfs_find_file(region, arguments.words[1], &file, &error);
	if (r == 0 && arguments.stored) {
		file.compression = CBFS_PLAIN;
		file.plain_size = file.data.size;
	}
	if (r == 0)
		r = cbfs_content(&file, &content, &error);
	if (r == 0)
		r = file_write_all(STDOUT_FILENO, "standard output", buffer_bytes(&content), &error);
	return r < 0 ? command_fail(context, &error) : 0;
}

static const struct command_verb verbs[] = {
    {"info", "FILE", "regions, space, the owner's files", rom_info_run},
    {"list", "[--region NAME] FILE", "the files in the CBFS of an image", list_run},
    {"extract", "[--region NAME] [--stored] FILE NAME", "writes one file to standard output", extract_run},
    {"add", "[--region NAME] FILE NAME FROM", "adds a raw file", rom_add_run},
    {"replace", "[--region NAME] FILE NAME FROM", "adds a raw file, in place of one of that name", rom_replace_run},
    {"remove", "[--region NAME] FILE NAME", "removes a raw file", rom_remove_run},
    {"update", "[--chip IMAGE] [--plan] PACKAGE", "installs a signed update in the other slot", rom_update_run},
    {"flash", "[--chip IMAGE] FILE", "writes a whole image, after a typed word", rom_flash_run},
    {"package", "--version V --gnupghome HOME --out PACKAGE ROM", "makes a signed update", rom_package_run},
};

const struct command_noun command_rom = {"rom", "what a flash image holds", verbs, ARRAY_SIZE(verbs)};
