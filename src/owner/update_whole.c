/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a chip that is written as a whole: which regions change, and what of the owner's is kept. */
#include "base/cleanup.h"
#include "base/text.h"
#include "format/fmap.h"
#include "owner/update.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BLOCK ((size_t)4096)

static void tell(struct update_whole *whole, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct update_whole *whole, const char *format, ...)
{
	va_list arguments;

	if (whole->change_count == UPDATE_WHOLE_CHANGES)
		return;
	va_start(arguments, format);
	(void)vsnprintf(whole->changes[whole->change_count++], sizeof(whole->changes[0]), format, arguments);
	va_end(arguments);
}

static size_t differing(struct bytes old, struct bytes new)
{
	size_t count = 0;

	for (size_t at = 0; at < new.size; at += BLOCK)
		if (!bytes_equal(bytes_slice(old, at, BLOCK), bytes_slice(new, at, BLOCK)))
			count++;
	return count;
}

static bool holds_others(const struct fmap *map, size_t index, const struct fmap_area *area)
{
	struct fmap_area other;

	for (size_t i = 0; fmap_area(map, i, &other); i++)
		if (i != index && other.size > 0 && other.offset >= area->offset && other.size < area->size &&
		    other.offset - area->offset <= area->size - other.size)
			return true;
	return false;
}

/* One line for each region of the new layout whose content changes. */
static int tell_regions(const struct rom_image *chip, struct bytes image, struct update_whole *whole,
                        struct error *error)
{
	struct bytes old_map, new_map;
	struct fmap_area area;
	struct fmap map;
	size_t offset, count;
	int r = fmap_open(image, &map, error);

	if (r < 0)
		return r;
	if (fmap_find(chip->bytes, "FMAP", &offset, &old_map, NULL) < 0 ||
	    fmap_find(image, "FMAP", &offset, &new_map, NULL) < 0 || !bytes_equal(old_map, new_map))
		tell(whole, "Layout        another one than the chip's");
	for (size_t i = 0; fmap_area(&map, i, &area); i++) {
		if (holds_others(&map, i, &area))
			continue;
		count = differing(bytes_slice(chip->bytes, area.offset, area.size),
		                  bytes_slice(image, area.offset, area.size));
		if (count > 0)
			tell(whole, "%-13.32s %zu of %zu blocks change", area.name, count,
			     (area.size + BLOCK - 1) / BLOCK);
	}
	whole->blocks = differing(chip->bytes, image);
	tell(whole, "In all        %zu of %zu blocks of %zu bytes change", whole->blocks, image.size / BLOCK, BLOCK);
	return 0;
}

static void tell_files(const char *what, const struct owner_files *files, struct update_whole *whole)
{
	for (size_t i = 0; i < files->count; i++) {
		char name[100];

		tell(whole, "%-13s %s, %zu bytes", what,
		     text_escape_into(bytes_from_string(files->files[i].name), name, sizeof(name)),
		     files->files[i].content.size);
	}
}

static int carry_over(const struct rom_image *chip, struct buffer *image, struct update_whole *whole,
                      struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	CLEANUP(flash_close) struct flash *memory = NULL;
	struct error why;
	int r = owner_files_read(chip, &files, &why);

	if (r < 0)
		return error_set(error, E_REFUSED, "flash",
		                 "your settings and keys cannot be read from the chip to be carried over (%s); if they "
		                 "may be lost, erase them on request (--erase-owner-files)",
		                 why.sentence);
	tell_files("Kept", &files, whole);
	whole->carried = files.count;
	if (files.count == 0)
		return 0;
	r = flash_open_memory(image->data, image->size, &memory, error);
	return r < 0 ? r : owner_files_store(memory, &files, NULL, NULL, error);
}

/* The files that the chip holds and the image does not; those of the image come from whoever made it. */
static void tell_erased(const struct rom_image *chip, struct update_whole *whole)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};

	if (owner_files_read(chip, &files, NULL) < 0)
		tell(whole, "Erased        your settings and keys, which cannot be read");
	else
		tell_files("Erased", &files, whole);
}

static void tell_brought(struct bytes bytes, struct update_whole *whole)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	struct rom_image image = {bytes};

	if (owner_files_read(&image, &files, NULL) == 0)
		tell_files("New", &files, whole);
}

int update_whole(const struct rom_image *chip, bool erase_owner, struct buffer *image, struct update_whole *ret_whole,
                 struct error *error)
{
	struct update update;
	int r;

	memset(ret_whole, 0, sizeof(*ret_whole));
	if (image->size != chip->bytes.size)
		return error_set(error, E_TOO_LARGE, "flash", "the image has %zu bytes, the flash chip %zu",
		                 image->size, chip->bytes.size);
	r = update_read_plain(buffer_bytes(image), &update, error);
	if (r < 0)
		return r;
	if (erase_owner)
		tell_erased(chip, ret_whole);
	else
		r = carry_over(chip, image, ret_whole, error);
	if (r == 0 && ret_whole->carried == 0)
		tell_brought(buffer_bytes(image), ret_whole);
	return r < 0 ? r : tell_regions(chip, buffer_bytes(image), ret_whole, error);
}
