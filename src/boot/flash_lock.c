/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/flash_lock.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "rom/settings.h"
#include <errno.h>
#include <sys/io.h>

#define APM_CONTROL_PORT 0xb2
#define APM_CNT_FINALIZE 0xcb /* coreboot, src/include/cpu/x86/smm.h */

static bool is_declared(const struct rom_settings *settings)
{
	const char *value = rom_settings_get(settings, "CONFIG_FINALIZE_PLATFORM_LOCKING");

	return value && *value == 'y';
}

int flash_lock(const char *board_file, struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};

	/* Settings that cannot be read were told before; what they say of the lock counts all the same. */
	(void)rom_settings_load(board_file, BYTES_EMPTY, &settings, NULL);
	if (!is_declared(&settings)) {
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

struct flash_lock_state flash_lock_state(const char *board_file)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct flash_lock_state state = {0};

	(void)rom_settings_load(board_file, BYTES_EMPTY, &settings, NULL);
	state.declared = is_declared(&settings);
	if (state.declared && ioperm(APM_CONTROL_PORT, 1, 1) == 0) {
		state.asked = inb(APM_CONTROL_PORT) == APM_CNT_FINALIZE ? FLASH_LOCK_ASKED : FLASH_LOCK_NOT_YET;
		(void)ioperm(APM_CONTROL_PORT, 1, 0);
	}
	return state;
}

const char *flash_lock_sentence(const struct flash_lock_state *state)
{
	if (!state->declared)
		return "this board has no lock: an operating system can write the flash";
	switch (state->asked) {
	case FLASH_LOCK_ASKED:
		return "the firmware was told to lock the flash; only a reset lifts that";
	case FLASH_LOCK_NOT_YET:
		return "not locked now; the firmware's SMI handler locks it before an operating system starts";
	case FLASH_LOCK_UNKNOWN:
		break;
	}
	return "the firmware's SMI handler locks it before an operating system starts; whether it is locked now cannot "
	       "be read";
}
