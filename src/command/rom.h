/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs of `rom` in files of their own, and what they share. */
#ifndef HEADS_COMMAND_ROM_H
#define HEADS_COMMAND_ROM_H

#include "command/command.h"
#include "format/cbfs.h"
#include "rom/flash.h"
#include "rom/image.h"

/* The arguments of every verb: `[--region NAME] [FILE] WORD...`. */
struct rom_arguments {
	const char *region; /* "COREBOOT" unless the option says another */
	bool region_given;
	bool stored;      /* --stored: extract does not unpack */
	const char *file; /* NULL: the chip of this machine */
	char **words;     /* behind FILE */
};

/* Reads options before the words, of which there are as many as words says, or one more: FILE. False where there are
 * fewer or more, or an unknown option. */
bool rom_read_arguments(int argc, char **argv, int words, struct rom_arguments *ret_arguments);
/* An image file, or the chip of this machine. */
struct rom_source {
	const char *name; /* path or device; borrowed */
	struct rom_image image;
	struct flash *flash; /* NULL for a file */
	struct buffer content;
};

/* file NULL: the chip that the board's settings name, read once. Release with rom_source_close also after an error.
 * Errors: those of rom_open_file; of rom_open_chip and flash_read. */
int rom_source_open(const struct command_context *context, const char *file, struct rom_source *ret_source,
                    struct error *error);
void rom_source_close(struct rom_source *source);
/* The chip of this machine. Errors: those of rom_settings_load and flash_open_board; the sentence says that without a
 * file the chip is meant. */
int rom_open_chip(const struct command_context *context, struct flash **ret_flash, struct error *error);
/* Before the chip of this machine is written from the command line, where nothing can be approved (PCR 4 says recovery
 * shell): what that does to the secrets of the TPM, and what to do next. pcrs: "PCR 7"; screen: where the same change
 * is approved beforehand, or NULL. Nothing with --quiet. */
void rom_tell_of_secrets(const struct command_context *context, const char *pcrs, const char *screen);
/* Whether a file of this name is the owner's ("heads/..."). */
bool rom_is_owners(const char *name);
/* "raw", or "0x7" in text where the type has no name. */
const char *rom_type_name(const struct cbfs_file *file, char text[16]);

int rom_list_run(const struct command_context *context, int argc, char **argv);
int rom_add_run(const struct command_context *context, int argc, char **argv);
int rom_replace_run(const struct command_context *context, int argc, char **argv);
int rom_remove_run(const struct command_context *context, int argc, char **argv);
int rom_package_run(const struct command_context *context, int argc, char **argv);
int rom_update_run(const struct command_context *context, int argc, char **argv);
int rom_flash_run(const struct command_context *context, int argc, char **argv);
int rom_info_run(const struct command_context *context, int argc, char **argv);

#endif
