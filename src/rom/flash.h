/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing the flash: the chip of this machine (MTD), an image file that stands for one, or a chip behind an external
 * programmer program. What differs is erased and written block by block, each block is read back (up to 64 KiB of
 * them together), and the range is compared as a whole at the end. The order of two calls is the order on the chip:
 * rom/slots.h builds on that. */
#ifndef HEADS_ROM_FLASH_H
#define HEADS_ROM_FLASH_H

#include "base/bytes.h"
#include "base/error.h"

struct flash;

/* Called before the first block, after each 64 KiB or block, and at the end: bytes of the range that are known to be
 * right, and milliseconds since flash_write began. */
struct flash_watch {
	void (*progress)(void *context, uint64_t done, uint64_t total, unsigned long long ms);
	void *context;
};

/* The erase blocks of a chip, as flash_write uses them. Offsets are multiples of block_size. All of them return 0 or a
 * negative error. program, where not NULL, does the work of erase and write for a range at once (an external program),
 * and tells the watch, where there is one, how far it is.
 */
struct flash_device {
	const char *name; /* for errors; borrowed */
	size_t size, block_size;
	void *context;
	int (*read)(void *context, size_t offset, uint8_t *data, size_t size, struct error *error);
	int (*erase)(void *context, size_t offset, struct error *error);                     /* one block */
	int (*write)(void *context, size_t offset, struct bytes bytes, struct error *error); /* one erased block */
	int (*program)(void *context, size_t offset, struct bytes bytes, const struct flash_watch *watch,
	               struct error *error);
	void (*close)(void *context);
};

/* Takes the device over: its close is called by flash_close, or at once where this fails.
 * Errors: -E_USAGE (sizes that do not fit), -E_MEMORY. */
int flash_open_device(const struct flash_device *device, struct flash **ret_flash, struct error *error);
/* An MTD character device ("/dev/mtd0"). Errors: -E_NOT_FOUND, -E_IO, -E_UNSUPPORTED (no NOR flash). */
int flash_open_mtd(const char *path, struct flash **ret_flash, struct error *error);
/* A chip behind the program flashprog or flashrom; name is its programmer ("internal", "ch341a_spi"). The chip is read
 * as a whole when it is opened, and when it is read after a write or the attempt of one. Errors: -E_NOT_FOUND (no such
 * program), -E_IO, -E_USAGE. */
int flash_open_programmer(const char *name, struct flash **ret_flash, struct error *error);
/* An image file with blocks of 4 KiB. Errors: -E_NOT_FOUND, -E_NOT_REGULAR, -E_IO, -E_USAGE (its size). */
int flash_open_file(const char *path, struct flash **ret_flash, struct error *error);
/* Memory of the caller, with blocks of 4 KiB, which stays the caller's. Errors: -E_USAGE (its size), -E_MEMORY. */
int flash_open_memory(uint8_t *data, size_t size, struct flash **ret_flash, struct error *error);
/* NULL is accepted; fits CLEANUP(). */
void flash_close(struct flash **flash);

size_t flash_size(const struct flash *flash);
size_t flash_block_size(const struct flash *flash);
const char *flash_name(const struct flash *flash);
/* Appends size bytes from offset on. Errors: -E_IO, -E_USAGE (beyond the chip), -E_MEMORY. */
int flash_read(struct flash *flash, size_t offset, size_t size, struct buffer *buffer, struct error *error);

/* What was done; flash_write adds to it. */
struct flash_count {
	size_t blocks; /* compared */
	size_t erased, written;
};

/* Makes the flash from offset on (a multiple of the block size, as is the size of wanted) hold these bytes. A block
 * that is right already is left alone, one that is erased already is not erased again. watch and count may be NULL.
 * Errors: -E_IO (the device, or a block that reads back otherwise: named by its offset), -E_USAGE (not on block
 * borders, or beyond the chip), -E_MEMORY. After an error the range holds old and new blocks: nothing else was touched.
 */
int flash_write(struct flash *flash, size_t offset, struct bytes wanted, const struct flash_watch *watch,
                struct flash_count *count, struct error *error);

#endif
