/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of a run (owner/ownership.h) on a machine: its TPM, flash, disks, /boot, the security dongle and a stick;
 * or from a workstation, for a machine that is off. */
#ifndef HEADS_OWNER_OWNERSHIP_MACHINE_H
#define HEADS_OWNER_OWNERSHIP_MACHINE_H

#include "boot/system.h"
#include "disk/drive.h"
#include "owner/ownership.h"
#include "rom/flash.h"
#include "tpm/tpm.h"

/* A machine that is off, whose image, /boot and TPM are within reach. Its disks are not: ownership_off_check. What is
 * sealed is approved for the next start of the image. */
struct ownership_off {
	const char *boot;   /* directory: the root of the file system with its boot files */
	const char *medium; /* directory in the place of the stick */
	/* The image, changed, for good: the flash is a copy of it in memory. */
	int (*keep_image)(void *screen, struct bytes image, struct error *error);
};

/* All borrowed but what stands at the end; release that with ownership_machine_clear. */
struct ownership_machine {
	struct tpm *tpm;
	struct flash *flash;
	struct boot_system *boot; /* read anew to see whether /boot is signed */
	const char *boot_device;  /* that the owner chose, or NULL */
	bool ignore_rollback;     /* CONFIG_IGNORE_ROLLBACK */
	const char *medium;       /* the stick's device, "" without one */
	struct drive_stick drive; /* the stick that becomes the backup drive; without a path: none was chosen */
	const struct openpgp_options *gnupg; /* NULL: the usual */
	const struct ownership_off *off;     /* NULL: Heads runs on the machine */
	bool *rom_changed;                   /* in this start: set when the flash was written */
	/* What the owner sees. show_totp: the secret, once; he compares a code, or goes on without. */
	void *screen;
	int (*show_totp)(void *screen, struct bytes secret, struct error *error);
	void (*show_step)(void *screen, enum ownership_step step);
	void (*show_progress)(void *screen, const char *what, uint64_t done, uint64_t total);
	/* its own */
	struct buffer chip;       /* the flash as it is */
	struct openpgp_card card; /* the dongle that was looked at; without a serial number: none was */
	struct digest beginning;  /* of the stick drive, where it was looked at */
	bool drive_was_seen;
};

/* Whether a run with these answers can be done for a machine that is off. Pure.
 * Errors: -E_USAGE (they want something of its disk, with the line where they came from a file; or a backup drive). */
int ownership_off_check(const struct ownership_answers *answers, const char *name, struct error *error);
/* Fills in the table; it borrows the machine. */
void ownership_machine_world(struct ownership_machine *machine, struct ownership_world *ret_world);
/* Draws a passphrase of DICEWARE_MIN_WORDS words, from the TPM's random numbers and the kernel's, either of which
 * suffices. Errors: those of diceware_make and totp_make_secret. */
int ownership_draw(struct tpm *tpm, struct secret *ret_passphrase, struct error *error);
void ownership_machine_clear(struct ownership_machine *machine);

#endif
