/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/slots.h"
#include "base/cleanup.h"
#include "format/cbfs.h"
#include "format/slot_mark.h"
#include <stdio.h>
#include <string.h>

#define ERASED    0xff
#define LOOKED_AT 8192 /* bytes that tell an empty slot from one that is not */

static const char *const state_names[] = {
    [ROM_SLOT_EMPTY] = "empty",
    [ROM_SLOT_UNFINISHED] = "unfinished",
    [ROM_SLOT_DAMAGED] = "damaged",
    [ROM_SLOT_WHOLE] = "whole",
};

const char *rom_slot_state_name(enum rom_slot_state state)
{
	return state_names[state];
}

static void judge(struct bytes mark_region, const char *name, bool check, struct rom_slot *slot)
{
	struct slot_mark mark;
	struct digest digest;

	if (slot_mark_parse(mark_region, name, &mark, NULL) < 0) {
		/* An empty CBFS begins with the header of its free space; what is written begins at the front. */
		bool empty = bytes_are_all(bytes_slice(slot->region, 64, LOOKED_AT), ERASED);

		slot->state = empty ? ROM_SLOT_EMPTY : ROM_SLOT_UNFINISHED;
		return;
	}
	slot->sequence = mark.sequence;
	slot->used = mark.size;
	slot->state = ROM_SLOT_DAMAGED;
	if (mark.size > slot->region.size)
		return;
	if (check) {
		digest = digest_of(HASH_SHA256, bytes_slice(slot->region, 0, mark.size));
		if (!digest_equal(&digest, &mark.content))
			return;
	}
	slot->state = ROM_SLOT_WHOLE;
}

static int read_slot(const struct rom_image *image, const char *kind, char letter, bool check, struct rom_slot *slot,
                     struct error *error)
{
	char mark_name[24];
	struct bytes mark = BYTES_EMPTY;
	int r;

	(void)snprintf(slot->name, sizeof(slot->name), "%s_%c", kind, letter);
	(void)snprintf(mark_name, sizeof(mark_name), "%s_MARK", slot->name);
	r = fmap_find(image->bytes, slot->name, &slot->offset, &slot->region, error);
	if (r == 0)
		r = fmap_find(image->bytes, mark_name, &slot->mark_offset, &mark, error);
	if (r < 0)
		return r;
	slot->mark_size = mark.size;
	judge(mark, mark_name, check, slot);
	return 0;
}

int rom_slots_read(const struct rom_image *image, const char *kind, bool check, struct rom_slots *ret_slots,
                   struct error *error)
{
	struct rom_slots slots = {.newest = -1};

	for (int i = 0; i < 2; i++) {
		int r = read_slot(image, kind, i == 0 ? 'A' : 'B', check, &slots.slots[i], error);

		if (r < 0)
			return r;
		if (slots.slots[i].state == ROM_SLOT_WHOLE &&
		    (slots.newest < 0 || slots.slots[i].sequence > slots.slots[slots.newest].sequence))
			slots.newest = i;
	}
	*ret_slots = slots;
	return 0;
}

int rom_slots_started(const struct rom_slots *slots)
{
	const struct rom_slot *a = &slots->slots[0], *b = &slots->slots[1];

	if (slots->newest >= 0)
		return slots->newest;
	if (a->sequence == 0 && b->sequence == 0)
		return -1;
	return b->sequence > a->sequence ? 1 : 0;
}

static uint32_t next_sequence(const struct rom_slots *slots)
{
	uint32_t a = slots->slots[0].sequence, b = slots->slots[1].sequence;

	return (a > b ? a : b) + 1;
}

/* Fills the buffer with erased bytes up to size. */
static void pad(struct buffer *buffer, size_t size)
{
	if (buffer->size < size)
		buffer_append_repeated(buffer, ERASED, size - buffer->size);
}

int rom_slots_store(struct flash *flash, const struct rom_slots *slots, int keep, struct bytes content,
                    const struct flash_watch *watch, struct flash_count *count, struct error *error)
{
	const struct rom_slot *slot = &slots->slots[1 - keep];
	CLEANUP(buffer_clear) struct buffer blank = {0}, whole = {0}, mark = {0};
	struct slot_mark record = {.sequence = next_sequence(slots), .size = (uint32_t)content.size};
	int r;

	if (content.size == 0)
		return error_set(error, E_USAGE, slot->name, "there is nothing to write into %s", slot->name);
	if (content.size > slot->region.size)
		return error_set(error, E_TOO_LARGE, slot->name, "%zu bytes do not fit into the %zu of the region %s",
		                 content.size, slot->region.size, slot->name);
	record.content = digest_of(HASH_SHA256, content);
	pad(&blank, slot->mark_size);
	buffer_append_bytes(&whole, content);
	pad(&whole, slot->region.size);
	slot_mark_append(&record, &mark);
	pad(&mark, slot->mark_size);
	if (blank.failed || whole.failed || mark.failed)
		return error_set(error, E_MEMORY, slot->name, "there is not enough memory to write %s", slot->name);
	r = flash_write(flash, slot->mark_offset, buffer_bytes(&blank), NULL, count, error);
	if (r == 0)
		r = flash_write(flash, slot->offset, buffer_bytes(&whole), watch, count, error);
	if (r == 0)
		r = flash_write(flash, slot->mark_offset, buffer_bytes(&mark), NULL, count, error);
	return r;
}
