/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why two boots have different PCRs: two event logs are compared, and what differs is said in words. Pure. A log proves
 * nothing (docs/event-log.md): the causes explain PCRs that are known to differ. */
#ifndef HEADS_ATTEST_WHY_H
#define HEADS_ATTEST_WHY_H

#include "format/eventlog.h"

#define WHY_MAX_EVENTS 1024 /* of one log */
#define WHY_MAX_SIZE   ((size_t)1 << 20)
#define WHY_MAX_CAUSES 64
#define WHY_NO_PCR     (-1)

enum why_kind {
	WHY_BANKS_CHANGED,
	WHY_FIRMWARE_LOG_ABSENT,
	WHY_FIRMWARE_LOG_FOUND,
	WHY_LOCALITY_CHANGED,
	WHY_FLASH_LAYOUT_CHANGED,
	WHY_STAGE_CHANGED,
	WHY_PAYLOAD_CHANGED,
	WHY_ROM_PART_CHANGED,
	WHY_ROM_PART_ADDED,
	WHY_ROM_PART_MISSING,
	WHY_SETTINGS_CHANGED,
	WHY_SETTINGS_ADDED,
	WHY_SETTINGS_REMOVED,
	WHY_OWNER_KEY_CHANGED,
	WHY_OWNER_KEY_ADDED,
	WHY_OWNER_KEY_REMOVED,
	WHY_OWNER_FILE_CHANGED,
	WHY_OWNER_FILE_ADDED,
	WHY_OWNER_FILE_REMOVED,
	WHY_RECOVERY_ENTERED,
	WHY_FORCED_BOOT,
	WHY_MENU_CRASHED,
	WHY_HANDED_OVER,
	WHY_NOT_HANDED_OVER,
	WHY_MODE_ADDED,
	WHY_MODE_MISSING,
	WHY_MANIFEST_CHANGED,
	WHY_MANIFEST_ADDED,
	WHY_MANIFEST_MISSING,
	WHY_KERNEL_CHANGED,
	WHY_KERNEL_ADDED,
	WHY_KERNEL_MISSING,
	WHY_INITRD_CHANGED,
	WHY_INITRD_ADDED,
	WHY_INITRD_MISSING,
	WHY_COMMAND_LINE_CHANGED,
	WHY_COMMAND_LINE_ADDED,
	WHY_COMMAND_LINE_MISSING,
	WHY_UNKNOWN_CHANGED,
	WHY_UNKNOWN_EXTEND,
	WHY_EVENT_MISSING,
	WHY_ORDER_CHANGED,
	WHY_USB_BOOT,
	WHY_LUKS_CHANGED,
	/* what no log tells: attest/explain.h */
	WHY_TPM_RESET,
	WHY_TPM_CLEARED,
	WHY_TPM_CHANGED,
	WHY_LOG_MISSING,
	WHY_LOG_DAMAGED,
	WHY_NOT_EXPLAINED,
	WHY_KINDS
};

struct why_cause {
	enum why_kind kind;
	int pcr; /* WHY_NO_PCR: of the log as a whole */
	char sentence[512];
};

/* Causes in about the order of the boot: the first one comes first. */
struct why {
	size_t count;
	struct why_cause causes[WHY_MAX_CAUSES]; /* what is beyond is left out */
};

/* Contents of settings files that the caller has; data NULL where he has not. */
struct why_settings {
	struct bytes before, after;
};

/* Compares the log of an earlier boot with that of a later one. settings may be NULL; with both contents the sentence
 * names the settings that differ.
 * Errors: those of eventlog_open and eventlog_next, -E_UNSUPPORTED (no bank in common), -E_TOO_LARGE (WHY_MAX_EVENTS,
 * WHY_MAX_SIZE), -E_USAGE (settings whose digest is not in the log), -E_MEMORY. */
int why_compare(struct bytes before, struct bytes after, const struct why_settings *settings, struct why *ret_why,
                struct error *error);
/* Adds a cause (printf), unless it is there. pcr may be WHY_NO_PCR. */
void why_add(struct why *why, enum why_kind kind, int pcr, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "payload-changed" */
const char *why_kind_name(enum why_kind kind);

#endif
