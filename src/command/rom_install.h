/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `rom update`, `rom flash` and `rom package` share. */
#ifndef HEADS_COMMAND_ROM_INSTALL_H
#define HEADS_COMMAND_ROM_INSTALL_H

#include "command/command.h"
#include "rom/flash.h"
#include "rom/settings.h"

struct install_arguments {
	const char *chip;             /* image file that stands for the chip; NULL: this machine's */
	const char *home, *key, *out; /* package */
	const char *bom, *version;
	bool plain, plan_only, erase_owner;
	char **words;
	int count;
};

/* Options before the words; false for an unknown one. */
bool install_read_arguments(int argc, char **argv, struct install_arguments *arguments);
/* Opens and reads the chip, or the file that stands for it. Errors: those of flash_open_file, flash_open_board and
 * flash_read. */
int install_open_chip(const struct install_arguments *arguments, const struct rom_settings *settings,
                      struct flash **ret_flash, struct buffer *content, struct error *error);
/* Tells a terminal how far the writing is; fits flash_watch with the command's context. */
void install_show_progress(void *context, uint64_t done, uint64_t total, unsigned long long ms);
/* The owner types a word; a line of standard input serves scripts that know what they do. Errors: -E_REFUSED. */
int install_typed(const char *warning, const char *word, struct error *error);
/* The result, as text or JSON. version "": not known. */
void install_print_done(const struct command_context *context, const char *version, const char *where,
                        const struct flash_count *count, unsigned long long ms);

#endif
