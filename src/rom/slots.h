/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs of regions in the flash of which one is in force while the other is written: the payload's (SLOT_A, SLOT_B) and
 * the owner's files' (OWNER_A, OWNER_B). A mark, written last, decides: a power cut at any moment leaves the old
 * content or the new (DESIGN rule 4; docs/updates.md). */
#ifndef HEADS_ROM_SLOTS_H
#define HEADS_ROM_SLOTS_H

#include "rom/flash.h"
#include "rom/image.h"

#define ROM_PAYLOAD_SLOTS "SLOT"
#define ROM_OWNER_SLOTS   "OWNER"

enum rom_slot_state {
	ROM_SLOT_EMPTY,      /* no mark, and nothing was written behind it */
	ROM_SLOT_UNFINISHED, /* no mark, but something was written: it was interrupted */
	ROM_SLOT_DAMAGED,    /* the content is not what the mark says */
	ROM_SLOT_WHOLE,
};

struct rom_slot {
	char name[16]; /* of its region: "SLOT_A" */
	enum rom_slot_state state;
	uint32_t sequence;   /* 0 without a mark */
	size_t offset;       /* of the region, in the image */
	struct bytes region; /* borrowed from the image */
	size_t used;         /* bytes of the region that the mark covers */
	size_t mark_offset;
	size_t mark_size;
};

struct rom_slots {
	struct rom_slot slots[2];
	int newest; /* the whole one with the highest sequence, or -1 */
};

/* Finds and judges the two slots of a kind. The content is compared with its mark where check is set; otherwise a slot
 * with a mark counts as whole. ret_slots borrows from the image.
 * Errors: -E_NOT_FOUND (the image has no such slots), -E_MALFORMED (no FMAP, or one that does not fit). */
int rom_slots_read(const struct rom_image *image, const char *kind, bool check, struct rom_slots *ret_slots,
                   struct error *error);
/* The one that the firmware starts: the newest whole one, or where none is whole the newest that has a mark; -1 where
 * none has. After rom_slots_read with check. */
int rom_slots_started(const struct rom_slots *slots);
/* "empty", "unfinished", "damaged", "whole": as on the console log and in JSON. */
const char *rom_slot_state_name(enum rom_slot_state state);

/* Writes content (at most the region's size) into the slot that is not `keep` (an index) and marks it as the newest.
 * Neither the slot `keep` nor its mark are touched. Order: the other mark is erased, the content written, read back and
 * compared, and only then the new mark written. watch and count as for flash_write.
 * Errors: -E_TOO_LARGE, -E_USAGE (content of no bytes), those of flash_write. */
int rom_slots_store(struct flash *flash, const struct rom_slots *slots, int keep, struct bytes content,
                    const struct flash_watch *watch, struct flash_count *count, struct error *error);

#endif
