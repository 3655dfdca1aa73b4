/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an update may be installed, what it changes, and installing it. */
#include "base/cleanup.h"
#include "base/text.h"
#include "format/cbfs.h"
#include "format/fmap.h"
#include "owner/update.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 4096

static void tell(struct update_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct update_plan *plan, const char *format, ...)
{
	va_list arguments;

	if (plan->change_count == UPDATE_MAX_CHANGES)
		return;
	va_start(arguments, format);
	(void)vsnprintf(plan->changes[plan->change_count++], sizeof(plan->changes[0]), format, arguments);
	va_end(arguments);
}

static int check_version(const struct update *update, const struct update_target *target, struct error *error)
{
	const struct update_manifest *manifest = &update->manifest;
	uint64_t running = 0;

	if (!target->board || strcmp(manifest->board, target->board) != 0)
		return error_set(error, E_REFUSED, "board", "the update is for the board %s; this is %s",
		                 manifest->board, target->board ? target->board : "a board of unknown name");
	if (update_version_parse(target->version, &running) && manifest->number < running)
		return error_set(error, E_REFUSED, "version",
		                 "the update has the older version %s; %s runs, and only newer ones are installed",
		                 manifest->version, target->version);
	if (manifest->number < target->floor)
		return error_set(
		    error, E_REFUSED, "version",
		    "the update has the version %s; the TPM says that %u.%u.%u was installed before, and only "
		    "newer ones are",
		    manifest->version, (unsigned)(target->floor >> 32), (unsigned)(target->floor >> 16 & 0xffff),
		    (unsigned)(target->floor & 0xffff));
	return 0;
}

/* What counts of coreboot's own CBFS: its files but the owner's, in their places. */
static bool next_stage(struct bytes region, size_t *position, struct cbfs_file *file)
{
	while (cbfs_next(region, position, file, NULL) > 0)
		if (strncmp(file->name, OWNER_FILES_PREFIX, strlen(OWNER_FILES_PREFIX)) != 0)
			return true;
	return false;
}

static bool same_stages(const struct rom_image *a, const struct rom_image *b)
{
	size_t offset_a, offset_b, position_a = 0, position_b = 0;
	struct bytes region_a, region_b;
	struct cbfs_file file_a, file_b;

	if (fmap_find(a->bytes, "FMAP", &offset_a, &region_a, NULL) < 0 ||
	    fmap_find(b->bytes, "FMAP", &offset_b, &region_b, NULL) < 0 || !bytes_equal(region_a, region_b) ||
	    fmap_find(a->bytes, ROM_REGION, &offset_a, &region_a, NULL) < 0 ||
	    fmap_find(b->bytes, ROM_REGION, &offset_b, &region_b, NULL) < 0)
		return false;
	while (next_stage(region_a, &position_a, &file_a)) {
		if (!next_stage(region_b, &position_b, &file_b) || strcmp(file_a.name, file_b.name) != 0 ||
		    file_a.type != file_b.type || !bytes_equal(file_a.data, file_b.data))
			return false;
	}
	return !next_stage(region_b, &position_b, &file_b);
}

static size_t differing_blocks(struct bytes old, struct bytes new)
{
	size_t count = 0;

	for (size_t at = 0; at < old.size; at += BLOCK) {
		struct bytes a = bytes_slice(old, at, BLOCK), b = bytes_slice(new, at, BLOCK);

		/* Behind the new content the slot is erased. */
		if (!bytes_equal(bytes_slice(a, 0, b.size), b) || !bytes_are_all(bytes_slice(a, b.size, a.size), 0xff))
			count++;
	}
	return count;
}

static int plan_payload(const struct update *update, const struct update_target *target, struct update_plan *plan,
                        struct error *error)
{
	const struct rom_slot *slot;
	struct rom_slots new = {.newest = -1};
	int r = rom_slots_read(&target->chip, ROM_PAYLOAD_SLOTS, true, &plan->slots, error);

	if (r == -E_NOT_FOUND)
		return error_set(
		    error, E_UNSUPPORTED, "flash",
		    "the flash of this machine has no payload slots: an update would not be safe against a "
		    "power cut; flash a whole image");
	if (r == 0)
		r = rom_slots_read(&update->image, ROM_PAYLOAD_SLOTS, true, &new, error);
	if (r < 0)
		return r;
	if (new.newest < 0)
		return error_set(error, E_MALFORMED, ROM_PAYLOAD_SLOTS,
		                 "the image of the update holds no whole payload");
	plan->keep = rom_slots_started(&plan->slots) < 0 ? 1 : rom_slots_started(&plan->slots);
	slot = &new.slots[new.newest];
	plan->payload = bytes_slice(slot->region, 0, slot->used);
	slot = &plan->slots.slots[1 - plan->keep];
	if (plan->payload.size > slot->region.size)
		return error_set(error, E_TOO_LARGE, slot->name,
		                 "the update's payload of %zu bytes does not fit into the %zu of the slot %s",
		                 plan->payload.size, slot->region.size, slot->name);
	plan->blocks = differing_blocks(slot->region, plan->payload);
	return 0;
}

/* Bytes of coreboot's own, which are compared before this, are the same. */
static int check_is_new(const struct update_plan *plan, struct error *error)
{
	const struct rom_slot *slot = &plan->slots.slots[plan->keep];

	if (!bytes_equal(bytes_slice(slot->region, 0, slot->used), plan->payload))
		return 0;
	return error_set(error, E_EXISTS, slot->name, "this firmware is installed already: the slot %s holds it",
	                 slot->name);
}

int update_plan(const struct update *update, const struct update_target *target, struct update_plan *ret_plan,
                struct error *error)
{
	struct update_plan plan = {.update = update};
	const struct rom_slot *kept;
	int r = update->vouched ? check_version(update, target, error) : 0;

	if (r < 0)
		return r;
	if (update->image.bytes.size != target->chip.bytes.size)
		return error_set(error, E_TOO_LARGE, "flash",
		                 "the image of the update has %zu bytes, the flash chip of this machine %zu",
		                 update->image.bytes.size, target->chip.bytes.size);
	r = plan_payload(update, target, &plan, error);
	if (r < 0)
		return r;
	if (!same_stages(&update->image, &target->chip))
		return error_set(
		    error, E_REFUSED, ROM_REGION,
		    "the update also replaces coreboot's own stages or the flash layout, which cannot be done safely "
		    "against a power cut. With the power secured, %sin the recovery shell run `heads rom flash %s`: it "
		    "shows what changes, and keeps your settings and keys",
		    update->vouched ? "take heads.rom out of the update (tar xf FILE heads.rom), and " : "",
		    update->vouched ? UPDATE_ROM : "FILE");
	r = check_is_new(&plan, error);
	if (r < 0)
		return r;
	kept = &plan.slots.slots[plan.keep];
	if (update->vouched)
		tell(&plan, "Version     %s -> %s, for the board %s", target->version, update->manifest.version,
		     update->manifest.board);
	else
		tell(&plan, "Version     not known: a plain image, which nobody vouches for");
	if (update->vouched)
		tell(&plan, "Signed by   %s", update->signer);
	tell(&plan, "Payload     %zu -> %zu bytes; %zu blocks of %d bytes are written into %s", kept->used,
	     plan.payload.size, plan.blocks, BLOCK, plan.slots.slots[1 - plan.keep].name);
	tell(&plan, "Kept        the running firmware stays in %s", kept->name);
	tell(&plan, "Coreboot    bootblock and stages: unchanged");
	tell(&plan, "Yours       settings and keys: unchanged");
	*ret_plan = plan;
	return 0;
}

int update_apply(const struct update_plan *plan, struct flash *flash, const struct flash_watch *watch,
                 struct flash_count *count, struct error *error)
{
	return rom_slots_store(flash, &plan->slots, plan->keep, plan->payload, watch, count, error);
}
