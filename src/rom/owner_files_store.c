/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's files onto the flash. */
#include "base/cleanup.h"
#include "format/cbfs_write.h"
#include "rom/owner_files.h"
#include "rom/slots.h"

#define ERASED 0xff

/* The files one after the other in a CBFS of their own; *ret_used is where the last byte that is not erased ends. */
static int build_region(const struct owner_files *files, size_t size, struct buffer *region, size_t *ret_used,
                        struct error *error)
{
	struct cbfs_region space;

	buffer_append_repeated(region, ERASED, size);
	if (region->failed)
		return error_set(error, E_MEMORY, "OWNER", "there is not enough memory for the owner's files");
	space = (struct cbfs_region){region->data, region->size};
	cbfs_make_empty(&space);
	for (size_t i = 0; i < files->count; i++) {
		struct cbfs_new_file file = {.name = files->files[i].name,
		                             .content = buffer_bytes(&files->files[i].content)};
		int r = cbfs_add(&space, &file, error);

		if (r < 0)
			return r;
	}
	*ret_used = region->size;
	while (*ret_used > 0 && region->data[*ret_used - 1] == ERASED)
		(*ret_used)--;
	return 0;
}

int owner_files_store(struct flash *flash, const struct owner_files *files, const struct flash_watch *watch,
                      struct flash_count *count, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer chip = {0}, region = {0};
	struct rom_image image;
	struct rom_slots slots;
	size_t used = 0;
	int keep, r = flash_read(flash, 0, flash_size(flash), &chip, error);

	if (r < 0)
		return r;
	image.bytes = buffer_bytes(&chip);
	r = rom_slots_read(&image, ROM_OWNER_SLOTS, true, &slots, error);
	if (r == -E_NOT_FOUND)
		return error_set(error, E_UNSUPPORTED, flash_name(flash),
		                 "the flash layout of %s has no regions OWNER_A and OWNER_B, so that files cannot be "
		                 "written without danger; put them into an image and flash that",
		                 flash_name(flash));
	if (r < 0)
		return r;
	keep = slots.newest < 0 ? 1 : slots.newest;
	r = build_region(files, slots.slots[1 - keep].region.size, &region, &used, error);
	if (r < 0)
		return r;
	return rom_slots_store(flash, &slots, keep, bytes_slice(buffer_bytes(&region), 0, used), watch, count, error);
}

bool owner_files_have_slots(const struct rom_image *image)
{
	struct rom_slots slots;

	return rom_slots_read(image, ROM_OWNER_SLOTS, false, &slots, NULL) == 0;
}

int owner_files_change(struct flash *flash, const char *name, const struct bytes *content,
                       const struct flash_watch *watch, struct flash_count *count, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	CLEANUP(buffer_clear) struct buffer chip = {0};
	struct rom_image image;
	int r = content ? owner_file_check(name, *content, error) : 0;

	if (r == 0)
		r = flash_read(flash, 0, flash_size(flash), &chip, error);
	image.bytes = buffer_bytes(&chip);
	if (r == 0)
		r = owner_files_read(&image, &files, error);
	if (r < 0)
		return r;
	r = content ? owner_files_set(&files, name, *content, error) : owner_files_remove(&files, name, error);
	return r < 0 ? r : owner_files_store(flash, &files, watch, count, error);
}
