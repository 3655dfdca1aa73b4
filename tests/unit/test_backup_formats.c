/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The partition table and the file system of the backup drive, read back by a second reading of the specifications. */
#include "base/cleanup.h"
#include "format/fat.h"
#include "format/gpt.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <zlib.h>

#define SECTORS 65536u /* 32 MiB */

static const struct gpt_partition good[] = {
    {gpt_type_data, {1}, 2048, 10239, "first"},
    {gpt_type_luks, {2}, 10240, SECTORS - GPT_TAIL_SECTORS - 1, "the second of them"},
};
static const uint8_t disk_id[GPT_GUID_SIZE] = {0xd1};

static uint64_t number(const uint8_t *at, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = size; i > 0; i--)
		value = value << 8 | at[i - 1];
	return value;
}

/* One header and the entries that it names. here: its sector; disk: the sectors from first on. */
static void check_header(const uint8_t *disk, uint64_t first, uint64_t here, uint64_t other)
{
	const uint8_t *header = disk + (here - first) * GPT_SECTOR, *entries;
	uint8_t copy[92];

	assert_memory_equal(header, "EFI PART\0\0\1\0\x5c\0\0\0", 16);
	memcpy(copy, header, sizeof(copy));
	memset(copy + 16, 0, 4);
	assert_int_equal(number(header + 16, 4), crc32(0, copy, sizeof(copy)));
	assert_int_equal(number(header + 24, 8), here);
	assert_int_equal(number(header + 32, 8), other);
	assert_int_equal(number(header + 40, 8), 34);
	assert_int_equal(number(header + 48, 8), SECTORS - 34);
	assert_memory_equal(header + 56, disk_id, sizeof(disk_id));
	assert_int_equal(number(header + 80, 4), 128);
	assert_int_equal(number(header + 84, 4), 128);
	entries = disk + (number(header + 72, 8) - first) * GPT_SECTOR;
	assert_int_equal(number(header + 88, 4), crc32(0, entries, 128 * 128));
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(entries + 128 * i, good[i].type, 16);
		assert_int_equal(number(entries + 128 * i + 32, 8), good[i].first);
		assert_int_equal(number(entries + 128 * i + 40, 8), good[i].last);
		for (size_t at = 0; at <= strlen(good[i].name); at++)
			assert_int_equal(number(entries + 128 * i + 56 + 2 * at, 2), good[i].name[at]);
	}
	assert_true(bytes_are_all(bytes_make(entries + 256, 126 * 128), 0));
}

static void test_partition_table(void **state)
{
	CLEANUP(buffer_clear) struct buffer head = {0}, tail = {0};

	(void)state;
	assert_int_equal(gpt_make(SECTORS, disk_id, good, 2, &head, &tail, NULL), 0);
	assert_int_equal(head.size, GPT_HEAD_SECTORS * GPT_SECTOR);
	assert_int_equal(tail.size, GPT_TAIL_SECTORS * GPT_SECTOR);
	/* the protective partition: all of the disk behind the first sector */
	assert_memory_equal(head.data + 446, "\0\0\2\0\xee\xff\xff\xff\1\0\0\0\xff\xff\0\0", 16);
	assert_memory_equal(head.data + 510, "\x55\xaa", 2);
	check_header(head.data, 0, 1, SECTORS - 1);
	check_header(tail.data, SECTORS - GPT_TAIL_SECTORS, SECTORS - 1, 1);
}

static void test_partitions_that_cannot_be(void **state)
{
	static const struct gpt_partition bad[][2] = {
	    {{gpt_type_data, {0}, 33, 100, "in the table"}, {gpt_type_data, {0}, 101, 200, "b"}},
	    {{gpt_type_data, {0}, 100, 99, "backwards"}, {gpt_type_data, {0}, 101, 200, "b"}},
	    {{gpt_type_data, {0}, 100, 200, "a"}, {gpt_type_data, {0}, 200, 300, "overlaps"}},
	    {{gpt_type_data, {0}, 100, 200, "a"}, {gpt_type_data, {0}, 201, SECTORS - 33, "in the second table"}},
	    {{gpt_type_data, {0}, 100, 200, "a"}, {gpt_type_data, {0}, 201, 300, "b\xc3\xa4"}},
	    {{gpt_type_data, {0}, 100, 200, "a"},
	     {gpt_type_data, {0}, 201, 300, "123456789012345678901234567890123456"}},
	};
	CLEANUP(buffer_clear) struct buffer head = {0}, tail = {0};
	uint8_t id[GPT_GUID_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(gpt_make(SECTORS, disk_id, bad[i], 2, &head, &tail, NULL), -E_USAGE);
	assert_int_equal(gpt_make(40, disk_id, bad[2], 1, &head, &tail, NULL), -E_USAGE);
	assert_int_equal(head.size + tail.size, 0);
	memset(id, 0xff, sizeof(id));
	gpt_mark_random(id);
	assert_int_equal(id[7], 0x4f);
	assert_int_equal(id[8], 0xbf);
}

/* --- FAT -----------------------------------------------------------------------------------------------------------
 */

static unsigned next_of(const uint8_t *image, unsigned cluster)
{
	const unsigned at = 512 + cluster * 3 / 2, pair = image[at] | (unsigned)image[at + 1] << 8;

	return cluster % 2 ? pair >> 4 : pair & 0xfff;
}

/* Follows a file of the root directory by its short name. */
static bool read_file(const uint8_t *image, const char *short_name, struct buffer *content)
{
	const unsigned root = 512 * (1 + 2 * (unsigned)number(image + 22, 2)), data = root + 512 * 32;

	for (unsigned i = 0; i < 512; i++) {
		const uint8_t *entry = image + root + (size_t)32 * i;
		unsigned cluster = (unsigned)number(entry + 26, 2);
		size_t left = number(entry + 28, 4);

		if (memcmp(entry, short_name, 11) != 0 || entry[11] & 8)
			continue;
		assert_int_equal(entry[12], 0x18);
		while (left > 0) {
			const size_t piece = left < 2048 ? left : 2048;

			assert_in_range(cluster, 2, 2037);
			buffer_append(content, image + data + (size_t)(cluster - 2) * 2048, piece);
			cluster = next_of(image, cluster);
			left -= piece;
		}
		assert_true(cluster == 0 || cluster == 0xfff);
		return true;
	}
	return false;
}

static void test_file_system(void **state)
{
	CLEANUP(buffer_clear) struct buffer image = {0}, large = {0};
	struct fat_file files[] = {
	    {"owner.asc", bytes_from_string("a public key\n")}, {"empty", BYTES_EMPTY}, {"big.bin", BYTES_EMPTY}};

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		buffer_append_byte(&large, (uint8_t)(i % 251));
	files[2].content = buffer_bytes(&large);
	assert_int_equal(fat_make("HEADS KEYS", 0x12345678, files, 3, &image, NULL), 0);
	assert_int_equal(image.size, FAT_IMAGE_SIZE);
	assert_memory_equal(image.data + 54, "FAT12   ", 8);
	assert_memory_equal(image.data + 512, image.data + 512 * 7, 512 * 6); /* both copies */
	assert_memory_equal(image.data + 512, "\xf8\xff\xff", 3);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"OWNER   ASC", "EMPTY      ", "BIG     BIN"};
		CLEANUP(buffer_clear) struct buffer content = {0};

		assert_true(read_file(image.data, names[i], &content));
		assert_true(bytes_equal(buffer_bytes(&content), files[i].content));
	}
}

static void test_files_that_cannot_be(void **state)
{
	static const char *const names[] = {"",   "Owner.asc", "ninechars.a", "a.four", "a.",
	                                    ".a", "a b.c",     "a/b",         "a.b.c"};
	CLEANUP(buffer_clear) struct buffer image = {0}, large = {0};
	struct fat_file file = {"a", BYTES_EMPTY};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		file.name = names[i];
		assert_int_equal(fat_make("KEYS", 1, &file, 1, &image, NULL), -E_USAGE);
	}
	file.name = "a";
	assert_int_equal(fat_make("keys", 1, &file, 1, &image, NULL), -E_USAGE);
	assert_int_equal(fat_make("TWELVE CHARS", 1, &file, 1, &image, NULL), -E_USAGE);
	for (unsigned i = 0; i < 2036 * 2048; i++)
		buffer_append_byte(&large, 7);
	file.content = buffer_bytes(&large);
	assert_int_equal(fat_make("KEYS", 1, &file, 1, &image, NULL), 0);
	buffer_append_byte(&large, 7);
	file.content = buffer_bytes(&large);
	assert_int_equal(fat_make("KEYS", 1, &file, 1, &image, NULL), -E_TOO_LARGE);
	assert_int_equal(image.size, FAT_IMAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_partition_table),
	    cmocka_unit_test(test_partitions_that_cannot_be),
	    cmocka_unit_test(test_file_system),
	    cmocka_unit_test(test_files_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
