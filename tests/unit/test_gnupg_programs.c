/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GnuPG's programs in the ROM are unpacked when they are asked for, whole and once. */
#include "dongle/gnupg_programs.h"
#include "format/ustar.h"
#include "unit/boot_fixture.h"
#include "unit/cmocka_all.h"
#include <zstd.h>

static void make_archive(struct buffer *archive)
{
	assert_int_equal(ustar_add(archive, "gpg-agent", bytes_from_string("the agent"), NULL), 0);
	assert_int_equal(ustar_add(archive, "gpg", bytes_from_string("gpg itself"), NULL), 0);
	assert_int_equal(ustar_end(archive, NULL), 0);
}

/* Into at(name)/gnupg.tar.zst, without its last bytes. */
static void pack(const char *name, const struct buffer *archive, size_t missing)
{
	size_t room = ZSTD_compressBound(archive->size);
	CLEANUP_FREE uint8_t *packed = malloc(room);
	size_t size = ZSTD_compress(packed, room, archive->data, archive->size, 3);

	assert_false(ZSTD_isError(size));
	make_directory(at("%s", name));
	write_bytes(at("%s/%s", name, GNUPG_ARCHIVE), bytes_make(packed, size - missing));
}

static void assert_program(const char *path, const char *content)
{
	CLEANUP(buffer_clear) struct buffer found = {0};
	struct stat status;

	read_text(path, &found);
	assert_string_equal(buffer_string(&found), content);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0111, 0111);
}

static void test_unpacked_once(void **state)
{
	CLEANUP(buffer_clear) struct buffer archive = {0};
	struct error error = {0};

	(void)state;
	make_archive(&archive);
	pack("bin", &archive, 0);
	assert_int_equal(gnupg_programs_unpack(at("bin"), &error), 0);
	assert_program(at("bin/gpg-agent"), "the agent");
	assert_program(at("bin/gpg"), "gpg itself");
	assert_int_equal(access(at("bin/%s", GNUPG_ARCHIVE), F_OK), -1);
	/* a second time there is nothing to do, and nothing is done */
	write_text(at("bin/gpg"), "another one");
	assert_int_equal(gnupg_programs_unpack(at("bin"), &error), 0);
	assert_program(at("bin/gpg"), "another one");
}

static void test_a_workstation_has_no_archive(void **state)
{
	struct error error = {0};

	(void)state;
	make_directory(at("empty"));
	assert_int_equal(gnupg_programs_unpack(at("empty"), &error), 0);
	assert_int_equal(gnupg_programs_unpack(at("missing"), &error), 0);
	assert_int_equal(access(at("empty/gpg"), F_OK), -1);
}

static void test_damaged_archive(void **state)
{
	CLEANUP(buffer_clear) struct buffer archive = {0};
	struct error error = {0};

	(void)state;
	make_archive(&archive);
	pack("short", &archive, 5);
	assert_int_equal(gnupg_programs_unpack(at("short"), &error), -E_MALFORMED);
	assert_int_equal(access(at("short/gpg"), F_OK), -1);
	archive.data[10] ^= 1; /* the name of the first program: the header's sum is wrong */
	pack("flipped", &archive, 0);
	assert_int_equal(gnupg_programs_unpack(at("flipped"), &error), -E_MALFORMED);
	assert_int_equal(access(at("flipped/gpg"), F_OK), -1);
	assert_int_equal(access(at("flipped/%s", GNUPG_ARCHIVE), F_OK), 0);
}

static void test_too_large_archive(void **state)
{
	static uint8_t zeros[17 << 20];
	CLEANUP(buffer_clear) struct buffer archive = {0};
	struct error error = {0};

	(void)state;
	assert_int_equal(ustar_add(&archive, "gpg", bytes_make(zeros, sizeof(zeros)), NULL), 0);
	assert_int_equal(ustar_end(&archive, NULL), 0);
	pack("large", &archive, 0);
	assert_int_equal(gnupg_programs_unpack(at("large"), &error), -E_TOO_LARGE);
	assert_int_equal(access(at("large/gpg"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unpacked_once),
	    cmocka_unit_test(test_a_workstation_has_no_archive),
	    cmocka_unit_test(test_damaged_archive),
	    cmocka_unit_test(test_too_large_archive),
	};
	int failed;

	fixture_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_end();
	return failed;
}
