/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the dongle says of itself on the USB. */
#ifndef HEADS_DONGLE_DESCRIPTORS_H
#define HEADS_DONGLE_DESCRIPTORS_H

#include "card.h"

struct model {
	const char *name; /* on the command line */
	uint16_t vendor, product;
	const char *manufacturer, *title;
	bool has_hid;          /* interface 0, with HOTP; the reader is interface 1 then, else 0 */
	uint8_t bulk_endpoint; /* of the reader, to the dongle; 0x80 more: from it */
};

const struct model *model_of(enum card_model model);
/* By its name; CARD_MODELS for none. */
enum card_model model_find(const char *name);

#define DESCRIPTOR_DEVICE        1
#define DESCRIPTOR_CONFIGURATION 2
#define DESCRIPTOR_STRING        3
#define DESCRIPTOR_REPORT        0x22

/* Appends a descriptor. False where there is none. */
bool descriptor_append(const struct model *model, uint8_t type, uint8_t index, uint32_t serial, struct buffer *buffer);

#endif
