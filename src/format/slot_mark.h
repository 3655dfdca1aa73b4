/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mark of a slot of the flash (docs/formats.md): written last, it says that the slot is whole. coreboot reads the
 * same bytes (firmware/patches/coreboot-0003-payload-slots.patch). Pure. */
#ifndef HEADS_FORMAT_SLOT_MARK_H
#define HEADS_FORMAT_SLOT_MARK_H

#include "base/digest.h"
#include "base/error.h"

#define SLOT_MARK_SIZE 88

struct slot_mark {
	uint32_t sequence;     /* the highest of two is the newest */
	uint32_t size;         /* bytes of the slot, from its start on, that count */
	struct digest content; /* SHA-256 of them */
};

/* Reads the mark at the front of bytes. name is the region, for errors.
 * Errors: -E_NOT_FOUND (erased: there is none), -E_MALFORMED (cut short, or not as it was written). */
int slot_mark_parse(struct bytes bytes, const char *name, struct slot_mark *ret_mark, struct error *error);
/* Appends SLOT_MARK_SIZE bytes. */
void slot_mark_append(const struct slot_mark *mark, struct buffer *buffer);

#endif
