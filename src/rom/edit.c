/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/edit.h"
#include "base/file.h"
#include <errno.h>
#include <sys/mman.h>

int rom_edit_open(const char *path, struct rom_edit *ret_edit, struct error *error)
{
	struct rom_image image = {BYTES_EMPTY};
	uint8_t *memory;
	int r = rom_open_file(path, &image, error);

	if (r < 0)
		return r;
	/* The mapping is private: what is written stays in memory. */
	memory = (uint8_t *)(uintptr_t)image.bytes.data;
	if (mprotect(memory, image.bytes.size, PROT_READ | PROT_WRITE) != 0) {
		rom_close(&image);
		return error_set_errno(error, E_MEMORY, path, errno, "the ROM file %s cannot be changed in memory",
		                       path);
	}
	*ret_edit = (struct rom_edit){path, image, memory};
	return 0;
}

int rom_edit_region(const struct rom_edit *edit, const char *name, struct cbfs_region *ret_region, size_t *ret_offset,
                    struct error *error)
{
	struct bytes region;
	size_t offset;
	int r = cbfs_find(edit->image.bytes, name, &offset, &region, error);

	if (r < 0)
		return r;
	*ret_region = (struct cbfs_region){edit->memory + offset, region.size};
	*ret_offset = offset;
	return 0;
}

int rom_edit_save(const struct rom_edit *edit, struct error *error)
{
	return file_replace_path(edit->path, edit->image.bytes, error);
}

void rom_edit_close(struct rom_edit *edit)
{
	rom_close(&edit->image);
	edit->memory = NULL;
}
