/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/firmware_log.h"
#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_FORWARDS 4 /* coreboot makes one */
#define DEVICE       "/dev/mem"

int firmware_memory_of_machine(void *context, uint64_t address, void *data, size_t size, struct error *error)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), start = address / page * page;
	CLEANUP_CLOSE int fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	size_t length = (size_t)(address - start) + size;
	void *mapping;

	(void)context;
	if (fd < 0)
		return error_set_errno(error, E_IO, DEVICE, errno, "the machine's memory cannot be read");
	mapping = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)start);
	if (mapping == MAP_FAILED)
		return error_set_errno(error, E_IO, DEVICE, errno, "%zu bytes of memory at 0x%llx cannot be read", size,
		                       (unsigned long long)address);
	memcpy(data, (const uint8_t *)mapping + (address - start), size);
	(void)munmap(mapping, length);
	return 0;
}

static int read_into(firmware_memory *memory, void *context, uint64_t address, size_t size, struct buffer *buffer,
                     struct error *error)
{
	int r;

	buffer_clear(buffer);
	if (address >> 52 != 0)
		return error_set(error, E_MALFORMED, "coreboot table", "coreboot's table names the address 0x%llx",
		                 (unsigned long long)address);
	buffer->data = calloc(1, size ? size : 1);
	if (!buffer->data)
		return error_set(error, E_MEMORY, "coreboot table",
		                 "there is not enough memory for the firmware's log");
	buffer->capacity = size;
	r = memory(context, address, buffer->data, size, error);
	if (r == 0)
		buffer->size = size;
	return r;
}

/* The first table in the area at address whose checksums hold. */
static int read_table(firmware_memory *memory, void *context, uint64_t address, struct cbmem_places *places,
                      struct error *error)
{
	CLEANUP(buffer_clear) struct buffer area = {0}, records = {0};
	struct cbmem_table table;
	size_t position = 0;
	int found = 0, r = read_into(memory, context, address, CBMEM_AREA_SIZE, &area, error);

	while (r == 0 && cbmem_find_table(buffer_bytes(&area), &position, &table) > 0) {
		r = read_into(memory, context, address + table.offset, table.size, &records, error);
		found = r == 0 ? cbmem_read_table(buffer_bytes(&records), &table, places, error) : r;
		if (found == 0)
			return 0;
		if (found != -E_MALFORMED)
			return found;
	}
	if (r < 0 || found < 0)
		return r < 0 ? r : found;
	return error_set(error, E_NOT_FOUND, "coreboot table", "there is no coreboot table at 0x%llx",
	                 (unsigned long long)address);
}

/* From the fixed address to the table proper. */
static int follow(firmware_memory *memory, void *context, uint64_t address, struct cbmem_places *places,
                  struct error *error)
{
	for (unsigned i = 0; i <= MAX_FORWARDS; i++) {
		int r = read_table(memory, context, address, places, error);

		if (r < 0 || places->forward == 0)
			return r;
		address = places->forward;
	}
	return error_set(error, E_MALFORMED, "coreboot table", "coreboot's table points on and on");
}

static int copy_log(firmware_memory *memory, void *context, const struct cbmem_places *places, struct firmware_log *log,
                    struct error *error)
{
	size_t size = places->log_size;
	int r;

	if (places->log_kind == CBMEM_LOG_COREBOOT) {
		r = read_into(memory, context, places->log, COREBOOT_LOG_HEADER_SIZE, &log->bytes, error);
		if (r == 0)
			r = coreboot_log_size(buffer_bytes(&log->bytes), &size, error);
		if (r < 0)
			return r;
		if (places->log_size != 0 && size > places->log_size)
			return error_set(error, E_MALFORMED, "coreboot log",
			                 "coreboot's log says that it has %zu bytes, in an area of %u", size,
			                 places->log_size);
	}
	if (size > FIRMWARE_LOG_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, "firmware log",
		                 "the firmware's log has %zu bytes; at most %zu are read", size, FIRMWARE_LOG_MAX_SIZE);
	return read_into(memory, context, places->log, size, &log->bytes, error);
}

/* The table's place is one of two; what is wrong with the first one counts only where the second one has none. */
static int find_places(firmware_memory *memory, void *context, struct cbmem_places *places, struct error *error)
{
	static const uint64_t starts[] = {0, 0xf0000};
	struct error problem, first = {.code = E_NONE};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		int r = follow(memory, context, starts[i], places, &problem);

		if (r == 0)
			return 0;
		if (r != -E_NOT_FOUND && first.code == E_NONE)
			first = problem;
	}
	if (first.code != E_NONE)
		return error_set(error, first.code, first.object, "%s", first.sentence);
	return error_set(error, E_NOT_FOUND, "coreboot table", "the firmware left no coreboot table in memory");
}

int firmware_log_read(firmware_memory *memory, void *context, struct firmware_log *ret_log, struct error *error)
{
	CLEANUP(firmware_log_clear) struct firmware_log log = {0};
	struct cbmem_places places = {0};
	int r = find_places(memory, context, &places, error);

	if (r < 0)
		return r;
	if (places.log_kind == CBMEM_LOG_NONE)
		return error_set(error, E_NOT_FOUND, "firmware log", "the firmware keeps no log of what it measured");
	log.kind = places.log_kind;
	r = copy_log(memory, context, &places, &log, error);
	if (r == 0)
		*ret_log = TAKE(log, (struct firmware_log){0});
	return r;
}

void firmware_log_clear(struct firmware_log *log)
{
	buffer_clear(&log->bytes);
	log->kind = CBMEM_LOG_NONE;
}
