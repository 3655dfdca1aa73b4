/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is checked before the kernel is asked to load anything. The loading itself is a machine test. */
#include "base/cleanup.h"
#include "base/memfd.h"
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

static void expect_content(int fd, const char *expected, size_t size)
{
	char content[64] = "";

	assert_int_equal(pread(fd, content, sizeof(content), 0), (ssize_t)size);
	assert_memory_equal(content, expected, size);
}

/* A6: nobody can change it, and no new mapping can be made that could. */
static void expect_sealed(int fd)
{
	CLEANUP_CLOSE int kernel = sealed("kernel");
	struct error error;

	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 1 << 20), -1);
	assert_ptr_equal(mmap(NULL, 18, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	/* sealed well enough for load_kernel: only the kernel's own answer is left */
	assert_int_not_equal(load_kernel(kernel, fd, "", &error), -E_REFUSED);
}

static void test_initrds_are_joined_padded_and_sealed(void **state)
{
	const struct bytes initrds[] = {bytes_from_string("12345"), bytes_from_string("abcd"),
	                                bytes_from_string("12345")};
	CLEANUP(load_initrd_wipe) struct load_initrd initrd = {.fd = -1};
	CLEANUP_CLOSE int kernel = sealed("kernel");
	struct error error;

	(void)state;
	assert_int_equal(load_initrd_join(initrds, ARRAY_SIZE(initrds), 0, &initrd, &error), 0);
	expect_content(initrd.fd, "12345\0\0\0\0\0\0\0abcd\0\0\0\00012345", 25);
	assert_int_equal(load_kernel(kernel, initrd.fd, "", &error), -E_REFUSED); /* something may still follow */
	assert_int_equal(load_initrd_seal(&initrd, &error), 0);
	expect_sealed(initrd.fd);
}

/* DESIGN rule 5: nobody can write, we wiped, and a descriptor that somebody still holds shows zeros. */
static void test_secret_is_joined_sealed_and_wiped(void **state)
{
	const struct bytes one = bytes_from_string("12345"), secret = bytes_from_string("secret");
	CLEANUP(load_initrd_wipe) struct load_initrd initrd = {.fd = -1};
	CLEANUP_CLOSE int copy = -1;
	struct error error;

	(void)state;
	assert_int_equal(load_initrd_join(&one, 1, load_initrd_room(secret), &initrd, &error), 0);
	assert_int_equal(load_initrd_add(&initrd, secret, &error), 0);
	assert_int_equal(load_initrd_seal(&initrd, &error), 0);
	copy = dup(initrd.fd);
	expect_content(copy, "12345\0\0\0\0\0\0\0secret", 18);
	expect_sealed(copy);
	load_initrd_wipe(&initrd);
	assert_int_equal(initrd.fd, -1);
	expect_content(copy, "12345\0\0\0\0\0\0\0\0\0\0\0\0\0", 18);
}

/* An initrd of a snapshot, with room behind it: no copy is made, and what it holds stays when the segments go. */
static void test_segments_behind_a_borrowed_initrd(void **state)
{
	CLEANUP(memfd_room_wipe) struct memfd_room room = {0};
	CLEANUP_CLOSE int fd = unsealed("initrd");
	const char expected[40] = "initrd";
	struct load_initrd initrd = {.fd = -1};
	struct error error;

	(void)state;
	assert_int_equal(memfd_seal_with_room(fd, "initrd", 40, &room, &error), 0);
	load_initrd_borrow(fd, &room, &initrd);
	assert_int_equal(initrd.fd, fd);
	assert_int_equal(load_initrd_add(&initrd, bytes_from_string("event log"), &error), 0);
	assert_int_equal(load_initrd_add(&initrd, bytes_from_string("secret"), &error), 0);
	assert_int_equal(load_initrd_add(&initrd, bytes_from_string("too much of it"), &error), -E_TOO_LARGE);
	assert_int_equal(load_initrd_seal(&initrd, &error), 0);
	load_initrd_wipe(&initrd);
	assert_null(room.map);
	expect_content(fd, expected, sizeof(expected));
	expect_sealed(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_A6_unsealed_files_are_refused),
	    cmocka_unit_test(test_A14_long_command_line_is_refused),
	    cmocka_unit_test(test_initrds_are_joined_padded_and_sealed),
	    cmocka_unit_test(test_secret_is_joined_sealed_and_wiped),
	    cmocka_unit_test(test_segments_behind_a_borrowed_initrd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
