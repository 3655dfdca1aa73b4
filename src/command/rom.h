/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs of `rom` in files of their own, and what they share. */
#ifndef HEADS_COMMAND_ROM_H
#define HEADS_COMMAND_ROM_H

#include "command/command.h"
#include "format/cbfs.h"

/* The arguments of every verb: `[--region NAME] WORD...`. */
struct rom_arguments {
	const char *region; /* "COREBOOT" unless the option says another */
	bool region_given;
	bool stored; /* --stored: extract does not unpack */
	char **words;
	int count;
};

/* Reads options before the words; false where there are none, too many, or an unknown option. */
bool rom_read_arguments(int argc, char **argv, int words, struct rom_arguments *ret_arguments);
/* "raw", or "0x7" in text where the type has no name. */
const char *rom_type_name(const struct cbfs_file *file, char text[16]);

int rom_add_run(const struct command_context *context, int argc, char **argv);
int rom_replace_run(const struct command_context *context, int argc, char **argv);
int rom_remove_run(const struct command_context *context, int argc, char **argv);
int rom_package_run(const struct command_context *context, int argc, char **argv);
int rom_update_run(const struct command_context *context, int argc, char **argv);
int rom_flash_run(const struct command_context *context, int argc, char **argv);
int rom_info_run(const struct command_context *context, int argc, char **argv);

#endif
