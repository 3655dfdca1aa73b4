/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads settings`: the CONFIG_* settings of an image file or of a text file, or those of this machine. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "command/nouns.h"
#include "command/rom.h"
#include "rom/edit.h"
#include "rom/owner_files.h"
#include "rom/settings_store.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WHERE "[--rom IMAGE|--file TEXT]"

/* Where the owner's settings are, and the words behind the options. */
struct source {
	const char *rom, *file; /* both NULL: the flash of this machine */
	char **words;
	int count;
};

static bool read_source(int argc, char **argv, int least, int most, struct source *ret_source)
{
	int i = 1;

	*ret_source = (struct source){0};
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--rom") == 0)
			ret_source->rom = argv[i + 1];
		else if (strcmp(argv[i], "--file") == 0)
			ret_source->file = argv[i + 1];
		else
			return false;
	}
	ret_source->words = argv + i;
	ret_source->count = argc - i;
	return ret_source->count >= least && ret_source->count <= most && !(ret_source->rom && ret_source->file);
}

static const char *board_file(const struct command_context *context)
{
	return context->settings ? context->settings : SETTINGS_BOARD_FILE;
}

/* Maps the image that the owner's settings are in. */
static int open_image(const struct command_context *context, const struct source *source, struct rom_image *ret_image,
                      struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings board = {0};
	int r;

	if (source->rom)
		return rom_open_file(source->rom, ret_image, error);
	r = rom_settings_load(board_file(context), BYTES_EMPTY, &board, error);
	if (r < 0)
		return r;
	if (!rom_settings_get(&board, "CONFIG_FLASH_SIZE"))
		return error_set(error, E_USAGE, "settings",
		                 "this is no machine with Heads in its flash: say which settings, by --rom or --file");
	return rom_open_flash(rom_settings_number(&board, "CONFIG_FLASH_SIZE", ROM_MAX_SIZE, 0), ret_image, error);
}

/* The owner's text; empty where there is none. */
static int read_owner(const struct command_context *context, const struct source *source, struct buffer *text,
                      struct error *error)
{
	CLEANUP(rom_close) struct rom_image image = {BYTES_EMPTY};
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	int r;

	if (source->file)
		return file_read(source->file, SETTINGS_MAX_SIZE, text, error);
	r = open_image(context, source, &image, error);
	if (r == 0)
		r = owner_files_read(&image, &files, error);
	if (r == 0)
		buffer_append_bytes(text, owner_files_find(&files, OWNER_FILE_SETTINGS));
	return r;
}

static int load(const struct command_context *context, const struct source *source, struct rom_settings *ret_settings,
                struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	int r = read_owner(context, source, &text, error);

	return r < 0 ? r : rom_settings_load(board_file(context), buffer_bytes(&text), ret_settings, error);
}

/* The value in force: what is set, or what holds without. NULL: nothing. */
static const char *value_of(const struct rom_settings *settings, const char *name)
{
	const struct setting_info *info = setting_info_find(name);
	const char *value = rom_settings_get(settings, name);

	return value || !info ? value : info->fallback;
}

static struct json_object *json_of(const struct rom_settings *settings, const char *name)
{
	const struct setting_info *info = setting_info_find(name);
	const char *value = value_of(settings, name), *fallback = info ? info->fallback : NULL;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "value", value ? command_json_name(value) : NULL);
	json_object_object_add(object, "origin", json_object_new_string(rom_settings_origin(settings, name)));
	json_object_object_add(object, "type", json_object_new_string(setting_type_name(info)));
	json_object_object_add(object, "default", fallback ? json_object_new_string(fallback) : NULL);
	json_object_object_add(object, "effect", json_object_new_string(setting_effect_name(info)));
	json_object_object_add(object, "meaning", info ? json_object_new_string(info->meaning) : NULL);
	return object;
}

static void print_setting(const struct command_context *context, const struct rom_settings *settings, const char *name)
{
	const struct setting_info *info = setting_info_find(name);
	const char *value = value_of(settings, name);
	char safe[512];

	if (context->json) {
		command_print_json(json_of(settings, name));
		return;
	}
	(void)printf("%-38s %-24s %-8s %-10s %s\n", name,
	             value ? text_escape_into(bytes_from_string(value), safe, sizeof(safe)) : "-",
	             rom_settings_origin(settings, name), setting_effect_name(info),
	             info ? info->meaning : "kept as it is");
}

static int list_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	const struct setting_info *info;
	struct source source;
	struct error error;

	if (!read_source(argc, argv, 0, 1, &source))
		return command_usage(context, "usage: heads settings list " WHERE " [WORD]");
	if (load(context, &source, &settings, &error) < 0)
		return command_fail(context, &error);
	for (size_t i = 0; (info = setting_info_at(i)); i++)
		if (source.count == 0 || setting_matches(info, info->name, source.words[0]))
			print_setting(context, &settings, info->name);
	for (size_t i = 0; i < settings.merged.count; i++) {
		const char *name = settings.merged.settings[i].name;

		if (!setting_info_find(name) && (source.count == 0 || setting_matches(NULL, name, source.words[0])))
			print_setting(context, &settings, name);
	}
	return 0;
}

static int get_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct source source;
	const char *value;
	struct error error;
	char safe[512];

	if (!read_source(argc, argv, 1, 1, &source))
		return command_usage(context, "usage: heads settings get " WHERE " NAME");
	if (load(context, &source, &settings, &error) < 0)
		return command_fail(context, &error);
	value = value_of(&settings, source.words[0]);
	if (context->json)
		command_print_json(json_of(&settings, source.words[0]));
	else if (value) /* a terminal gets nothing that it would act on */
		(void)puts(isatty(STDOUT_FILENO) ? text_escape_into(bytes_from_string(value), safe, sizeof(safe))
		                                 : value);
	return value ? 0 : 1;
}

static int change_file(const char *path, const char *name, const char *value, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
	int r = file_read(path, SETTINGS_MAX_SIZE, &before, error);

	if (r == -E_NOT_FOUND)
		r = 0;
	if (r == 0)
		r = rom_settings_edit(buffer_bytes(&before), name, value, &after, error);
	return r < 0 ? r : file_replace_path(path, buffer_bytes(&after), error);
}

/* In an image without slots for the owner's files: among the firmware's own. */
static int change_region(const struct rom_image *image, const char *path, const char *name, const char *value,
                         struct error *error)
{
	CLEANUP(rom_edit_close) struct rom_edit rom = {0};
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct cbfs_new_file file = {.name = OWNER_FILE_SETTINGS};
	struct cbfs_region region;
	int r = owner_files_read(image, &files, error);

	if (r == 0)
		r = rom_settings_edit(owner_files_find(&files, OWNER_FILE_SETTINGS), name, value, &text, error);
	file.content = buffer_bytes(&text);
	if (r == 0)
		r = rom_edit_open(path, &rom, error);
	if (r == 0)
		r = rom_edit_region(&rom, ROM_REGION, &region, &file.region_offset, error);
	if (r == 0)
		r = cbfs_replace(&region, &file, error);
	return r < 0 ? r : rom_edit_save(&rom, error);
}

static int change_flash(const struct command_context *context, const struct source *source, const char *name,
                        const char *value, struct error *error)
{
	CLEANUP(rom_close) struct rom_image image = {BYTES_EMPTY};
	CLEANUP(flash_close) struct flash *flash = NULL;
	int r = open_image(context, source, &image, error);

	if (r < 0)
		return r;
	if (source->rom && !owner_files_have_slots(&image))
		return change_region(&image, source->rom, name, value, error);
	if (source->rom) {
		r = flash_open_file(source->rom, &flash, error);
	} else {
		r = rom_open_chip(context, &flash, error);
		if (r == 0)
			rom_tell_of_secrets(context, "PCR 7", "Settings");
	}
	return r < 0 ? r : rom_settings_change(flash, name, value, NULL, NULL, error);
}

static int change(const struct command_context *context, const struct source *source, const char *value)
{
	const char *name = source->words[0];
	const struct setting_info *info = setting_info_find(name);
	struct json_object *object;
	struct error error;
	int r;

	if (source->file)
		r = change_file(source->file, name, value, &error);
	else
		r = change_flash(context, source, name, value, &error);
	if (r < 0)
		return command_fail(context, &error);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string(value ? "set" : "unset"));
		json_object_object_add(object, "name", json_object_new_string(name));
		json_object_object_add(object, "effect", json_object_new_string(setting_effect_name(info)));
		command_print_json(object);
	}
	if (value && (!info || info->effect == SETTING_UNUSED) && context->verbosity >= 0)
		(void)fprintf(stderr, "heads: %s is kept, but has no effect here%s%s\n", name, info ? ": " : "",
		              info ? info->meaning : "");
	return 0;
}

static int set_run(const struct command_context *context, int argc, char **argv)
{
	struct source source;

	if (!read_source(argc, argv, 2, 2, &source))
		return command_usage(context, "usage: heads settings set " WHERE " NAME VALUE");
	return change(context, &source, source.words[1]);
}

static int unset_run(const struct command_context *context, int argc, char **argv)
{
	struct source source;

	if (!read_source(argc, argv, 1, 1, &source))
		return command_usage(context, "usage: heads settings unset " WHERE " NAME");
	return change(context, &source, NULL);
}

static const struct command_verb verbs[] = {
    {"list", WHERE " [WORD]", "what is set, by whom, and what it means", list_run},
    {"get", WHERE " NAME", "the value in force; 1 where there is none", get_run},
    {"set", WHERE " NAME VALUE", "changes one, and leaves the others as they are", set_run},
    {"unset", WHERE " NAME", "takes one out", unset_run},
};

const struct command_noun command_settings = {"settings", "the CONFIG_* settings", verbs, ARRAY_SIZE(verbs)};
