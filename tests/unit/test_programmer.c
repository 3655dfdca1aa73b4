/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A chip behind a program: the program is a fake in the place of base/process, which keeps a chip in memory, prints
 * what flashrom or flashprog print, and fails where it is told to. */
#include "base/cleanup.h"
#include "base/process.h"
#include "rom/flash.h"
#include "unit/cmocka_all.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BLOCK ((size_t)4096)
#define SIZE  (16 * BLOCK)
#define START (4 * BLOCK)
#define RANGE (8 * BLOCK)

static struct {
	uint8_t chip[SIZE];
	size_t size;         /* of what a read yields */
	bool is_flashprog;   /* else flashrom */
	size_t fails_behind; /* a write ends there with status 1; 0: it does not */
	bool fails_to_read;
	unsigned reads;
	const struct process_request *request;
} fake;

const char *process_path(enum process_program program)
{
	assert_int_equal(program, PROCESS_FLASH_PROGRAMMER);
	return fake.is_flashprog ? "/bin/flashprog" : "/usr/sbin/flashrom";
}

/* What the program prints arrives byte by byte. */
static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (const char *at = text; *at && fake.request->heard; at++)
		fake.request->heard(fake.request->heard_context, bytes_make(at, 1));
}

static const char *argument_behind(const char *option)
{
	for (size_t i = 0; fake.request->arguments[i]; i++)
		if (strcmp(fake.request->arguments[i], option) == 0)
			return fake.request->arguments[i + 1] ? fake.request->arguments[i + 1] : "";
	return NULL;
}

static FILE *open_argument(const char *option, const char *mode)
{
	FILE *stream = fopen(argument_behind(option), mode);

	assert_non_null(stream);
	return stream;
}

static void read_layout(size_t *start, size_t *end)
{
	FILE *stream = open_argument("-l", "r");

	assert_string_equal(argument_behind("-i"), "range");
	assert_int_equal(fscanf(stream, "%zx:%zx range", start, end), 2);
	(void)fclose(stream);
}

/* Block by block, told with -V; before it the chip is probed. */
static int write_as_flashrom(const uint8_t *image, size_t start, size_t end)
{
	print("Found chip \"%zu kB\" at 0xffff0000-0xffffffff.\nReading old flash chip contents... done.\nTrying 0... ",
	      SIZE / 1024);
	for (size_t at = start; at < end; at += BLOCK) {
		bool same = memcmp(fake.chip + at, image + at, BLOCK) == 0;

		if (fake.fails_behind > 0 && at >= fake.fails_behind)
			return 1;
		memcpy(fake.chip + at, image + at, BLOCK);
		print("0x%06zx-0x%06zx:%s, ", at, at + BLOCK - 1, same ? "S" : "EW");
	}
	print("\nErase/write done.\nVerifying flash... VERIFIED.\n");
	return 0;
}

static void print_bar(const char *stage, size_t percent)
{
	char bar[51];

	memset(bar, ' ', sizeof(bar) - 1);
	bar[sizeof(bar) - 1] = '\0';
	memset(bar, '=', percent / 2);
	if (percent / 2 < sizeof(bar) - 1)
		bar[percent / 2] = '>';
	print("\r%s... [%s] %3zu%% ", stage, bar, percent);
}

/* The whole range is erased, then written; nothing counts before that. */
static int write_as_flashprog(const uint8_t *image, size_t start, size_t end)
{
	for (size_t percent = 0; percent <= 100; percent += 10)
		print_bar("Reading", percent);
	memset(fake.chip + start, 0xff, end - start);
	for (size_t percent = 0; percent <= 100; percent += 10)
		print_bar("Erasing", percent);
	print("\n");
	for (size_t at = start; at < end; at += BLOCK) {
		if (fake.fails_behind > 0 && at >= fake.fails_behind)
			return 1;
		memcpy(fake.chip + at, image + at, BLOCK);
		print_bar("Writing", (at + BLOCK - start) * 100 / (end - start));
	}
	for (size_t percent = 0; percent <= 100; percent += 10)
		print_bar("Reading", percent);
	return 0;
}

static int read_fake(void)
{
	FILE *stream = open_argument("-r", "w");

	fake.reads++;
	assert_int_equal(fwrite(fake.chip, 1, fake.size, stream), fake.size);
	(void)fclose(stream);
	return fake.fails_to_read ? 1 : 0;
}

static int write_fake(void)
{
	FILE *stream = open_argument("-w", "r");
	uint8_t image[SIZE];
	size_t start, end;

	assert_int_equal(fread(image, 1, SIZE, stream), SIZE);
	(void)fclose(stream);
	read_layout(&start, &end);
	/* flashrom 1.3 knows no --progress */
	assert_int_equal(argument_behind("--progress") != NULL, fake.is_flashprog);
	assert_int_equal(argument_behind("-V") != NULL, !fake.is_flashprog);
	return fake.is_flashprog ? write_as_flashprog(image, start, end + 1) : write_as_flashrom(image, start, end + 1);
}

int process_run(const struct process_request *request, struct buffer *output, int *ret_status, struct error *error)
{
	(void)output;
	(void)error;
	fake.request = request;
	assert_string_equal(argument_behind("-p"), "fake:speed=1");
	*ret_status = argument_behind("-r") ? read_fake() : write_fake();
	return 0;
}

struct told {
	uint64_t done[64];
	size_t count;
	uint64_t total;
};

static void note(void *context, uint64_t done, uint64_t total, unsigned long long ms)
{
	struct told *told = context;

	(void)ms;
	assert_true(told->count < ARRAY_SIZE(told->done));
	told->done[told->count++] = done;
	told->total = total;
}

static void fake_start(bool is_flashprog, struct flash **ret_flash)
{
	struct error error;

	memset(&fake, 0, sizeof(fake));
	fake.is_flashprog = is_flashprog;
	fake.size = SIZE;
	for (size_t i = 0; i < SIZE; i++)
		fake.chip[i] = (uint8_t)(i * 11 + i / 239);
	assert_int_equal(flash_open_programmer("fake:speed=1", ret_flash, &error), 0);
	assert_int_equal(flash_size(*ret_flash), SIZE);
}

static struct bytes wanted(void)
{
	static uint8_t bytes[RANGE];

	for (size_t i = 0; i < RANGE; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	return bytes_make(bytes, RANGE);
}

/* 0, each block, and the end: what either program prints becomes bytes of the range that are written. */
static void expect_bytes_of_each_block(bool is_flashprog)
{
	CLEANUP(flash_close) struct flash *flash = NULL;
	struct told told = {.count = 0};
	const struct flash_watch watch = {note, &told};
	uint8_t around[SIZE];
	struct error error;

	fake_start(is_flashprog, &flash);
	memcpy(around, fake.chip, SIZE);
	assert_int_equal(flash_write(flash, START, wanted(), &watch, NULL, &error), 0);
	assert_int_equal(told.total, RANGE);
	assert_int_equal(told.count, 1 + RANGE / BLOCK + 1);
	for (size_t i = 0; i <= RANGE / BLOCK; i++) { /* flashprog tells whole percents */
		assert_true(told.done[i] <= i * BLOCK);
		assert_true(told.done[i] + RANGE / 100 >= i * BLOCK);
	}
	assert_int_equal(told.done[told.count - 1], RANGE);
	memcpy(around + START, wanted().data, RANGE);
	assert_memory_equal(fake.chip, around, SIZE);
}

static void test_what_flashrom_prints_becomes_bytes(void **state)
{
	(void)state;
	expect_bytes_of_each_block(false);
}

static void test_what_flashprog_prints_becomes_bytes(void **state)
{
	(void)state;
	expect_bytes_of_each_block(true);
}

/* After a write that failed what is on the chip is neither the old nor the new; the copy in memory is not asked. */
static void test_after_a_failed_write_the_chip_is_read_again(void **state)
{
	for (int is_flashprog = 0; is_flashprog < 2; is_flashprog++) {
		CLEANUP(flash_close) struct flash *flash = NULL;
		CLEANUP(buffer_clear) struct buffer now = {0};
		struct flash_count count = {0};
		struct error error;

		(void)state;
		fake_start(is_flashprog, &flash);
		fake.fails_behind = START + 3 * BLOCK;
		assert_int_equal(flash_write(flash, START, wanted(), NULL, NULL, &error), -E_IO);
		assert_int_equal(flash_read(flash, 0, SIZE, &now, &error), 0);
		assert_memory_equal(now.data, fake.chip, SIZE);
		assert_memory_equal(now.data + START, wanted().data, 3 * BLOCK);
		assert_int_not_equal(memcmp(now.data + START, wanted().data, RANGE), 0);
		/* and trying again writes what is missing, not what the copy believed to be there */
		fake.fails_behind = 0;
		assert_int_equal(flash_write(flash, START, wanted(), NULL, &count, &error), 0);
		assert_int_equal(count.written, RANGE / BLOCK - 3);
		assert_memory_equal(fake.chip + START, wanted().data, RANGE);
	}
}

static void test_a_chip_that_cannot_be_read_again_is_an_error(void **state)
{
	CLEANUP(flash_close) struct flash *flash = NULL;
	CLEANUP(buffer_clear) struct buffer now = {0};
	struct error error;

	(void)state;
	fake_start(false, &flash);
	fake.fails_to_read = true;
	assert_int_equal(flash_write(flash, START, wanted(), NULL, NULL, &error), -E_IO);
	assert_int_equal(flash_read(flash, START, BLOCK, &now, &error), -E_IO);
	fake.fails_to_read = false;
	fake.size = SIZE - BLOCK;
	assert_int_equal(flash_read(flash, START, BLOCK, &now, &error), -E_IO);
	assert_non_null(strstr(error.sentence, "had 65536 before"));
	fake.size = SIZE;
	fake.reads = 0;
	assert_int_equal(flash_read(flash, START, BLOCK, &now, &error), 0);
	assert_int_equal(flash_read(flash, 0, SIZE, &now, &error), 0);
	assert_int_equal(fake.reads, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_flashrom_prints_becomes_bytes),
	    cmocka_unit_test(test_what_flashprog_prints_becomes_bytes),
	    cmocka_unit_test(test_after_a_failed_write_the_chip_is_read_again),
	    cmocka_unit_test(test_a_chip_that_cannot_be_read_again_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
