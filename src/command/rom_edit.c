/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom add`, `replace` and `remove`: the raw files of an image file, or of the chip. */
#include "base/cleanup.h"
#include "base/file.h"
#include "command/rom.h"
#include "rom/edit.h"
#include "rom/owner_files.h"
#include "rom/slots.h"
#include <stdio.h>
#include <string.h>

enum edit { EDIT_ADD, EDIT_REPLACE, EDIT_REMOVE };

static const char *const results[] = {
    [EDIT_ADD] = "added",
    [EDIT_REPLACE] = "stored",
    [EDIT_REMOVE] = "removed",
};

static int apply(struct cbfs_region *region, enum edit edit, const struct cbfs_new_file *file, struct error *error)
{
	int r = edit == EDIT_REMOVE ? 0 : owner_file_check(file->name, file->content, error);

	if (r < 0)
		return r;
	switch (edit) {
	case EDIT_ADD:
		return cbfs_add(region, file, error);
	case EDIT_REPLACE:
		return cbfs_replace(region, file, error);
	case EDIT_REMOVE:
		break;
	}
	return cbfs_remove(region, file->name, error);
}

static void print_result(const struct command_context *context, enum edit edit, const struct cbfs_new_file *file,
                         const struct cbfs_space *space)
{
	struct json_object *object;

	/* Whoever puts a file there expects something of it. */
	if (edit != EDIT_REMOVE && rom_is_owners(file->name) && !owner_file_meaning(file->name) &&
	    context->verbosity >= 0)
		(void)fprintf(stderr, "heads: %s is measured, but no file of this name has an effect\n", file->name);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string(results[edit]));
		json_object_object_add(object, "name", command_json_name(file->name));
		json_object_object_add(object, "size", json_object_new_int64((int64_t)file->content.size));
		json_object_object_add(object, "free", json_object_new_int64((int64_t)space->free));
		json_object_object_add(object, "largest", json_object_new_int64((int64_t)space->largest));
		command_print_json(object);
	} else if (context->verbosity >= 0) {
		(void)printf("%s: %s; %zu bytes are free\n", file->name, results[edit], space->free);
	}
}

/* An owner's file in a flash with slots for them: a power cut leaves all the old files or all the new ones. */
static int edit_slot(struct flash *flash, enum edit edit, const struct cbfs_new_file *file,
                     struct cbfs_space *ret_space, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
	struct rom_image image;
	struct rom_slots slots;
	int r = flash_read(flash, 0, flash_size(flash), &before, error);

	image.bytes = buffer_bytes(&before);
	if (r == 0)
		r = owner_files_read(&image, &files, error);
	if (r == 0 && edit == EDIT_ADD)
		for (size_t i = 0; i < files.count && r == 0; i++)
			if (strcmp(files.files[i].name, file->name) == 0)
				r = error_set(error, E_EXISTS, file->name,
				              "the image holds a file %s already; remove it first, or replace it",
				              file->name);
	if (r == 0)
		r = owner_files_change(flash, file->name, edit == EDIT_REMOVE ? NULL : &file->content, NULL, NULL,
		                       error);
	if (r == 0)
		r = flash_read(flash, 0, flash_size(flash), &after, error);
	image.bytes = buffer_bytes(&after);
	if (r == 0)
		r = rom_slots_read(&image, ROM_OWNER_SLOTS, false, &slots, error);
	if (r == 0 && slots.newest >= 0)
		r = cbfs_space(slots.slots[slots.newest].region, ret_space, error);
	return r;
}

/* The chip of this machine, of which only the owner's files are changed one by one. */
static int edit_chip(const struct command_context *context, const struct rom_arguments *arguments, enum edit edit,
                     const struct cbfs_new_file *file, struct cbfs_space *ret_space, struct error *error)
{
	CLEANUP(flash_close) struct flash *flash = NULL;
	int r;

	if (!rom_is_owners(file->name) || arguments->region_given)
		return error_set(error, E_REFUSED, file->name,
		                 "without an image file the flash chip of this machine is meant, and of that the "
		                 "owner's files alone are changed, whose names begin with " OWNER_FILES_PREFIX
		                 "; %s is none: change it in an image, and flash that",
		                 arguments->region_given ? arguments->region : file->name);
	r = rom_open_chip(context, &flash, error);
	if (r < 0)
		return r;
	rom_tell_of_secrets(context, "PCR 7", NULL);
	return edit_slot(flash, edit, file, ret_space, error);
}

static int edit_region(const struct rom_arguments *arguments, enum edit edit, struct cbfs_new_file *file,
                       struct cbfs_space *ret_space, struct error *error)
{
	CLEANUP(rom_edit_close) struct rom_edit rom = {0};
	struct cbfs_region region;
	CLEANUP(flash_close) struct flash *flash = NULL;
	int r = rom_edit_open(arguments->file, &rom, error);

	if (r == 0 && rom_is_owners(file->name) && !arguments->region_given && owner_files_have_slots(&rom.image)) {
		r = flash_open_file(arguments->file, &flash, error);
		return r < 0 ? r : edit_slot(flash, edit, file, ret_space, error);
	}
	if (r == 0)
		r = rom_edit_region(&rom, arguments->region, &region, &file->region_offset, error);
	if (r == 0)
		r = apply(&region, edit, file, error);
	if (r == 0)
		r = cbfs_space(cbfs_region_bytes(&region), ret_space, error);
	return r < 0 ? r : rom_edit_save(&rom, error);
}

static int run(const struct command_context *context, enum edit edit, const struct rom_arguments *arguments)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct cbfs_new_file file = {.name = arguments->words[0]};
	struct cbfs_space space = {0};
	struct error error;
	int r = edit == EDIT_REMOVE ? 0 : file_read(arguments->words[1], ROM_MAX_SIZE, &content, &error);

	file.content = buffer_bytes(&content);
	if (r == 0)
		r = arguments->file ? edit_region(arguments, edit, &file, &space, &error)
		                    : edit_chip(context, arguments, edit, &file, &space, &error);
	if (r < 0)
		return command_fail(context, &error);
	print_result(context, edit, &file, &space);
	return 0;
}

int rom_add_run(const struct command_context *context, int argc, char **argv)
{
	struct rom_arguments arguments;

	if (!rom_read_arguments(argc, argv, 2, &arguments) || arguments.stored)
		return command_usage(context, "usage: heads rom add [--region NAME] [FILE] NAME FROM");
	return run(context, EDIT_ADD, &arguments);
}

int rom_replace_run(const struct command_context *context, int argc, char **argv)
{
	struct rom_arguments arguments;

	if (!rom_read_arguments(argc, argv, 2, &arguments) || arguments.stored)
		return command_usage(context, "usage: heads rom replace [--region NAME] [FILE] NAME FROM");
	return run(context, EDIT_REPLACE, &arguments);
}

int rom_remove_run(const struct command_context *context, int argc, char **argv)
{
	struct rom_arguments arguments;

	if (!rom_read_arguments(argc, argv, 1, &arguments) || arguments.stored)
		return command_usage(context, "usage: heads rom remove [--region NAME] [FILE] NAME");
	return run(context, EDIT_REMOVE, &arguments);
}
