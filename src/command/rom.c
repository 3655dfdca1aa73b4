/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom`: what a flash image holds. */
#include "command/rom.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "command/nouns.h"
#include "format/cbfs_content.h"
#include "rom/image.h"
#include "rom/owner_files.h"
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
	if (argc - i == words + 1)
		ret_arguments->file = argv[i++];
	ret_arguments->words = argv + i;
	return argc - i == words;
}

const char *rom_type_name(const struct cbfs_file *file, char text[16])
{
	const char *name = cbfs_type_name(file->type);

	if (name)
		return name;
	(void)snprintf(text, 16, "0x%x", file->type);
	return text;
}

/* One of the owner's files, from the slot that is in force. */
static int extract_owners(const struct rom_image *image, const char *name, struct buffer *content, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	int r = owner_files_read(image, &files, error);

	for (size_t i = 0; i < files.count && r == 0; i++)
		if (strcmp(files.files[i].name, name) == 0) {
			buffer_append_bytes(content, buffer_bytes(&files.files[i].content));
			return 0;
		}
	return r < 0 ? r : error_set(error, E_NOT_FOUND, name, "the image holds no file %s", name);
}

static int extract(const struct rom_arguments *arguments, const struct rom_image *image, struct buffer *content,
                   struct error *error)
{
	struct cbfs_file file;
	struct bytes region;
	size_t offset;
	int r;

	if (rom_is_owners(arguments->words[0]) && !arguments->region_given && owner_files_have_slots(image))
		return extract_owners(image, arguments->words[0], content, error);
	r = cbfs_find(image->bytes, arguments->region, &offset, &region, error);
	if (r == 0)
		r = cbfs_find_file(region, arguments->words[0], &file, error);
	if (r == 0 && arguments->stored) {
		file.compression = CBFS_PLAIN;
		file.plain_size = file.data.size;
	}
	return r < 0 ? r : cbfs_content(&file, content, error);
}

static int extract_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_source_close) struct rom_source source = {0};
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct rom_arguments arguments;
	struct error error;
	int r;

	if (!rom_read_arguments(argc, argv, 1, &arguments))
		return command_usage(context,
		                     "usage: heads rom extract [--region NAME] [--stored] [FILE] NAME > CONTENT");
	r = rom_source_open(context, arguments.file, &source, &error);
	if (r == 0)
		r = extract(&arguments, &source.image, &content, &error);
	if (r == 0)
		r = file_write_all(STDOUT_FILENO, "standard output", buffer_bytes(&content), &error);
	return r < 0 ? command_fail(context, &error) : 0;
}

static const struct command_verb verbs[] = {
    {"info", "[FILE]", "regions, space, the owner's files; without FILE of this machine's chip", rom_info_run},
    {"list", "[--region NAME] [FILE]", "the files in each CBFS of an image or of the chip", rom_list_run},
    {"extract", "[--region NAME] [--stored] [FILE] NAME", "writes one file to standard output", extract_run},
    {"add", "[--region NAME] [FILE] NAME FROM", "adds a raw file", rom_add_run},
    {"replace", "[--region NAME] [FILE] NAME FROM", "adds a raw file, in place of one of that name", rom_replace_run},
    {"remove", "[--region NAME] [FILE] NAME", "removes a raw file", rom_remove_run},
    {"update", "[--chip IMAGE] [--plan] PACKAGE", "installs a signed update in the other slot", rom_update_run},
    {"flash", "[--chip IMAGE] [--plan] [--erase-owner-files] FILE", "writes a whole image, after a typed word",
     rom_flash_run},
    {"package", "--version V --gnupghome HOME --out PACKAGE ROM", "makes a signed update", rom_package_run},
};

const struct command_noun command_rom = {"rom", "what a flash image holds", verbs, ARRAY_SIZE(verbs)};
