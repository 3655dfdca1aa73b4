/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Initrds as dracut and initramfs-tools make them, in each compression that they know: the key's segment overrides
 * their crypttab. */
#include "base/cleanup.h"
#include "base/file.h"
#include "boot/key_segment.h"
#include "integration/shell.h"
#include "unit/cmocka_all.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define UUID  "6e2b4b62-0b0a-4c1e-9d5e-0a4f0c3d0b0a"
#define LIMIT ((size_t)64 << 20)

/* The crypttab of a dom0 of Qubes, and that of a Debian. */
#define DOM0_BEFORE   "luks-" UUID " UUID=" UUID " none discard\n"
#define DOM0_AFTER    "luks-" UUID " UUID=" UUID " /secret.key discard\n"
#define DEBIAN_BEFORE "root UUID=" UUID " none luks,discard,initramfs\n"
#define DEBIAN_AFTER  "root UUID=" UUID " /secret.key luks,discard,initramfs\n"

#define DRACUT                                                                                \
	"dracut --quiet --force --no-kernel --no-hostonly --nostrip --kver 0 --modules bash " \
	"--tmpdir $PWD --include $PWD/dom0 /etc/crypttab --compress=%s initrd"

/* mkinitramfs from a configuration of the test's own; -l 1 saves time. It takes the compressions that
 * /boot/config-VERSION of the running system says the kernel knows, and the hooks of the packages that are installed;
 * there may be no kernel here, and the hooks want the devices of the workstation: in the copy of the script both are
 * taken away. The hook here does what those of cryptsetup-initramfs and intel-microcode do. */
#define MKINITRAMFS "TMPDIR=$PWD sh ./mkinitramfs -d $PWD/conf -l 1 -c %s -o initrd 0"
#define MKINITRAMFS_SET_UP                                                                                             \
	"mkdir -p conf/hooks conf/conf.d conf/scripts early/kernel/x86/microcode && "                                  \
	"sed \"s#/boot/config-\\${version}#$PWD/kernel-config#; \\#^run_scripts /usr/share#d\" /usr/sbin/mkinitramfs " \
	">mkinitramfs && "                                                                                             \
	"printf 'CONFIG_RD_%%s=y\n' GZIP BZIP2 LZMA XZ LZO LZ4 ZSTD >kernel-config && "                                \
	"printf '%%s\n' MODULES=list BUSYBOX=n COMPRESS=gzip KEYMAP=n FSTYPE=auto RESUME=none UMASK=0077 "             \
	">conf/initramfs.conf && "                                                                                     \
	"head -c 10000 /dev/zero >early/kernel/x86/microcode/GenuineIntel.bin && "                                     \
	"(cd early && find . | cpio --quiet -o -H newc) >early.cpio && "                                               \
	"printf '%%s\n' '#!/bin/sh' '[ \"$1\" = prereqs ] && exit' "                                                   \
	"'. /usr/share/initramfs-tools/hook-functions' 'mkdir \"$DESTDIR/cryptroot\"' "                                \
	"'cp debian \"$DESTDIR/cryptroot/crypttab\"' 'prepend_earlyinitramfs \"$PWD/early.cpio\"' "                    \
	">conf/hooks/heads && chmod +x conf/hooks/heads"
/* After that for gzip: its main archive as it was before it was packed. mkinitramfs always packs it; dracut leaves it
 * to cat. */
#define UNPACK \
	"{ cat early.cpio && tail -c +$(($(stat -c %%s early.cpio) + 1)) initrd | gzip -d; } >raw && mv raw initrd"

static char directory[] = "/tmp/heads-initrds-XXXXXX";

#define run(...)                                                                                 \
	do {                                                                                     \
		if (shell_run(directory, __VA_ARGS__) != 0)                                      \
			fail_msg("%s:%d has failed: see %s/log", __FILE__, __LINE__, directory); \
	} while (0)

static void read_file(const char *name, struct buffer *content)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(file_read(path, LIMIT, content, NULL), 0);
}

static int make_directory(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	run("printf %%s '%s' >dom0", DOM0_BEFORE);
	run("printf %%s '%s' >debian", DEBIAN_BEFORE);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	run("rm -rf \"$PWD\"");
	return 0;
}

/* The key's segment for the initrd, as it lies in a snapshot of /boot: the crypttab in this place, and no other one. */
static void expect_override(const char *what, struct bytes initrd, enum initrd_path place, const char *after)
{
	static const struct crypttab_disk disk = {.uuid = UUID};
	CLEANUP(key_segment_plan_clear) struct key_segment_plan plan = {0};
	struct error error = {0};
	int r;

	r = key_segment_plan(&initrd, 1, &disk, 1, 64, &plan, &error);
	if (r < 0)
		print_error("%s: %s\n", what, error.sentence);
	assert_int_equal(r, 0);
	assert_true(plan.found[0]);
	for (enum initrd_path path = 0; path < INITRD_PATHS; path++)
		assert_int_equal(plan.used[path], path == place);
	assert_string_equal(buffer_string(&plan.content[place]), after);
}

/* Both take gzip, in silence, where they cannot have the program that they are told: what is there is looked at. */
static const struct compression_program {
	const char *name, *starts;
} programs[] = {
    {"bzip2", "BZh"},
    {"lzma", "\x5d"},
    {"xz", "\3757zXZ"},
    {"lzop", "\x89LZO"},
    {"lz4", "\x02\x21\x4c\x18"},
    {"zstd", "\x28\xb5\x2f\xfd"},
    {"gzip", "\x1f\x8b"},
    {"cat", "070701"},
};

static void expect_packed(const struct compression_program *program, struct bytes archive)
{
	if (!bytes_start_with(archive, program->starts))
		fail_msg("the initrd is not packed with %s", program->name);
}

static void test_every_compression_of_dracut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		CLEANUP(buffer_clear) struct buffer initrd = {0};

		run(DRACUT, programs[i].name);
		read_file("initrd", &initrd);
		expect_packed(&programs[i], buffer_bytes(&initrd));
		expect_override(programs[i].name, buffer_bytes(&initrd), INITRD_ETC_TAB, DOM0_AFTER);
	}
}

/* Behind the microcode, which is not packed. */
static void test_every_compression_of_initramfs_tools(void **state)
{
	CLEANUP(buffer_clear) struct buffer early = {0};

	(void)state;
	run(MKINITRAMFS_SET_UP);
	read_file("early.cpio", &early);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		CLEANUP(buffer_clear) struct buffer initrd = {0};

		if (strcmp(programs[i].name, "cat") != 0)
			run(MKINITRAMFS, programs[i].name);
		else
			run(UNPACK);
		read_file("initrd", &initrd);
		assert_true(initrd.size > early.size && memcmp(initrd.data, early.data, early.size) == 0);
		expect_packed(&programs[i], bytes_slice(buffer_bytes(&initrd), early.size, SIZE_MAX));
		expect_override(programs[i].name, buffer_bytes(&initrd), INITRD_CRYPTROOT_TAB, DEBIAN_AFTER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_compression_of_dracut),
	    cmocka_unit_test(test_every_compression_of_initramfs_tools),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
