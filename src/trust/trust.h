/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of a boot, as one pure state machine (DESIGN section 1). It owns what may follow what; it does nothing
 * itself.
 *
 * Two processes use it: `heads menu` goes from STARTED to LOADED; `heads init` (PID 1), which alone can leave, takes
 * every way out through trust_leave. PCR 4 in the TPM carries the mode from one to the other, so a menu that crashed
 * cannot forget it. */
#ifndef HEADS_TRUST_TRUST_H
#define HEADS_TRUST_TRUST_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

#define TRUST_MODE_PCR    4
#define TRUST_DISK_PCR    6
#define TRUST_ROM_PCR     7
#define TRUST_COMMAND_PCR 8
#define TRUST_PAYLOAD_PCR 9

enum trust_state {
	TRUST_STARTED,         /* nothing read yet */
	TRUST_READ,            /* every file of /boot read once */
	TRUST_VERIFIED,        /* the owner's signature holds for all of it */
	TRUST_REFUSED,         /* it does not */
	TRUST_FORCED,          /* the owner typed that it shall be booted all the same; PCR 4 holds "forced" */
	TRUST_MEASURED,        /* manifest, kernel, initrds and command line are in PCR 8 and 9; came from VERIFIED */
	TRUST_RELEASED,        /* secrets for the OS are out of the TPM */
	TRUST_MEASURED_FORCED, /* as MEASURED, but came from FORCED */
	TRUST_LOADED,          /* the kernel is loaded; only leaving is left */
	TRUST_STATES
};

enum trust_event {
	TRUST_DID_READ,
	TRUST_DID_VERIFY,
	TRUST_DID_REFUSE,
	TRUST_DID_FORCE,
	TRUST_DID_MEASURE,
	TRUST_DID_RELEASE,
	TRUST_DID_LOAD,
	TRUST_DID_START_OVER, /* another entry, another disk: only while no secret is out */
	TRUST_EVENTS
};

/* Ways out. Each is capped: trust_leave names what PCR 4 is extended with first. */
enum trust_exit {
	TRUST_EXIT_BOOT,
	TRUST_EXIT_RECOVERY,
	TRUST_EXIT_REBOOT,
	TRUST_EXIT_POWER_OFF,
	TRUST_EXIT_CRASH, /* the menu ended in a way that it should not */
	TRUST_EXITS
};

struct trust {
	enum trust_state state;
};

/* Takes one step. -E_ORDER, and the state stays, where the event may not happen in this state. */
int trust_step(struct trust *trust, enum trust_event event, struct error *error);
/* Would trust_step accept it? */
bool trust_may(const struct trust *trust, enum trust_event event);
const char *trust_state_name(enum trust_state state);

/* What has to be done, in this order, to leave: extend PCR 4 with mode, then (where set) lock the TPM's platform
 * hierarchy and shut the TPM down in order, and only then go. Any step that fails means staying. */
struct trust_way_out {
	const char *name;
	const char *mode;   /* string that PCR 4 is extended with; never NULL (A5) */
	bool shutdown;      /* TPM2_Shutdown(CLEAR) (A4, A18) */
	bool needs_kernel;  /* only with a loaded kernel */
	bool lock_platform; /* nobody behind us shall have the firmware's rights over the TPM (A21) */
};
const struct trust_way_out *trust_leave(enum trust_exit exit);

/* String that PCR 4 is extended with before a boot that the signature does not cover. */
#define TRUST_FORCED_MODE "forced"

#endif
