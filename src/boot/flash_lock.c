/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/flash_lock.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "rom/settings.h"
#include <errno.h>
#include <sys/io.h>

#define APM_CONTROL_PORT 0xb2
#define APM_CNT_FINALIZE 0xcb /* coreboot, src/include/cpu/x86/smm.h */

int flash_lock(const char *board_file, struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	const char *value;

	/* Settings that cannot be read were told before; what they say of the lock counts all the same. */
	(void)rom_settings_load(board_file, BYTES_EMPTY, &settings, NULL);
	value = rom_settings_get(&settings, "CONFIG_FINALIZE_PLATFORM_LOCKING");
	if (!value || *value != 'y') {
		log_line("flash lock=none");
		return 0;
	}
	if (ioperm(APM_CONTROL_PORT, 1, 1) != 0)
		return error_set_errno(error, E_SYSTEM, "flash", errno, "the flash cannot be locked");
	outb(APM_CNT_FINALIZE, APM_CONTROL_PORT);
	(void)ioperm(APM_CONTROL_PORT, 1, 0);
	log_line("flash lock=smi");
	return 0;
}
