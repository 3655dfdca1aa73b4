/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run (owner/ownership.h) has made of the machine, to be kept apart from it. */
#ifndef HEADS_OWNER_OWNERSHIP_SUMMARY_H
#define HEADS_OWNER_OWNERSHIP_SUMMARY_H

#include "owner/ownership_machine.h"

#define OWNERSHIP_SUMMARY_NAME 32 /* bytes of its file's name */

/* A line each, never a secret, appended: date, fingerprint, serials, what was set. board: its name, or NULL; totp: what
 * became of the phone's secret, "" where there is nothing to say. */
void ownership_summary_lines(const struct ownership_machine *machine, const struct ownership *ownership,
                             const char *board, const char *totp, struct buffer *lines);
/* Writes them on the stick, with the secrets in clear text where the answers want that, under a name that is free
 * ("heads-summary-1.txt"), given in name. Errors: -E_EXISTS (all names are taken), -E_MEMORY, those of
 * ownership_world.medium_write. */
int ownership_summary_keep(const struct ownership *ownership, struct bytes lines, char name[OWNERSHIP_SUMMARY_NAME],
                           struct error *error);

#endif
