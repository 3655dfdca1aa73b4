/* SPDX-License-Identifier: GPL-2.0-or-later */
/* coreboot's table and log in memory, as they should be and as a hostile firmware would leave them. */
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "unit/cmocka_all.h"
#include "unit/coreboot_memory.h"
#include <stdio.h>
#include <string.h>

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

	put_machine(memory); /* the second place is tried where the first one is damaged */
	memory->bytes[TABLE + 24 + 20] ^= 1;
	put_reference(memory->bytes + 0xf0000 + 24, 0x36, LOG);
	put_header(memory, 0xf0000, 16);
	{
		CLEANUP(firmware_log_clear) struct firmware_log log = {0};

		assert_int_equal(firmware_log_read(read_memory, memory, &log, NULL), 0);
	}

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
