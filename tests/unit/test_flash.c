/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/file.h"
#include "format/programmer_progress.h"
#include "format/slot_mark.h"
#include "rom/owner_files.h"
#include "rom/slots.h"
#include "unit/cmocka_all.h"
#include "unit/flash_model.h"
#include <fcntl.h>
#include <stdio.h>

#define SIZE        ((size_t)40 * MODEL_BLOCK)
#define MARK_A      MODEL_BLOCK
#define MARK_B      (2 * MODEL_BLOCK)
#define SLOT_A      (4 * MODEL_BLOCK)
#define SLOT_B      (12 * MODEL_BLOCK)
#define SLOT_SIZE   (8 * MODEL_BLOCK)
#define CODE_OFFSET (32 * MODEL_BLOCK)

static uint8_t chip[SIZE], before[SIZE], wanted[SIZE];
static struct flash_model model;

static void put_le(uint8_t *at, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void put_area(size_t number, const char *name, uint32_t offset, uint32_t size)
{
	uint8_t *at = chip + 56 + 42 * number;

	memset(at, 0, 42);
	put_le(at, offset, 4);
	put_le(at + 4, size, 4);
	memcpy(at + 8, name, strlen(name));
	put_le(chip + 54, (uint32_t)number + 1, 2);
}

/* A chip with a pair of slots, and something like a bootblock at its end. */
static void chip_start(void)
{
	memset(chip, 0xff, sizeof(chip));
	memset(chip, 0, 56);
	memcpy(chip, "__FMAP__", 8);
	chip[8] = 1;
	put_area(0, "SLOT_A_MARK", MARK_A, MODEL_BLOCK);
	put_area(1, "SLOT_B_MARK", MARK_B, MODEL_BLOCK);
	put_area(2, "SLOT_A", SLOT_A, SLOT_SIZE);
	put_area(3, "SLOT_B", SLOT_B, SLOT_SIZE);
	put_area(4, "OWNER_A_MARK", MARK_A, MODEL_BLOCK);
	put_area(5, "OWNER_B_MARK", MARK_B, MODEL_BLOCK);
	put_area(6, "OWNER_A", SLOT_A, SLOT_SIZE);
	put_area(7, "OWNER_B", SLOT_B, SLOT_SIZE);
	memset(chip + CODE_OFFSET, 0xc3, SIZE - CODE_OFFSET);
	model =
	    (struct flash_model){.bytes = chip, .size = SIZE, .steps_left = MODEL_FOR_EVER, .stuck = MODEL_FOR_EVER};
}

static struct bytes content_of(unsigned version, size_t size)
{
	static uint8_t content[2][SLOT_SIZE + 1];

	for (size_t i = 0; i < size; i++)
		content[version & 1][i] = (uint8_t)(i * 7 + version * 31 + i / 251);
	return bytes_make(content[version & 1], size);
}

static int store(struct bytes content, struct flash_count *count, struct error *error)
{
	struct rom_image image = {bytes_make(before, SIZE)};
	CLEANUP(flash_close) struct flash *flash = NULL;
	struct rom_slots slots;
	int r;

	memcpy(before, chip, SIZE);
	assert_int_equal(rom_slots_read(&image, ROM_PAYLOAD_SLOTS, true, &slots, error), 0);
	assert_int_equal(model_open(&model, &flash, error), 0);
	r = rom_slots_store(flash, &slots, slots.newest < 0 ? 1 : slots.newest, content, NULL, count, error);
	return r;
}

static int newest(struct rom_slots *slots)
{
	struct rom_image image = {bytes_make(chip, SIZE)};
	struct error error;

	assert_int_equal(rom_slots_read(&image, ROM_PAYLOAD_SLOTS, true, slots, &error), 0);
	return slots->newest;
}

static void test_only_blocks_that_differ_are_written(void **state)
{
	CLEANUP(flash_close) struct flash *flash = NULL;
	struct flash_count count = {0};
	struct error error;

	(void)state;
	chip_start();
	memcpy(wanted, chip, SIZE);
	wanted[SLOT_A + 5] = 0;                                 /* an erased block: written alone */
	wanted[CODE_OFFSET] = 0xff;                             /* a bit that has to rise: erased and written */
	memset(wanted + SIZE - MODEL_BLOCK, 0xff, MODEL_BLOCK); /* to be empty: erased alone */
	assert_int_equal(model_open(&model, &flash, &error), 0);
	assert_int_equal(flash_write(flash, 0, bytes_make(wanted, SIZE), NULL, &count, &error), 0);
	assert_memory_equal(chip, wanted, SIZE);
	assert_int_equal(count.blocks, SIZE / MODEL_BLOCK);
	assert_int_equal(count.erased, 2);
	assert_int_equal(count.written, 2);
	assert_int_equal(model_touched(&model, 0, SIZE), 3);
	assert_int_equal(flash_write(flash, 1, bytes_make(wanted, MODEL_BLOCK), NULL, NULL, &error), -E_USAGE);
	assert_int_equal(flash_write(flash, SIZE, bytes_make(wanted, MODEL_BLOCK), NULL, NULL, &error), -E_USAGE);
}

static void test_a_block_that_does_not_take_it_is_named(void **state)
{
	CLEANUP(flash_close) struct flash *flash = NULL;
	struct error error;

	(void)state;
	chip_start();
	model.stuck = SLOT_B;
	memset(wanted, 0x11, MODEL_BLOCK);
	assert_int_equal(model_open(&model, &flash, &error), 0);
	assert_int_equal(flash_write(flash, SLOT_B, bytes_make(wanted, MODEL_BLOCK), NULL, NULL, &error), -E_IO);
	assert_non_null(strstr(error.sentence, "0xc000"));
}

/* A chip that decodes one address line less than it says: what lies behind its half is in it again. */
#define FOLDED(offset) ((offset) % (SIZE / 2))

static int folded_read(void *context, size_t offset, uint8_t *data, size_t size, struct error *error)
{
	for (size_t at = 0; at < size; at += MODEL_BLOCK) {
		int r = model_read(context, FOLDED(offset + at), data + at, MODEL_BLOCK, error);

		if (r < 0)
			return r;
	}
	return 0;
}

static int folded_erase(void *context, size_t offset, struct error *error)
{
	return model_erase(context, FOLDED(offset), error);
}

static int folded_write(void *context, size_t offset, struct bytes bytes, struct error *error)
{
	return model_write(context, FOLDED(offset), bytes, error);
}

/* Every block reads back as it was written, and the first ones are lost: the pass over the whole range at the end is
 * not answered by the reading back. */
static void test_the_last_pass_sees_what_reading_back_cannot(void **state)
{
	CLEANUP(flash_close) struct flash *flash = NULL;
	struct flash_device device = {.name = "folded",
	                              .size = SIZE,
	                              .block_size = MODEL_BLOCK,
	                              .context = &model,
	                              .read = folded_read,
	                              .erase = folded_erase,
	                              .write = folded_write,
	                              .close = model_close};
	struct flash_count count = {0};
	struct error error;

	(void)state;
	chip_start();
	for (size_t i = 0; i < SIZE; i++)
		wanted[i] = (uint8_t)(i / MODEL_BLOCK + 1);
	assert_int_equal(flash_open_device(&device, &flash, &error), 0);
	assert_int_equal(flash_write(flash, 0, bytes_make(wanted, SIZE), NULL, &count, &error), -E_IO);
	assert_int_equal(count.written, SIZE / MODEL_BLOCK);
	assert_non_null(strstr(error.sentence, "0x0 changed after it was written and read back"));
}

static void test_the_newest_whole_slot_counts(void **state)
{
	struct rom_slots slots;
	struct error error;

	(void)state;
	chip_start();
	assert_int_equal(newest(&slots), -1);
	assert_int_equal(slots.slots[0].state, ROM_SLOT_EMPTY);
	assert_int_equal(store(content_of(1, 10000), NULL, &error), 0);
	assert_int_equal(newest(&slots), 0);
	assert_int_equal(store(content_of(2, 20000), NULL, &error), 0);
	assert_int_equal(newest(&slots), 1);
	assert_int_equal(slots.slots[1].sequence, 2);
	assert_int_equal(slots.slots[1].used, 20000);
	chip[SLOT_B + 19999] ^= 1;
	assert_int_equal(newest(&slots), 0);
	assert_int_equal(slots.slots[1].state, ROM_SLOT_DAMAGED);
	/* What is written next is newer than the damaged one. */
	assert_int_equal(store(content_of(3, 20000), NULL, &error), 0);
	assert_int_equal(newest(&slots), 1);
	assert_int_equal(slots.slots[1].sequence, 3);
	chip[SLOT_A] ^= 1;
	chip[SLOT_B] ^= 1;
	assert_int_equal(newest(&slots), -1);
	assert_int_equal(rom_slots_started(&slots), 1);
	chip[SLOT_A] ^= 1;
	chip[SLOT_B] ^= 1;
	chip[MARK_B + 3] ^= 4;
	assert_int_equal(newest(&slots), 0);
	assert_int_equal(slots.slots[1].state, ROM_SLOT_UNFINISHED);
	assert_int_equal(store(content_of(1, SLOT_SIZE + 1), NULL, &error), -E_TOO_LARGE);
}

/* Whatever the moment at which the power goes: the old content or the new, and nothing else was touched. */
static void test_a_power_cut_at_any_step_leaves_old_or_new(void **state)
{
	struct error error;
	size_t cut = 0, olds = 0, news = 0;
	static uint8_t start[SIZE];

	(void)state;
	chip_start();
	assert_int_equal(store(content_of(1, 20000), NULL, &error), 0);
	assert_int_equal(store(content_of(2, 15000), NULL, &error), 0);
	memcpy(start, chip, SIZE);
	for (int r = -1; r < 0; cut++) {
		struct rom_slots slots;
		struct bytes found;

		memcpy(chip, start, SIZE);
		model.steps_left = cut;
		r = cut == 0 ? -1 : store(content_of(3, 17000), NULL, &error);
		assert_true(newest(&slots) >= 0);
		found = bytes_slice(slots.slots[slots.newest].region, 0, slots.slots[slots.newest].used);
		if (slots.newest == 1) {
			assert_true(r < 0);
			assert_true(bytes_equal(found, content_of(2, 15000)));
			olds++;
		} else {
			assert_true(bytes_equal(found, content_of(3, 17000)));
			news++;
		}
		assert_memory_equal(chip, start, MARK_A);
		assert_memory_equal(chip + MARK_B, start + MARK_B, SLOT_A - MARK_B);
		assert_memory_equal(chip + SLOT_B, start + SLOT_B, SIZE - SLOT_B);
	}
	assert_true(olds > 70);
	assert_true(news >= 1);
}

/* Ten thousand bytes more in the same place cost their blocks and the mark. */
static void test_storing_again_costs_what_differs(void **state)
{
	struct flash_count count = {0};
	uint8_t more[20000];
	struct error error;

	(void)state;
	chip_start();
	memcpy(more, content_of(1, 20000).data, sizeof(more));
	assert_int_equal(store(bytes_make(more, 10000), NULL, &error), 0);
	assert_int_equal(store(bytes_make(more, 10000), NULL, &error), 0);
	assert_int_equal(store(bytes_make(more, 20000), &count, &error), 0);
	/* blocks 2, 3 and 4 of the slot, of which one held something; the mark is erased, and written again */
	assert_int_equal(count.written, 4);
	assert_int_equal(count.erased, 2);
	assert_int_equal(model_touched(&model, 0, SIZE), 4);
}

static int change_settings(const char *text, struct flash_count *count, struct error *error)
{
	CLEANUP(flash_close) struct flash *flash = NULL;
	struct rom_image image = {bytes_make(before, SIZE)};
	static struct owner_files files;
	int r;

	memcpy(before, chip, SIZE);
	if (owner_files_read(&image, &files, error) < 0)
		files.count = 0; /* the first time there is nothing yet */
	assert_int_equal(owner_files_set(&files, OWNER_FILE_SETTINGS, bytes_from_string(text), error), 0);
	assert_int_equal(model_open(&model, &flash, error), 0);
	r = owner_files_store(flash, &files, NULL, count, error);
	owner_files_clear(&files);
	return r;
}

static bool settings_are(const char *text)
{
	struct rom_image image = {bytes_make(chip, SIZE)};
	static struct owner_files files;
	struct error error;
	bool equal;

	assert_int_equal(owner_files_read(&image, &files, &error), 0);
	assert_int_equal(files.count, 1);
	equal = bytes_equal(owner_files_find(&files, OWNER_FILE_SETTINGS), bytes_from_string(text));
	owner_files_clear(&files);
	return equal;
}

static void test_owner_files_are_old_or_new_after_a_power_cut(void **state)
{
	static uint8_t start[SIZE];
	struct error error;
	size_t cuts = 0;

	(void)state;
	chip_start();
	assert_int_equal(change_settings("CONFIG_A=1\n", NULL, &error), 0);
	assert_int_equal(change_settings("CONFIG_A=2\n", NULL, &error), 0);
	assert_true(settings_are("CONFIG_A=2\n"));
	memcpy(start, chip, SIZE);
	for (int r = -1; r < 0; cuts++) {
		memcpy(chip, start, SIZE);
		model.steps_left = cuts + 1;
		r = change_settings("CONFIG_A=three\n", NULL, &error);
		model.steps_left = MODEL_FOR_EVER;
		assert_true(settings_are("CONFIG_A=2\n") || (settings_are("CONFIG_A=three\n")));
	}
	assert_true(settings_are("CONFIG_A=three\n"));
	assert_true(cuts > 20);
}

/* "Adding a 10 kB settings file": its three blocks and the mark, whatever else the flash holds. */
static void test_settings_of_10_kb_cost_their_blocks(void **state)
{
	struct flash_count count = {0};
	static char text[10001];
	struct error error;

	(void)state;
	chip_start();
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "CONFIG_X=", 9);
	assert_int_equal(change_settings(text, &count, &error), 0);
	assert_int_equal(count.written, 4);
	assert_int_equal(count.erased, 0);
	assert_int_equal(model_touched(&model, 0, SIZE), 4);
}

static void test_names_of_owner_files_are_checked(void **state)
{
	static struct owner_files files;
	struct error error;

	(void)state;
	assert_int_equal(owner_files_set(&files, "etc/passwd", BYTES_EMPTY, &error), -E_USAGE);
	assert_int_equal(owner_files_set(&files, "heads/a", bytes_from_string("1"), &error), 0);
	assert_int_equal(owner_files_set(&files, "heads/b", bytes_from_string("2"), &error), 0);
	assert_int_equal(owner_files_set(&files, "heads/a", bytes_from_string("3"), &error), 0);
	assert_int_equal(files.count, 2);
	assert_true(bytes_equal(owner_files_find(&files, "heads/a"), bytes_from_string("3")));
	assert_int_equal(owner_files_remove(&files, "heads/a", &error), 0);
	assert_int_equal(owner_files_remove(&files, "heads/a", &error), -E_NOT_FOUND);
	assert_int_equal(files.count, 1);
	assert_true(bytes_equal(owner_files_find(&files, "heads/b"), bytes_from_string("2")));
	owner_files_clear(&files);
}

static void test_marks_are_checked(void **state)
{
	struct slot_mark mark = {.sequence = 7, .size = 5}, found;
	CLEANUP(buffer_clear) struct buffer bytes = {0};
	struct error error;

	(void)state;
	mark.content = digest_of(HASH_SHA256, bytes_from_string("hello"));
	slot_mark_append(&mark, &bytes);
	assert_int_equal(bytes.size, SLOT_MARK_SIZE);
	assert_int_equal(slot_mark_parse(buffer_bytes(&bytes), "M", &found, &error), 0);
	assert_int_equal(found.sequence, 7);
	assert_int_equal(found.size, 5);
	assert_true(digest_equal(&found.content, &mark.content));
	for (size_t i = 0; i < bytes.size; i++) {
		bytes.data[i] ^= 0x10;
		assert_int_equal(slot_mark_parse(buffer_bytes(&bytes), "M", &found, &error), -E_MALFORMED);
		bytes.data[i] ^= 0x10;
	}
	assert_int_equal(slot_mark_parse(bytes_make(bytes.data, 87), "M", &found, &error), -E_MALFORMED);
	memset(bytes.data, 0xff, bytes.size);
	assert_int_equal(slot_mark_parse(buffer_bytes(&bytes), "M", &found, &error), -E_NOT_FOUND);
}

/* flashrom itself, with its emulated chip. */
static void test_an_external_programmer_writes_a_range(void **state)
{
	char path[] = "/tmp/heads-flash-XXXXXX", name[200];
	CLEANUP(flash_close) struct flash *flash = NULL;
	CLEANUP(buffer_clear) struct buffer back = {0};
	CLEANUP_CLOSE int fd = mkstemp(path);
	struct flash_count count = {0};
	struct error error;

	(void)state;
	chip_start();
	assert_int_equal(write(fd, chip, 16 * MODEL_BLOCK), 16 * MODEL_BLOCK);
	(void)snprintf(name, sizeof(name), "dummy:emulate=VARIABLE_SIZE,size=%d,image=%s", 16 * MODEL_BLOCK, path);
	assert_int_equal(flash_open_programmer(name, &flash, &error), 0);
	assert_int_equal(flash_size(flash), 16 * MODEL_BLOCK);
	memset(wanted, 0x42, 2 * MODEL_BLOCK);
	assert_int_equal(flash_write(flash, 4 * MODEL_BLOCK, bytes_make(wanted, 2 * MODEL_BLOCK), NULL, &count, &error),
	                 0);
	assert_int_equal(count.written, 2);
	flash_close(&flash);
	assert_int_equal(file_read(path, SIZE, &back, &error), 0);
	memcpy(chip + 4 * MODEL_BLOCK, wanted, 2 * MODEL_BLOCK);
	assert_memory_equal(back.data, chip, 16 * MODEL_BLOCK);
	assert_int_equal(flash_open_programmer("dummy:emulate=NOTHING", &flash, &error), -E_IO);
	assert_int_equal(flash_open_programmer("-w", &flash, &error), -E_USAGE);
	assert_int_equal(unlink(path), 0);
}

struct told {
	uint64_t last, total;
	size_t times, between;
};

static void note_progress(void *context, uint64_t done, uint64_t total, unsigned long long ms)
{
	struct told *told = context;

	(void)ms;
	assert_true(done >= told->last && done <= total);
	told->times++;
	told->between += done > told->last && done < total ? 1 : 0;
	told->last = done;
	told->total = total;
}

/* A chip with blocks, as flashrom's dummy programmer emulates it: it is told block by block. */
static void test_progress_of_an_external_programmer(void **state)
{
	char path[] = "/tmp/heads-flash-XXXXXX", name[200];
	CLEANUP(flash_close) struct flash *flash = NULL;
	CLEANUP_CLOSE int fd = mkstemp(path);
	struct told told = {0};
	const struct flash_watch watch = {note_progress, &told};
	struct error error;

	(void)state;
	(void)snprintf(name, sizeof(name), "dummy:emulate=M25P10.RES,image=%s", path);
	assert_int_equal(ftruncate(fd, 128 << 10), 0);
	assert_int_equal(flash_open_programmer(name, &flash, &error), 0);
	assert_int_equal(flash_size(flash), 128 << 10);
	for (size_t i = 0; i < 96 << 10; i++)
		wanted[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(flash_write(flash, 32 << 10, bytes_make(wanted, 96 << 10), &watch, NULL, &error), 0);
	assert_int_equal(told.last, 96 << 10);
	assert_int_equal(told.total, 96 << 10);
	assert_true(told.between >= 1);
	assert_int_equal(unlink(path), 0);
}

static void test_progress_is_read_from_what_the_program_prints(void **state)
{
	struct programmer_progress progress = {.offset = 0x1000, .size = 0x3000};

	(void)state;
	assert_false(programmer_progress_feed(&progress, bytes_from_string("Trying 0... 0x000000-0x000fff:S, 0x0010")));
	assert_true(programmer_progress_feed(&progress, bytes_from_string("00-0x001fff:EW, ")));
	assert_int_equal(progress.done, 0x1000);
	assert_false(
	    programmer_progress_feed(&progress, bytes_from_string("0x001000-0x001fff:EW, 0x5-0x2fff, 0x-0x2fff:")));
	assert_true(programmer_progress_feed(&progress, bytes_from_string("00x002000-0x00ffff:EW")));
	assert_int_equal(progress.done, 0x3000);
}

static void test_an_image_file_stands_for_a_chip(void **state)
{
	char path[] = "/tmp/heads-flash-XXXXXX";
	CLEANUP(flash_close) struct flash *flash = NULL;
	CLEANUP(buffer_clear) struct buffer back = {0};
	CLEANUP_CLOSE int fd = mkstemp(path);
	struct error error;

	(void)state;
	chip_start();
	assert_int_equal(write(fd, chip, SIZE), SIZE);
	assert_int_equal(flash_open_file(path, &flash, &error), 0);
	assert_int_equal(flash_size(flash), SIZE);
	memset(wanted, 0x42, MODEL_BLOCK);
	assert_int_equal(flash_write(flash, CODE_OFFSET, bytes_make(wanted, MODEL_BLOCK), NULL, NULL, &error), 0);
	assert_int_equal(flash_read(flash, CODE_OFFSET, MODEL_BLOCK, &back, &error), 0);
	assert_memory_equal(back.data, wanted, MODEL_BLOCK);
	assert_int_equal(flash_read(flash, SIZE, 1, &back, &error), -E_USAGE);
	flash_close(&flash);
	assert_int_equal(ftruncate(fd, 4097), 0);
	assert_int_equal(flash_open_file(path, &flash, &error), -E_USAGE);
	assert_int_equal(flash_open_mtd(path, &flash, &error), -E_IO);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(flash_open_file(path, &flash, &error), -E_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_only_blocks_that_differ_are_written),
	    cmocka_unit_test(test_a_block_that_does_not_take_it_is_named),
	    cmocka_unit_test(test_the_last_pass_sees_what_reading_back_cannot),
	    cmocka_unit_test(test_the_newest_whole_slot_counts),
	    cmocka_unit_test(test_a_power_cut_at_any_step_leaves_old_or_new),
	    cmocka_unit_test(test_storing_again_costs_what_differs),
	    cmocka_unit_test(test_owner_files_are_old_or_new_after_a_power_cut),
	    cmocka_unit_test(test_settings_of_10_kb_cost_their_blocks),
	    cmocka_unit_test(test_names_of_owner_files_are_checked),
	    cmocka_unit_test(test_marks_are_checked),
	    cmocka_unit_test(test_an_image_file_stands_for_a_chip),
	    cmocka_unit_test(test_an_external_programmer_writes_a_range),
	    cmocka_unit_test(test_progress_of_an_external_programmer),
	    cmocka_unit_test(test_progress_is_read_from_what_the_program_prints),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
