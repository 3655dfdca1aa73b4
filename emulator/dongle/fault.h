/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults on demand, so that what the host does about them can be tested. */
#ifndef HEADS_DONGLE_FAULT_H
#define HEADS_DONGLE_FAULT_H

#include "card.h"

enum fault { FAULT_NONE, FAULT_UNPLUG, FAULT_STALL, FAULT_STATUS };

/* Reads "unplug@N", "stall@N", "status=HHHH@N" (at the N-th command, from 1) or "wrong-pin". False for anything else.
 */
bool fault_parse(const char *text, struct card_faults *faults);
/* Counts one command, and says what happens at it. */
enum fault fault_next(struct card_faults *faults);

#endif
