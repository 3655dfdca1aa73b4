/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between a computer and a card reader on the USB ("Device Class: Smart Card CCID" 1.1, section 6). Pure. */
#ifndef HEADS_FORMAT_CCID_H
#define HEADS_FORMAT_CCID_H

#include "base/bytes.h"
#include "base/error.h"

#define CCID_HEADER_SIZE 10
#define CCID_MAX_DATA    3072 /* of a message that is taken */

enum ccid_command {
	CCID_POWER_ON = 0x62,
	CCID_TRANSFER = 0x6f, /* a command APDU, whole */
};

/* Appends a message for slot 0. It is as secret as its data. */
void ccid_encode(enum ccid_command command, uint8_t sequence, struct bytes data, struct buffer *message);
/* How many bytes the message has whose first CCID_HEADER_SIZE bytes these are. Errors: -E_MALFORMED (too few, or more
 * data than CCID_MAX_DATA). */
int ccid_size(struct bytes start, size_t *ret_size, struct error *error);

struct ccid_answer {
	uint8_t sequence; /* of the message that it answers */
	bool wants_time;  /* not finished: another answer comes (the owner may have to touch the dongle) */
	bool failed;      /* error says why (section 6.2.6) */
	uint8_t error;
	struct bytes data; /* borrowed */
};
/* Errors: -E_MALFORMED (no whole data block, RDR_to_PC_DataBlock). */
int ccid_decode(struct bytes message, struct ccid_answer *ret_answer, struct error *error);

#endif
