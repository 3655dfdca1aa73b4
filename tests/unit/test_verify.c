/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signature and closed world, with keys of GnuPG and directories signed by the original's own commands and by ours. */
#include "boot/report.h"
#include "boot/sign.h"
#include "boot/verify.h"
#include "unit/boot_fixture.h"
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static void add_key(struct verify_keyring *keyring, const char *name)
{
	CLEANUP(buffer_clear) struct buffer data = {0};
	struct error error;

	read_text(at("%s", name), &data);
	if (verify_keyring_add(keyring, buffer_bytes(&data), name, &error) < 0)
		fail_msg("%s", error.sentence);
}

static int verify_with(const char *key, struct verify_result *result, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(directory >= 0);
	add_key(&keyring, key);
	return verify_directory(directory, &keyring, result, error);
}

/* Verifies "boot" with the owner's key. */
static void verify_boot(struct verify_result *result)
{
	struct error error;

	if (verify_with("owner.gpg", result, &error) < 0)
		fail_msg("%s", error.sentence);
}

static void assert_signature(enum verify_signature expected, const char *key)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	struct error error;

	if (verify_with(key, &result, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_string_equal(verify_signature_name(result.signature), verify_signature_name(expected));
	assert_int_equal(result.ok, expected == VERIFY_GOOD);
	assert_int_equal(result.reason[0] == '\0', expected == VERIFY_GOOD);
}

/* One finding and no other. */
static void assert_finding(const struct verify_result *result, enum verify_kind kind, const char *path)
{
	assert_false(result->ok);
	assert_int_equal(result->signature, VERIFY_GOOD);
	if (result->finding_count != 1)
		fail_msg("%zu findings", result->finding_count);
	assert_string_equal(result->findings[0].path, path);
	assert_string_equal(report_kind_name(result->findings[0].kind), report_kind_name(kind));
}

static void sign_boot(void)
{
	CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(buffer_clear) struct buffer key = {0};
	char home[100];
	struct sign_request request = {.directory = directory, .home = home};
	struct sign_result result;
	struct error error;

	(void)snprintf(home, sizeof(home), "%s/gnupg", fixture_root);
	read_text(at("owner.fpr"), &key);
	request.key = buffer_string(&key);
	if (sign_directory(&request, &result, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_string_equal(result.signer, buffer_string(&key));
}

static int original_setup(void **state)
{
	(void)state;
	make_boot(at("boot"));
	sign_as_original(at("boot"), "owner", "");
	return 0;
}

static int ours_setup(void **state)
{
	(void)state;
	make_boot(at("boot"));
	sign_boot();
	return 0;
}

static int boot_teardown(void **state)
{
	(void)state;
	remove_tree(at("boot"));
	return 0;
}

static void test_what_the_original_signed_verifies(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	CLEANUP(buffer_clear) struct buffer fingerprint = {0};

	(void)state;
	verify_boot(&result);
	assert_true(result.ok);
	assert_false(result.has_types);
	assert_int_equal(result.files, 5);
	assert_int_equal(result.bytes, 7 + 7 + 10 + 5);
	assert_int_equal(result.rollback, VERIFY_ROLLBACK_ABSENT);
	read_text(at("owner.fpr"), &fingerprint);
	assert_string_equal(result.signer, buffer_string(&fingerprint));
}

static void test_what_we_signed_verifies_with_types(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	verify_boot(&result);
	assert_true(result.ok);
	assert_true(result.has_types);
	assert_int_equal(result.files, 5);
	assert_signature(VERIFY_GOOD, "owner.asc");
	assert_signature(VERIFY_GOOD, "gnupg/pubring.kbx");
}

static void test_A12_changed_content(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	write_text(at("boot/vmlinuz-6.1"), "kernel!");
	verify_boot(&result);
	assert_finding(&result, VERIFY_CHANGED, "vmlinuz-6.1");
}

static void test_A12_added_file(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	write_text(at("boot/grub/evil.cfg"), "");
	verify_boot(&result);
	assert_finding(&result, VERIFY_ADDED, "grub/evil.cfg");
}

static void test_A12_added_directory_link_and_pipe(void **state)
{
	static const char *const commands[] = {"mkdir new", "ln -s grub new", "mkfifo new", "ln vmlinuz-6.1 new"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		CLEANUP(verify_result_clear) struct verify_result result = {0};

		assert_int_equal(shell("cd %s; %s", at("boot"), commands[i]), 0);
		verify_boot(&result);
		assert_finding(&result, VERIFY_ADDED, "new");
		assert_int_equal(shell("rm -rf %s", at("boot/new")), 0);
	}
}

static void test_A12_removed_file_link_and_directory(void **state)
{
	static const char *const names[] = {"vmlinuz-6.1", "vmlinuz", "lost+found", "empty"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP(verify_result_clear) struct verify_result result = {0};

		assert_int_equal(shell("cd %s; mv %s ../away", at("boot"), names[i]), 0);
		verify_boot(&result);
		assert_finding(&result, VERIFY_REMOVED, names[i]);
		assert_int_equal(shell("cd %s; mv ../away %s", at("boot"), names[i]), 0);
	}
}

static void test_A12_retyped(void **state)
{
	static const struct {
		const char *command, *name;
		bool original_tells; /* whether lists without types tell it */
	} cases[] = {
	    {"rm vmlinuz-6.1; ln -s initrd.img-6.1 vmlinuz-6.1", "vmlinuz-6.1", true},
	    {"rm vmlinuz-6.1; mkdir vmlinuz-6.1", "vmlinuz-6.1", true},
	    {"rm vmlinuz-6.1; mkfifo vmlinuz-6.1", "vmlinuz-6.1", true},
	    {"rm vmlinuz; cp vmlinuz-6.1 vmlinuz", "vmlinuz", true},
	    {"rmdir lost+found; echo x > lost+found", "lost+found", true},
	    {"rmdir lost+found; mkfifo lost+found", "lost+found", true},
	    {"rmdir lost+found; ln -s grub lost+found", "lost+found", false},
	    {"rm vmlinuz; mkdir vmlinuz", "vmlinuz", false},
	};

	(void)state;
	for (int ours = 0; ours < 2; ours++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			CLEANUP(verify_result_clear) struct verify_result result = {0};

			remove_tree(at("boot"));
			make_boot(at("boot"));
			if (ours)
				sign_boot();
			else
				sign_as_original(at("boot"), "owner", "");
			assert_int_equal(shell("set -e; cd %s; %s", at("boot"), cases[i].command), 0);
			verify_boot(&result);
			if (ours || cases[i].original_tells)
				assert_finding(&result, VERIFY_RETYPED, cases[i].name);
			else
				assert_true(result.ok);
		}
	}
}

static void test_A12_directory_replaced_by_a_link_to_a_copy(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	assert_int_equal(shell("cd %s; mv grub/fonts ../moved; ln -s ../../moved grub/fonts", at("boot")), 0);
	verify_boot(&result);
	assert_int_equal(shell("rm -r %s", at("moved")), 0);
	assert_false(result.ok);
	assert_int_equal(result.finding_count, 2);
	assert_string_equal(result.findings[0].path, "grub/fonts");
	assert_int_equal(result.findings[0].kind, VERIFY_RETYPED);
	assert_string_equal(result.findings[1].path, "grub/fonts/unicode.pf2");
	assert_int_equal(result.findings[1].kind, VERIFY_REMOVED);
}

static void test_A12_retargeted_link(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	CLEANUP(buffer_clear) struct buffer line = {0};

	(void)state;
	assert_int_equal(shell("cd %s; ln -sf $'init\\e[2Jrd' vmlinuz", at("boot")), 0);
	verify_boot(&result);
	assert_finding(&result, VERIFY_CHANGED, "vmlinuz");
	report_finding(&result.findings[0], &line);
	assert_string_equal(buffer_string(&line),
	                    "/vmlinuz: the link points to another place than was signed, to init\\x1b[2Jrd");
}

static void test_A12_kexec_names(void **state)
{
	static const struct {
		const char *command, *name;
	} cases[] = {
	    {"mkdir kexec_evil", "kexec_evil"},
	    {"mkdir kexec_evil.txt", "kexec_evil.txt"},
	    {"ln -s vmlinuz kexec_evil.txt", "kexec_evil.txt"},
	    {"mkfifo kexec_evil.txt", "kexec_evil.txt"},
	    {"echo x > kexec_evil", "kexec_evil"},
	    {"echo x > kexec.sig.old", "kexec.sig.old"},
	    {"mkdir kexec_hotp_counter", "kexec_hotp_counter"},
	    {"echo x > $'kexec_\\n.txt'", "kexec_\n.txt"},
	    {"echo x > 'kexec_\\.txt'", "kexec_\\.txt"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(verify_result_clear) struct verify_result result = {0};

		assert_int_equal(shell("cd %s; %s", at("boot"), cases[i].command), 0);
		verify_boot(&result);
		assert_finding(&result, VERIFY_ADDED, cases[i].name);
		assert_int_equal(remove(at("boot/%s", cases[i].name)), 0);
	}
}

static void test_A12_files_in_a_kexec_directory(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	assert_int_equal(shell("cd %s; mkdir -p kexec_evil/a; echo x > kexec_evil/a/vmlinuz", at("boot")), 0);
	verify_boot(&result);
	assert_false(result.ok);
	assert_int_equal(result.finding_count, 3);
	assert_string_equal(result.findings[2].path, "kexec_evil/a/vmlinuz");
	assert_int_equal(result.findings[2].kind, VERIFY_ADDED);
}

static void test_hotp_counter_is_tolerated(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	write_text(at("boot/kexec_hotp_counter"), "17\n");
	verify_boot(&result);
	assert_true(result.ok);
	assert_true(result.counter_file);
}

static void test_A12_changed_or_added_parameter_breaks_the_signature(void **state)
{
	(void)state;
	write_text(at("boot/kexec_menu.txt"), "evil");
	assert_signature(VERIFY_BAD, "owner.gpg");
	assert_int_equal(unlink(at("boot/kexec_menu.txt")), 0);
	assert_signature(VERIFY_GOOD, "owner.gpg");
	assert_int_equal(shell("cd %s; sha256sum initrd.img-6.1 | sed 's#  #  ./#' >> kexec_hashes.txt", at("boot")),
	                 0);
	assert_signature(VERIFY_BAD, "owner.gpg");
}

static void test_A19_missing_signature_is_refused(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	assert_int_equal(unlink(at("boot/kexec.sig")), 0);
	write_text(at("boot/vmlinuz-6.1"), "evil");
	verify_boot(&result);
	assert_false(result.ok);
	assert_int_equal(result.signature, VERIFY_MISSING);
	assert_int_equal(result.finding_count, 1);
	assert_string_equal(result.findings[0].path, "vmlinuz-6.1");
	assert_int_equal(result.files, 5);
	assert_string_equal(result.signer, "");
}

static void test_A19_signature_that_is_no_file_is_missing(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	assert_int_equal(shell("cd %s; mv kexec.sig ../sig; ln -s ../sig kexec.sig", at("boot")), 0);
	verify_boot(&result);
	assert_int_equal(result.signature, VERIFY_MISSING);
	assert_int_equal(result.findings[0].kind, VERIFY_ADDED);
}

static void test_A19_signature_of_another_kind_is_bad(void **state)
{
	static const char *const commands[] = {
	    ": > kexec.sig",
	    "echo hello > kexec.sig",
	    "head -c 100000 /dev/zero > kexec.sig",
	    "sed -i 's/^=.*/=AAAA/' kexec.sig",
	    "echo x | gpg --batch -u $K --detach-sign -a > kexec.sig",
	    "sha256sum kexec*.txt | gpg --batch -u $K --sign -a > kexec.sig",
	    "sha256sum kexec*.txt | gpg --batch -u $K --sign > kexec.sig",
	    "sha256sum kexec*.txt | gpg --batch -u $K --clear-sign > kexec.sig",
	    "sha256sum kexec*.txt | gpg --batch -u $K --textmode --detach-sign -a > kexec.sig",
	    "sha256sum kexec*.txt | gpg --batch -u $K --digest-algo SHA1 --detach-sign -a > kexec.sig",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		assert_int_equal(shell("set -e; cd %s; export GNUPGHOME=%s/gnupg; K=$(cat ../owner.fpr); %s",
		                       at("boot"), fixture_root, commands[i]),
		                 0);
		assert_signature(VERIFY_BAD, "owner.gpg");
	}
}

static void test_binary_signature_is_good(void **state)
{
	(void)state;
	assert_int_equal(
	    shell("set -e; cd %s; gpg --homedir ../gnupg --dearmor < kexec.sig > x; mv x kexec.sig", at("boot")), 0);
	assert_signature(VERIFY_GOOD, "owner.gpg");
}

static void test_key_that_is_not_the_owners(void **state)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	CLEANUP_CLOSE int directory = -1;
	struct error error;

	(void)state;
	sign_as_original(at("boot"), "other", "");
	assert_signature(VERIFY_UNKNOWN_KEY, "owner.gpg");
	assert_signature(VERIFY_GOOD, "other.gpg");
	add_key(&keyring, "owner.gpg");
	add_key(&keyring, "other.gpg");
	directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(verify_directory(directory, &keyring, &result, &error), 0);
	assert_true(result.ok);
}

static void test_second_signature_must_be_good_too(void **state)
{
	(void)state;
	sign_as_original(at("boot"), "owner", "-u other");
	assert_signature(VERIFY_UNKNOWN_KEY, "owner.gpg");
	assert_int_equal(shell("cat %s/owner.gpg %s/other.gpg > %s/both.gpg", fixture_root, fixture_root, fixture_root),
	                 0);
	assert_signature(VERIFY_GOOD, "both.gpg");
}

static void test_expired_key_is_refused(void **state)
{
	(void)state;
	sign_as_original(at("boot"), "expired", "--faked-system-time=20200105T000000");
	assert_signature(VERIFY_EXPIRED, "expired.gpg");
}

static void test_expired_signature_is_refused(void **state)
{
	(void)state;
	sign_as_original(at("boot"), "owner", "--faked-system-time=20370101T000000 --default-sig-expire 1d");
	assert_signature(VERIFY_GOOD, "owner.gpg");
	sign_as_original(at("boot"), "owner", "--default-sig-expire seconds=1");
	assert_int_equal(shell("sleep 2.1"), 0);
	assert_signature(VERIFY_EXPIRED, "owner.gpg");
}

static void test_revoked_key_is_refused(void **state)
{
	(void)state;
	sign_as_original(at("boot"), "revoked", "");
	assert_signature(VERIFY_GOOD, "revoked-before.gpg");
	revoke_key();
	assert_signature(VERIFY_REVOKED, "revoked.gpg");
}

static void test_clock_behind_the_key_is_no_tampering(void **state)
{
	(void)state;
	sign_as_original(at("boot"), "future", "--faked-system-time=20370105T000000");
	assert_signature(VERIFY_GOOD, "future.gpg");
}

static void assert_malformed(void)
{
	struct verify_result result = {0};
	struct error error = {0};

	assert_int_equal(verify_with("owner.gpg", &result, &error), -E_MALFORMED);
	assert_true(error.sentence[0] != '\0');
	assert_int_equal(error_exit_status(error.code), 2);
}

static void test_signed_but_malformed_manifest(void **state)
{
	static const char *const commands[] = {
	    "echo hello > kexec_hashes.txt",
	    "rm kexec_hashes.txt",
	    "rm kexec_tree.txt",
	    "printf './a' > kexec_tree.txt",
	    "sed -i '/vmlinuz-6.1/d' kexec_tree.txt; printf './\\0./vmlinuz\\0' > kexec_tree.txt",
	    "echo hello > kexec_types.txt",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		sign_as_original(at("boot"), "owner", "");
		assert_int_equal(shell("cd %s; %s", at("boot"), commands[i]), 0);
		sign_listing(at("boot"), "owner", "");
		assert_malformed();
		(void)unlink(at("boot/kexec_types.txt"));
	}
}

static void test_types_that_contradict_the_tree_are_malformed(void **state)
{
	(void)state;
	assert_int_equal(shell("cd %s; sed -i 's/^d\tgrub$/f\tgrub/' kexec_types.txt", at("boot")), 0);
	sign_listing(at("boot"), "owner", "");
	assert_malformed();
}

static void test_types_left_behind_by_the_original_are_ignored(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	write_text(at("boot/vmlinuz-6.2"), "newer");
	assert_int_equal(shell("cd %s; ln -sf vmlinuz-6.2 vmlinuz", at("boot")), 0);
	sign_as_original(at("boot"), "owner", "");
	verify_boot(&result);
	assert_true(result.ok);
	assert_false(result.has_types);
}

static void test_A15_rollback_file_is_reported(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	write_text(at("boot/kexec_rollback.txt"),
	           "0000000000000000000000000000000000000000000000000000000000000000  /tmp/counter-1a2b3c4\n");
	sign_as_original(at("boot"), "owner", "");
	verify_boot(&result);
	assert_true(result.ok);
	assert_string_equal(verify_rollback_name(result.rollback), "unknown");
}

static void test_bad_signature_and_no_manifest(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	assert_int_equal(shell("cd %s; rm kexec*", at("boot")), 0);
	verify_boot(&result);
	assert_false(result.ok);
	assert_int_equal(result.signature, VERIFY_MISSING);
	assert_int_equal(result.files, 0);
	assert_non_null(strstr(result.reason, "kexec_hashes.txt"));
}

static void test_empty_directory_is_refused(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	remove_tree(at("boot"));
	make_directory(at("boot"));
	verify_boot(&result);
	assert_false(result.ok);
	assert_int_equal(result.signature, VERIFY_MISSING);
	write_text(at("boot/kexec.sig"), "");
	assert_int_equal(
	    shell("cd %s; gpg --homedir ../gnupg --batch -u $(cat ../owner.fpr) -ab < /dev/null > kexec.sig",
	          at("boot")),
	    0);
	assert_malformed(); /* a signature over nothing is no signature over a /boot */
}

static void test_name_with_escape_sequence_is_reported_escaped(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	CLEANUP(report_clear) struct report report = {0};

	(void)state;
	assert_int_equal(shell("cd %s; : > $'a\\n\\e]0;x\\a\\xff'", at("boot")), 0);
	verify_boot(&result);
	assert_finding(&result, VERIFY_ADDED, "a\n\x1b]0;x\a\xff");
	assert_int_equal(report_make(&result, NULL, &report), 0);
	assert_string_equal(report.lines[report.first_finding + 1] + 2,
	                    "/a\\x0a\\x1b]0;x\\x07\\xff: a regular file that was not signed");
}

static void test_unreadable_file_is_refused(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	bool root = geteuid() == 0;

	(void)state;
	assert_int_equal(chmod(at("boot/vmlinuz-6.1"), 0), 0);
	assert_int_equal(chmod(at("boot/lost+found"), 0), 0);
	assert_int_equal(chmod(fixture_root, 0755), 0);
	if (root)
		assert_int_equal(shell("chown -R nobody %s/gnupg", fixture_root), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	verify_boot(&result);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(shell("chown -R $(id -u) %s/gnupg", fixture_root), 0);
	assert_int_equal(result.signature, VERIFY_GOOD);
	assert_int_equal(result.finding_count, 2);
	assert_int_equal(result.findings[0].kind, VERIFY_UNREADABLE);
	assert_string_equal(result.findings[0].path, "lost+found");
	assert_string_equal(result.findings[1].path, "vmlinuz-6.1");
	assert_non_null(strstr(result.findings[1].detail, "Permission denied"));
}

static enum snapshot_choice keep_configuration(const struct snapshot_entry *entry, void *context)
{
	(void)context;
	return strcmp(entry->path, "grub/grub.cfg") == 0 ? SNAPSHOT_KEEP : SNAPSHOT_SKIP;
}

static void test_steps_of_a_boot(void **state)
{
	CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	CLEANUP(verify_close) struct verify *verify = NULL;
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	enum verify_signature signature;
	struct error error;

	(void)state;
	add_key(&keyring, "owner.gpg");
	write_text(at("boot/initrd.img-6.1"), "evil");
	assert_int_equal(snapshot_open(directory, 1 << 20, &snapshot, &error), 0);
	assert_int_equal(verify_begin(snapshot, &keyring, &verify, &error), 0);
	assert_int_equal(snapshot_read(snapshot, keep_configuration, NULL, &error), 0);
	assert_int_equal(verify_trusts(verify, "grub/grub.cfg", &error), -E_ORDER);
	assert_int_equal(verify_signature(verify, &signature, &error), 0);
	assert_int_equal(signature, VERIFY_GOOD);
	assert_int_equal(verify_trusts(verify, "grub/grub.cfg", &error), 0);
	assert_int_equal(verify_trusts(verify, "vmlinuz-6.1", &error), -E_ORDER);
	assert_int_equal(verify_trusts(verify, "vmlinuz", &error), -E_REFUSED);
	assert_int_equal(verify_trusts(verify, "nothing", &error), -E_REFUSED);
	assert_int_equal(verify_finish(verify, &result, &error), -E_ORDER);
	assert_int_equal(snapshot_read_one(snapshot, "vmlinuz-6.1", &error), 0);
	assert_int_equal(snapshot_read_one(snapshot, "initrd.img-6.1", &error), 0);
	assert_int_equal(verify_trusts(verify, "vmlinuz-6.1", &error), 0);
	assert_int_equal(verify_trusts(verify, "initrd.img-6.1", &error), -E_REFUSED);
}

static void test_ten_thousand_files(void **state)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	assert_int_equal(
	    shell("cd %s; mkdir many; cd many; for ((i=0;i<10000;i++)); do echo $i > $i; done", at("boot")), 0);
	sign_boot();
	write_text(at("boot/many/7777"), "7778\n");
	verify_boot(&result);
	assert_int_equal(result.files, 10005);
	assert_finding(&result, VERIFY_CHANGED, "many/7777");
}

static void test_status_lines(void **state)
{
#define FPR                "7161BFF499FF712CCDCEB11E96167AFFE498E95F"
#define G                  "[GNUPG:] "
#define VALID(hash, class) G "VALIDSIG " FPR " 2026-11-23 1795392220 0 4 0 22 " hash " " class " " FPR "\n"
	static const struct {
		const char *text;
		int exit_status;
		enum verify_signature signature;
	} cases[] = {
	    {"", 0, VERIFY_BAD},
	    {"GOODSIG x\n" VALID("8", "00"), 0, VERIFY_BAD},
	    {G "NEWSIG\n" G "GOODSIG 96167AFFE498E95F A\n" VALID("8", "00"), 0, VERIFY_GOOD},
	    {G "NEWSIG\n" G "GOODSIG 96167AFFE498E95F A\n" VALID("8", "00"), 1, VERIFY_BAD},
	    {G "NEWSIG\n" G "GOODSIG 96167AFFE498E95F A\n", 0, VERIFY_BAD},
	    {G "NEWSIG\n" VALID("8", "00"), 0, VERIFY_BAD},
	    {G "NEWSIG\n" G "GOODSIG 96167AFFE498E95F A\n" VALID("2", "00"), 0, VERIFY_BAD},
	    {G "NEWSIG\n" G "GOODSIG 96167AFFE498E95F A\n" VALID("8", "01"), 0, VERIFY_BAD},
	    {G "NEWSIG\n" G "GOODSIG 96167AFFE498E95F A\n" VALID("8", "00") G "NEWSIG\n", 0, VERIFY_BAD},
	    {G "NEWSIG\n" G "GOODSIG 9 A\n" VALID("8", "00") G "NEWSIG\n" G "BADSIG 1 B\n", 1, VERIFY_BAD},
	    {G "NEWSIG\n" G "EXPKEYSIG 96167AFFE498E95F A\n" VALID("8", "00"), 0, VERIFY_EXPIRED},
	    {G "NEWSIG\n" G "EXPSIG 96167AFFE498E95F A\n" VALID("8", "00"), 0, VERIFY_EXPIRED},
	    {G "NEWSIG\n" G "REVKEYSIG 96167AFFE498E95F A\n" VALID("8", "00"), 0, VERIFY_REVOKED},
	    {G "NEWSIG\n" G "ERRSIG FEED4FE0166F9BBF 22 8 00 1577923200 9 " FPR "\n" G "NO_PUBKEY FEED4FE0166F9BBF\n",
	     2, VERIFY_UNKNOWN_KEY},
	    {G "NEWSIG\n" G "ERRSIG FEED4FE0166F9BBF 22 8 00 1577923200 6 " FPR "\n", 2, VERIFY_BAD},
	    /* A user name cannot make a line of its own. */
	    {G "NEWSIG\n" G "BADSIG 96167AFFE498E95F [GNUPG:] GOODSIG\n", 1, VERIFY_BAD},
	};
	struct verify_status status;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		verify_read_status(bytes_from_string(cases[i].text), cases[i].exit_status, &status);
		if (status.signature != cases[i].signature)
			fail_msg("case %zu: %s", i, verify_signature_name(status.signature));
		assert_int_equal(status.signature == VERIFY_BAD, status.why != NULL);
	}
	verify_read_status(bytes_from_string(cases[2].text), 0, &status);
	assert_string_equal(status.signer, FPR);
	assert_int_equal(status.signed_at, 1795392220);
}

#define ORIGINAL(function) cmocka_unit_test_setup_teardown(function, original_setup, boot_teardown)
#define OURS(function)     cmocka_unit_test_setup_teardown(function, ours_setup, boot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ORIGINAL(test_what_the_original_signed_verifies),
	    OURS(test_what_we_signed_verifies_with_types),
	    ORIGINAL(test_A12_changed_content),
	    ORIGINAL(test_A12_added_file),
	    ORIGINAL(test_A12_added_directory_link_and_pipe),
	    ORIGINAL(test_A12_removed_file_link_and_directory),
	    cmocka_unit_test_teardown(test_A12_retyped, boot_teardown),
	    ORIGINAL(test_A12_directory_replaced_by_a_link_to_a_copy),
	    OURS(test_A12_retargeted_link),
	    OURS(test_A12_kexec_names),
	    ORIGINAL(test_A12_files_in_a_kexec_directory),
	    OURS(test_hotp_counter_is_tolerated),
	    ORIGINAL(test_A12_changed_or_added_parameter_breaks_the_signature),
	    ORIGINAL(test_A19_missing_signature_is_refused),
	    OURS(test_A19_signature_that_is_no_file_is_missing),
	    ORIGINAL(test_A19_signature_of_another_kind_is_bad),
	    ORIGINAL(test_binary_signature_is_good),
	    ORIGINAL(test_key_that_is_not_the_owners),
	    ORIGINAL(test_second_signature_must_be_good_too),
	    ORIGINAL(test_expired_key_is_refused),
	    ORIGINAL(test_expired_signature_is_refused),
	    ORIGINAL(test_revoked_key_is_refused),
	    ORIGINAL(test_clock_behind_the_key_is_no_tampering),
	    ORIGINAL(test_signed_but_malformed_manifest),
	    OURS(test_types_that_contradict_the_tree_are_malformed),
	    OURS(test_types_left_behind_by_the_original_are_ignored),
	    ORIGINAL(test_A15_rollback_file_is_reported),
	    ORIGINAL(test_bad_signature_and_no_manifest),
	    ORIGINAL(test_empty_directory_is_refused),
	    OURS(test_name_with_escape_sequence_is_reported_escaped),
	    OURS(test_unreadable_file_is_refused),
	    OURS(test_steps_of_a_boot),
	    ORIGINAL(test_ten_thousand_files),
	    cmocka_unit_test(test_status_lines),
	};
	int status;

	fixture_start();
	make_keys();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	end_keys();
	fixture_end();
	return status;
}
