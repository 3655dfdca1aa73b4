/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The initrd segment: written byte by byte as the kernel's documentation says, and read back by cpio. */
#include "base/cleanup.h"
#include "base/file.h"
#include "format/cpio.h"
#include "unit/cmocka_all.h"
#include <string.h>

static void test_bytes(void **state)
{
	static const char expected[] = "070701"
	                               "00000000" /* inode */
	                               "00008100" /* regular file, 0400 */
	                               "00000000" /* user */
	                               "00000000" /* group */
	                               "00000001" /* links */
	                               "00000000" /* time */
	                               "00000005" /* size */
	                               "00000000"
	                               "00000000"
	                               "00000000"
	                               "00000000"
	                               "00000004" /* name with its NUL */
	                               "00000000" /* no check sum */
	                               "log\0\0\0"
	                               "12345\0\0\0"
	                               "070701000000000000000000000000000000000000000100000000000000000000000000000000"
	                               "00000000000000000000000B00000000TRAILER!!!\0\0\0";
	CLEANUP(buffer_clear) struct buffer archive = {0};

	(void)state;
	assert_int_equal(cpio_add(&archive, "log", bytes_from_string("12345"), NULL), 0);
	assert_int_equal(cpio_end(&archive, NULL), 0);
	assert_int_equal(archive.size % CPIO_ALIGNMENT, 0);
	assert_int_equal(archive.size, sizeof(expected)); /* the string's own NUL is the last byte of padding */
	assert_memory_equal(archive.data, expected, sizeof(expected));
}

/* What a program prints, without a shell's help for its name. */
static void expect_output(const char *command, const char *expected)
{
	FILE *reader = popen(command, "r"); /* NOLINT(cert-env33-c): a command of the test's own */
	char output[512] = "";
	size_t size;

	assert_non_null(reader);
	size = fread(output, 1, sizeof(output) - 1, reader);
	output[size] = '\0';
	assert_int_equal(pclose(reader), 0);
	assert_string_equal(output, expected);
}

/* Sizes that end in every place of a group of four bytes. */
static void test_cpio_reads_it(void **state)
{
	static const struct {
		const char *name, *content;
	} files[] = {{"a", ""}, {"ab", "1"}, {"abc.d", "12"}, {"abcd-e_f", "123"}, {"Abcde", "1234\n"}};
	char path[] = "/tmp/heads-cpio-XXXXXX", command[256];
	CLEANUP_CLOSE int fd = mkstemp(path);
	CLEANUP(buffer_clear) struct buffer archive = {0};

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(cpio_add(&archive, files[i].name, bytes_from_string(files[i].content), NULL), 0);
	assert_int_equal(cpio_end(&archive, NULL), 0);
	assert_int_equal(file_write_all(fd, path, buffer_bytes(&archive), NULL), 0);
	(void)snprintf(command, sizeof(command), "cpio --quiet -t <%s 2>&1", path);
	expect_output(command, "a\nab\nabc.d\nabcd-e_f\nAbcde\n");
	(void)snprintf(command, sizeof(command), "cpio --quiet -i --to-stdout <%s 2>&1", path);
	expect_output(command, "1121231234\n");
	(void)snprintf(command, sizeof(command), "cpio --quiet -tvn <%s 2>&1 | cut -c 1-10 | sort -u", path);
	expect_output(command, "-r--------\n");
	assert_int_equal(unlink(path), 0);
}

/* A13: no name leads anywhere but to a file at the root. */
static void test_A13_names_are_fixed(void **state)
{
	static const char *const bad[] = {"",           "/log",       "heads/log", "..",  ".",    ".log", "log\n",
	                                  "TRAILER!!!", "l\xc3\xb6g", "log log",   "1og", "a\\b", "-rf"};
	char longest[CPIO_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(buffer_clear) struct buffer archive = {0};

		assert_int_equal(cpio_add(&archive, bad[i], BYTES_EMPTY, NULL), -E_USAGE);
		assert_int_equal(archive.size, 0);
	}
	memset(longest, 'x', sizeof(longest));
	longest[CPIO_NAME_MAX + 1] = '\0';
	{
		CLEANUP(buffer_clear) struct buffer archive = {0};

		assert_int_equal(cpio_add(&archive, longest, BYTES_EMPTY, NULL), -E_USAGE);
		longest[CPIO_NAME_MAX] = '\0';
		assert_int_equal(cpio_add(&archive, longest, BYTES_EMPTY, NULL), 0);
	}
}

static void test_bad_without_memory(void **state)
{
	struct buffer archive = {.failed = true};

	(void)state;
	assert_int_equal(cpio_add(&archive, "log", BYTES_EMPTY, NULL), -E_MEMORY);
	assert_int_equal(cpio_end(&archive, NULL), -E_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_cpio_reads_it),
	    cmocka_unit_test(test_A13_names_are_fixed),
	    cmocka_unit_test(test_bad_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
