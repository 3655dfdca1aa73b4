/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The power goes at every step of publishing a signed set: what is left is the old set or the new one, whole. */
#include "boot/sign.h"
#include "boot/sign_private.h"
#include "boot/verify.h"
#include "unit/boot_fixture.h"
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

static char home[100];

static void sign_extra(const char *directory, const struct sign_file *files, size_t count)
{
	CLEANUP_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct sign_request request = {
	    .directory = fd, .home = home, .key = "owner@example.org", .files = files, .file_count = count};
	struct sign_result result;
	struct error error;

	if (sign_directory(&request, &result, &error) < 0)
		fail_msg("%s", error.sentence);
}

static void verify_boot(struct verify_result *result)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct error error;

	read_text(at("owner.gpg"), &key);
	assert_int_equal(verify_keyring_add(&keyring, buffer_bytes(&key), "owner.gpg", &error), 0);
	if (verify_directory(directory, &keyring, result, &error) < 0)
		fail_msg("%s", error.sentence);
}

/* "old" is a signed /boot with kexec_a.txt and kexec_b.txt; "new" is what signing makes of it: a kernel is changed
 * where wanted, kexec_b.txt goes and kexec_c.txt comes. ret_set is what publishing has to do. */
static void make_states(bool update, struct sign_set *set)
{
	static const char *const names[] = {"kexec_hashes.txt", "kexec_tree.txt", "kexec_types.txt", "kexec_c.txt"};
	const struct sign_file old_files[] = {{"kexec_a.txt", bytes_from_string("a")},
	                                      {"kexec_b.txt", bytes_from_string("b")}};
	const struct sign_file new_files[] = {{"kexec_c.txt", bytes_from_string("c")}, {"kexec_b.txt", BYTES_EMPTY}};
	CLEANUP(buffer_clear) struct buffer signature = {0};

	remove_tree(at("old"));
	remove_tree(at("new"));
	make_boot(at("old"));
	sign_extra(at("old"), old_files, 2);
	assert_int_equal(shell("cp -a %s %s", at("old"), at("new")), 0);
	if (update) {
		write_text(at("new/vmlinuz-6.1"), "rebuilt\n");
		write_text(at("old/vmlinuz-6.1"), "rebuilt\n"); /* the system is updated before its owner signs */
	}
	sign_extra(at("new"), new_files, 2);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP(buffer_clear) struct buffer content = {0};

		read_text(at("new/%s", names[i]), &content);
		assert_int_equal(sign_set_add(set, names[i], buffer_bytes(&content), NULL), 0);
	}
	assert_int_equal(sign_set_add(set, "kexec_b.txt", BYTES_EMPTY, NULL), 0);
	read_text(at("new/kexec.sig"), &signature);
	buffer_append_bytes(&set->signature, buffer_bytes(&signature));
}

static void start_over(void)
{
	remove_tree(at("boot"));
	assert_int_equal(shell("cp -a %s %s", at("old"), at("boot")), 0);
}

static void publish_in_child(const struct sign_set *set)
{
	int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	(void)raise(SIGSTOP);
	_exit(sign_publish(directory, set, NULL) == 0 ? 0 : 1);
}

static bool changes_the_disk(uint64_t number)
{
	return number == SYS_unlinkat || number == SYS_openat || number == SYS_write || number == SYS_syncfs;
}

/* Publishes and ends the process before the step (from 0) that would change the disk. False where it was done before.
 */
static bool publish_until(const struct sign_set *set, unsigned step)
{
	struct __ptrace_syscall_info info;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		publish_in_child(set);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !changes_the_disk(info.entry.nr) || step-- > 0)
			continue;
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		return true;
	}
}

/* The names of the set in force, as one line. */
static bool set_holds(const struct verify_result *result, const char *name)
{
	CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;

	assert_int_equal(snapshot_open(directory, 0, &snapshot, NULL), 0);
	return signed_set_find(snapshot, result->set, name) != NULL;
}

/* Nothing in between: "boot" is a directory. */
static bool cut_in_directory(const struct sign_set *set, unsigned step)
{
	start_over();
	return publish_until(set, step);
}

/* "boot" is a filesystem: what is found afterwards is what had reached the disk by then, its journal (where it has one)
 * played back. */
static bool cut_on_disk(const struct sign_set *set, unsigned step)
{
	bool more;

	(void)shell("umount %s", at("boot"));
	make_directory(at("boot"));
	assert_int_equal(shell("cp %s %s && mount -o loop %s %s", at("base"), at("disk"), at("disk"), at("boot")), 0);
	more = publish_until(set, step);
	assert_int_equal(shell("cp %s %s && umount %s && mount -o loop %s %s", at("disk"), at("cut"), at("boot"),
	                       at("cut"), at("boot")),
	                 0);
	return more;
}

typedef bool cutter(const struct sign_set *set, unsigned step);

static unsigned cut_everywhere(bool update, cutter *cut, const struct sign_set *set)
{
	unsigned step = 0, old = 0, new = 0, told[3] = {0};

	for (bool more = true; more; step++) {
		CLEANUP(verify_result_clear) struct verify_result result = {0};
		bool is_new;

		more = cut(set, step);
		verify_boot(&result);
		assert_int_equal(result.signature, VERIFY_GOOD);
		is_new = set_holds(&result, "kexec_c.txt");
		assert_int_equal(set_holds(&result, "kexec_b.txt"), !is_new);
		assert_true(set_holds(&result, "kexec_a.txt"));
		/* Where the system was changed, the old set says so, and nothing else. */
		assert_int_equal(result.ok, is_new || !update);
		assert_int_equal(result.finding_count, is_new || !update ? 0 : 1);
		assert_true(new == 0 || is_new);
		if (result.interrupted != VERIFY_NOT_INTERRUPTED)
			assert_int_equal(result.interrupted == VERIFY_INTERRUPTED_NEW, is_new);
		old += !is_new;
		new += is_new;
		told[result.interrupted]++;
	}
	assert_true(old > 1 && new > 1 && told[VERIFY_INTERRUPTED_NEW] > 1);
	/* A disk holds what had been flushed: nothing of the staged set, or all of it. */
	assert_true(told[VERIFY_INTERRUPTED_OLD] > 5 || cut == cut_on_disk);
	return step;
}

static void test_power_cut_at_every_step_of_publishing(void **state)
{
	CLEANUP(sign_set_clear) struct sign_set set = {0};

	(void)state;
	make_states(false, &set);
	assert_true(cut_everywhere(false, cut_in_directory, &set) > 20);
}

static void test_power_cut_after_an_update(void **state)
{
	CLEANUP(sign_set_clear) struct sign_set set = {0};

	(void)state;
	make_states(true, &set);
	assert_true(cut_everywhere(true, cut_in_directory, &set) > 20);
}

static void power_cut_on_ext4(const char *options)
{
	CLEANUP(sign_set_clear) struct sign_set set = {0};

	make_states(true, &set);
	remove_tree(at("boot"));
	make_directory(at("boot"));
	if (geteuid() != 0 ||
	    shell("truncate -s 16M %s && mke2fs -q -F -t ext4 %s -d %s %s && mount -o loop %s %s && umount %s",
	          at("base"), options, at("old"), at("base"), at("base"), at("boot"), at("boot")) != 0)
		skip(); /* not root, or a machine without loop devices */
	assert_true(cut_everywhere(true, cut_on_disk, &set) > 20);
}

static int unmount(void **state)
{
	(void)state;
	(void)shell("umount %s", at("boot"));
	return 0;
}

static void test_power_cut_on_a_disk(void **state)
{
	(void)state;
	power_cut_on_ext4("");
}

/* Nothing keeps the order of what is written but Heads. */
static void test_power_cut_on_a_disk_without_a_journal(void **state)
{
	(void)state;
	power_cut_on_ext4("-O ^has_journal");
}

static void test_the_next_signing_tidies_up(void **state)
{
	CLEANUP(sign_set_clear) struct sign_set set = {0};
	unsigned step = 0;

	(void)state;
	make_states(true, &set);
	for (bool more = true; more; step += 3) {
		CLEANUP(verify_result_clear) struct verify_result before = {0}, after = {0};

		start_over();
		more = publish_until(&set, step);
		verify_boot(&before);
		sign_extra(at("boot"), NULL, 0);
		verify_boot(&after);
		assert_true(after.ok);
		assert_int_equal(after.interrupted, VERIFY_NOT_INTERRUPTED);
		assert_int_equal(after.set, SIGNED_SET_IN_PLACE);
		/* What was in force went on being so. */
		assert_int_equal(set_holds(&after, "kexec_c.txt"), set_holds(&before, "kexec_c.txt"));
		assert_int_equal(access(at("boot/kexec_c.txt"), F_OK) == 0, access(at("boot/kexec_b.txt"), F_OK) != 0);
		assert_int_equal(shell("cd %s && test -z \"$(ls | grep new)\" && LC_ALL=C sha256sum kexec*.txt |"
		                       " gpg --homedir %s --verify kexec.sig -",
		                       at("boot"), home),
		                 0);
	}
}

/* An older staged set that was left behind does not win over what was signed since. */
static void test_a_stale_staged_set_is_not_in_force(void **state)
{
	CLEANUP(sign_set_clear) struct sign_set set = {0};
	CLEANUP(verify_result_clear) struct verify_result result = {0};

	(void)state;
	make_states(false, &set);
	start_over();
	assert_int_equal(
	    shell("cd %s; for f in hashes tree types c; do cp %s/kexec_$f.txt kexec_$f.txt.new; done;"
	          " : > kexec_b.txt.new; cp %s/kexec.sig kexec.sig.new; sleep 1.1; echo rebuilt > vmlinuz-6.1",
	          at("boot"), at("new"), at("new")),
	    0);
	sign_as_original(at("boot"), "owner", "");
	verify_boot(&result);
	assert_true(result.ok);
	assert_int_equal(result.set, SIGNED_SET_IN_PLACE);
	assert_int_equal(result.interrupted, VERIFY_INTERRUPTED_OLD);
}

/* vfat: the long name of a staged file was removed, its short one not yet. Other names beside are still foreign (A12).
 */
static void test_a_short_name_that_was_left_is_no_finding(void **state)
{
	static const char *const left[] = {"KEXEC_~1.NEW", "KE1A2B~1.TXT", "KEXECS~1.NEW"};
	static const char *const foreign[] = {"KEXEC_~0.NEW", "KEXEC_~1.EFI", "KEXEC_~1.NEWS", "KERNEL~1.NEW",
	                                      "kexec_~1.new"};
	CLEANUP(sign_set_clear) struct sign_set set = {0};

	(void)state;
	make_states(false, &set);
	for (size_t i = 0; i < ARRAY_SIZE(left) + ARRAY_SIZE(foreign); i++) {
		const char *name = i < ARRAY_SIZE(left) ? left[i] : foreign[i - ARRAY_SIZE(left)];
		CLEANUP(verify_result_clear) struct verify_result result = {0};

		start_over();
		write_text(at("boot/%s", name), "left\n");
		verify_boot(&result);
		assert_int_equal(result.ok, i < ARRAY_SIZE(left));
		if (i < ARRAY_SIZE(left)) {
			sign_extra(at("boot"), NULL, 0);
			assert_int_equal(access(at("boot/%s", name), F_OK), -1);
		}
	}
}

/* Nobody can make a set of files that were not signed together. */
static void test_a_staged_file_of_a_stranger_changes_nothing(void **state)
{
	CLEANUP(sign_set_clear) struct sign_set set = {0};
	CLEANUP(verify_result_clear) struct verify_result result = {0}, other = {0};

	(void)state;
	make_states(false, &set);
	start_over();
	assert_int_equal(shell("cd %s; cp kexec.sig kexec.sig.new; echo evil > kexec_a.txt.new", at("boot")), 0);
	verify_boot(&result);
	assert_true(result.ok);
	assert_int_equal(result.set, SIGNED_SET_IN_PLACE);
	assert_int_equal(shell("cd %s; rm kexec.sig", at("boot")), 0);
	verify_boot(&other);
	assert_false(other.ok);
	assert_int_equal(other.signature, VERIFY_MISSING);
}

static void test_names_that_cannot_be_signed(void **state)
{
	static const char *const names[] = {
	    "kexec.sig",       "kexec_hashes.txt", "grub.cfg", "kexec_a.txt.new",
	    "kexec_a\xff.txt", "kexec/a.txt",      "",         "kexec_package_trigger_pre.txt"};
	CLEANUP_CLOSE int directory = -1;
	struct sign_result result;
	struct error error;

	(void)state;
	remove_tree(at("boot"));
	make_boot(at("boot"));
	directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct sign_file files[] = {{names[i], bytes_from_string("x")}};
		const struct sign_request request = {
		    .directory = directory, .home = home, .key = "owner@example.org", .files = files, .file_count = 1};

		assert_int_equal(sign_directory(&request, &result, &error), -E_USAGE);
		assert_int_equal(access(at("boot/kexec.sig"), F_OK), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_power_cut_at_every_step_of_publishing),
	    cmocka_unit_test(test_power_cut_after_an_update),
	    cmocka_unit_test_teardown(test_power_cut_on_a_disk, unmount),
	    cmocka_unit_test_teardown(test_power_cut_on_a_disk_without_a_journal, unmount),
	    cmocka_unit_test(test_the_next_signing_tidies_up),
	    cmocka_unit_test(test_a_stale_staged_set_is_not_in_force),
	    cmocka_unit_test(test_a_short_name_that_was_left_is_no_finding),
	    cmocka_unit_test(test_a_staged_file_of_a_stranger_changes_nothing),
	    cmocka_unit_test(test_names_that_cannot_be_signed),
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
