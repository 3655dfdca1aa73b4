/* SPDX-License-Identifier: GPL-2.0-or-later */
/* coreboot's table and log in memory, as they should be and as a hostile firmware would leave them. */
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

#define MEMORY_SIZE ((size_t)2 << 20)
#define TABLE       0x110000u
#define LOG         0x120000u
#define TCG_LOG     0x130000u

struct memory {
	uint8_t *bytes;
	unsigned reads;
	size_t largest;
};

static int setup(void **state)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	digest_library_start();
	memory->bytes = calloc(1, MEMORY_SIZE);
	*state = memory;
	return 0;
}

static int teardown(void **state)
{
	struct memory *memory = *state;

	free(memory->bytes);
	free(memory);
	return 0;
}

static int read_memory(void *context, uint64_t address, void *data, size_t size, struct error *error)
{
	struct memory *memory = context;

	memory->reads++;
	memory->largest = size > memory->largest ? size : memory->largest;
	if (address > MEMORY_SIZE || size > MEMORY_SIZE - address)
		return error_set(error, E_IO, "memory", "no memory there");
	memcpy(data, memory->bytes + address, size);
	return 0;
}

static void put_le(uint8_t *at, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Written down a second time: the sum of 16-bit words, complemented. */
static uint16_t checksum(const uint8_t *data, size_t size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += (uint64_t)(data[i] | (i + 1 < size ? data[i + 1] << 8 : 0));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_header(struct memory *memory, size_t at, size_t size)
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

static size_t put_reference(uint8_t *at, uint32_t tag, uint64_t address)
{
	put_le(at, 4, tag);
	put_le(at + 4, 4, 16);
	put_le(at + 8, 8, address);
	return 16;
}

static size_t put_area(uint8_t *at, uint64_t address, uint32_t size, uint32_t id)
{
	put_le(at, 4, 0x31);
	put_le(at + 4, 4, 24);
	put_le(at + 8, 8, address);
	put_le(at + 16, 4, size);
	put_le(at + 20, 4, id);
	return 24;
}

static void put_log_entry(struct memory *memory, unsigned number, uint32_t pcr, const char *text, const char *name)
{
	uint8_t *at = memory->bytes + LOG + 4 + number * 132;
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string(text));

	memset(at, 0xee, 132); /* CBMEM is not cleared */
	put_le(at, 4, pcr);
	(void)strncpy((char *)at + 4, "SHA256", 9);
	memcpy(at + 14, digest.data, 32);
	put_le(at + 78, 4, 32);
	(void)strncpy((char *)at + 82, name, 49);
}

/* As coreboot 4.15 does it on a PC: forward at 0x500, table and logs high up. */
static void put_machine(struct memory *memory)
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

static void test_reads_the_log(void **state)
{
	struct memory *memory = *state;
	CLEANUP(firmware_log_clear) struct firmware_log log = {0};
	struct digest expected = digest_of(HASH_SHA256, bytes_from_string("fmap"));
	struct coreboot_event event;
	size_t position = 0;

	put_machine(memory);
	assert_int_equal(firmware_log_read(read_memory, memory, &log, NULL), 0);
	assert_int_equal(log.kind, CBMEM_LOG_COREBOOT);
	assert_int_equal(log.bytes.size, 4 + 2 * 132);
	assert_int_equal(coreboot_log_next(buffer_bytes(&log.bytes), &position, &event, NULL), 1);
	assert_int_equal(event.pcr, 2);
	assert_string_equal(event.name, "FMAP: FMAP");
	assert_true(digest_equal(&event.digest, &expected));
	assert_int_equal(coreboot_log_next(buffer_bytes(&log.bytes), &position, &event, NULL), 1);
	assert_int_equal(strlen(event.name), 49);
	assert_int_equal(coreboot_log_next(buffer_bytes(&log.bytes), &position, &event, NULL), 0);
}

/* The table may be at 0xf0000, and may have the older record alone. */
static void test_other_places(void **state)
{
	struct memory *memory = *state;
	CLEANUP(firmware_log_clear) struct firmware_log log = {0};

	put_machine(memory);
	memset(memory->bytes, 0, 4096);
	put_reference(memory->bytes + 0xf0020 + 24, 0x36, LOG);
	put_header(memory, 0xf0020, 16);
	assert_int_equal(firmware_log_read(read_memory, memory, &log, NULL), 0);
	assert_int_equal(log.bytes.size, 4 + 2 * 132);
}

/* A firmware that writes the TCG's format itself. */
static void test_tcg_log(void **state)
{
	static const enum hash_algorithm banks[] = {HASH_SHA256};
	struct memory *memory = *state;
	CLEANUP(firmware_log_clear) struct firmware_log log = {0};
	CLEANUP(buffer_clear) struct buffer written = {0}, started = {0};
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string("fmap"));
	struct eventlog_replay replay;
	size_t events;

	put_machine(memory);
	put_area(memory->bytes + TABLE + 24, TCG_LOG, 0x1000, 0x54504d32);
	put_header(memory, TABLE, 24);
	eventlog_write_start(&written, banks, 1);
	eventlog_write_event(&written, 2, EVENTLOG_ACTION, &digest, 1, bytes_from_string("FMAP: FMAP"));
	memcpy(memory->bytes + TCG_LOG, written.data, written.size);
	assert_int_equal(firmware_log_read(read_memory, memory, &log, NULL), 0);
	assert_int_equal(log.kind, CBMEM_LOG_TCG);
	assert_int_equal(eventlog_begin(&started, banks, 1, &log, &events, NULL), 0);
	assert_int_equal(events, 1);
	assert_int_equal(eventlog_replay(buffer_bytes(&started), &replay, NULL), 0);
	assert_int_equal(replay.banks[0].mask, 1 << 2);
}

/* The firmware's digests stand in the banks that it extended, and nowhere else. */
static void test_becomes_an_event_log(void **state)
{
	static const enum hash_algorithm both[] = {HASH_SHA1, HASH_SHA256}, other[] = {HASH_SHA384};
	struct memory *memory = *state;
	CLEANUP(firmware_log_clear) struct firmware_log log = {0};
	CLEANUP(buffer_clear) struct buffer started = {0};
	struct eventlog_replay replay;
	struct error error;
	size_t events;

	put_machine(memory);
	assert_int_equal(firmware_log_read(read_memory, memory, &log, NULL), 0);
	assert_int_equal(eventlog_begin(&started, both, 2, &log, &events, NULL), 0);
	assert_int_equal(events, 2);
	assert_int_equal(eventlog_replay(buffer_bytes(&started), &replay, NULL), 0);
	assert_int_equal(replay.banks[0].mask, 0);
	assert_int_equal(replay.banks[1].mask, 1 << 2);
	buffer_clear(&started);
	assert_int_equal(eventlog_begin(&started, other, 1, &log, &events, &error), -E_UNSUPPORTED);
	assert_string_equal(error.sentence, "the firmware measured in no bank of this TPM that is active");
}

static void expect_refused(struct memory *memory, enum error_code code, const char *sentence)
{
	struct firmware_log log = {0};
	struct error error = {.sentence = ""};
	int r = firmware_log_read(read_memory, memory, &log, &error);

	assert_string_equal(error.sentence, sentence);
	assert_int_equal(r, -(int)code);
	assert_null(log.bytes.data);
	assert_in_range(memory->reads, 1, 64);
	assert_in_range(memory->largest, 1, 1 << 20);
}

static void test_bad_tables(void **state)
{
	struct memory *memory = *state;

	put_machine(memory);
	memset(memory->bytes, 0, 4096);
	expect_refused(memory, E_NOT_FOUND, "the firmware left no coreboot table in memory");

	put_machine(memory);
	memory->bytes[TABLE + 24 + 20] ^= 1;
	expect_refused(memory, E_MALFORMED, "the checksum of coreboot's table does not hold");

	put_machine(memory);
	put_reference(memory->bytes + 0x500 + 24, 0x11, 0x500 & ~0xfffu); /* to itself */
	memory->bytes[0x500 + 24 + 8] = 0;
	put_reference(memory->bytes + 0x500 + 24, 0x11, 0x400);
	put_header(memory, 0x500, 16);
	expect_refused(memory, E_MALFORMED, "coreboot's table points on and on");

	put_machine(memory);
	put_reference(memory->bytes + 0x500 + 24, 0x11, UINT64_MAX);
	put_header(memory, 0x500, 16);
	expect_refused(memory, E_MALFORMED, "coreboot's table names the address 0xffffffffffffffff");

	put_machine(memory);
	put_reference(memory->bytes + 0x500 + 24, 0x11, MEMORY_SIZE);
	put_header(memory, 0x500, 16);
	expect_refused(memory, E_IO, "no memory there");

	put_machine(memory);
	put_le(memory->bytes + TABLE + 24 + 4, 4, 4); /* a record smaller than its own header */
	put_header(memory, TABLE, 12);
	expect_refused(memory, E_MALFORMED, "a record of coreboot's table ends outside the table");

	put_machine(memory);
	put_header(memory, TABLE, 12);
	expect_refused(memory, E_NOT_FOUND, "the firmware keeps no log of what it measured");

	put_machine(memory);
	put_area(memory->bytes + TABLE + 24, TCG_LOG, UINT32_MAX, 0x54504d32);
	put_header(memory, TABLE, 24);
	expect_refused(memory, E_TOO_LARGE, "the firmware's log has 4294967295 bytes; at most 1048576 are read");
}

static void test_bad_log_sizes(void **state)
{
	struct memory *memory = *state;

	put_machine(memory);
	put_le(memory->bytes + LOG + 2, 2, 51);
	expect_refused(memory, E_MALFORMED, "coreboot's log says that it holds 51 events, with room for 50");

	put_machine(memory);
	put_le(memory->bytes + LOG, 4, 0xffffffff);
	expect_refused(memory, E_TOO_LARGE, "coreboot's log says that it holds 65535 events; at most 512 are read");

	put_machine(memory);
	put_le(memory->bytes + LOG, 4, 500 | 500 << 16);
	expect_refused(memory, E_MALFORMED, "coreboot's log says that it has 66004 bytes, in an area of 6656");
}

static void expect_bad_event(struct memory *memory, const char *sentence)
{
	static const enum hash_algorithm banks[] = {HASH_SHA256};
	CLEANUP(firmware_log_clear) struct firmware_log log = {0};
	CLEANUP(buffer_clear) struct buffer started = {0};
	struct error error;
	size_t events;

	assert_int_equal(firmware_log_read(read_memory, memory, &log, NULL), 0);
	assert_int_equal(eventlog_begin(&started, banks, 1, &log, &events, &error), -E_MALFORMED);
	assert_string_equal(error.sentence, sentence);
}

static void test_bad_log_entries(void **state)
{
	struct memory *memory = *state;
	size_t second = LOG + 4 + 132;

	put_machine(memory);
	put_le(memory->bytes + second, 4, 24);
	expect_bad_event(memory, "event 2 of coreboot's log names PCR 24, which no TPM has");

	put_machine(memory);
	put_le(memory->bytes + second + 78, 4, 33);
	expect_bad_event(memory,
	                 "event 2 of coreboot's log holds a digest of 33 bytes of a hash that does not give so many");

	put_machine(memory);
	memory->bytes[second + 4] = 'X';
	expect_bad_event(memory,
	                 "event 2 of coreboot's log holds a digest of 32 bytes of a hash that does not give so many");
}

static void test_bad_truncated_log(void **state)
{
	struct memory *memory = *state;
	struct coreboot_event event;
	struct error error;

	put_machine(memory);
	for (size_t size = 0; size < 4 + 2 * 132; size++) {
		size_t position = 0;
		int r;

		while ((r = coreboot_log_next(bytes_make(memory->bytes + LOG, size), &position, &event, &error)) > 0)
			;
		assert_int_equal(r, -E_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads_the_log),   cmocka_unit_test(test_other_places),
	    cmocka_unit_test(test_tcg_log),         cmocka_unit_test(test_becomes_an_event_log),
	    cmocka_unit_test(test_bad_tables),      cmocka_unit_test(test_bad_log_sizes),
	    cmocka_unit_test(test_bad_log_entries), cmocka_unit_test(test_bad_truncated_log),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
