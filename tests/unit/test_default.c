/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's default entry: saved in the original's files, signed, and found again or not. */
#include "boot/catalogue_snapshot.h"
#include "boot/default.h"
#include "boot/verify.h"
#include "command/nouns.h"
#include "unit/boot_fixture.h"

static char home[100];

/* Entries as `title kernel initrd cmdline`, added to a list. */
static void add_entry(struct entry_list *list, const char *title, const char *kernel, const char *initrd,
                      const char *cmdline)
{
	struct entry *entry = entry_list_add(list);
	char id[16];

	(void)snprintf(id, sizeof(id), "grub:%zu", list->count - 1);
	entry->id = strdup(id);
	entry->title = strdup(title);
	entry->kernel = strdup(kernel);
	entry->cmdline = strdup(cmdline);
	entry->initrds = calloc(1, sizeof(*entry->initrds));
	entry->initrds[0] = strdup(initrd);
	entry->initrd_count = 1;
	entry->source = strdup("grub/grub.cfg");
}

static void add_version(struct entry_list *list, const char *title, const char *version, const char *cmdline)
{
	char full[128], kernel[64], initrd[64];

	(void)snprintf(full, sizeof(full), "%s%s", title, strstr(title, "Linux ") ? version : "");
	(void)snprintf(kernel, sizeof(kernel), "/vmlinuz-%s", version);
	(void)snprintf(initrd, sizeof(initrd), "/initrd.img-%s", version);
	add_entry(list, full, kernel, initrd, cmdline);
}

static void test_line_is_the_originals(void **state)
{
	CLEANUP(entry_list_clear) struct entry_list list = {0};
	CLEANUP(buffer_clear) struct buffer line = {0};

	(void)state;
	add_entry(&list, "Debian | GNU/Linux", "/vmlinuz-6.1", "/initrd.img-6.1", "root=/dev/sda2 ro quiet");
	assert_int_equal(default_entry_append(&line, &list.entries[0], NULL), 0);
	assert_string_equal(buffer_string(&line), "Debian  GNU/Linux|elf|kernel /vmlinuz-6.1|initrd /initrd.img-6.1|"
	                                          "append root=/dev/sda2 ro quiet\n");
	free(list.entries[0].cmdline);
	list.entries[0].cmdline = strdup("a|b");
	assert_int_equal(default_entry_append(&line, &list.entries[0], NULL), -E_UNSUPPORTED);
	list.entries[0].kind = ENTRY_CHAINLOAD;
	assert_int_equal(default_entry_append(&line, &list.entries[0], NULL), -E_UNSUPPORTED);
}

static void test_xen_line(void **state)
{
	CLEANUP(entry_list_clear) struct entry_list list = {0};
	CLEANUP(buffer_clear) struct buffer line = {0};
	struct entry *entry = entry_list_add(&list);

	(void)state;
	entry->id = strdup("grub:0");
	entry->title = strdup("Qubes");
	entry->kind = ENTRY_XEN;
	entry->kernel = strdup("/xen.gz");
	entry->cmdline = strdup("console=none");
	entry->modules = calloc(2, sizeof(*entry->modules));
	entry->modules[0] = (struct entry_module){strdup("/vmlinuz"), strdup("root=/dev/x ro")};
	entry->modules[1] = (struct entry_module){strdup("/initramfs"), strdup("")};
	entry->module_count = 2;
	assert_int_equal(default_entry_append(&line, entry, NULL), 0);
	assert_string_equal(buffer_string(&line),
	                    "Qubes|xen|kernel /xen.gz console=none|module /vmlinuz root=/dev/x ro|module /initramfs\n");
}

static void test_numbers_in_names(void **state)
{
	(void)state;
	assert_int_equal(default_entry_number("kexec_default.1.txt"), 1);
	assert_int_equal(default_entry_number("kexec_default.9999.txt"), 9999);
	assert_int_equal(default_entry_number("kexec_default.10000.txt"), 0);
	assert_int_equal(default_entry_number("kexec_default.01.txt"), 0);
	assert_int_equal(default_entry_number("kexec_default..txt"), 0);
	assert_int_equal(default_entry_number("kexec_default.1.txt.new"), 0);
	assert_int_equal(default_entry_number("kexec_default_hashes.txt"), 0);
}

static struct default_found find(const char *line, unsigned number, const struct entry_list *list)
{
	struct default_found found;
	struct error error;

	if (default_entry_find(bytes_from_string(line), number, list, &found, &error) < 0)
		fail_msg("%s", error.sentence);
	return found;
}

static const char saved[] = "Debian, with Linux 6.1.0-55|elf|kernel /vmlinuz-6.1.0-55|initrd /initrd.img-6.1.0-55|"
                            "append root=/dev/sda2  ro\n"; /* the original keeps what grub.cfg had between words */

static void test_found_again(void **state)
{
	CLEANUP(entry_list_clear) struct entry_list list = {0};
	struct default_found found;

	(void)state;
	add_version(&list, "Debian, with Linux ", "6.1.0-54", "root=/dev/sda2 ro");
	add_version(&list, "Debian, with Linux ", "6.1.0-55", "root=/dev/sda2 ro");
	found = find(saved, 2, &list);
	assert_int_equal(found.match, DEFAULT_SAME);
	assert_int_equal(found.index, 1);
	assert_false(found.has_newer);
	/* Moved by one that came before it. */
	found = find(saved, 1, &list);
	assert_int_equal(found.match, DEFAULT_SAME);
	assert_int_equal(found.index, 1);
	/* Of two that are equal the one at its place. */
	add_version(&list, "Debian, with Linux ", "6.1.0-55", "root=/dev/sda2 ro");
	assert_int_equal(find(saved, 3, &list).index, 2);
	assert_int_equal(find(saved, 2, &list).index, 1);
}

static void test_changed_or_vanished_is_never_another(void **state)
{
	CLEANUP(entry_list_clear) struct entry_list list = {0};

	(void)state;
	add_version(&list, "Debian, with Linux ", "6.1.0-55", "root=/dev/sda2 ro init=/bin/sh");
	assert_int_equal(find(saved, 1, &list).match, DEFAULT_CHANGED);
	assert_false(find(saved, 1, &list).has_newer);
	entry_list_clear(&list);
	add_version(&list, "Debian, with Linux ", "6.1.0-54", "root=/dev/sda2 ro");
	assert_int_equal(find(saved, 1, &list).match, DEFAULT_VANISHED);
	assert_false(find(saved, 1, &list).has_newer);
	assert_string_equal(find(saved, 1, &list).title, "Debian, with Linux 6.1.0-55");
	entry_list_clear(&list);
	assert_int_equal(find(saved, 1, &list).match, DEFAULT_VANISHED);
}

static void test_newer_version_is_offered(void **state)
{
	CLEANUP(entry_list_clear) struct entry_list list = {0};
	struct default_found found;

	(void)state;
	add_version(&list, "Debian, with Linux ", "6.1.0-9", "root=/dev/sda2 ro");
	add_version(&list, "Debian, with Linux ", "6.1.0-56", "root=/dev/sda2 ro");
	add_version(&list, "Debian, with Linux ", "6.1.0-100", "root=/dev/sda2 ro");
	add_version(&list, "Debian, with Linux ", "6.1.0-200", "root=/dev/sda2 ro single");
	add_version(&list, "Debian, with Linux ", "6.1.0-55", "root=/dev/sda2 ro");
	found = find(saved, 1, &list);
	assert_int_equal(found.match, DEFAULT_SAME);
	assert_true(found.has_newer);
	assert_int_equal(found.newer, 2); /* not the one with another command line */
	/* A title without a version: the entry itself changed. */
	entry_list_clear(&list);
	add_version(&list, "Debian GNU/Linux", "6.1.0-56", "root=/dev/sda2 ro");
	found =
	    find("Debian GNU/Linux|elf|kernel /vmlinuz-6.1.0-55|initrd /initrd.img-6.1.0-55|append root=/dev/sda2 ro",
	         1, &list);
	assert_int_equal(found.match, DEFAULT_CHANGED);
	assert_true(found.has_newer);
	assert_int_equal(found.newer, 0);
}

static void test_malformed_lines(void **state)
{
	static const char *const lines[] = {"", "\n", "title", "a|elf|kernel /x\nb|elf|kernel /y\n"};
	CLEANUP(entry_list_clear) struct entry_list list = {0};
	struct default_found found;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(default_entry_find(bytes_from_string(lines[i]), 1, &list, &found, NULL), -E_MALFORMED);
}

/* In a directory: what a start sees. */

static void make_system(void)
{
	make_boot(at("boot"));
	write_text(at("boot/grub/grub.cfg"),
	           "set default=0\n"
	           "menuentry 'One' {\n linux /vmlinuz-6.1 root=/dev/sda2  ro\n initrd "
	           "/initrd.img-6.1\n}\n"
	           "menuentry 'Two' {\n linux /vmlinuz-6.1 single\n initrd /initrd.img-6.1\n}\n");
}

static int run_quietly(int (*command)(const struct command_context *, int, char **), const char *const *arguments)
{
	const struct command_context context = {.verbosity = -1};
	int argc = 0;

	while (arguments[argc])
		argc++;
	return command(&context, argc, (char **)(uintptr_t)arguments);
}

static int make_default(const char *id)
{
	char boot[100];
	const char *arguments[] = {"default", "--gnupghome", home, "--key", "owner@example.org", boot, id, NULL};

	(void)snprintf(boot, sizeof(boot), "%s", at("boot"));
	return run_quietly(boot_default_run, arguments);
}

static void sign_again(void)
{
	char boot[100];
	const char *arguments[] = {"sign", "--gnupghome", home, "--key", "owner@example.org", boot, NULL};

	(void)snprintf(boot, sizeof(boot), "%s", at("boot"));
	assert_int_equal(run_quietly(boot_sign_run, arguments), 0);
}

static enum snapshot_choice keep_all(const struct snapshot_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return SNAPSHOT_KEEP;
}

/* The ID of the default entry as a start finds it, "" for none. */
static void start_with(struct boot_default *result, char *id, size_t size)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	CLEANUP(verify_close) struct verify *verify = NULL;
	CLEANUP(entry_list_clear) struct entry_list entries = {0};
	CLEANUP_CLOSE int fd = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(buffer_clear) struct buffer key = {0};
	enum verify_signature signature;

	read_text(at("owner.gpg"), &key);
	assert_int_equal(verify_keyring_add(&keyring, buffer_bytes(&key), "owner.gpg", NULL), 0);
	assert_int_equal(snapshot_open(fd, 1 << 20, &snapshot, NULL), 0);
	assert_int_equal(verify_begin(snapshot, &keyring, &verify, NULL), 0);
	assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
	assert_int_equal(verify_signature(verify, &signature, NULL), 0);
	assert_int_equal(signature, VERIFY_GOOD);
	assert_int_equal(catalogue_of_trusted(snapshot, verify, &entries, NULL), 0);
	assert_int_equal(boot_default_apply(snapshot, verify_set(verify), &entries, result, NULL), 0);
	assert_int_equal(boot_default_check_files(snapshot, verify_set(verify), &entries, result, NULL), 0);
	(void)snprintf(id, size, "%s", entry_list_default(&entries) ? entry_list_default(&entries)->id : "");
}

static void assert_default(const char *wanted, const char *words)
{
	struct boot_default result;
	char id[32];

	start_with(&result, id, sizeof(id));
	assert_string_equal(id, wanted);
	if (!strstr(result.reason, words) || (words[0] == '\0') != (result.reason[0] == '\0'))
		fail_msg("%s", result.reason);
}

static void test_saved_signed_and_found(void **state)
{
	(void)state;
	make_system();
	sign_again();
	assert_default("grub:0", ""); /* the boot loader's own */
	assert_int_equal(make_default("grub:1"), 0);
	assert_int_equal(shell("cd %s && grep -qx 'Two|elf|kernel /vmlinuz-6.1|initrd /initrd.img-6.1|append single' "
	                       "kexec_default.2.txt && sha256sum -c --strict kexec_default_hashes.txt",
	                       at("boot")),
	                 0);
	assert_default("grub:1", "");
	assert_int_equal(make_default("grub:0"), 0);
	assert_int_equal(access(at("boot/kexec_default.2.txt"), F_OK), -1);
	assert_default("grub:0", "");
	assert_int_equal(make_default("grub:7"), 2);
}

static void test_a_rebuilt_initrd_is_signed_for_the_default_too(void **state)
{
	(void)state;
	make_system();
	assert_int_equal(make_default("grub:1"), 0);
	write_text(at("boot/initrd.img-6.1"), "rebuilt\n");
	sign_again();
	assert_default("grub:1", "");
	assert_int_equal(shell("cd %s && sha256sum -c --strict kexec_default_hashes.txt", at("boot")), 0);
	/* Signed by the original, which leaves the hashes as they were. */
	write_text(at("boot/initrd.img-6.1"), "rebuilt again\n");
	sign_as_original(at("boot"), "owner", "");
	assert_default("", "the file /initrd.img-6.1 of your default entry");
}

static void test_a_changed_entry_leaves_no_default(void **state)
{
	(void)state;
	make_system();
	assert_int_equal(make_default("grub:1"), 0);
	assert_int_equal(shell("sed -i 's/single/single init=x/' %s/grub/grub.cfg", at("boot")), 0);
	sign_again();
	assert_default("", "is not what it was when you chose it");
	assert_int_equal(shell("sed -i \"s/'Two'/'Three'/\" %s/grub/grub.cfg", at("boot")), 0);
	sign_again();
	assert_default("", "is no longer in the boot configuration");
}

static void test_the_originals_default_is_found(void **state)
{
	(void)state;
	make_system();
	write_text(at("boot/kexec_default.1.txt"),
	           "One|elf|kernel /vmlinuz-6.1|initrd /initrd.img-6.1|append root=/dev/sda2  ro\n");
	assert_int_equal(
	    shell("cd %s && sha256sum ./vmlinuz-6.1 ./initrd.img-6.1 > kexec_default_hashes.txt", at("boot")), 0);
	sign_as_original(at("boot"), "owner", "");
	assert_default("grub:0", "");
}

static int teardown(void **state)
{
	(void)state;
	remove_tree(at("boot"));
	return 0;
}

#define IN_BOOT(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_line_is_the_originals),
	    cmocka_unit_test(test_xen_line),
	    cmocka_unit_test(test_numbers_in_names),
	    cmocka_unit_test(test_found_again),
	    cmocka_unit_test(test_changed_or_vanished_is_never_another),
	    cmocka_unit_test(test_newer_version_is_offered),
	    cmocka_unit_test(test_malformed_lines),
	    IN_BOOT(test_saved_signed_and_found),
	    IN_BOOT(test_a_rebuilt_initrd_is_signed_for_the_default_too),
	    IN_BOOT(test_a_changed_entry_leaves_no_default),
	    IN_BOOT(test_the_originals_default_is_found),
	};
	int status;

	fixture_start();
	(void)snprintf(home, sizeof(home), "%s/gnupg", fixture_root);
	make_keys();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	end_keys();
	fixture_end();
	return status;
}
