/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Initrds as systems make them: written by cpio and packed by each program that Linux has an answer to. */
#include "base/cleanup.h"
#include "base/file.h"
#include "format/initrd.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define TAB   "root UUID=6e2b4b62 none luks\n"
#define LIMIT ((uint64_t)64 << 20)

static char directory[] = "/tmp/heads-initrd-XXXXXX";

/* Runs a line of shell in the directory; the word PACKER in it becomes packer. */
static void run(const char *script, const char *packer)
{
	const char *place = strstr(script, "PACKER");
	char command[2048];

	if (place)
		(void)snprintf(command, sizeof(command), "cd %s && exec 2>&1 && %.*s%s%s", directory,
		               (int)(place - script), script, packer, place + strlen("PACKER"));
	else
		(void)snprintf(command, sizeof(command), "cd %s && exec 2>&1 && %s", directory, script);
	if (system(command) != 0) /* NOLINT(cert-env33-c,concurrency-mt-unsafe): a command of the test's own */
		fail_msg("%s", command);
}

static void read_result(const char *name, struct buffer *buffer)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(file_read(path, (size_t)64 << 20, buffer, NULL), 0);
}

/* Trees: micro (microcode), debian (initramfs-tools), dracut. */
static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	run("mkdir -p micro/kernel/x86/microcode debian/cryptroot debian/etc debian/bin dracut/etc && "
	    "head -c 10000 /dev/zero >micro/kernel/x86/microcode/GenuineIntel.bin && "
	    "echo 'root UUID=6e2b4b62 none luks' >debian/cryptroot/crypttab && seq 200000 >debian/bin/sh && "
	    "printf 'x y' >dracut/etc/crypttab && ln -s sh debian/bin/ash && for i in micro debian dracut; do "
	    "(cd $i && find . | LC_ALL=C sort | cpio --quiet -o -H newc) >$i.cpio; done",
	    NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	run("rm -rf \"$PWD\"", NULL);
	return 0;
}

static void expect_tab(const struct initrd *initrd, enum initrd_path path, const char *text)
{
	assert_int_equal(initrd->found[path].type, INITRD_FILE);
	assert_true(bytes_equal(buffer_bytes(&initrd->found[path].content), bytes_from_string(text)));
}

static void test_every_compression(void **state)
{
	static const struct {
		enum compression compression;
		const char *command;
	} packers[] = {
	    {COMPRESSION_GZIP, "gzip -9n"},
	    {COMPRESSION_BZIP2, "bzip2 -9"},
	    {COMPRESSION_XZ, "xz --check=crc32"},
	    {COMPRESSION_XZ, "xz -9e --x86 --lzma2"},
	    {COMPRESSION_LZMA, "xz --format=lzma"},
	    {COMPRESSION_ZSTD, "zstd -q -19 -T2"},
	    {COMPRESSION_LZ4, "lz4 -q -9 -l"},
	    {COMPRESSION_LZO, "lzop -9"},
	    {COMPRESSION_LZO, "lzop -1 --no-checksum"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		CLEANUP(buffer_clear) struct buffer bytes = {0};
		CLEANUP(initrd_clear) struct initrd initrd = {0};
		struct error error = {0};

		/* the microcode in front, zeros up to a block, and another archive behind */
		run("(cat micro.cpio; head -c 1536 /dev/zero; PACKER <debian.cpio; head -c 8 /dev/zero) >initrd && "
		    "truncate -s %4 initrd && cat dracut.cpio >>initrd",
		    packers[i].command);
		read_result("initrd", &bytes);
		if (initrd_read(buffer_bytes(&bytes), "initrd", LIMIT, &initrd, &error) < 0)
			fail_msg("%s: %s", packers[i].command, error.sentence);
		assert_int_equal(initrd.segment_count, 3);
		assert_int_equal(initrd.segments[0].offset, 0);
		assert_false(initrd.segments[0].compressed);
		assert_true(initrd.segments[1].compressed);
		assert_int_equal(initrd.segments[1].compression, packers[i].compression);
		assert_int_equal(initrd.segments[1].entries, 7);
		assert_false(initrd.segments[2].compressed);
		expect_tab(&initrd, INITRD_CRYPTROOT_TAB, TAB);
		expect_tab(&initrd, INITRD_ETC_TAB, "x y");
		assert_int_equal(initrd.found[INITRD_ETC].type, INITRD_DIRECTORY);
		assert_int_equal(initrd.found[INITRD_KEY].type, INITRD_ABSENT);
	}
}

/* A damaged or shortened stream is found in every compression. */
static void test_bad_streams(void **state)
{
	static const char *const packers[] = {"gzip",    "bzip2",     "xz",  "xz --format=lzma",
	                                      "zstd -q", "lz4 -q -l", "lzop"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		CLEANUP(buffer_clear) struct buffer bytes = {0};
		CLEANUP(initrd_clear) struct initrd initrd = {0};
		struct error error = {0};
		int r;

		run("PACKER <debian.cpio >initrd", packers[i]);
		read_result("initrd", &bytes);
		r = initrd_read(bytes_slice(buffer_bytes(&bytes), 0, bytes.size * 2 / 3), "initrd", LIMIT, &initrd,
		                &error);
		assert_int_equal(r, -E_MALFORMED);
		assert_non_null(strstr(error.sentence, "ends"));
	}
}

static void read_text(const char *script, struct initrd *initrd, int expected, const char *words)
{
	CLEANUP(buffer_clear) struct buffer bytes = {0};
	struct error error = {0};
	int r;

	run(script, NULL);
	read_result("initrd", &bytes);
	r = initrd_read(buffer_bytes(&bytes), "initrd", LIMIT, initrd, &error);
	if (r != expected || (words && !strstr(error.sentence, words)))
		fail_msg("%s: %d %s", script, r, error.sentence);
}

/* A13: the last archive wins, whatever it makes of a name. */
static void test_a13_later_archives_override(void **state)
{
	(void)state;
	{
		CLEANUP(initrd_clear) struct initrd initrd = {0};

		read_text("rm -rf two && mkdir -p two/etc && echo late >two/etc/crypttab && "
		          "(cd two && find . | cpio --quiet -o -H newc) >two.cpio && "
		          "gzip <dracut.cpio >initrd && truncate -s %4 initrd && gzip <two.cpio >>initrd",
		          &initrd, 0, NULL);
		expect_tab(&initrd, INITRD_ETC_TAB, "late\n");
	}
	{
		CLEANUP(initrd_clear) struct initrd initrd = {0};

		read_text("rm -rf two && mkdir -p two/etc && ln -s /tmp two/cryptroot && ln -s x two/etc/crypttab && "
		          "touch two/secret.key && (cd two && find . | cpio --quiet -o -H newc) >two.cpio && "
		          "cat dracut.cpio two.cpio >initrd",
		          &initrd, 0, NULL);
		assert_int_equal(initrd.found[INITRD_ETC_TAB].type, INITRD_OTHER);
		assert_int_equal(initrd.found[INITRD_CRYPTROOT].type, INITRD_OTHER);
		assert_int_equal(initrd.found[INITRD_KEY].type, INITRD_FILE);
	}
}

/* A13: two ways to write one name are one name, and none leads upwards. */
static void test_a13_names(void **state)
{
	{
		CLEANUP(initrd_clear) struct initrd initrd = {0};

		(void)state;
		read_text(
		    "(cd dracut && echo etc/.//crypttab | cpio --quiet -o -H newc) >initrd && grep -q etc/.//cr initrd",
		    &initrd, 0, NULL);
		expect_tab(&initrd, INITRD_ETC_TAB, "x y");
	}
	{
		CLEANUP(initrd_clear) struct initrd initrd = {0};

		read_text("sed 's:etc/crypttab:../_crypttab:' dracut.cpio >initrd", &initrd, -E_MALFORMED,
		          "leads upwards");
	}
}

static void test_bad_initrds(void **state)
{
	static const struct {
		const char *script, *words;
		int r;
	} bad[] = {
	    {"printf 'MZ is no initrd' >initrd", "Linux does not know", -E_UNSUPPORTED},
	    {"head -c 500 micro.cpio >initrd", "ends in the middle", -E_MALFORMED},
	    {"(cat dracut.cpio; printf 0) >initrd", "ends in the middle", -E_MALFORMED},
	    {"(head -c 110 dracut.cpio | tr 0 x) >initrd; printf 070707 | cat - micro.cpio >initrd", "no newc header",
	     -E_MALFORMED},
	    {"(for i in $(seq 65); do gzip <dracut.cpio; done) >initrd", "more than 64 parts", -E_TOO_LARGE},
	    {"mkdir -p huge && head -c 80000000 /dev/zero >huge/x && (cd huge && find . | cpio --quiet -o -H newc) | "
	     "gzip -1 >initrd",
	     "more than 64 MiB", -E_TOO_LARGE},
	    {"mkdir -p big/etc && head -c 70000 /dev/zero >big/etc/crypttab && "
	     "(cd big && find . | cpio --quiet -o -H newc) >initrd",
	     "70000 bytes", -E_TOO_LARGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(initrd_clear) struct initrd initrd = {0};

		read_text(bad[i].script, &initrd, bad[i].r, bad[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_compression),
	    cmocka_unit_test(test_bad_streams),
	    cmocka_unit_test(test_a13_later_archives_override),
	    cmocka_unit_test(test_a13_names),
	    cmocka_unit_test(test_bad_initrds),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
