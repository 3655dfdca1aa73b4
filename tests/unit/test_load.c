/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is checked before the kernel is asked to load anything. The loading itself is a machine test. */
#include "base/cleanup.h"
#include "base/file.h"
#include "boot/load.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

static int unsealed(const char *content)
{
	int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	return fd;
}

static int sealed(const char *content)
{
	int fd = memfd_sealed("sealed", bytes_from_string(content), NULL);

	assert_true(fd >= 0);
	return fd;
}

/* A6: bytes that somebody could still change are not booted. */
static void test_A6_unsealed_files_are_refused(void **state)
{
	CLEANUP_CLOSE int loose = unsealed("kernel"), tight = sealed("kernel");
	struct error error;

	(void)state;
	assert_int_equal(load_kernel(loose, -1, "", &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "kernel is not in a sealed memory file"));
	assert_int_equal(load_kernel(tight, loose, "", &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "initrd is not in a sealed memory file"));
	assert_int_equal(fcntl(loose, F_ADD_SEALS, F_SEAL_WRITE), 0); /* one seal is not all seals */
	assert_int_equal(load_kernel(loose, -1, "", &error), -E_REFUSED);
}

/* A14: a command line that kexec_file_load would refuse without a word gets its sentence. */
static void test_A14_long_command_line_is_refused(void **state)
{
	CLEANUP_CLOSE int kernel = sealed("kernel");
	char line[2018];
	struct error error;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(load_kernel(kernel, -1, line, &error), -E_TOO_LARGE);
	assert_non_null(strstr(error.sentence, "2018 bytes"));
	assert_non_null(strstr(error.sentence, "2017"));
}

static void test_initrds_are_joined_padded_and_sealed(void **state)
{
	CLEANUP_CLOSE int one = sealed("12345"), two = sealed("abcd"), joined = -1;
	CLEANUP(buffer_clear) struct buffer content = {0};
	const int fds[] = {one, two, one};
	struct error error;

	(void)state;
	assert_int_equal(load_join_initrds(fds, ARRAY_SIZE(fds), &joined, &error), 0);
	assert_int_equal(lseek(joined, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(joined, "joined", 100, &content, &error), 0);
	assert_int_equal(content.size, 20);
	assert_memory_equal(content.data, "12345\0\0\0abcd12345\0\0\0", 20);
	assert_int_equal(write(joined, "x", 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_A6_unsealed_files_are_refused),
	    cmocka_unit_test(test_A14_long_command_line_is_refused),
	    cmocka_unit_test(test_initrds_are_joined_padded_and_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
