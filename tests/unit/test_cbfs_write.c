/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CBFS writer, against what it reads back and against a list of what must be there. What cbfstool makes of it is
 * tests/integration/test_rom_tool.c. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "format/cbfs_write.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

#define REGION_SIZE 65536

static uint8_t memory[REGION_SIZE], before[REGION_SIZE];
static struct cbfs_region region = {memory, REGION_SIZE};

static void put_be(uint8_t *at, size_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A header at `at`, as coreboot's tools write it; its data is what lies behind. */
static void put_header(size_t at, const char *name, uint32_t type, size_t size)
{
	size_t offset = 24 + ((strlen(name) + 4) & ~(size_t)3);

	memset(memory + at, 0, offset);
	memcpy(memory + at, "LARCHIVE", 8);
	put_be(memory + at + 8, size);
	put_be(memory + at + 12, type);
	put_be(memory + at + 20, offset);
	memcpy(memory + at + 24, name, strlen(name));
}

/* A payload in front, a bootblock at the end, one empty entry between them. */
static void region_start(void)
{
	memset(memory, 0xff, sizeof(memory));
	put_header(0, "fallback/payload", 0x20, 5000);
	put_header(5056, "", CBFS_TYPE_EMPTY, REGION_SIZE - 1024 - 5056 - 28);
	put_header(REGION_SIZE - 1024, "bootblock", 1, 1024 - 36);
	memcpy(before, memory, sizeof(before));
}

static int add(const char *name, const char *content, struct error *error)
{
	struct cbfs_new_file file = {.name = name, .content = bytes_from_string(content)};

	return cbfs_add(&region, &file, error);
}

static void assert_content(const char *name, const char *content)
{
	struct cbfs_file file;

	assert_int_equal(cbfs_find_file(cbfs_region_bytes(&region), name, &file, NULL), 0);
	assert_int_equal(file.type, CBFS_TYPE_RAW);
	assert_true(bytes_equal(file.data, bytes_from_string(content)));
}

/* Every byte belongs to an entry, no entry is without a neighbour, no two empty ones stand side by side. */
static void assert_covered(void)
{
	size_t position = 0, next = 0;
	struct cbfs_file file;
	bool was_empty = false;

	while (cbfs_next_entry(cbfs_region_bytes(&region), &position, &file, NULL) > 0) {
		bool empty = file.type == CBFS_TYPE_EMPTY;

		assert_int_equal(file.offset, next);
		assert_false(empty && was_empty);
		was_empty = empty;
		next = file.end;
	}
	assert_int_equal(next, REGION_SIZE);
}

static void test_added_and_removed_leaves_no_trace(void **state)
{
	struct error error;

	(void)state;
	region_start();
	assert_int_equal(add("heads/config.user", "CONFIG_A=y\n", &error), 0);
	assert_int_equal(add("heads/owner.asc", "key", &error), 0);
	assert_int_equal(add("heads/empty", "", &error), 0);
	assert_covered();
	assert_content("heads/config.user", "CONFIG_A=y\n");
	assert_content("heads/owner.asc", "key");
	assert_content("heads/empty", "");
	assert_int_equal(cbfs_remove(&region, "heads/owner.asc", &error), 0);
	assert_covered();
	assert_int_equal(cbfs_remove(&region, "heads/config.user", &error), 0);
	assert_int_equal(cbfs_remove(&region, "heads/empty", &error), 0);
	assert_memory_equal(memory, before, sizeof(memory));
}

static void test_what_cannot_be_done_is_said_and_changes_nothing(void **state)
{
	static uint8_t big[REGION_SIZE];
	struct cbfs_new_file file = {.name = "big", .content = bytes_make(big, sizeof(big))};
	char long_name[CBFS_NAME_SIZE + 1];
	struct error error;

	(void)state;
	region_start();
	assert_int_equal(cbfs_remove(&region, "heads/config.user", &error), -E_NOT_FOUND);
	assert_int_equal(cbfs_remove(&region, "", &error), -E_NOT_FOUND);
	assert_int_equal(cbfs_remove(&region, "fallback/payload", &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "simple elf"));
	assert_int_equal(cbfs_add(&region, &file, &error), -E_TOO_LARGE);
	assert_non_null(strstr(error.sentence, "65536 bytes"));
	assert_int_equal(cbfs_replace(&region, &file, &error), -E_TOO_LARGE);
	assert_int_equal(add("", "x", &error), -E_USAGE);
	assert_int_equal(add("a b", "x", &error), -E_USAGE);
	assert_int_equal(add("a\x1b", "x", &error), -E_USAGE);
	memset(long_name, 'n', CBFS_NAME_SIZE);
	long_name[CBFS_NAME_SIZE] = '\0';
	assert_int_equal(add(long_name, "x", &error), -E_USAGE);
	assert_int_equal(add("fallback/payload", "x", &error), -E_EXISTS);
	assert_memory_equal(memory, before, sizeof(memory));
	long_name[CBFS_NAME_SIZE - 1] = '\0';
	assert_int_equal(add(long_name, "x", &error), 0);
	assert_content(long_name, "x");
	assert_int_equal(add(long_name, "x", &error), -E_EXISTS);
}

static void test_a_file_as_large_as_the_space_says(void **state)
{
	static uint8_t content[REGION_SIZE];
	struct cbfs_new_file file = {.name = "nineteen.characters", .content = {content, 0}};
	struct cbfs_space space;
	struct error error;

	(void)state;
	region_start();
	assert_int_equal(cbfs_space(cbfs_region_bytes(&region), &space, &error), 0);
	assert_int_equal(space.files, 2);
	assert_int_equal(space.free, REGION_SIZE - 1024 - 5056);
	assert_int_equal(space.used + space.free, REGION_SIZE);
	file.content.size = space.largest + 1;
	assert_int_equal(cbfs_add(&region, &file, &error), -E_TOO_LARGE);
	file.content.size = space.largest;
	assert_int_equal(cbfs_add(&region, &file, &error), 0);
	assert_covered();
	assert_int_equal(cbfs_space(cbfs_region_bytes(&region), &space, &error), 0);
	assert_int_equal(space.free, 0);
	assert_int_equal(space.largest, 0);
	assert_int_equal(add("a", "", &error), -E_TOO_LARGE);
	/* Its own place counts: the same size goes in again, one byte more does not. */
	assert_int_equal(cbfs_replace(&region, &file, &error), 0);
	file.content.size++;
	assert_int_equal(cbfs_replace(&region, &file, &error), -E_TOO_LARGE);
	assert_int_equal(cbfs_remove(&region, file.name, &error), 0);
	assert_memory_equal(memory, before, sizeof(memory));
}

static void test_alignment(void **state)
{
	struct cbfs_new_file file = {.name = "aligned", .content = bytes_from_string("content")};
	struct cbfs_file found;
	struct error error;

	(void)state;
	for (size_t alignment = 1; alignment <= 16384; alignment *= 2) {
		region_start();
		file.content_alignment = alignment;
		file.header_alignment = 0;
		file.region_offset = 4096 + 512;
		assert_int_equal(cbfs_add(&region, &file, &error), 0);
		assert_covered();
		assert_content("aligned", "content");
		assert_int_equal(cbfs_find_file(cbfs_region_bytes(&region), "aligned", &found, &error), 0);
		assert_int_equal(((size_t)(found.data.data - memory) + file.region_offset) % alignment, 0);
		/* What was aligned stays so. */
		file.content_alignment = 0;
		assert_int_equal(cbfs_replace(&region, &file, &error), 0);
		assert_int_equal(cbfs_find_file(cbfs_region_bytes(&region), "aligned", &found, &error), 0);
		assert_int_equal(((size_t)(found.data.data - memory) + file.region_offset) % alignment, 0);
		assert_int_equal(cbfs_remove(&region, "aligned", &error), 0);
		assert_memory_equal(memory, before, sizeof(memory));
		file.header_alignment = alignment;
		assert_int_equal(cbfs_add(&region, &file, &error), 0);
		assert_covered();
		assert_int_equal(cbfs_find_file(cbfs_region_bytes(&region), "aligned", &found, &error), 0);
		assert_int_equal(found.offset % alignment, 0);
	}
	file.content_alignment = 3;
	assert_int_equal(cbfs_add(&region, &file, &error), -E_USAGE);
}

/* A file with attributes: a hash, and an alignment of 256. */
static void put_with_attributes(uint32_t extra_tag)
{
	size_t at = 5056, attributes = 24 + 8;

	region_start();
	memset(memory + at, 0xff, REGION_SIZE - 1024 - at);
	put_header(at, "hashed", CBFS_TYPE_RAW, 3);
	put_be(memory + at + 16, attributes);
	put_be(memory + at + 20, attributes + 12 + 44 + 16);
	put_be(memory + at + attributes, CBFS_TAG_ALIGNMENT);
	put_be(memory + at + attributes + 4, 12);
	put_be(memory + at + attributes + 8, 256);
	put_be(memory + at + attributes + 12, CBFS_TAG_HASH);
	put_be(memory + at + attributes + 16, 44);
	put_be(memory + at + attributes + 20, 2);
	put_be(memory + at + attributes + 56, extra_tag);
	put_be(memory + at + attributes + 60, 16);
	put_be(memory + at + attributes + 64, 1);
	put_header(5056 + 128, "", CBFS_TYPE_EMPTY, REGION_SIZE - 1024 - 5056 - 128 - 28);
}

static void test_attributes_hold_for_what_replaces(void **state)
{
	struct cbfs_new_file file = {.name = "hashed", .content = bytes_from_string("new content")};
	struct digest digest = digest_of(HASH_SHA256, file.content);
	struct bytes rest, content, stored = BYTES_EMPTY;
	struct cbfs_file found;
	struct error error;
	uint32_t tag;

	(void)state;
	put_with_attributes(CBFS_TAG_COMPRESSION);
	assert_int_equal(cbfs_replace(&region, &file, &error), 0);
	assert_covered();
	assert_content("hashed", "new content");
	assert_int_equal(cbfs_find_file(cbfs_region_bytes(&region), "hashed", &found, &error), 0);
	assert_int_equal(found.compression, CBFS_PLAIN);
	assert_int_equal((size_t)(found.data.data - memory) % 256, 0);
	for (rest = found.attributes; cbfs_next_attribute(&rest, &tag, &content);)
		if (tag == CBFS_TAG_HASH)
			stored = content;
	assert_int_equal(stored.size, 36);
	assert_memory_equal(stored.data + 4, digest.data, digest.size);
	put_with_attributes(CBFS_TAG_POSITION);
	memcpy(before, memory, sizeof(before));
	assert_int_equal(cbfs_replace(&region, &file, &error), -E_REFUSED);
	assert_memory_equal(memory, before, sizeof(memory));
	assert_int_equal(cbfs_remove(&region, "hashed", &error), 0);
	assert_covered();
}

/* The last four bytes of an image may say where its master header lies; cbfstool leaves them out of the last entry. */
static void test_the_end_of_the_image_is_kept(void **state)
{
	static const char content[256] = "x";
	struct cbfs_new_file file = {.name = "last", .content = bytes_make(content, sizeof(content))};
	struct error error;

	(void)state;
	memset(memory, 0xff, sizeof(memory));
	put_header(0, "", CBFS_TYPE_EMPTY, REGION_SIZE - 28 - 4);
	memcpy(memory + REGION_SIZE - 4, "\x12\x34\x56\x78", 4);
	memcpy(before, memory, sizeof(before));
	for (size_t size = REGION_SIZE - 200; size < REGION_SIZE; size++) {
		int r;

		file.content = bytes_make(before, size);
		r = cbfs_add(&region, &file, &error);
		assert_int_equal(r, size > REGION_SIZE - 32 - 4 ? -E_TOO_LARGE : 0);
		assert_memory_equal(memory + REGION_SIZE - 4, "\x12\x34\x56\x78", 4);
		if (r == 0)
			assert_int_equal(cbfs_remove(&region, "last", &error), 0);
		assert_memory_equal(memory, before, sizeof(memory));
	}
}

#define NAMES 12

/* Two hundred thousand bytes of edits, drawn from a fixed sequence; every name has the content that was last put. */
/* A file without content, whose header ends with the region: its content lies nowhere. */
static void test_an_empty_file_at_the_end(void **state)
{
	const size_t at = REGION_SIZE - 64;
	struct cbfs_file file;
	size_t position = at;

	(void)state;
	region_start();
	put_header(REGION_SIZE - 1024, "bootblock", 1, at - (REGION_SIZE - 1024) - 36);
	memset(memory + at, 0, 64);
	put_header(at, "last", CBFS_TYPE_RAW, 0);
	put_be(memory + at + 20, 64);
	memcpy(before, memory, sizeof(before));
	assert_int_equal(cbfs_remove(&region, "last", NULL), 0);
	assert_memory_equal(memory, before, at);
	assert_int_equal(cbfs_next_entry(cbfs_region_bytes(&region), &position, &file, NULL), 1);
	assert_int_equal(file.type, CBFS_TYPE_EMPTY);
	assert_int_equal(file.data_end, REGION_SIZE);
}

static void test_many_edits(void **state)
{
	static uint8_t contents[NAMES][6000];
	size_t sizes[NAMES];
	bool present[NAMES] = {false};
	uint32_t seed = 1;

	(void)state;
	region_start();
	for (int round = 0; round < 2000; round++) {
		struct cbfs_new_file file = {0};
		size_t number;
		char name[16];
		int r;

		seed = seed * 1664525u + 1013904223u;
		number = (seed >> 8) % NAMES;
		(void)snprintf(name, sizeof(name), "file-%zu", number);
		if ((seed >> 16) % 3 == 0) {
			r = cbfs_remove(&region, name, NULL);
			assert_int_equal(r, present[number] ? 0 : -E_NOT_FOUND);
			present[number] = false;
		} else {
			size_t size = (seed >> 4) % sizeof(contents[0]);

			file = (struct cbfs_new_file){.name = name, .content = bytes_make(before, size)};
			r = cbfs_replace(&region, &file, NULL);
			assert_true(r == 0 || r == -E_TOO_LARGE);
			if (r == 0) {
				memcpy(contents[number], before, size);
				sizes[number] = size;
				present[number] = true;
			}
		}
		assert_covered();
		for (size_t i = 0; i < NAMES; i++) {
			struct cbfs_file found;

			(void)snprintf(name, sizeof(name), "file-%zu", i);
			r = cbfs_find_file(cbfs_region_bytes(&region), name, &found, NULL);
			assert_int_equal(r, present[i] ? 0 : -E_NOT_FOUND);
			if (present[i])
				assert_true(bytes_equal(found.data, bytes_make(contents[i], sizes[i])));
		}
	}
}

static void test_damage_is_named(void **state)
{
	struct cbfs_space space;
	struct error error;

	(void)state;
	region_start();
	put_be(memory + 5056 + 8, REGION_SIZE);
	memcpy(before, memory, sizeof(before));
	assert_int_equal(add("a", "x", &error), -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "0x13c0"));
	assert_int_equal(cbfs_space(cbfs_region_bytes(&region), &space, &error), -E_MALFORMED);
	assert_int_equal(cbfs_remove(&region, "a", &error), -E_MALFORMED);
	assert_memory_equal(memory, before, sizeof(memory));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_added_and_removed_leaves_no_trace),
	    cmocka_unit_test(test_what_cannot_be_done_is_said_and_changes_nothing),
	    cmocka_unit_test(test_a_file_as_large_as_the_space_says),
	    cmocka_unit_test(test_alignment),
	    cmocka_unit_test(test_attributes_hold_for_what_replaces),
	    cmocka_unit_test(test_the_end_of_the_image_is_kept),
	    cmocka_unit_test(test_many_edits),
	    cmocka_unit_test(test_an_empty_file_at_the_end),
	    cmocka_unit_test(test_damage_is_named),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
