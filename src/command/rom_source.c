/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verb of `rom` works on: an image file, or without one the flash chip of this machine. */
#include "base/cleanup.h"
#include "command/rom.h"
#include "rom/flash_board.h"
#include "rom/owner_files.h"
#include <stdio.h>
#include <string.h>

int rom_open_chip(const struct command_context *context, struct flash **ret_flash, struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct error why;
	int r = rom_settings_load(context->settings ? context->settings : SETTINGS_BOARD_FILE, BYTES_EMPTY, &settings,
	                          &why);

	if (r == 0)
		r = flash_open_board(&settings, ret_flash, &why);
	if (r < 0)
		return error_set(error, why.code, why.object,
		                 "without an image file the flash chip of this machine is meant, and %s", why.sentence);
	return 0;
}

int rom_source_open(const struct command_context *context, const char *file, struct rom_source *ret_source,
                    struct error *error)
{
	struct rom_source source = {.name = file};
	int r;

	*ret_source = source;
	if (file)
		return rom_open_file(file, &ret_source->image, error);
	r = rom_open_chip(context, &ret_source->flash, error);
	if (r == 0)
		r = flash_read(ret_source->flash, 0, flash_size(ret_source->flash), &ret_source->content, error);
	if (r < 0)
		return r;
	ret_source->name = flash_name(ret_source->flash);
	ret_source->image.bytes = buffer_bytes(&ret_source->content);
	return 0;
}

void rom_source_close(struct rom_source *source)
{
	if (source->flash)
		buffer_clear(&source->content);
	else
		rom_close(&source->image);
	flash_close(&source->flash);
}

void rom_tell_of_secrets(const struct command_context *context, const char *pcrs, const char *screen)
{
	if (context->verbosity < 0)
		return;
	(void)fprintf(
	    stderr,
	    "heads: the next start measures another %s, which cannot be approved from a shell: the TPM will keep "
	    "the TOTP secret, the dongle's and the disk unlock key back until you choose \"Approve what runs now\" "
	    "on the screen TOTP after the restart (it asks for the TPM's owner passphrase).",
	    pcrs);
	if (screen)
		(void)fprintf(stderr, " The screen %s in the menu approves it beforehand.", screen);
	(void)fprintf(stderr, "\n");
}

bool rom_is_owners(const char *name)
{
	return strncmp(name, OWNER_FILES_PREFIX, strlen(OWNER_FILES_PREFIX)) == 0;
}
