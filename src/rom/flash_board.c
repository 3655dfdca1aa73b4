/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chip of this machine, as the board's settings name it. */
#include "rom/flash_board.h"

#define DEFAULT_DEVICE "/dev/mtd0"

int flash_open_board(const struct rom_settings *settings, struct flash **ret_flash, struct error *error)
{
	const char *device = rom_settings_get(settings, "CONFIG_FLASH_DEVICE");
	const char *programmer = rom_settings_get(settings, "CONFIG_FLASH_PROGRAMMER");

	if (programmer && *programmer)
		return flash_open_programmer(programmer, ret_flash, error);
	return flash_open_mtd(device ? device : DEFAULT_DEVICE, ret_flash, error);
}
