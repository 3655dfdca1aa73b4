/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings in force: the board's (in the measured initramfs), then the owner's from the ROM; the owner's win, but
 * for those that describe the machine (SETTING_OF_BOARD). */
#ifndef HEADS_ROM_SETTINGS_H
#define HEADS_ROM_SETTINGS_H

#include "format/settings.h"
#include "rom/setting_info.h"

#define SETTINGS_BOARD_FILE "/etc/heads/board.settings"

struct rom_settings {
	struct settings board, owner, merged;
};

/* Reads the board's file (its absence is no error: a workstation has none) and the owner's text (may be empty), and
 * merges. Where one cannot be read the others still count, and the error says which.
 * Release with rom_settings_clear whatever the result. */
int rom_settings_load(const char *board_file, struct bytes owner, struct rom_settings *ret_settings,
                      struct error *error);
/* The value in force, or NULL. */
const char *rom_settings_get(const struct rom_settings *settings, const char *name);
/* A number from 0 to limit; fallback where it is not set, no number, or beyond. */
unsigned long rom_settings_number(const struct rom_settings *settings, const char *name, unsigned long limit,
                                  unsigned long fallback);
/* Where the value in force comes from: "rom" (the owner's), "board", or "default": it is not set. */
const char *rom_settings_origin(const struct rom_settings *settings, const char *name);
/* Appends the owner's text with one setting changed (value NULL: taken out), after a look at the value.
 * Errors: -E_USAGE (name or value), -E_REFUSED (it describes the machine), those of settings_edit. */
int rom_settings_edit(struct bytes owner, const char *name, const char *value, struct buffer *ret_text,
                      struct error *error);
void rom_settings_clear(struct rom_settings *settings);

#endif
