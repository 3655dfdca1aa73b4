/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults on demand, so that what the host does about them can be tested. */
#ifndef HEADS_DONGLE_FAULT_H
#define HEADS_DONGLE_FAULT_H

#include "card.h"

/* FAULT_UNPLUG_AFTER: the command is carried out, and nobody learns of it. */
enum fault { FAULT_NONE, FAULT_UNPLUG, FAULT_UNPLUG_AFTER, FAULT_STALL, FAULT_STATUS };

/* Reads "unplug@N", "stall@N", "status=HHHH@N" (at the N-th card command, from 1) or "wrong-pin"; "unplug=card-II@N"
 * and "unplug=hid-II@N" (before the N-th command with this instruction or report command, two hexadecimal digits),
 * "unplug-after=..." (after it). False for anything else. */
bool fault_parse(const char *text, struct card_faults *faults);
/* Counts one command, and says what happens at it. */
enum fault fault_next(struct card_faults *faults, enum card_channel channel, uint8_t instruction);
/* The instruction of an APDU; 0 where it is too short to have one. */
uint8_t fault_instruction(struct bytes apdu);

#endif
