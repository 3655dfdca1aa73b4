/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's part of a default boot, as PID 1, the menu and PID 1 again carry it out one after the other. */
#ifndef HEADS_TESTS_WHOLE_START_H
#define HEADS_TESTS_WHOLE_START_H

#include "integration/swtpm.h"

/* What the machine has besides a TOTP secret, the owner's key and settings in the ROM, and a rollback counter. */
struct whole_start_machine {
	bool owned;         /* its ownership was taken: the PCRs of its seals are approved by the owner */
	bool recorded;      /* the ROM records the Name of its storage key */
	bool unlock_key;    /* the TPM keeps a disk unlock key */
	const char *unlock; /* the passphrase of that; NULL: none */
	unsigned key;       /* its number */
	bool other_key;     /* and one for another boot entry, number 0 or 1 */
	int seen_fd;        /* boot/seen_key.h */
	struct swtpm *swtpm;
	uint8_t name[64];
	size_t name_size;
};

struct whole_start_cost {
	unsigned all;                            /* commands that the TPM got, as its own log counts them */
	unsigned told;                           /* the same, as the console log tells them */
	unsigned first, menu, totp, unseal, cap; /* parts of it */
	double ms;
};

/* Starts the machine for the first time: makes all that. Fails the test where something fails. */
void whole_start_prepare(struct whole_start_machine *machine);
/* Switches it on, boots. */
void whole_start_run(struct whole_start_machine *machine, struct whole_start_cost *ret_cost);
/* Ends it. */
void whole_start_end(struct whole_start_machine *machine);

#endif
