/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a directory to the door of the kernel, which is locked here: kexec_file_load is not allowed to us. */
#include "boot/system.h"
#include "unit/boot_fixture.h"
#include <linux/capability.h>
#include <sys/syscall.h>

#define SETUP_SIZE  512
#define KERNEL_SIZE 1024

/* What a bzImage of protocol 2.15 has to have. */
static void write_kernel(const char *path)
{
	static uint8_t image[2 * SETUP_SIZE + KERNEL_SIZE];

	image[0x1f1] = 1;
	image[0x1f4] = KERNEL_SIZE / 16;
	memcpy(image + 0x1fe, "\x55\xaa", 2);
	memcpy(image + 0x202, "HdrS\x0f\x02", 6);
	image[0x211] = 1;
	image[0x234] = 1;
	image[0x236] = 3;
	image[0x239] = 8;
	image[0x262] = 1;
	write_bytes(path, bytes_make(image, sizeof(image)));
}

static void give_up_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	assert_int_equal(syscall(SYS_capset, &header, none), 0);
}

/* An entry's only initrd is loaded from where it was read to. What a boot that failed put behind it is gone, and the
 * next try, which has no room there any more, loads the same bytes from a copy. */
static void test_a_boot_that_failed_is_tried_again(void **state)
{
	CLEANUP(boot_system_clear) struct boot_system boot = {0};
	const struct boot_wishes wishes = {0};
	const struct snapshot_entry *initrd;
	struct error error = {0};

	(void)state;
	make_directory(at("boot"));
	make_directory(at("boot/grub"));
	write_kernel(at("boot/vmlinuz"));
	write_text(at("boot/initrd"), "the initrd");
	write_text(at("boot/grub/grub.cfg"), "menuentry 'One' {\nlinux /vmlinuz quiet\ninitrd /initrd\n}\n");
	assert_int_equal(boot_system_read_directory(&boot, at("boot"), BYTES_EMPTY, NULL, NULL), 0);
	assert_int_equal(boot_system_judge(&boot, NULL), 0);
	assert_int_equal(boot_system_force(&boot, NULL, &error), 0);
	assert_int_equal(boot.entries.count, 1);
	initrd = snapshot_find(boot.snapshot, "initrd");
	give_up_privileges();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(boot_system_load(&boot, &boot.entries.entries[0], NULL, &wishes, &error), -E_SYSTEM);
		assert_non_null(strstr(error.sentence, "the kernel cannot be loaded"));
		assert_non_null(initrd->room);
		assert_null(snapshot_room(initrd));
		assert_int_equal(boot.trust.state, TRUST_FORCED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_boot_that_failed_is_tried_again),
	};
	int status;

	fixture_start();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_end();
	return status;
}
