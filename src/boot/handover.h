/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving the firmware. PID 1 alone calls handover_leave, and nothing else in Heads reaches kexec, reboot, power-off or
 * the permission to start a shell (A5). */
#ifndef HEADS_BOOT_HANDOVER_H
#define HEADS_BOOT_HANDOVER_H

#include "base/bytes.h"
#include "trust/trust.h"

/* What PID 1 knows of this start. */
struct handover_start {
	struct bytes recorded; /* the Name of the TPM's storage key that the ROM records; empty: none */
	int seen_fd;           /* what this start has met (boot/seen_key.h); below 0: nothing is known */
	uint8_t outcome;       /* START_... of format/start_record.h, for the TPM's record of the starts; 0: none */
};

/* The TPM's part of leaving: caps PCR 4 with the string of this way out, writes down in the TPM how this start ends,
 * locks the platform hierarchy (A21) and shuts the TPM down in order where the way out says so. tpm_where as for
 * tpm_open; a machine without TPM, or with one of version 1.2, has nothing to cap.
 *
 * A TPM whose storage key was seen in this start is the one to cap: where it is gone by now, or another one or none
 * answers, that is an error (A2). A boot caps it in the session that the menu has left, where it did: a TPM that was
 * reset since does not know it, and that is an error too (A3). A TPM that never had the recorded key holds no secret of
 * ours: it is told, and capped without a session.
 * Errors  -E_REFUSED (the platform hierarchy is another's), -E_FOREIGN_TPM, -E_NO_DEVICE (the key that was seen is
 * gone), errors of the TPM. */
int handover_cap(enum trust_exit exit, const char *tpm_where, const struct handover_start *start, struct error *error);

/* Caps (handover_cap), locks the flash before a boot, unmounts, and leaves.
 *
 * Boot, reboot and power-off do not return when they succeed. Recovery and crash return 0: from then on no secret of
 * this power cycle can be released, and a shell may be started.
 * Errors  -E_ORDER (boot without a loaded kernel), -E_SYSTEM (the flash cannot be locked), those of handover_cap. For
 * boot and recovery any error means staying; reboot and power-off go on, because the reset clears the PCRs. */
int handover_leave(enum trust_exit exit, const char *tpm_where, const struct handover_start *start,
                   struct error *error);

#endif
