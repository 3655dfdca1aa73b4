/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image file that is changed: all in memory, and then on the disk at once. */
#ifndef HEADS_ROM_EDIT_H
#define HEADS_ROM_EDIT_H

#include "format/cbfs_write.h"
#include "rom/image.h"

struct rom_edit {
	const char *path; /* borrowed */
	struct rom_image image;
	uint8_t *memory; /* the same bytes, ours alone until rom_edit_save */
};

/* Opens an image file. Release with rom_edit_close, which forgets what was not saved. Errors: as rom_open_file. */
int rom_edit_open(const char *path, struct rom_edit *ret_edit, struct error *error);
/* The files of the area NAME, to be changed; ret_offset says where in the image it begins. Errors: as cbfs_find. */
int rom_edit_region(const struct rom_edit *edit, const char *name, struct cbfs_region *ret_region, size_t *ret_offset,
                    struct error *error);
/* Replaces the file by what was made of it: after a power cut it is old or new. Errors: -E_IO. */
int rom_edit_save(const struct rom_edit *edit, struct error *error);
void rom_edit_close(struct rom_edit *edit);

#endif
