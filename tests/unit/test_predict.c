/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR 2 and 7 out of an image that is built here; the machine tests compare a real one with the machine. */
#include "attest/eventlog.h"
#include "attest/predict.h"
#include "base/cleanup.h"
#include "unit/cmocka_all.h"
#include "unit/small_rom.h"
#include <string.h>

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
