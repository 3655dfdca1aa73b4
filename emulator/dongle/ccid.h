/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader's messages (USB "Device Class: Smart Card CCID", revision 1.1), with the card always in. */
#ifndef HEADS_DONGLE_CCID_H
#define HEADS_DONGLE_CCID_H

#include "card.h"

#define CCID_HEADER_SIZE 10
#define CCID_MESSAGE_MAX 3072

struct ccid {
	struct card *card;
	bool powered;
};

/* Bytes of the message that begins with bytes; 0 where the header is not whole yet. */
size_t ccid_message_size(struct bytes bytes);
/* Runs one whole message. False where a fault says that no answer comes. */
bool ccid_run(struct ccid *ccid, struct bytes message, struct buffer *answer, bool *ret_unplug);

#endif
