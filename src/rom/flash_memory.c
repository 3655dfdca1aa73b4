/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flash that is a piece of memory: an image is changed with the same code as a chip. */
#include "base/cleanup.h"
#include "rom/flash.h"
#include <string.h>

#define BLOCK_SIZE 4096

static int memory_read(void *context, size_t offset, uint8_t *data, size_t size, struct error *error)
{
	(void)error;
	memcpy(data, (const uint8_t *)context + offset, size);
	return 0;
}

static int memory_erase(void *context, size_t offset, struct error *error)
{
	(void)error;
	memset((uint8_t *)context + offset, 0xff, BLOCK_SIZE);
	return 0;
}

static int memory_write(void *context, size_t offset, struct bytes bytes, struct error *error)
{
	(void)error;
	memcpy((uint8_t *)context + offset, bytes.data, bytes.size);
	return 0;
}

static void memory_close(void *context)
{
	(void)context;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is changed through the device */
int flash_open_memory(uint8_t *data, size_t size, struct flash **ret_flash, struct error *error)
{
	struct flash_device device = {.name = "the image in memory",
	                              .size = size,
	                              .block_size = BLOCK_SIZE,
	                              .context = data,
	                              .read = memory_read,
	                              .erase = memory_erase,
	                              .write = memory_write,
	                              .close = memory_close};

	return flash_open_device(&device, ret_flash, error);
}
