/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/cbfs.h"
#include "rom/image.h"
#include "rom/owner_files.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define IMAGE_SIZE   65536
#define REGION_START 4096

/* An image with an FMAP at 0 whose region COREBOOT starts at REGION_START, built as coreboot's formats say. */
struct image {
	uint8_t bytes[IMAGE_SIZE];
	size_t next; /* where the next file goes */
};

static void put_le(uint8_t *at, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void put_be(uint8_t *at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void image_start(struct image *image)
{
	memset(image->bytes, 0xff, sizeof(image->bytes));
	memset(image->bytes, 0, 56 + 42);
	memcpy(image->bytes, "__FMAP__", 8);
	image->bytes[8] = 1;
	put_le(image->bytes + 18, 4, IMAGE_SIZE);
	memcpy(image->bytes + 22, "FLASH", 5);
	put_le(image->bytes + 54, 2, 1);
	put_le(image->bytes + 56, 4, REGION_START);
	put_le(image->bytes + 60, 4, IMAGE_SIZE - REGION_START);
	memcpy(image->bytes + 64, "COREBOOT", 8);
	image->next = REGION_START;
}

static void image_add(struct image *image, const char *name, uint32_t type, uint32_t compression, const char *content)
{
	uint8_t *at = image->bytes + image->next;
	uint32_t name_size = (uint32_t)(strlen(name) + 16) & ~15u, attributes = 0, offset = 24 + name_size;

	memset(at, 0, offset + 16);
	if (compression) {
		attributes = offset;
		put_be(at + offset, 0x42435a4c);
		put_be(at + offset + 4, 16);
		put_be(at + offset + 8, compression);
		offset += 16;
	}
	memcpy(at, "LARCHIVE", 8);
	put_be(at + 8, (uint32_t)strlen(content));
	put_be(at + 12, type);
	put_be(at + 16, attributes);
	put_be(at + 20, offset);
	memcpy(at + 24, name, strlen(name));
	memcpy(at + offset, content, strlen(content));
	image->next = (image->next + offset + strlen(content) + 63) & ~(size_t)63;
}

static struct image image;

static void test_files_are_listed_in_order(void **state)
{
	size_t offset, position = 0;
	struct bytes region;
	struct cbfs_file file;
	struct error error;

	(void)state;
	image_start(&image);
	image_add(&image, "fallback/payload", 0x20, 1, "packed");
	image_add(&image, "", 0xffffffff, 0, "");
	image_add(&image, "heads/config.user", CBFS_TYPE_RAW, 0, "CONFIG_A=y\n");
	assert_int_equal(fmap_find(bytes_make(image.bytes, IMAGE_SIZE), "COREBOOT", &offset, &region, &error), 0);
	assert_int_equal(offset, REGION_START);
	assert_int_equal(cbfs_next(region, &position, &file, &error), 1);
	assert_string_equal(file.name, "fallback/payload");
	assert_string_equal(cbfs_type_name(file.type), "simple elf");
	assert_string_equal(cbfs_compression_name(file.compression), "lzma");
	assert_int_equal(cbfs_next(region, &position, &file, &error), 1);
	assert_string_equal(file.name, "heads/config.user");
	assert_int_equal(file.compression, 0);
	assert_true(bytes_equal(file.data, bytes_from_string("CONFIG_A=y\n")));
	assert_int_equal(cbfs_next(region, &position, &file, &error), 0);
	assert_int_equal(fmap_find(bytes_make(image.bytes, IMAGE_SIZE), "RW", &offset, &region, &error), -E_NOT_FOUND);
}

static void test_damage_is_named(void **state)
{
	size_t offset, position = 0;
	struct bytes region;
	struct cbfs_file file;
	struct error error;

	(void)state;
	image_start(&image);
	image_add(&image, "a", CBFS_TYPE_RAW, 0, "x");
	assert_int_equal(fmap_find(bytes_make(image.bytes, IMAGE_SIZE / 2), "COREBOOT", &offset, &region, &error),
	                 -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "truncated"));
	put_be(image.bytes + REGION_START + 8, 0x7fffffff); /* a length beyond the region */
	assert_int_equal(fmap_find(bytes_make(image.bytes, IMAGE_SIZE), "COREBOOT", &offset, &region, &error), 0);
	assert_int_equal(cbfs_next(region, &position, &file, &error), -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "0x0"));
	assert_int_equal(cbfs_next(region, &position, &file, &error), 0);
	memset(image.bytes, 0, 8);
	assert_int_equal(fmap_find(bytes_make(image.bytes, IMAGE_SIZE), "COREBOOT", &offset, &region, &error),
	                 -E_MALFORMED);
}

static void test_owner_files_are_the_raw_ones_below_heads(void **state)
{
	struct rom_image rom = {bytes_make(image.bytes, IMAGE_SIZE)};
	static struct owner_files files;
	struct error error;

	(void)state;
	image_start(&image);
	image_add(&image, "heads/owner.asc", CBFS_TYPE_RAW, 0, "key");
	image_add(&image, "heads/stage", 0x11, 0, "no raw file");
	image_add(&image, "other/config.user", CBFS_TYPE_RAW, 0, "no file of ours");
	image_add(&image, OWNER_FILE_SETTINGS, CBFS_TYPE_RAW, 0, "");
	assert_int_equal(owner_files_read(&rom, &files, &error), 0);
	assert_int_equal(files.count, 2);
	assert_true(bytes_equal(owner_files_find(&files, OWNER_FILE_KEY), bytes_from_string("key")));
	assert_null(owner_files_find(&files, "heads/stage").data);
	owner_files_clear(&files);
	image_add(&image, "heads/owner.asc", CBFS_TYPE_RAW, 0, "another key");
	assert_int_equal(owner_files_read(&rom, &files, &error), -E_EXISTS);
	assert_int_equal(files.count, 0);
	image_start(&image);
	image_add(&image, "heads/owner.asc", CBFS_TYPE_RAW, 1, "packed");
	assert_int_equal(owner_files_read(&rom, &files, &error), -E_UNSUPPORTED);
}

/* Each key is there, in the order of the image; one that cannot be read is named and takes no other with it. */
static void test_keys_of_the_owner_make_one_keyring(void **state)
{
	static const char first[] = "\x98\x03one", second[] = "\x98\x03two";
	struct rom_image rom = {bytes_make(image.bytes, IMAGE_SIZE)};
	CLEANUP(buffer_clear) struct buffer keyring = {0};
	static struct owner_files files;
	struct error error;

	(void)state;
	image_start(&image);
	image_add(&image, "heads/keys/second.asc", CBFS_TYPE_RAW, 0, second);
	image_add(&image, "heads/keys/bad.asc", CBFS_TYPE_RAW, 0, "no key");
	image_add(&image, "heads/keys/deep/er.asc", CBFS_TYPE_RAW, 0, second);
	image_add(&image, "heads/other.asc", CBFS_TYPE_RAW, 0, second);
	image_add(&image, OWNER_FILE_KEY, CBFS_TYPE_RAW, 0, first);
	assert_int_equal(owner_files_read(&rom, &files, &error), 0);
	assert_int_equal(owner_files_keyring(&files, &keyring, &error), -E_MALFORMED);
	assert_string_equal(error.object, "heads/keys/bad.asc");
	assert_true(bytes_equal(buffer_bytes(&keyring), bytes_from_string("\x98\x03two\x98\x03one")));
	assert_null(owner_file_meaning("heads/initrd/init"));
	assert_null(owner_file_meaning("heads/keys/deep/er.asc"));
	assert_int_equal(owner_file_check(OWNER_FILE_KEY, bytes_from_string("no key"), &error), -E_MALFORMED);
	assert_int_equal(owner_file_check(OWNER_FILE_SETTINGS, bytes_from_string("reboot"), &error), -E_MALFORMED);
	assert_int_equal(owner_file_check(OWNER_FILE_KEY, bytes_from_string(first), &error), 0);
	owner_files_clear(&files);
}

static void test_rom_file_is_checked(void **state)
{
	char path[] = "/tmp/heads-rom-XXXXXX";
	CLEANUP_CLOSE int fd = mkstemp(path);
	struct rom_image rom = {BYTES_EMPTY};
	struct error error;

	(void)state;
	assert_int_equal(rom_open_file(path, &rom, &error), -E_MALFORMED);
	assert_int_equal(ftruncate(fd, (off_t)ROM_MAX_SIZE + 1), 0);
	assert_int_equal(rom_open_file(path, &rom, &error), -E_TOO_LARGE);
	assert_int_equal(rom_open_file("/tmp", &rom, &error), -E_NOT_REGULAR);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rom_open_file(path, &rom, &error), -E_NOT_FOUND);
	assert_int_equal(rom_open_flash(12345, &rom, &error), -E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_files_are_listed_in_order),
	    cmocka_unit_test(test_damage_is_named),
	    cmocka_unit_test(test_owner_files_are_the_raw_ones_below_heads),
	    cmocka_unit_test(test_keys_of_the_owner_make_one_keyring),
	    cmocka_unit_test(test_rom_file_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
