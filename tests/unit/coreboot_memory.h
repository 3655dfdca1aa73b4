/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory as coreboot 4.15 leaves it on a PC: its table, and the log of its measurements. */
#ifndef HEADS_TESTS_UNIT_COREBOOT_MEMORY_H
#define HEADS_TESTS_UNIT_COREBOOT_MEMORY_H

#include "base/digest.h"
#include "base/error.h"
#include <string.h>

#define MEMORY_SIZE ((size_t)2 << 20)
#define TABLE       0x110000u
#define LOG         0x120000u
#define TCG_LOG     0x130000u

/* The first 2 MiB of a machine. */
struct memory {
	uint8_t *bytes;
	unsigned reads;
	size_t largest;
};

static inline int read_memory(void *context, uint64_t address, void *data, size_t size, struct error *error)
{
	struct memory *memory = context;

	memory->reads++;
	memory->largest = size > memory->largest ? size : memory->largest;
	if (address > MEMORY_SIZE || size > MEMORY_SIZE - address)
		return error_set(error, E_IO, "memory", "no memory there");
	memcpy(data, memory->bytes + address, size);
	return 0;
}

static inline void put_le(uint8_t *at, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Written down a second time: the sum of 16-bit words, complemented. */
static inline uint16_t checksum(const uint8_t *data, size_t size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += (uint64_t)(data[i] | (i + 1 < size ? data[i + 1] << 8 : 0));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void put_header(struct memory *memory, size_t at, size_t size)
{
	uint8_t *header = memory->bytes + at;

	memset(header, 0, 24);
	memcpy(header, "LBIO", 4);
	put_le(header + 4, 4, 24);
	put_le(header + 12, 4, size);
	put_le(header + 16, 4, checksum(header + 24, size));
	put_le(header + 20, 4, 1);
	put_le(header + 8, 4, checksum(header, 24));
}

static inline size_t put_reference(uint8_t *at, uint32_t tag, uint64_t address)
{
	put_le(at, 4, tag);
	put_le(at + 4, 4, 16);
	put_le(at + 8, 8, address);
	return 16;
}

static inline size_t put_area(uint8_t *at, uint64_t address, uint32_t size, uint32_t id)
{
	put_le(at, 4, 0x31);
	put_le(at + 4, 4, 24);
	put_le(at + 8, 8, address);
	put_le(at + 16, 4, size);
	put_le(at + 20, 4, id);
	return 24;
}

static inline void put_log_entry(struct memory *memory, unsigned number, uint32_t pcr, const char *text,
                                 const char *name)
{
	uint8_t *at = memory->bytes + LOG + 4 + number * 132;
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string(text));

	memset(at, 0xee, 132); /* CBMEM is not cleared */
	put_le(at, 4, pcr);
	memcpy(at + 4, "SHA256\0\0", 9);
	memcpy(at + 14, digest.data, 32);
	put_le(at + 78, 4, 32);
	memset(at + 82, 0, 49);
	memcpy(at + 82, name, strlen(name) < 49 ? strlen(name) : 49);
}

/* As coreboot 4.15 does it on a PC: forward at 0x500, table and logs high up. */
static inline void put_machine(struct memory *memory)
{
	uint8_t *records = memory->bytes + TABLE + 24;
	size_t size = 0;

	memset(memory->bytes, 0, MEMORY_SIZE);
	memory->reads = 0;
	memory->largest = 0;
	put_reference(memory->bytes + 0x500 + 24, 0x11, TABLE);
	put_header(memory, 0x500, 16);
	put_le(records, 4, 0x2a); /* a record of no interest */
	put_le(records + 4, 4, 12);
	size = 12;
	size += put_area(records + size, TCG_LOG, 0x10000, 0x54504d32);
	size += put_reference(records + size, 0x36, LOG);
	size += put_area(records + size, LOG, 0x1a00, 0x54435041);
	size += put_area(records + size, TCG_LOG, 0x10000, 0x54504d32);
	put_header(memory, TABLE, size);
	put_le(memory->bytes + LOG, 2, 50);
	put_le(memory->bytes + LOG + 2, 2, 2);
	put_log_entry(memory, 0, 2, "fmap", "FMAP: FMAP");
	put_log_entry(memory, 1, 2, "payload", "FMAP: COREBOOT CBFS: fallback/a name of fifty bytes and more");
}

#endif
