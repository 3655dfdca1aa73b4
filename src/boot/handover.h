/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving the firmware. PID 1 alone calls handover_leave, and nothing else in Heads reaches kexec, reboot, power-off or
 * the permission to start a shell (A5). */
#ifndef HEADS_BOOT_HANDOVER_H
#define HEADS_BOOT_HANDOVER_H

#include "base/bytes.h"
#include "trust/trust.h"

/* Caps PCR 4 with the string of this way out; locks the platform hierarchy (A21), before a boot the flash, and shuts
 * the TPM down in order where the way out says so; unmounts, and leaves. tpm_where as for tpm_open; a machine without
 * TPM, or with one of version 1.2, has nothing to cap. tpm_name: the recorded Name of the storage key, empty where none
 * is; another TPM than that is told, and capped without it.
 *
 * Boot, reboot and power-off do not return when they succeed. Recovery and crash return 0: from then on no secret of
 * this power cycle can be released, and a shell may be started.
 * Errors  -E_ORDER (boot without a loaded kernel), -E_REFUSED (the platform hierarchy is another's), -E_SYSTEM (the
 * flash cannot be locked), errors of the TPM. For boot and recovery any error means staying; reboot and power-off go
 * on, because the reset clears the PCRs. */
int handover_leave(enum trust_exit exit, const char *tpm_where, struct bytes tpm_name, struct error *error);

#endif
