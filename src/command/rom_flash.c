/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom flash`: the whole chip, coreboot's own stages included. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "command/rom.h"
#include "command/rom_install.h"
#include "owner/update.h"
#include <stdio.h>

#define WORD "flash"

/* The image of a file, unpacked where it is a zip, in a buffer of its own. */
static int read_image(const char *path, struct buffer *image, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer file = {0};
	struct update update;
	int r = file_read(path, UPDATE_MAX_SIZE, &file, error);

	if (r < 0)
		return r;
	if (update_is_zip(buffer_bytes(&file)))
		return update_read_unsigned(buffer_bytes(&file), image, &update, error);
	if (update_is_package(buffer_bytes(&file)))
		return error_set(
		    error, E_USAGE, path,
		    "%s is a signed update, which `heads rom update %s` installs in the other slot, safely "
		    "against a power cut; to write the whole chip all the same, take the image out of it "
		    "(tar xf %s " UPDATE_ROM ") and flash that",
		    path, path, path);
	*image = file;
	file = (struct buffer){0};
	return 0;
}

static void print_changes(const struct command_context *context, const struct update_whole *whole)
{
	for (size_t i = 0; i < whole->change_count && context->verbosity >= 0; i++)
		(void)fprintf(stderr, "%s\n", whole->changes[i]);
}

static int flash_whole(const struct command_context *context, const struct install_arguments *arguments,
                       struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	CLEANUP(flash_close) struct flash *flash = NULL;
	CLEANUP(buffer_clear) struct buffer image = {0}, chip = {0};
	struct flash_watch watch = {install_show_progress, (void *)(uintptr_t)context};
	struct flash_count count = {0};
	struct update_whole whole = {0};
	unsigned long long started;
	struct rom_image old;
	int r = rom_settings_load(context->settings ? context->settings : SETTINGS_BOARD_FILE, BYTES_EMPTY, &settings,
	                          error);

	if (r == 0)
		r = install_open_chip(arguments, &settings, &flash, &chip, error);
	if (r == 0)
		r = read_image(arguments->words[0], &image, error);
	old.bytes = buffer_bytes(&chip);
	if (r == 0)
		r = update_whole(&old, arguments->erase_owner, &image, &whole, error);
	if (r < 0)
		return r;
	print_changes(context, &whole);
	if (arguments->plan_only)
		return 0;
	if (!arguments->chip)
		rom_tell_of_secrets(context, "PCR 2 or 7, where payload, stages or your files differ", NULL);
	r = install_typed(
	    "The whole chip is written, bootblock included, from an image that nobody vouches for. If the "
	    "power fails meanwhile the machine may not start again.",
	    WORD, error);
	started = log_now_ms();
	if (r == 0)
		r = flash_write(flash, 0, buffer_bytes(&image), &watch, &count, error);
	if (r == 0)
		install_print_done(context, "", "the whole chip", &count, log_now_ms() - started);
	return r;
}

int rom_flash_run(const struct command_context *context, int argc, char **argv)
{
	struct install_arguments arguments = {0};
	struct error error;

	if (!install_read_arguments(argc, argv, &arguments) || arguments.count != 1)
		return command_usage(context,
		                     "usage: heads rom flash [--chip IMAGE] [--plan] [--erase-owner-files] FILE");
	return flash_whole(context, &arguments, &error) < 0 ? command_fail(context, &error) : 0;
}
