/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/eventlog.h"
#include "attest/predict.h"
#include "base/cleanup.h"
#include "format/slot_mark.h"
#include "format/ustar.h"
#include "owner/update.h"
#include "unit/boot_fixture.h"
#include "unit/cmocka_all.h"
#include "unit/flash_model.h"
#include <stdio.h>

#define CHIP_SIZE ((size_t)32 * MODEL_BLOCK)
#define SLOT_SIZE (8 * MODEL_BLOCK)

static const struct {
	const char *name;
	uint32_t offset, size;
} areas[] = {
    {"FMAP", 0, MODEL_BLOCK},
    {"SLOT_A_MARK", MODEL_BLOCK, MODEL_BLOCK},
    {"SLOT_B_MARK", 2 * MODEL_BLOCK, MODEL_BLOCK},
    {"SLOT_A", 4 * MODEL_BLOCK, SLOT_SIZE},
    {"SLOT_B", 12 * MODEL_BLOCK, SLOT_SIZE},
    {"COREBOOT", 24 * MODEL_BLOCK, SLOT_SIZE},
    {"OWNER_A_MARK", 3 * MODEL_BLOCK, MODEL_BLOCK},
    {"OWNER_B_MARK", 20 * MODEL_BLOCK, MODEL_BLOCK},
    {"OWNER_A", 21 * MODEL_BLOCK, MODEL_BLOCK},
    {"OWNER_B", 22 * MODEL_BLOCK, MODEL_BLOCK},
};
#define SLOT_A_AT   3
#define COREBOOT_AT 5

static uint8_t chip[CHIP_SIZE], next[CHIP_SIZE];

static void put_le(uint8_t *at, size_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void put_file(uint8_t *at, const char *name, const char *content)
{
	memset(at, 0, 64);
	memcpy(at, "LARCHIVE", 8);
	at[11] = (uint8_t)strlen(content);
	at[15] = CBFS_TYPE_RAW;
	at[23] = 56;
	(void)snprintf((char *)at + 24, 32, "%s", name);
	memcpy(at + 56, content, strlen(content));
}

/* An image whose slot A holds this text as its payload, in COREBOOT a stage and a file of the owner. */
static void image_start(uint8_t *image, const char *payload, const char *stage, const char *settings)
{
	struct slot_mark mark = {.sequence = 1, .size = (uint32_t)strlen(payload)};
	CLEANUP(buffer_clear) struct buffer bytes = {0};

	memset(image, 0xff, CHIP_SIZE);
	memset(image, 0, 56);
	memcpy(image, "__FMAP__", 8);
	image[8] = 1;
	put_le(image + 54, ARRAY_SIZE(areas), 2);
	for (size_t i = 0; i < ARRAY_SIZE(areas); i++) {
		uint8_t *at = image + 56 + 42 * i;

		memset(at, 0, 42);
		put_le(at, areas[i].offset, 4);
		put_le(at + 4, areas[i].size, 4);
		(void)snprintf((char *)at + 8, 32, "%s", areas[i].name);
	}
	memcpy(image + areas[SLOT_A_AT].offset, payload, strlen(payload));
	mark.content = digest_of(HASH_SHA256, bytes_from_string(payload));
	slot_mark_append(&mark, &bytes);
	memcpy(image + areas[1].offset, bytes.data, bytes.size);
	put_file(image + areas[COREBOOT_AT].offset, "fallback/romstage", stage);
	put_file(image + areas[COREBOOT_AT].offset + 128, "heads/config.user", settings);
}

static struct update vouched_update(const char *version)
{
	struct update update = {.vouched = true, .image = {bytes_make(next, CHIP_SIZE)}};

	(void)snprintf(update.manifest.board, sizeof(update.manifest.board), "x230");
	(void)snprintf(update.manifest.version, sizeof(update.manifest.version), "%s", version);
	assert_true(update_version_parse(version, &update.manifest.number));
	return update;
}

static struct update_target usual_target(void)
{
	return (struct update_target){.board = "x230", .version = "0.2.0", .chip = {bytes_make(chip, CHIP_SIZE)}};
}

static void usual_images(void)
{
	image_start(chip, "the old payload", "stage", "CONFIG_A=1\n");
	image_start(next, "the new payload", "stage", "CONFIG_RELEASE=1\n");
}

static void test_a17_wrong_board_and_older_versions_are_refused(void **state)
{
	struct update_target target = usual_target();
	struct update update = vouched_update("0.2.1");
	struct update_plan plan;
	struct error error;

	(void)state;
	usual_images();
	assert_int_equal(update_plan(&update, &target, &plan, &error), 0);
	assert_int_equal(plan.keep, 0);
	target.board = "x220";
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "for the board x230; this is x220"));
	target = usual_target();
	target.floor = (uint64_t)2 << 16 | 2;
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "0.2.2"));
	target = usual_target();
	target.version = "0.10.0";
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "older version 0.2.1"));
}

/* Whichever slot the log names: the one that would be started counts, by what its mark covers. */
static void test_a_slot_is_predicted_by_its_content(void **state)
{
	static const enum hash_algorithm bank = HASH_SHA256;
	CLEANUP(buffer_clear) struct buffer log = {0};
	const struct rom_image image = {bytes_make(chip, CHIP_SIZE)};
	struct digest zero = {.algorithm = bank, .size = 32}, found;
	struct digest content = digest_of(bank, bytes_from_string("the old payload"));
	const struct bytes both[] = {digest_bytes(&zero), digest_bytes(&content)};
	const struct digest expected = digest_of_parts(bank, both, ARRAY_SIZE(both));

	(void)state;
	usual_images();
	eventlog_write_start(&log, &bank, 1);
	eventlog_write_event(&log, 2, EVENTLOG_POST_CODE, &content, 1,
	                     bytes_from_string("FMAP: SLOT_B CBFS: fallback/payload"));
	assert_int_equal(predict_firmware(&image, bank, buffer_bytes(&log), &found, NULL), 0);
	assert_true(digest_equal(&found, &expected));
	chip[areas[SLOT_A_AT].offset + strlen("the old payload")] = 'x'; /* behind it */
	assert_int_equal(predict_firmware(&image, bank, buffer_bytes(&log), &found, NULL), 0);
	assert_true(digest_equal(&found, &expected));
	chip[areas[SLOT_A_AT].offset] = 'x';
	assert_int_equal(predict_firmware(&image, bank, buffer_bytes(&log), &found, NULL), 0);
	assert_false(digest_equal(&found, &expected));
}

static void test_what_does_not_fit_is_refused(void **state)
{
	struct update_target target = usual_target();
	struct update update = vouched_update("0.3.0");
	struct update_plan plan;
	struct error error;

	(void)state;
	usual_images();
	update.image.bytes.size -= MODEL_BLOCK;
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_TOO_LARGE);
	update = vouched_update("0.3.0");
	image_start(next, "the old payload", "stage", "");
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_EXISTS);
	/* the same payload on other stages of coreboot is another firmware */
	image_start(next, "the old payload", "STAGE", "");
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "coreboot's own stages"));
	image_start(next, "the new payload", "STAGE", "");
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "coreboot's own stages"));
	assert_non_null(strstr(error.sentence, "run `heads rom flash heads.rom`"));
	next[areas[SLOT_A_AT].offset] ^= 1;
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_MALFORMED);
	memset(chip, 0xff, MODEL_BLOCK);
	assert_int_equal(update_plan(&update, &target, &plan, &error), -E_MALFORMED);
}

static void test_the_other_slot_alone_is_written(void **state)
{
	struct update_target target = usual_target();
	struct update update = vouched_update("0.3.0");
	CLEANUP(flash_close) struct flash *flash = NULL;
	static uint8_t before[CHIP_SIZE], chip_now[CHIP_SIZE];
	struct rom_image now = {bytes_make(chip_now, CHIP_SIZE)};
	struct update_plan plan;
	struct rom_slots slots;
	struct error error;

	(void)state;
	usual_images();
	memcpy(before, chip, CHIP_SIZE);
	memcpy(chip_now, chip, CHIP_SIZE);
	assert_int_equal(update_plan(&update, &target, &plan, &error), 0);
	assert_int_equal(plan.blocks, 1);
	assert_int_equal(flash_open_memory(chip_now, CHIP_SIZE, &flash, &error), 0);
	assert_int_equal(update_apply(&plan, flash, NULL, NULL, &error), 0);
	assert_int_equal(rom_slots_read(&now, ROM_PAYLOAD_SLOTS, true, &slots, &error), 0);
	assert_int_equal(rom_slots_started(&slots), 1);
	assert_memory_equal(chip_now, before, areas[2].offset);
	assert_memory_equal(chip_now + areas[3].offset, before + areas[3].offset, SLOT_SIZE);
	assert_memory_equal(chip_now + areas[5].offset, before + areas[5].offset, SLOT_SIZE);
}

static bool is_told(const struct update_whole *whole, const char *words)
{
	for (size_t i = 0; i < whole->change_count; i++)
		if (strstr(whole->changes[i], words))
			return true;
	return false;
}

static void expect_settings(const struct buffer *image, const char *settings)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	struct rom_image rom = {buffer_bytes(image)};
	struct error error;

	assert_int_equal(owner_files_read(&rom, &files, &error), 0);
	assert_true(bytes_equal(owner_files_find(&files, OWNER_FILE_SETTINGS), bytes_from_string(settings)));
}

static void test_a_whole_image_keeps_what_is_the_owners(void **state)
{
	const struct rom_image old = {bytes_make(chip, CHIP_SIZE)};
	CLEANUP(buffer_clear) struct buffer image = {0}, other = {0};
	struct update_whole whole;
	struct error error;

	(void)state;
	usual_images();
	image_start(next, "the new payload", "another stage", "CONFIG_RELEASE=1\n");
	buffer_append(&image, next, CHIP_SIZE);
	assert_int_equal(update_whole(&old, false, &image, &whole, &error), 0);
	assert_int_equal(whole.carried, 1);
	expect_settings(&image, "CONFIG_A=1\n");
	assert_true(is_told(&whole, "Kept          heads/config.user, 11 bytes"));
	assert_true(is_told(&whole, "COREBOOT      1 of 8 blocks change"));
	assert_true(is_told(&whole, "SLOT_A        1 of 8 blocks change"));
	assert_false(is_told(&whole, "SLOT_B "));
	assert_false(is_told(&whole, "Layout"));
	assert_int_equal(whole.blocks, 5);

	/* erased on request: what the image brings is told */
	buffer_append(&other, next, CHIP_SIZE);
	assert_int_equal(update_whole(&old, true, &other, &whole, &error), 0);
	assert_true(bytes_equal(buffer_bytes(&other), bytes_make(next, CHIP_SIZE)));
	assert_true(is_told(&whole, "Erased        heads/config.user"));
	assert_true(is_told(&whole, "New           heads/config.user, 17 bytes"));

	/* settings and keys that cannot be read are not lost silently */
	memset(chip, 0, 64);
	assert_int_equal(update_whole(&old, false, &other, &whole, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "--erase-owner-files"));
	assert_int_equal(update_whole(&old, true, &other, &whole, &error), 0);
	assert_true(is_told(&whole, "Layout        another"));
	buffer_append_byte(&other, 0);
	assert_int_equal(update_whole(&old, true, &other, &whole, &error), -E_TOO_LARGE);
}

static void make_package(const char *key, struct buffer *package)
{
	CLEANUP(buffer_clear) struct buffer fingerprint = {0};
	struct update_make make = {.board = "x230",
	                           .version = "0.3.0",
	                           .rom = bytes_make(next, CHIP_SIZE),
	                           .bom = bytes_from_string("{}"),
	                           .home = at("gnupg")};
	char signer[65];
	struct error error;

	read_text(at("%s.fpr", key), &fingerprint);
	make.key = buffer_string(&fingerprint);
	assert_int_equal(update_make(&make, package, signer, &error), 0);
	assert_string_equal(signer, make.key);
}

static int read_package(struct bytes package, const char *key, struct update *update, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};

	if (key) {
		assert_int_equal(file_read(at("%s.gpg", key), 65536, &text, error), 0);
		assert_int_equal(verify_keyring_add(&keyring, buffer_bytes(&text), key, error), 0);
	}
	return update_read(package, &keyring, update, error);
}

static void test_a17_a_package_needs_a_signature_of_ours(void **state)
{
	CLEANUP(buffer_clear) struct buffer package = {0};
	struct update update;
	struct error error;

	(void)state;
	usual_images();
	make_package("owner", &package);
	assert_int_equal(read_package(buffer_bytes(&package), "owner", &update, &error), 0);
	assert_true(update.vouched);
	assert_string_equal(update.manifest.version, "0.3.0");
	assert_true(update_is_package(buffer_bytes(&package)));
	assert_false(update_is_package(bytes_make(next, CHIP_SIZE)) || update_is_package(BYTES_EMPTY));
	assert_true(bytes_equal(update.image.bytes, bytes_make(next, CHIP_SIZE)));
	assert_int_equal(read_package(buffer_bytes(&package), "other", &update, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "not one of the keys"));
	assert_int_equal(read_package(buffer_bytes(&package), NULL, &update, &error), -E_REFUSED);
	assert_int_equal(read_package(bytes_make(next, CHIP_SIZE), "owner", &update, &error), -E_MALFORMED);
}

static void test_a17_a_changed_manifest_is_refused(void **state)
{
	CLEANUP(buffer_clear) struct buffer package = {0};
	struct update update;
	struct error error;

	(void)state;
	usual_images();
	make_package("owner", &package);
	/* The signature is the owner's, the message another: one version later. */
	for (size_t i = 0; i + 13 < package.size; i++)
		if (memcmp(package.data + i, "version 0.3.0", 13) == 0) {
			package.data[i + 10] = '4';
			break;
		}
	assert_int_equal(read_package(buffer_bytes(&package), "owner", &update, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "signature of the update is wrong"));
}

static void test_a17_damaged_and_truncated_packages_are_refused(void **state)
{
	CLEANUP(buffer_clear) struct buffer package = {0};
	struct update update;
	struct error error;

	(void)state;
	usual_images();
	make_package("owner", &package);
	for (size_t size = 0; size + 1024 < package.size; size += package.size / 23)
		assert_true(read_package(bytes_make(package.data, size), "owner", &update, &error) < 0);
	for (size_t i = 4096; i < CHIP_SIZE; i += CHIP_SIZE / 13) {
		package.data[i] ^= 1;
		assert_int_equal(read_package(buffer_bytes(&package), "owner", &update, &error), -E_REFUSED);
		assert_non_null(strstr(error.sentence, "not what was signed"));
		package.data[i] ^= 1;
	}
	assert_int_equal(read_package(buffer_bytes(&package), "owner", &update, &error), 0);
}

static int start(void **state)
{
	(void)state;
	fixture_start();
	make_keys();
	return 0;
}

static int end(void **state)
{
	(void)state;
	end_keys();
	fixture_end();
	return 0;
}

static void test_versions_are_numbers(void **state)
{
	uint64_t a, b;

	(void)state;
	assert_true(update_version_parse("0.9.10", &a) && update_version_parse("0.10.0", &b));
	assert_true(a < b);
	assert_false(update_version_parse("1.2", &a));
	assert_false(update_version_parse("1.2.3.4", &a));
	assert_false(update_version_parse("1.2.3-rc1", &a));
	assert_false(update_version_parse("1.2.65536", &a));
	assert_false(update_version_parse("1.02.3", &a));
	assert_false(update_version_parse("", &a));
}

#define HASH "abababababababababababababababababababababababababababababababab"
static void test_manifests_are_read_strictly(void **state)
{
	static const char *const bad[] = {
	    "",
	    "heads-update 1\nboard x\nversion 1.2.3\nfile " HASH " 5 heads.rom",
	    "heads-update 1\nboard x\nversion 1.2.3\n",
	    "heads-update 1\nversion 1.2.3\nfile " HASH " 5 heads.rom\n",
	    "heads-update 1\nboard x\nboard y\nversion 1.2.3\nfile " HASH " 5 heads.rom\n",
	    "heads-update 1\nboard x/../y\nversion 1.2.3\nfile " HASH " 5 heads.rom\n",
	    "heads-update 1\nboard x\nversion 1.2\nfile " HASH " 5 heads.rom\n",
	    "heads-update 1\nboard x\nversion 1.2.3\nfile " HASH " 5 heads.rom\nfile " HASH " 5 heads.rom\n",
	    "heads-update 1\nboard x\nversion 1.2.3\nfile abc 5 heads.rom\n",
	    "heads-update 1\nboard x\nversion 1.2.3\nfile " HASH " 99999999999 heads.rom\n",
	    "heads-update 1\nboard x\nversion 1.2.3\nrun something\nfile " HASH " 5 heads.rom\n",
	};
	struct update_manifest manifest;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(update_manifest_parse(bytes_from_string(bad[i]), &manifest, &error), -E_MALFORMED);
	assert_int_equal(update_manifest_parse(bytes_from_string("heads-update 2\n"), &manifest, &error),
	                 -E_UNSUPPORTED);
	assert_int_equal(update_manifest_parse(
	                     bytes_from_string("heads-update 1\nboard x\nversion 1.2.3\nfile " HASH " 5 heads.rom\n"),
	                     &manifest, &error),
	                 0);
	assert_string_equal(manifest.board, "x");
	assert_int_equal(update_manifest_find(&manifest, UPDATE_ROM)->size, 5);
	assert_null(update_manifest_find(&manifest, UPDATE_BOM));
}

static void test_archives_are_read_and_written(void **state)
{
	CLEANUP(buffer_clear) struct buffer archive = {0};
	struct ustar_file file;
	struct error error;
	size_t position = 0;

	(void)state;
	assert_int_equal(ustar_add(&archive, "a", bytes_from_string("hello"), &error), 0);
	assert_int_equal(ustar_add(&archive, "b", BYTES_EMPTY, &error), 0);
	assert_int_equal(ustar_end(&archive, &error), 0);
	assert_int_equal(archive.size, 5 * 512);
	assert_int_equal(ustar_next(buffer_bytes(&archive), &position, &file, &error), 1);
	assert_string_equal(file.name, "a");
	assert_true(bytes_equal(file.content, bytes_from_string("hello")));
	assert_int_equal(ustar_next(buffer_bytes(&archive), &position, &file, &error), 1);
	assert_int_equal(file.content.size, 0);
	assert_int_equal(ustar_next(buffer_bytes(&archive), &position, &file, &error), 0);
	for (size_t size = 0; size < 1500; size += 100) {
		int r = 1;

		for (position = 0; r > 0;)
			r = ustar_next(bytes_make(archive.data, size), &position, &file, &error);
		assert_int_equal(r, -E_MALFORMED);
	}
	archive.data[0] = 'c';
	position = 0;
	assert_int_equal(ustar_next(buffer_bytes(&archive), &position, &file, &error), -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "checksum"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a17_wrong_board_and_older_versions_are_refused),
	    cmocka_unit_test(test_a_slot_is_predicted_by_its_content),
	    cmocka_unit_test(test_what_does_not_fit_is_refused),
	    cmocka_unit_test(test_the_other_slot_alone_is_written),
	    cmocka_unit_test(test_a_whole_image_keeps_what_is_the_owners),
	    cmocka_unit_test(test_a17_a_package_needs_a_signature_of_ours),
	    cmocka_unit_test(test_a17_a_changed_manifest_is_refused),
	    cmocka_unit_test(test_a17_damaged_and_truncated_packages_are_refused),
	    cmocka_unit_test(test_versions_are_numbers),
	    cmocka_unit_test(test_manifests_are_read_strictly),
	    cmocka_unit_test(test_archives_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, start, end);
}
