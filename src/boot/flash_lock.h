/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's own lock of the flash chip, before an operating system starts. */
#ifndef HEADS_BOOT_FLASH_LOCK_H
#define HEADS_BOOT_FLASH_LOCK_H

#include "base/error.h"

/* Where the board declares CONFIG_FINALIZE_PLATFORM_LOCKING=y: asks coreboot's SMI handler to finalise the platform
 * (APM_CNT_FINALIZE on port 0xb2; on Intel boards that sets the SPI controller's protected range PR0 and FLOCKDN, which
 * only a reset lifts), and says so on the console log. On other boards it says that there is no lock. board_file is
 * SETTINGS_BOARD_FILE. Errors: -E_SYSTEM (the port cannot be reached: then nothing may be started). */
int flash_lock(const char *board_file, struct error *error);

#endif
