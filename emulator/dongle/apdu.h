/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command and answer of a smart card (ISO/IEC 7816-4), short and extended. */
#ifndef HEADS_DONGLE_APDU_H
#define HEADS_DONGLE_APDU_H

#include "card.h"

#define SW_OK             0x9000
#define SW_TERMINATED     0x6285
#define SW_WRONG_CODE     0x6300
#define SW_TRIES_LEFT     0x63c0
#define SW_FAILED         0x6400
#define SW_WRONG_LENGTH   0x6700
#define SW_NOT_SHOWN      0x6982 /* the PIN that this needs */
#define SW_BLOCKED        0x6983
#define SW_WRONG_DATA     0x6a80
#define SW_NOT_FOUND      0x6a82
#define SW_WRONG_PLACE    0x6a86 /* P1 or P2 */
#define SW_NO_SUCH_DATA   0x6a88
#define SW_NO_INSTRUCTION 0x6d00

struct apdu {
	uint8_t cla, ins, p1, p2;
	struct bytes data;
	size_t limit; /* Le: how many bytes the answer may have */
	bool has_limit;
};

/* False where it is malformed. */
bool apdu_parse(struct bytes bytes, struct apdu *ret_apdu);
/* Runs one command and appends the answer with its status word. */
void apdu_run(struct card *card, struct bytes command, struct buffer *answer);

/* Tag, length, value (ISO/IEC 8825-1, tags and lengths of one or two bytes). */
void tlv_append(struct buffer *buffer, unsigned int tag, struct bytes value);
/* Takes the next one off *rest. False at the end, and where it is malformed. */
bool tlv_next(struct bytes *rest, unsigned int *ret_tag, struct bytes *ret_value);
/* Tag and length alone, as in a key's header list, whose values come elsewhere. */
bool tlv_next_header(struct bytes *rest, unsigned int *ret_tag, size_t *ret_size);
/* The first of this tag; false for none. */
bool tlv_find(struct bytes bytes, unsigned int tag, struct bytes *ret_value);

#endif
