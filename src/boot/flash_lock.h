/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's own lock of the flash chip, before an operating system starts. */
#ifndef HEADS_BOOT_FLASH_LOCK_H
#define HEADS_BOOT_FLASH_LOCK_H

#include "base/error.h"
#include <stdbool.h>

/* Where the board declares CONFIG_FINALIZE_PLATFORM_LOCKING=y: asks coreboot's SMI handler to finalise the platform
 * (APM_CNT_FINALIZE on port 0xb2; on Intel boards that sets the SPI controller's protected range PR0 and FLOCKDN, which
 * only a reset lifts), and says so on the console log. On other boards it says that there is no lock. board_file is
 * SETTINGS_BOARD_FILE. Errors: -E_SYSTEM (the port cannot be reached: then nothing may be started). */
int flash_lock(const char *board_file, struct error *error);

/* What flash_lock will do or did. asked is read from the port, which keeps the last command given to it: a lock that an
 * operating system's own commands have overwritten there is not seen. */
struct flash_lock_state {
	bool declared; /* the board has a lock */
	enum flash_lock_asked { FLASH_LOCK_UNKNOWN, FLASH_LOCK_NOT_YET, FLASH_LOCK_ASKED } asked;
};
struct flash_lock_state flash_lock_state(const char *board_file);
/* The state in a sentence without its full stop, for the owner. */
const char *flash_lock_sentence(const struct flash_lock_state *state);

#endif
