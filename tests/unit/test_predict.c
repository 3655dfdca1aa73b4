/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR 2 and 7 out of an image that is built here; the machine tests compare a real one with the machine. */
#include "attest/eventlog.h"
#include "attest/predict.h"
#include "base/cleanup.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define IMAGE_SIZE   32768
#define REGION_START 4096

struct image {
	uint8_t bytes[IMAGE_SIZE];
	size_t next;
};

static void put(uint8_t *at, size_t size, uint32_t value, bool big)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * (big ? size - 1 - i : i));
}

/* Two regions: FMAP, the first 4096 bytes, and COREBOOT, the rest. */
static void image_start(struct image *image)
{
	static const char *const names[] = {"FMAP", "COREBOOT"};

	memset(image->bytes, 0xff, sizeof(image->bytes));
	memset(image->bytes, 0, 56 + 2 * 42);
	memcpy(image->bytes, "__FMAP__", 8);
	image->bytes[8] = 1;
	put(image->bytes + 18, 4, IMAGE_SIZE, false);
	put(image->bytes + 54, 2, 2, false);
	for (size_t i = 0; i < 2; i++) {
		uint8_t *area = image->bytes + 56 + 42 * i;

		put(area, 4, i ? REGION_START : 0, false);
		put(area + 4, 4, i ? IMAGE_SIZE - REGION_START : REGION_START, false);
		memcpy(area + 8, names[i], strlen(names[i]));
	}
	image->next = REGION_START;
}

static void image_add(struct image *image, const char *name, uint32_t type, const char *content)
{
	uint8_t *at = image->bytes + image->next;
	uint32_t offset = 24 + (((uint32_t)strlen(name) + 16) & ~15u);

	memset(at, 0, offset);
	memcpy(at, "LARCHIVE", 8);
	put(at + 8, 4, (uint32_t)strlen(content), true);
	put(at + 12, 4, type, true);
	put(at + 20, 4, offset, true);
	memcpy(at + 24, name, strlen(name));
	memcpy(at + offset, content, strlen(content));
	image->next = (image->next + offset + strlen(content) + 63) / 64 * 64;
}

static void ordinary_image(struct image *image)
{
	image_start(image);
	image_add(image, "fallback/romstage", 0x11, "the romstage");
	image_add(image, "heads/owner.asc", 0x50, "a key");
	image_add(image, "fallback/ramstage", 0x11, "the ramstage");
	image_add(image, "config", 0x50, "not measured");
	image_add(image, "fallback/payload", 0x20, "the payload");
	image_add(image, "heads/config.user", 0x50, "CONFIG_X=y\n");
	image_add(image, "bootblock", 0x01, "the bootblock");
}

static struct rom_image rom(const struct image *image)
{
	return (struct rom_image){bytes_make(image->bytes, IMAGE_SIZE)};
}

/* The hash chain, written down a second time. */
static struct digest chain(enum hash_algorithm bank, const struct bytes *measured, size_t count)
{
	struct digest value = {.algorithm = bank, .size = hash_size(bank)};

	for (size_t i = 0; i < count; i++) {
		struct digest digest = digest_of(bank, measured[i]);
		uint8_t both[2 * DIGEST_MAX_SIZE];

		memcpy(both, value.data, value.size);
		memcpy(both + value.size, digest.data, value.size);
		value = digest_of(bank, bytes_make(both, 2 * value.size));
	}
	return value;
}

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	return 0;
}

static void test_ordinary_build(void **state)
{
	static const enum hash_algorithm banks[] = {HASH_SHA1, HASH_SHA256};
	struct image image;
	struct rom_image file = rom(&image);
	struct digest found, expected;

	(void)state;
	ordinary_image(&image);
	for (size_t i = 0; i < ARRAY_SIZE(banks); i++) {
		struct bytes firmware[] = {bytes_make(image.bytes, REGION_START), bytes_from_string("the bootblock"),
		                           bytes_from_string("the romstage"), bytes_from_string("the ramstage"),
		                           bytes_from_string("the payload")};
		struct bytes files[] = {bytes_from_string("heads/owner.asc"), bytes_from_string("a key"),
		                        bytes_from_string("heads/config.user"), bytes_from_string("CONFIG_X=y\n")};

		expected = chain(banks[i], firmware, ARRAY_SIZE(firmware));
		assert_int_equal(predict_firmware(&file, banks[i], BYTES_EMPTY, &found, NULL), 0);
		assert_true(digest_equal(&found, &expected));
		expected = chain(banks[i], files, ARRAY_SIZE(files));
		assert_int_equal(predict_owner_files(&file, banks[i], &found, NULL), 0);
		assert_true(digest_equal(&found, &expected));
	}
}

static void log_part(struct buffer *log, uint32_t pcr, const char *name)
{
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string("of another image"));

	eventlog_write_event(log, pcr, EVENTLOG_POST_CODE, &digest, 1, bytes_from_string(name));
}

/* The order and the set of another board. */
static void test_as_a_log_shows(void **state)
{
	static const enum hash_algorithm bank = HASH_SHA256;
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct image image;
	struct rom_image file = rom(&image);
	struct bytes firmware[] = {bytes_from_string("the payload"), bytes_from_string("not measured")};
	struct digest found, expected = chain(bank, firmware, ARRAY_SIZE(firmware));
	struct error error;

	(void)state;
	ordinary_image(&image);
	eventlog_write_start(&log, &bank, 1);
	assert_int_equal(predict_firmware(&file, bank, buffer_bytes(&log), &found, &error), -E_NOT_FOUND);
	assert_string_equal(error.sentence, "the log holds no event of PCR 2 to go by");
	log_part(&log, 2, "FMAP: COREBOOT CBFS: fallback/payload");
	log_part(&log, 7, "heads/owner.asc");
	log_part(&log, 2, "FMAP: COREBOOT CBFS: config");
	assert_int_equal(predict_firmware(&file, bank, buffer_bytes(&log), &found, NULL), 0);
	assert_true(digest_equal(&found, &expected));
	log_part(&log, 2, "FMAP: FW_MAIN_A CBFS: config");
	assert_int_equal(predict_firmware(&file, bank, buffer_bytes(&log), &found, &error), -E_NOT_FOUND);
	assert_string_equal(error.sentence, "the image has no region FW_MAIN_A");
	log.size -= 1;
	assert_int_equal(predict_firmware(&file, bank, buffer_bytes(&log), &found, &error), -E_MALFORMED);
}

static void test_bad_names_in_the_log(void **state)
{
	static const enum hash_algorithm bank = HASH_SHA256;
	static const char *const names[] = {"", "payload\x1b[2J", "FMAP:"};
	struct image image;
	struct rom_image file = rom(&image);
	struct digest found;
	struct error error;

	(void)state;
	ordinary_image(&image);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP(buffer_clear) struct buffer log = {0};

		eventlog_write_start(&log, &bank, 1);
		log_part(&log, 2, names[i]);
		assert_int_equal(predict_firmware(&file, bank, buffer_bytes(&log), &found, &error), -E_UNSUPPORTED);
		assert_non_null(strstr(error.sentence, "does not name a part of a coreboot image"));
		assert_null(strchr(error.sentence, '\x1b'));
	}
}

static void test_bad_images(void **state)
{
	struct image image;
	struct rom_image file = rom(&image);
	struct digest found;
	struct error error;

	(void)state;
	image_start(&image);
	image_add(&image, "bootblock", 0x01, "the bootblock");
	assert_int_equal(predict_firmware(&file, HASH_SHA256, BYTES_EMPTY, &found, &error), -E_NOT_FOUND);
	assert_string_equal(error.sentence,
	                    "the region COREBOOT of the image holds no fallback/romstage, which coreboot measures");
	memset(image.bytes, 0xff, sizeof(image.bytes));
	assert_int_equal(predict_firmware(&file, HASH_SHA256, BYTES_EMPTY, &found, &error), -E_MALFORMED);
	assert_int_equal(predict_owner_files(&file, HASH_SHA256, &found, &error), -E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ordinary_build),
	    cmocka_unit_test(test_as_a_log_shows),
	    cmocka_unit_test(test_bad_names_in_the_log),
	    cmocka_unit_test(test_bad_images),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
