/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/flash.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <string.h>

#define ERASED 0xff

struct flash {
	struct flash_device device;
	uint8_t *block; /* room for one */
};

int flash_open_device(const struct flash_device *device, struct flash **ret_flash, struct error *error)
{
	struct flash *flash = calloc(1, sizeof(*flash));
	int r = 0;

	if (device->size == 0 || device->block_size == 0 || device->size % device->block_size != 0)
		r = error_set(error, E_USAGE, device->name, "%s has %zu bytes, which is no number of blocks of %zu",
		              device->name, device->size, device->block_size);
	if (r == 0 && flash)
		flash->block = malloc(device->block_size);
	if (r == 0 && (!flash || !flash->block))
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
	free((*flash)->block);
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
		part = size - done < flash->device.block_size ? size - done : flash->device.block_size;
		r = flash->device.read(flash->device.context, offset + done, flash->block, part, error);
		if (r == 0)
			buffer_append(buffer, flash->block, part);
	}
	if (r == 0 && buffer->failed)
		return error_set(error, E_MEMORY, flash->device.name, "there is not enough memory for %zu bytes of %s",
		                 size, flash->device.name);
	return r;
}

/* Whether the block at offset holds these bytes; it is in flash->block afterwards. */
static int block_is(struct flash *flash, size_t offset, struct bytes wanted, bool *ret_equal, struct error *error)
{
	int r = flash->device.read(flash->device.context, offset, flash->block, wanted.size, error);

	*ret_equal = r == 0 && memcmp(flash->block, wanted.data, wanted.size) == 0;
	return r;
}

static int write_block(struct flash *flash, size_t offset, struct bytes wanted, struct flash_count *count,
                       struct error *error)
{
	const struct flash_device *device = &flash->device;
	bool equal;
	int r = block_is(flash, offset, wanted, &equal, error);

	count->blocks++;
	if (r < 0 || equal)
		return r;
	if (!bytes_are_all(bytes_make(flash->block, wanted.size), ERASED)) {
		r = device->erase(device->context, offset, error);
		count->erased++;
	}
	if (r == 0 && !bytes_are_all(wanted, ERASED)) {
		r = device->write(device->context, offset, wanted, error);
		count->written++;
	}
	if (r == 0)
		r = block_is(flash, offset, wanted, &equal, error);
	if (r == 0 && !equal)
		return error_set(error, E_IO, device->name,
		                 "%s: the block at 0x%zx reads back otherwise than it was written; the chip may be "
		                 "worn out or locked",
		                 device->name, offset);
	return r;
}

static void tell(const struct flash_watch *watch, uint64_t done, uint64_t total, unsigned long long started)
{
	if (watch && watch->progress)
		watch->progress(watch->context, done, total, log_now_ms() - started);
}

static int verify_range(struct flash *flash, size_t offset, struct bytes wanted, struct error *error)
{
	size_t block_size = flash->device.block_size;

	for (size_t done = 0; done < wanted.size; done += block_size) {
		bool equal;
		int r = block_is(flash, offset + done, bytes_slice(wanted, done, block_size), &equal, error);

		if (r < 0)
			return r;
		if (!equal)
			return error_set(error, E_IO, flash->device.name,
			                 "%s: the block at 0x%zx changed after it was written and read back",
			                 flash->device.name, offset + done);
	}
	return 0;
}

static int write_blocks(struct flash *flash, size_t offset, struct bytes wanted, const struct flash_watch *watch,
                        unsigned long long started, struct flash_count *count, struct error *error)
{
	for (size_t done = 0; done < wanted.size; done += flash->device.block_size) {
		int r = write_block(flash, offset + done, bytes_slice(wanted, done, flash->device.block_size), count,
		                    error);

		if (r < 0)
			return r;
		tell(watch, done + flash->device.block_size, wanted.size, started);
	}
	return 0;
}

/* For a device that writes ranges alone: counts what differs, and has it written where something does. */
static int write_at_once(struct flash *flash, size_t offset, struct bytes wanted, struct flash_count *count,
                         struct error *error)
{
	size_t block_size = flash->device.block_size, differing = 0;

	for (size_t done = 0; done < wanted.size; done += block_size) {
		bool equal;
		int r = block_is(flash, offset + done, bytes_slice(wanted, done, block_size), &equal, error);

		if (r < 0)
			return r;
		count->blocks++;
		differing += equal ? 0 : 1;
	}
	count->erased += differing;
	count->written += differing;
	return differing == 0 ? 0 : flash->device.program(flash->device.context, offset, wanted, error);
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
	r = flash->device.program ? write_at_once(flash, offset, wanted, &mine, error)
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
