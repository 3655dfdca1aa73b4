/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's screens, from power-on to the choice. The menu prepares a boot and loads it; only PID 1 leaves. */
#ifndef HEADS_MENU_MENU_H
#define HEADS_MENU_MENU_H

#include "trust/access.h"
#include "ui/ui.h"

/* How the menu's process ends: what PID 1 shall do. Anything else is a crash. */
#define MENU_RECOVERY_KEY "r" /* of the recovery shell, before the first screen; PID 1 names it */

enum menu_exit {
	MENU_EXIT_BOOT = 10,   /* a kernel is loaded, and the owner has signed it */
	MENU_EXIT_BOOT_FORCED, /* a kernel is loaded that did not verify */
	MENU_EXIT_RECOVERY,
	MENU_EXIT_REBOOT,
	MENU_EXIT_POWER_OFF,
	MENU_EXIT_EARLY_SHELL, /* the key of the recovery shell was pressed before the first screen */
};

struct menu_request {
	struct ui_terminal terminals[UI_MAX_TERMINALS];
	size_t terminal_count;
	const char *tpm_where;   /* as for tpm_open */
	int settings_fd;         /* the owner's settings as measured, or -1 */
	int key_fd;              /* the owner's public keys as measured, one keyring, or -1 */
	int seen_key_fd;         /* where the storage key that was met is written down (boot/seen_key.h), or -1 */
	const char *tpm_name;    /* the Name of the TPM's storage key that the ROM records, or NULL */
	const char *rom_problem; /* why the ROM's files could not be read or measured, or NULL */
	enum access_mode access; /* what PID 1 read in the settings */
	bool again;              /* not the first menu of this start */
	const char *log_path;    /* where log lines are kept as well, or NULL */
};

/* Runs the screens; returns an enum menu_exit, or another status of the program for an error. */
int menu_run(const struct menu_request *request);

#endif
