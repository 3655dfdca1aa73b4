/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The package database of the OS: its lists, and the words of `boot verify` that come from it. */
#include "boot/packages.h"
#include "format/dpkg.h"
#include "unit/boot_fixture.h"

static void test_names_of_lists(void **state)
{
	static const char *const others[] = {"a.list",     ".list",    "linux.md5sums", "list",
	                                     "UPPER.list", "a b.list", ":i386.list",    "lib\x1b[2J.list"};
	char package[DPKG_MAX_NAME], name[200];

	(void)state;
	assert_true(dpkg_list_package("linux-image-6.1.0-56-amd64.list", package));
	assert_string_equal(package, "linux-image-6.1.0-56-amd64");
	assert_true(dpkg_list_package("libstdc++6:amd64.list", package));
	assert_string_equal(package, "libstdc++6");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(dpkg_list_package(others[i], package));
	(void)snprintf(name, sizeof(name), "%0*d.list", DPKG_MAX_NAME, 0);
	assert_false(dpkg_list_package(name, package));
}

static void test_paths_of_a_list(void **state)
{
	struct bytes rest = bytes_from_string("/.\n/boot\n\n/boot/../etc\nboot/x\n//\n/boot/vmlinuz"), path;

	(void)state;
	assert_true(dpkg_list_next(&rest, &path));
	assert_true(bytes_equal(path, bytes_from_string("boot")));
	assert_true(dpkg_list_next(&rest, &path));
	assert_true(bytes_equal(path, bytes_from_string("boot/vmlinuz")));
	assert_false(dpkg_list_next(&rest, &path));
}

/* The package of each finding, where the directory is the root or its /boot. */
static void assert_packages(const char *directory, const char *prefix, bool known)
{
	CLEANUP_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct verify_result result = {.finding_count = 3};
	static const char *const names[] = {"grub/new", "initrd.img", "vmlinuz"};

	result.findings = calloc(3, sizeof(*result.findings));
	assert_non_null(result.findings);
	for (size_t i = 0; i < 3; i++)
		assert_true(asprintf(&result.findings[i].path, "%s%s", prefix, names[i]) > 0);
	assert_int_equal(packages_name(fd, &result), 0);
	assert_int_equal(result.packages_known, known);
	assert_null(result.findings[0].package);
	assert_null(result.findings[1].package);
	if (known)
		assert_string_equal(result.findings[2].package, "linux-image");
	else
		assert_null(result.findings[2].package);
	verify_result_clear(&result);
}

static void test_findings_are_looked_up(void **state)
{
	(void)state;
	assert_int_equal(
	    shell("set -e; mkdir -p %s/root/boot %s/root/other %s/root/var/lib/dpkg/info\n"
	          "cd %s/root/var/lib/dpkg/info; printf '/.\\n/boot\\n/boot/vmlinuz\\n' > linux-image:amd64.list\n"
	          "echo /boot/initrd.img > note.txt; ln -s note.txt link.list; mkfifo pipe.list; mkdir dir.list",
	          fixture_root, fixture_root, fixture_root, fixture_root),
	    0);
	assert_packages(at("root"), "boot/", true);
	assert_packages(at("root/boot"), "", true);
	assert_packages(at("root/other"), "", false);
}

static void test_boot_verify_names_them(void **state)
{
	(void)state;
	assert_int_equal(
	    shell("cd %s && echo kernel > root/boot/vmlinuz && " TEST_HEADS
	          " -q boot sign --gnupghome gnupg --key owner@example.org root/boot && echo other > root/boot/vmlinuz",
	          fixture_root),
	    0);
	assert_int_equal(
	    shell("cd %s && " TEST_HEADS " --json boot verify --keyring owner.gpg root/boot > out", fixture_root), 1);
	assert_int_equal(
	    shell("grep -F '\"paths\":[\"/vmlinuz\"],\"packages\":[\"linux-image\"]' %s/out", fixture_root), 0);
	assert_int_equal(shell("grep -F '(package linux-image)' %s/out", fixture_root), 0);
	assert_int_equal(shell("rm -r %s/root/var", fixture_root), 0);
	assert_int_equal(
	    shell("cd %s && " TEST_HEADS " --json boot verify --keyring owner.gpg root/boot > out", fixture_root), 1);
	assert_int_equal(shell("grep -F '\"paths\":[\"/vmlinuz\"],\"packages\":null' %s/out", fixture_root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names_of_lists),
	    cmocka_unit_test(test_paths_of_a_list),
	    cmocka_unit_test(test_findings_are_looked_up),
	    cmocka_unit_test(test_boot_verify_names_them),
	};
	int status;

	fixture_start();
	make_keys();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	end_keys();
	fixture_end();
	return status;
}
