/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What verification found, in lines for the owner: the same on the screen and from `heads boot verify`. Everything from
 * the disk is escaped for a terminal (A11). */
#ifndef HEADS_BOOT_REPORT_H
#define HEADS_BOOT_REPORT_H

#include "boot/changes.h"
#include "boot/verify.h"

struct report {
	/* The verdict, then the reason where there is one, then the findings in their groups (boot/changes.h): a
	 * heading each, and one line a finding below it; then remarks. */
	char **lines;
	size_t count;
	size_t first_finding, finding_count; /* which of the lines are headings and findings */
};

/* Makes the lines; entries are those of the configuration as it is, or NULL. Release with report_clear(). Errors:
 * -E_MEMORY. */
int report_make(const struct verify_result *result, const struct entry_list *entries, struct report *ret_report);
/* Frees; fits CLEANUP(). */
void report_clear(struct report *report);

/* Appends one finding: "/vmlinuz: its content is not what was signed". */
void report_finding(const struct verify_finding *finding, struct buffer *text);
/* Appends the verdict: "verified: 312 files, 98765432 bytes, signed by FINGERPRINT", or "refused: ...". */
void report_verdict(const struct verify_result *result, struct buffer *text);
/* "the last signing was interrupted ...": which set is in force, or "". */
const char *report_interrupted(enum verify_interrupted interrupted);
/* "changed", "added", "removed", "retyped", "unreadable". */
const char *report_kind_name(enum verify_kind kind);

#endif
