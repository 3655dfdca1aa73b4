/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel image made by hand, and each way in which it can be wrong. */
#include "base/cleanup.h"
#include "cmocka_all.h"
#include "format/bzimage.h"
#include <string.h>

#define SETUP_SIZE  (5 * 512)
#define KERNEL_SIZE (64 * 16)

static uint8_t image[SETUP_SIZE + KERNEL_SIZE + 32];

static void put_u32(size_t offset, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		image[offset + i] = (uint8_t)(value >> (8 * i));
}

/* Protocol 2.15, as Linux 6.1 writes it, with a signature behind the kernel. */
static int make_image(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	image[0x1f1] = 4;
	put_u32(0x1f4, KERNEL_SIZE / 16);
	image[0x1fe] = 0x55;
	image[0x1ff] = 0xaa;
	memcpy(image + 0x202, "HdrS", 4);
	image[0x206] = 0x0f;
	image[0x207] = 0x02;
	image[0x20e] = 0x00;
	image[0x20f] = 0x02;
	image[0x211] = 0x01;
	image[0x234] = 1;
	image[0x236] = 0x3f;
	put_u32(0x238, 2047);
	put_u32(0x248, 0x100);
	put_u32(0x24c, 0x200);
	put_u32(0x260, 0x1000000);
	memcpy(image + 0x400, "6.1.0-25-amd64 (builder)", 25);
	return 0;
}

static int check(size_t size, struct error *error)
{
	struct bzimage bzimage;

	return bzimage_check(bytes_make(image, size), "/vmlinuz", &bzimage, error);
}

static void test_a_good_image(void **state)
{
	struct bzimage bzimage;
	struct error error;

	(void)state;
	assert_int_equal(bzimage_check(bytes_make(image, sizeof(image)), "/vmlinuz", &bzimage, &error), 0);
	assert_int_equal(bzimage.protocol, 0x020f);
	assert_int_equal(bzimage.setup_size, SETUP_SIZE);
	assert_int_equal(bzimage.kernel_size, KERNEL_SIZE);
	assert_int_equal(bzimage.cmdline_limit, 2047);
	assert_int_equal(bzimage.memory_needed, 0x1000000);
	assert_string_equal(bzimage.version, "6.1.0-25-amd64 (builder)");
	image[0x1f1] = 0;
	assert_int_equal(check(sizeof(image), &error), 0);
	/* A text outside the real-mode code is not followed. */
	image[0x20f] = 0xff;
	assert_int_equal(bzimage_check(bytes_make(image, sizeof(image)), "/vmlinuz", &bzimage, &error), 0);
	assert_string_equal(bzimage.version, "");
}

static void test_every_failure_has_its_sentence(void **state)
{
	static const struct {
		size_t offset;
		uint8_t value;
		enum error_code code;
		const char *part;
	} cases[] = {
	    {0x1fe, 0x00, E_MALFORMED, "no Linux kernel"},
	    {0x202, 'h', E_MALFORMED, "no Linux kernel"},
	    {0x206, 0x0b, E_UNSUPPORTED, "2.11"},
	    {0x211, 0x00, E_UNSUPPORTED, "zImage"},
	    {0x236, 0x02, E_UNSUPPORTED, "64-bit"},
	    {0x236, 0x01, E_UNSUPPORTED, "4 GiB"},
	    {0x234, 0x00, E_UNSUPPORTED, "not relocatable"},
	    {0x1f4, 0x00, E_MALFORMED, "0 bytes"},
	    {0x1f5, 0x01, E_MALFORMED, "cut off"},
	    {0x1f7, 0xff, E_MALFORMED, "bytes"},
	    {0x24d, 0x04, E_MALFORMED, "payload"},
	    {0x24b, 0xff, E_MALFORMED, "payload"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error error = {0};
		make_image(state);
		image[cases[i].offset] = cases[i].value;
		assert_int_equal(check(sizeof(image), &error), -(int)cases[i].code);
		assert_non_null(strstr(error.sentence, cases[i].part));
		assert_string_equal(error.object, "/vmlinuz");
	}
	make_image(state);
	put_u32(0x238, 0);
	assert_int_equal(check(sizeof(image), NULL), -E_MALFORMED);
}

static void test_truncated_anywhere(void **state)
{
	(void)state;
	for (size_t size = 0; size < SETUP_SIZE + KERNEL_SIZE; size++)
		assert_int_equal(check(size, NULL), -E_MALFORMED);
	assert_int_equal(check(SETUP_SIZE + KERNEL_SIZE, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_a_good_image, make_image),
	    cmocka_unit_test_setup(test_every_failure_has_its_sentence, make_image),
	    cmocka_unit_test_setup(test_truncated_anywhere, make_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
