/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The findings after an update, in the groups that the owner is shown. */
#include "base/cleanup.h"
#include "boot/changes.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "+path" added, "-path" removed, "~path" changed; sorted by path as a verification gives them. The result borrows. */
static void read_findings(const char *const *lines, struct verify_finding *findings, struct verify_result *result)
{
	size_t count = 0;

	for (; lines[count]; count++) {
		char sign = lines[count][0];

		findings[count] = (struct verify_finding){.kind = sign == '+'   ? VERIFY_ADDED
		                                                  : sign == '-' ? VERIFY_REMOVED
		                                                                : VERIFY_CHANGED,
		                                          .path = (char *)(uintptr_t)lines[count] + 1};
	}
	*result = (struct verify_result){.findings = findings, .finding_count = count};
}

/* The groups as "kind|sentence|count" lines. */
static void assert_groups(const char *const *lines, const struct entry_list *entries, const char *wanted)
{
	CLEANUP(changes_clear) struct changes changes = {0};
	struct verify_finding findings[32];
	struct verify_result result;
	char text[2048] = "";
	size_t total = 0;

	read_findings(lines, findings, &result);
	assert_int_equal(changes_group(&result, entries, &changes), 0);
	for (size_t i = 0; i < changes.count; i++) {
		size_t used = strlen(text);

		total += changes.groups[i].count;
		(void)snprintf(text + used, sizeof(text) - used, "%s|%s|%zu\n",
		               change_kind_name(changes.groups[i].kind), changes.groups[i].sentence,
		               changes.groups[i].count);
	}
	assert_string_equal(text, wanted);
	assert_int_equal(total, result.finding_count); /* none is left out, none told twice */
}

static void test_a_kernel_update(void **state)
{
	static const char *const lines[] = {"+System.map-6.1.0-56-amd64",
	                                    "-System.map-6.1.0-55-amd64",
	                                    "+config-6.1.0-56-amd64",
	                                    "-config-6.1.0-55-amd64",
	                                    "~grub/grub.cfg",
	                                    "+initrd.img-6.1.0-56-amd64",
	                                    "-initrd.img-6.1.0-55-amd64",
	                                    "+vmlinuz-6.1.0-56-amd64",
	                                    "-vmlinuz-6.1.0-55-amd64",
	                                    NULL};

	(void)state;
	assert_groups(lines, NULL,
	              "kernel-update|kernel 6.1.0-55-amd64 -> 6.1.0-56-amd64|8\n"
	              "configuration|the boot configuration was written anew|1\n");
}

static void test_a_new_kernel_beside_the_old(void **state)
{
	static const char *const lines[] = {"~boot/grub/grub.cfg", "+boot/initrd.img-6.1.0-56-amd64",
	                                    "+boot/vmlinuz-6.1.0-56-amd64", NULL};

	(void)state;
	assert_groups(lines, NULL,
	              "kernel-added|new kernel 6.1.0-56-amd64|2\n"
	              "configuration|the boot configuration was written anew|1\n");
}

static void test_versions_are_paired_by_flavour_and_order(void **state)
{
	static const char *const lines[] = {"+vmlinuz-6.1.0-56-amd64", "+vmlinuz-6.1.0-56-rt",
	                                    "-vmlinuz-6.1.0-54-amd64", "-vmlinuz-6.1.0-9-amd64",
	                                    "-vmlinuz-6.1.0-55-rt",    NULL};

	(void)state;
	assert_groups(lines, NULL,
	              "kernel-update|kernel 6.1.0-54-amd64 -> 6.1.0-56-amd64|2\n"
	              "kernel-update|kernel 6.1.0-55-rt -> 6.1.0-56-rt|2\n"
	              "kernel-removed|removed kernel 6.1.0-9-amd64|1\n");
}

static void test_an_initrd_built_anew_and_a_kernel_replaced(void **state)
{
	static const char *const lines[] = {"~initramfs-6.6.8-200.fc39.x86_64.img", "~initrd.img-6.1.0-55-amd64",
	                                    "~vmlinuz-6.1.0-55-amd64", NULL};

	(void)state;
	assert_groups(lines, NULL,
	              "initrd|the initrd of kernel 6.6.8-200.fc39.x86_64 was built anew|1\n"
	              "kernel|kernel 6.1.0-55-amd64 is another one under the same name|2\n");
}

static void test_what_no_entry_uses(void **state)
{
	char kernel[] = "/custom-kernel", id[] = "grub:0";
	struct entry entry = {.id = id, .kernel = kernel};
	const struct entry_list entries = {&entry, 1};
	static const char *const lines[] = {
	    "~EFI/debian/grub.cfg", "~EFI/debian/shimx64.efi", "~config-6.1.0-55-amd64", "~custom-kernel",
	    "+evil\x1b[2J",         "~grub/fonts/unicode.pf2", "~loader/entries/a.conf", NULL};

	(void)state;
	assert_groups(lines, &entries,
	              "configuration|the boot configuration was written anew|2\n"
	              "boot-loader|files of the boot loader|2\n"
	              "entry-file|files that a boot entry starts|1\n"
	              "unknown|files that no boot entry uses|2\n");
	assert_groups(lines, NULL,
	              "configuration|the boot configuration was written anew|2\n"
	              "boot-loader|files of the boot loader|2\n"
	              "unknown|other files|3\n");
}

static void test_packages_are_named_once(void **state)
{
	char kernel[] = "linux-image-6.1", loader[] = "grub-efi";
	struct verify_finding findings[] = {
	    {.kind = VERIFY_CHANGED, .path = (char *)(uintptr_t) "System.map-6.1", .package = kernel},
	    {.kind = VERIFY_CHANGED, .path = (char *)(uintptr_t) "grub/a.mod", .package = loader},
	    {.kind = VERIFY_CHANGED, .path = (char *)(uintptr_t) "vmlinuz-6.1", .package = kernel},
	    {.kind = VERIFY_ADDED, .path = (char *)(uintptr_t) "x"},
	};
	const struct verify_result result = {.findings = findings, .finding_count = 4};
	CLEANUP(changes_clear) struct changes changes = {0};

	(void)state;
	assert_int_equal(changes_group(&result, NULL, &changes), 0);
	assert_int_equal(changes.count, 3);
	assert_string_equal(changes.groups[0].sentence,
	                    "kernel 6.1 is another one under the same name (package linux-image-6.1)");
	assert_string_equal(changes.groups[1].sentence, "files of the boot loader (package grub-efi)");
	assert_int_equal(changes.groups[2].package_count, 0);
	assert_string_equal(changes.groups[2].sentence, "other files");
}

static void test_versions_are_escaped(void **state)
{
	static const char *const lines[] = {"+vmlinuz-6\x1b[2J", NULL};

	(void)state;
	assert_groups(lines, NULL, "kernel-added|new kernel 6\\x1b[2J|1\n");
}

static void test_nothing(void **state)
{
	static const char *const lines[] = {NULL};

	(void)state;
	assert_groups(lines, NULL, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_kernel_update),
	    cmocka_unit_test(test_a_new_kernel_beside_the_old),
	    cmocka_unit_test(test_versions_are_paired_by_flavour_and_order),
	    cmocka_unit_test(test_an_initrd_built_anew_and_a_kernel_replaced),
	    cmocka_unit_test(test_what_no_entry_uses),
	    cmocka_unit_test(test_packages_are_named_once),
	    cmocka_unit_test(test_versions_are_escaped),
	    cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
