/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flash image: a file on a workstation, or the running ROM through its mapping below 4 GiB. */
#ifndef HEADS_ROM_IMAGE_H
#define HEADS_ROM_IMAGE_H

#include "base/bytes.h"
#include "base/error.h"

struct rom_image {
	struct bytes bytes; /* read-only mapping */
};

#define ROM_REGION   "COREBOOT" /* the area of the map where coreboot keeps its files */
#define ROM_MAX_SIZE ((size_t)64 << 20)

/* Maps an image file. Errors: -E_NOT_FOUND, -E_IO, -E_TOO_LARGE, -E_MALFORMED (empty). */
int rom_open_file(const char *path, struct rom_image *ret_image, struct error *error);
/* Maps the flash of this machine, size bytes that end at 4 GiB (a power of two from 1 to 16 MiB).
 * Errors: -E_USAGE (size), -E_IO. */
int rom_open_flash(size_t size, struct rom_image *ret_image, struct error *error);
void rom_close(struct rom_image *image);

#endif
