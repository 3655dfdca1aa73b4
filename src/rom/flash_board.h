/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chip of this machine, as the board's settings name it. */
#ifndef HEADS_ROM_FLASH_BOARD_H
#define HEADS_ROM_FLASH_BOARD_H

#include "rom/flash.h"
#include "rom/settings.h"

/* CONFIG_FLASH_PROGRAMMER, where the board needs a program; else CONFIG_FLASH_DEVICE, an MTD device, and /dev/mtd0
 * where that is not set. Errors: those of flash_open_mtd and flash_open_programmer. */
int flash_open_board(const struct rom_settings *settings, struct flash **ret_flash, struct error *error);

#endif
