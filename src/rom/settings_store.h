/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's settings in the flash, changed. */
#ifndef HEADS_ROM_SETTINGS_STORE_H
#define HEADS_ROM_SETTINGS_STORE_H

#include "rom/flash.h"
#include "rom/settings.h"

/* Reads the owner's settings from the flash, changes one (value NULL: takes it out), and stores all of them in the slot
 * that is not in force: a power cut leaves the old ones or the new ones. They are in force from the next start on.
 * Errors: those of rom_settings_edit and owner_files_change. */
int rom_settings_change(struct flash *flash, const char *name, const char *value, const struct flash_watch *watch,
                        struct flash_count *count, struct error *error);

#endif
