/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Initrds as dracut makes them, in each compression that it knows, with the crypttab of a dom0 of Qubes: the key's
 * segment overrides that crypttab. */
#include "base/cleanup.h"
#include "base/file.h"
#include "boot/key_segment.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define UUID   "6e2b4b62-0b0a-4c1e-9d5e-0a4f0c3d0b0a"
#define BEFORE "luks-" UUID " UUID=" UUID " none discard\n"
#define AFTER  "luks-" UUID " UUID=" UUID " /secret.key discard\n"
#define LIMIT  ((size_t)64 << 20)
#define COMMAND                                                                                           \
	"dracut --quiet --force --no-kernel --no-hostonly --nostrip --kver 0 --modules bash --tmpdir %s " \
	"--include %s/crypttab /etc/crypttab %s %s/initrd >%s/log 2>&1"

static char directory[] = "/tmp/heads-dracut-XXXXXX";

static int make_directory(void **state)
{
	char path[64];
	CLEANUP_CLOSE int fd = -1;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/crypttab", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, path, bytes_from_string(BEFORE), NULL), 0);
	return 0;
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"crypttab", "initrd", "log"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
	return rmdir(directory);
}

/* A sealed memory file with the initrd, as a snapshot of /boot has it. */
static int build(const char *compression)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	char command[512], path[64];
	int fd;

	(void)snprintf(command, sizeof(command), COMMAND, directory, directory, compression, directory, directory);
	if (system(command) != 0) /* NOLINT(cert-env33-c): the test's own words */
		fail_msg("dracut %s has failed: see %s/log", compression, directory);
	(void)snprintf(path, sizeof(path), "%s/initrd", directory);
	assert_int_equal(file_read(path, LIMIT, &content, NULL), 0);
	assert_int_equal(bytes_start_with(buffer_bytes(&content), "070701"), strcmp(compression, "--no-compress") == 0);
	fd = memfd_sealed("initrd", buffer_bytes(&content), NULL);
	assert_true(fd >= 0);
	return fd;
}

static void test_every_compression_of_dracut(void **state)
{
	static const char *const compressions[] = {"--no-compress",   "--compress=gzip", "--compress=bzip2",
	                                           "--compress=lzma", "--compress=xz",   "--compress=lzo",
	                                           "--compress=lz4",  "--compress=zstd"};
	static const struct crypttab_disk disk = {.uuid = UUID};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(compressions); i++) {
		CLEANUP_CLOSE int initrd = build(compressions[i]);
		CLEANUP(key_segment_plan_clear) struct key_segment_plan plan = {0};
		struct error error = {0};
		int r = key_segment_plan(&initrd, 1, &disk, 1, 64, &plan, &error);

		if (r < 0)
			print_error("%s: %s\n", compressions[i], error.sentence);
		assert_int_equal(r, 0);
		assert_true(plan.found[0] && plan.used[INITRD_ETC_TAB] && !plan.used[INITRD_CRYPTROOT_TAB]);
		assert_string_equal(buffer_string(&plan.content[INITRD_ETC_TAB]), AFTER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_every_compression_of_dracut, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
