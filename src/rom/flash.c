/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/flash.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <string.h>

#define ERASED  0xff
#define AT_ONCE ((size_t)64 << 10) /* bytes read at once, where a block is not larger */

struct flash {
	struct flash_device device;
	uint8_t *room; /* for as many blocks as are read at once */
	size_t room_size;
};

int flash_open_device(const struct flash_device *device, struct flash **ret_flash, struct error *error)
{
	struct flash *flash = calloc(1, sizeof(*flash));
	int r = 0;

	if (device->size == 0 || device->block_size == 0 || device->size % device->block_size != 0)
		r = error_set(error, E_USAGE, device->name, "%s has %zu bytes, which is no number of blocks of %zu",
		              device->name, device->size, device->block_size);
	if (r == 0 && flash)
		flash->room_size = device->block_size < AT_ONCE ? AT_ONCE / device->block_size * device->block_size
		                                                : device->block_size;
	if (r == 0 && flash)
		flash->room = malloc(flash->room_size);
	if (r == 0 && (!flash || !flash->room))
		r = error_set(error, E_MEMORY, device->name, "there is not enough memory to open %s", device->name);
	if (r < 0) {
		free(flash);
		device->close(device->context);
		return r;
	}
	flash->device = *device;
	*ret_flash = flash;
	return 0;
}

void flash_close(struct flash **flash)
{
	if (!*flash)
		return;
	(*flash)->device.close((*flash)->device.context);
	free((*flash)->room);
	free(*flash);
	*flash = NULL;
}

size_t flash_size(const struct flash *flash)
{
	return flash->device.size;
}

size_t flash_block_size(const struct flash *flash)
{
	return flash->device.block_size;
}

const char *flash_name(const struct flash *flash)
{
	return flash->device.name;
}

static int check_range(const struct flash *flash, size_t offset, size_t size, struct error *error)
{
	if (offset <= flash->device.size && size <= flash->device.size - offset)
		return 0;
	return error_set(error, E_USAGE, flash->device.name, "%s has %zu bytes; %zu from %zu on lie beyond it",
	                 flash->device.name, flash->device.size, size, offset);
}

int flash_read(struct flash *flash, size_t offset, size_t size, struct buffer *buffer, struct error *error)
{
	int r = check_range(flash, offset, size, error);

	for (size_t done = 0, part; r == 0 && done < size; done += part) {
		part = size - done < flash->room_size ? size - done : flash->room_size;
		r = flash->device.read(flash->device.context, offset + done, flash->room, part, error);
		if (r == 0)
			buffer_append(buffer, flash->room, part);
	}
	if (r == 0 && buffer->failed)
		return error_set(error, E_MEMORY, flash->device.name, "there is not enough memory for %zu bytes of %s",
		                 size, flash->device.name);
	return r;
}

/* Whether the blocks at offset hold these bytes; they are in flash->room afterwards. */
static int blocks_are(struct flash *flash, size_t offset, struct bytes wanted, bool *ret_equal, struct error *error)
{
	int r = flash->device.read(flash->device.context, offset, flash->room, wanted.size, error);

	*ret_equal = r == 0 && bytes_equal(bytes_make(flash->room, wanted.size), wanted);
	return r;
}

/* Where in the room the first block lies that is not the wanted one. */
static size_t first_wrong(const struct flash *flash, struct bytes wanted)
{
	size_t at = 0;

	while (at < wanted.size && bytes_equal(bytes_make(flash->room + at, flash->device.block_size),
	                                       bytes_slice(wanted, at, flash->device.block_size)))
		at += flash->device.block_size;
	return at;
}

/* One block that holds old. */
static int write_block(struct flash *flash, size_t offset, struct bytes old, struct bytes wanted,
                       struct flash_count *count, struct error *error)
{
	const struct flash_device *device = &flash->device;
	int r = 0;

	if (bytes_equal(old, wanted))
		return 0;
	if (!bytes_are_all(old, ERASED)) {
		r = device->erase(device->context, offset, error);
		count->erased++;
	}
	if (r == 0 && !bytes_are_all(wanted, ERASED)) {
		r = device->write(device->context, offset, wanted, error);
		count->written++;
	}
	return r;
}

/* Some blocks one after the other: read, written where they differ, and read back together, because a chip is slow to
 * change between reading and writing. */
static int write_some(struct flash *flash, size_t offset, struct bytes wanted, struct flash_count *count,
                      struct error *error)
{
	size_t block_size = flash->device.block_size;
	bool equal;
	int r = blocks_are(flash, offset, wanted, &equal, error);

	count->blocks += wanted.size / block_size;
	if (r < 0 || equal)
		return r;
	for (size_t at = 0; at < wanted.size && r == 0; at += block_size)
		r = write_block(flash, offset + at, bytes_make(flash->room + at, block_size),
		                bytes_slice(wanted, at, block_size), count, error);
	if (r == 0)
		r = blocks_are(flash, offset, wanted, &equal, error);
	if (r == 0 && !equal)
		return error_set(error, E_IO, flash->device.name,
		                 "%s: the block at 0x%zx reads back otherwise than it was written; the chip may be "
		                 "worn out or locked",
		                 flash->device.name, offset + first_wrong(flash, wanted));
	return r;
}

static void tell(const struct flash_watch *watch, uint64_t done, uint64_t total, unsigned long long started)
{
	if (watch && watch->progress)
		watch->progress(watch->context, done, total, log_now_ms() - started);
}

static int verify_range(struct flash *flash, size_t offset, struct bytes wanted, struct error *error)
{
	for (size_t done = 0; done < wanted.size; done += flash->room_size) {
		struct bytes part = bytes_slice(wanted, done, flash->room_size);
		bool equal;
		int r = blocks_are(flash, offset + done, part, &equal, error);

		if (r < 0)
			return r;
		if (!equal)
			return error_set(error, E_IO, flash->device.name,
			                 "%s: the block at 0x%zx changed after it was written and read back",
			                 flash->device.name, offset + done + first_wrong(flash, part));
	}
	return 0;
}

static int write_blocks(struct flash *flash, size_t offset, struct bytes wanted, const struct flash_watch *watch,
                        unsigned long long started, struct flash_count *count, struct error *error)
{
	for (size_t done = 0; done < wanted.size; done += flash->room_size) {
		struct bytes part = bytes_slice(wanted, done, flash->room_size);
		int r = write_some(flash, offset + done, part, count, error);

		if (r < 0)
			return r;
		tell(watch, done + part.size, wanted.size, started);
	}
	return 0;
}

/* For a device that writes ranges alone: counts what differs, and has it written where something does. */
static int write_at_once(struct flash *flash, size_t offset, struct bytes wanted, const struct flash_watch *watch,
                         struct flash_count *count, struct error *error)
{
	size_t block_size = flash->device.block_size, differing = 0;

	for (size_t done = 0; done < wanted.size; done += block_size) {
		bool equal;
		int r = blocks_are(flash, offset + done, bytes_slice(wanted, done, block_size), &equal, error);

		if (r < 0)
			return r;
		count->blocks++;
		differing += equal ? 0 : 1;
	}
	count->erased += differing;
	count->written += differing;
	return differing == 0 ? 0 : flash->device.program(flash->device.context, offset, wanted, watch, error);
}

int flash_write(struct flash *flash, size_t offset, struct bytes wanted, const struct flash_watch *watch,
                struct flash_count *count, struct error *error)
{
	unsigned long long started = log_now_ms();
	struct flash_count mine = {0};
	int r = check_range(flash, offset, wanted.size, error);

	if (r < 0)
		return r;
	if (offset % flash->device.block_size != 0 || wanted.size % flash->device.block_size != 0)
		return error_set(error, E_USAGE, flash->device.name,
		                 "%s is written in blocks of %zu bytes; %zu bytes at 0x%zx are none",
		                 flash->device.name, flash->device.block_size, wanted.size, offset);
	tell(watch, 0, wanted.size, started);
	r = flash->device.program ? write_at_once(flash, offset, wanted, watch, &mine, error)
	                          : write_blocks(flash, offset, wanted, watch, started, &mine, error);
	if (r == 0)
		r = verify_range(flash, offset, wanted, error);
	if (r == 0)
		tell(watch, wanted.size, wanted.size, started);
	if (count) {
		count->blocks += mine.blocks;
		count->erased += mine.erased;
		count->written += mine.written;
	}
	return r;
}
