/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/sum_list.h"
#include "format/zip.h"
#include "owner/update.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* A member as the writer below makes it; the fields that a test makes wrong. */
struct member {
	const char *name;
	struct bytes content;
	bool deflate, descriptor;
	uint16_t flags;
	uint32_t attributes, wrong_crc, wrong_offset, size_off;
	const char *local_name;
};

static void le(struct buffer *buffer, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buffer_append_byte(buffer, (uint8_t)((uint64_t)value >> 8 * i));
}

static void deflate_all(struct bytes content, struct buffer *out)
{
	uint8_t room[70000];
	z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)content.data,
	                   .avail_in = (uInt)content.size,
	                   .next_out = room,
	                   .avail_out = sizeof(room)};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buffer_append(out, room, sizeof(room) - stream.avail_out);
	(void)deflateEnd(&stream);
}

static void add_header(struct buffer *zip, const struct member *member, uint32_t crc, size_t stored, size_t size,
                       const char *name)
{
	le(zip, 20, 2);
	le(zip, (uint32_t)(member->flags | (member->descriptor ? 8 : 0)), 2);
	le(zip, member->deflate ? 8 : 0, 2);
	le(zip, 0x12345678, 4);
	le(zip, crc, 4);
	le(zip, (uint32_t)stored, 4);
	le(zip, (uint32_t)size, 4);
	le(zip, (uint32_t)strlen(name), 2);
}

static void make_zip(struct buffer *zip, const struct member *members, size_t count, const char *comment)
{
	CLEANUP(buffer_clear) struct buffer directory = {0};

	for (size_t i = 0; i < count; i++) {
		const struct member *member = &members[i];
		CLEANUP(buffer_clear) struct buffer stored = {0};
		const char *local = member->local_name ? member->local_name : member->name;
		uint32_t crc = (uint32_t)crc32(0, member->content.data, (uInt)member->content.size) ^ member->wrong_crc;
		size_t start = zip->size, size = member->content.size + member->size_off;

		if (member->deflate)
			deflate_all(member->content, &stored);
		else
			buffer_append_bytes(&stored, member->content);
		le(zip, 0x04034b50, 4);
		add_header(zip, member, member->descriptor ? 0 : crc, member->descriptor ? 0 : stored.size,
		           member->descriptor ? 0 : size, local);
		le(zip, 0, 2);
		buffer_append_string(zip, local);
		buffer_append_bytes(zip, buffer_bytes(&stored));
		if (member->descriptor) {
			le(zip, 0x08074b50, 4);
			le(zip, crc, 4);
			le(zip, (uint32_t)stored.size, 4);
			le(zip, (uint32_t)size, 4);
		}
		le(&directory, 0x02014b50, 4);
		le(&directory, 3 << 8 | 30, 2);
		add_header(&directory, member, crc, stored.size, size, member->name);
		le(&directory, 0, 8); /* no more names; disk, internal attributes */
		le(&directory, member->attributes << 16, 4);
		le(&directory, (uint32_t)start + member->wrong_offset, 4);
		buffer_append_string(&directory, member->name);
	}
	{
		size_t start = zip->size;

		buffer_append_bytes(zip, buffer_bytes(&directory));
		le(zip, 0x06054b50, 4);
		le(zip, 0, 4);
		le(zip, (uint32_t)count, 2);
		le(zip, (uint32_t)count, 2);
		le(zip, (uint32_t)directory.size, 4);
		le(zip, (uint32_t)start, 4);
		le(zip, (uint32_t)strlen(comment), 2);
		buffer_append_string(zip, comment);
	}
}

#define TEXT(string) bytes_make(string, sizeof(string) - 1)

static void test_stored_and_deflated_files_are_read(void **state)
{
	static uint8_t zeros[60000];
	const struct member members[] = {
	    {.name = "heads.rom", .content = {zeros, sizeof(zeros)}, .deflate = true, .attributes = 0100644},
	    {.name = "sha256sum.txt", .content = TEXT("hello"), .descriptor = true},
	    {.name = "dir/empty", .content = BYTES_EMPTY, .deflate = true},
	};
	CLEANUP(buffer_clear) struct buffer archive = {0}, content = {0};
	struct error error;
	struct zip zip;

	(void)state;
	make_zip(&archive, members, ARRAY_SIZE(members), "a comment");
	assert_true(update_is_zip(buffer_bytes(&archive)));
	assert_int_equal(zip_read(buffer_bytes(&archive), &zip, &error), 0);
	assert_int_equal(zip.count, 3);
	assert_true(zip.files[0].stored.size < 1000);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct zip_file *file = zip_find(&zip, members[i].name);

		assert_non_null(file);
		buffer_clear(&content);
		assert_int_equal(zip_content(file, sizeof(zeros), &content, &error), 0);
		assert_true(bytes_equal(buffer_bytes(&content), members[i].content));
	}
	assert_null(zip_find(&zip, "heads"));
	assert_int_equal(zip_content(&zip.files[0], sizeof(zeros) - 1, &content, &error), -E_TOO_LARGE);
}

static void test_archives_that_can_be_read_two_ways_are_refused(void **state)
{
	const struct {
		struct member members[2];
		int error;
		const char *words;
	} cases[] = {
	    {{{.name = "a"}, {.name = "a"}}, -E_MALFORMED, "two files of the name a"},
	    {{{.name = "a"}, {.name = "../b"}}, -E_REFUSED, "leads out of it: ../b"},
	    {{{.name = "a"}, {.name = "x/../b"}}, -E_REFUSED, "leads out"},
	    {{{.name = "a"}, {.name = "/b"}}, -E_REFUSED, "leads out"},
	    {{{.name = "a"}, {.name = "x//b"}}, -E_REFUSED, "leads out"},
	    {{{.name = "a"}, {.name = "x\\b"}}, -E_REFUSED, "odd name"},
	    {{{.name = "a"}, {.name = "x\x1b[m"}}, -E_REFUSED, "odd name"},
	    {{{.name = "a"}, {.name = "x/"}}, -E_UNSUPPORTED, "directories"},
	    {{{.name = "a"}, {.name = "b", .flags = 1}}, -E_UNSUPPORTED, "encrypted"},
	    {{{.name = "a"}, {.name = "b", .attributes = 0120777}}, -E_UNSUPPORTED, "plain files"},
	    {{{.name = "a"}, {.name = "b", .local_name = "c"}}, -E_MALFORMED, "contradict"},
	    {{{.name = "a"}, {.name = "b", .size_off = 1}}, -E_MALFORMED, "two lengths"},
	    {{{.name = "a"}, {.name = "b", .wrong_offset = 1}}, -E_MALFORMED, "overlap"},
	    {{{.name = "a", .content = TEXT("12345")}, {.name = "b", .wrong_offset = (uint32_t)-3}},
	     -E_MALFORMED,
	     "overlap"},
	    {{{.name = "a"}, {.name = "b", .size_off = 0xffffffff}}, -E_UNSUPPORTED, "zip64"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buffer_clear) struct buffer archive = {0};
		struct error error;
		struct zip zip;

		make_zip(&archive, cases[i].members, 2, "");
		assert_int_equal(zip_read(buffer_bytes(&archive), &zip, &error), cases[i].error);
		assert_non_null(strstr(error.sentence, cases[i].words));
	}
}

static void test_damage_is_found(void **state)
{
	const struct member members[] = {
	    {.name = "a", .content = TEXT("some text, some text, some text"), .deflate = true},
	    {.name = "b", .content = TEXT("more text"), .wrong_crc = 1},
	    {.name = "c", .content = TEXT("more text, more text"), .deflate = true, .size_off = 1},
	    {.name = "d", .content = TEXT("more text, more text"), .deflate = true, .size_off = (uint32_t)-1},
	};
	CLEANUP(buffer_clear) struct buffer archive = {0}, content = {0};
	struct error error;
	struct zip zip;

	(void)state;
	make_zip(&archive, members, ARRAY_SIZE(members), "");
	assert_int_equal(zip_read(buffer_bytes(&archive), &zip, &error), 0);
	assert_int_equal(zip_content(&zip.files[0], 100, &content, &error), 0);
	assert_int_equal(zip_content(&zip.files[1], 100, &content, &error), -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "CRC-32"));
	assert_int_equal(zip_content(&zip.files[2], 100, &content, &error), -E_MALFORMED);
	assert_int_equal(zip_content(&zip.files[3], 100, &content, &error), -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "does not unpack"));
	for (size_t size = 0; size < archive.size; size++)
		assert_true(zip_read(bytes_make(archive.data, size), &zip, &error) < 0);
	buffer_append_byte(&archive, 0);
	assert_int_equal(zip_read(buffer_bytes(&archive), &zip, &error), -E_MALFORMED);
}

static void test_lists_of_sums_are_read(void **state)
{
#define SUM "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	static const char *const bad[] = {
	    SUM, SUM " a\n", SUM "  \n", "x" SUM "  a\n", "\\" SUM "  a\n", SUM "  \x1b\n", "\n"};
	struct bytes text = bytes_from_string(SUM "  heads.rom\n" SUM " *b c");
	struct sum_line line;
	struct error error;
	size_t position = 0;

	(void)state;
	assert_int_equal(sum_list_next(text, &position, &line, &error), 1);
	assert_string_equal(line.name, "heads.rom");
	assert_int_equal(line.sha256.data[0], 0x2c);
	assert_int_equal(sum_list_next(text, &position, &line, &error), 1);
	assert_string_equal(line.name, "b c");
	assert_int_equal(sum_list_next(text, &position, &line, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		position = 0;
		assert_int_equal(sum_list_next(bytes_from_string(bad[i]), &position, &line, &error), -E_MALFORMED);
	}
}

/* An update in a zip with these sums and this image: what is said of it. An image of no slots is what every one of
 * them comes down to where nothing is wrong before. */
static void expect_update(const char *sums, struct bytes rom, const char *rom_name, int expected, const char *words)
{
	const struct member members[] = {
	    {.name = rom_name, .content = rom, .deflate = true},
	    {.name = sums ? "sha256sum.txt" : "README", .content = bytes_from_string(sums ? sums : "")},
	};
	CLEANUP(buffer_clear) struct buffer archive = {0}, room = {0};
	struct update update;
	struct error error;

	make_zip(&archive, members, ARRAY_SIZE(members), "");
	assert_int_equal(update_read_unsigned(buffer_bytes(&archive), &room, &update, &error), expected);
	assert_non_null(strstr(error.sentence, words));
}

static void test_a17_sums_of_a_zip_are_compared(void **state)
{
	(void)state;
	expect_update(SUM "  heads.rom\n", TEXT("hello"), "heads.rom", -E_MALFORMED, "FMAP");
	expect_update(SUM " */tmp/verified_rom/heads.rom\n", TEXT("hello"), "heads.rom", -E_MALFORMED, "FMAP");
	expect_update(SUM "  heads.rom\n", TEXT("hellp"), "heads.rom", -E_REFUSED, "another one than sha256sum.txt");
	expect_update(SUM "  other.rom\n", TEXT("hello"), "heads.rom", -E_MALFORMED, "lists other.rom");
	expect_update("", TEXT("hello"), "heads.rom", -E_REFUSED, "says nothing about heads.rom");
	expect_update("nothing\n", TEXT("hello"), "heads.rom", -E_MALFORMED, "damaged at byte 0");
	expect_update(NULL, TEXT("hello"), "heads.rom", -E_MALFORMED, "sha256sum.txt is missing");
	expect_update(SUM "  heads.bin\n", TEXT("hello"), "heads.bin", -E_MALFORMED, "holds 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stored_and_deflated_files_are_read),
	    cmocka_unit_test(test_archives_that_can_be_read_two_ways_are_refused),
	    cmocka_unit_test(test_damage_is_found),
	    cmocka_unit_test(test_lists_of_sums_are_read),
	    cmocka_unit_test(test_a17_sums_of_a_zip_are_compared),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
