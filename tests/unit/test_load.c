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
	assert_int_equal(content.size, 25);
	assert_memory_equal(content.data, "12345\0\0\0\0\0\0\0abcd\0\0\0\00012345", 25);
	assert_int_equal(write(joined, "x", 1), -1);
}

/* DESIGN rule 5: nobody can write, we wiped, and a descriptor that somebody still holds shows zeros. */
static void test_secret_is_joined_sealed_and_wiped(void **state)
{
	CLEANUP_CLOSE int one = sealed("12345"), copy = -1, kernel = sealed("kernel");
	CLEANUP(load_initrd_wipe) struct load_initrd initrd = {.fd = -1};
	char content[32] = "";
	struct error error;

	(void)state;
	assert_int_equal(load_join_secret(&one, 1, bytes_from_string("secret"), &initrd, &error), 0);
	copy = dup(initrd.fd);
	assert_int_equal(pread(copy, content, sizeof(content), 0), 18);
	assert_memory_equal(content, "12345\0\0\0\0\0\0\0secret", 18);
	assert_int_equal(pwrite(copy, "x", 1, 0), -1);
	assert_int_equal(ftruncate(copy, 0), -1);
	assert_ptr_equal(mmap(NULL, 18, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0), MAP_FAILED);
	/* sealed well enough for load_kernel: only the kernel's own answer is left */
	assert_int_not_equal(load_kernel(kernel, copy, "", &error), -E_REFUSED);
	load_initrd_wipe(&initrd);
	assert_int_equal(initrd.fd, -1);
	assert_int_equal(pread(copy, content, sizeof(content), 0), 18);
	assert_memory_equal(content + 12, "\0\0\0\0\0\0", 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_A6_unsealed_files_are_refused),
	    cmocka_unit_test(test_A14_long_command_line_is_refused),
	    cmocka_unit_test(test_initrds_are_joined_padded_and_sealed),
	    cmocka_unit_test(test_secret_is_joined_sealed_and_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
