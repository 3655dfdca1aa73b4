/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads root`: the list of a root filesystem's files, with find and sha256sum as the witness. */
#include "boot/root_hashes.h"
#include "unit/boot_fixture.h"

/* A small root: links where a merged /usr has them, names that need the escapes of sha256sum, and names left out. */
static int root_setup(void **state)
{
	(void)state;
	make_directory(at("root"));
	assert_int_equal(
	    shell("set -e; cd %s; mkdir -p boot lib/systemd sbin usr/bin usr/share/empty etc; ln -s usr/bin bin\n"
	          "echo sh > usr/bin/sh; echo ls > usr/bin/ls; : > usr/share/none; echo unit > "
	          "'lib/systemd/a\\x2db.mount'\n"
	          "echo line > $'usr/share/two\\nlines\\r'; echo name > $'usr/share/F\\xc5\\x91.crt'; ln -s sh "
	          "usr/bin/link\n"
	          "echo kexec > sbin/kexec; echo x > boot/kexec_hashes.txt; mkdir usr/kexec; echo in > usr/kexec/in\n"
	          "mkfifo usr/share/pipe; echo passwd > etc/passwd",
	          at("root")),
	    0);
	return 0;
}

static int root_teardown(void **state)
{
	(void)state;
	remove_tree(at("root"));
	(void)unlink(at("list"));
	return 0;
}

/* Runs heads with these words in the directory of all; its output goes to the file "out". Returns its exit status. */
#define HEADS(words) shell("cd %s && " TEST_HEADS " " words " >out 2>err", fixture_root)

static void assert_out(const char *wanted)
{
	CLEANUP(buffer_clear) struct buffer text = {0};

	read_text(at("out"), &text);
	assert_string_equal(buffer_string(&text), wanted);
}

static void assert_said(const char *words)
{
	CLEANUP(buffer_clear) struct buffer text = {0};

	read_text(at("err"), &text);
	if (!strstr(buffer_string(&text), words))
		fail_msg("%s", buffer_string(&text));
}

static void list_root(void)
{
	assert_int_equal(HEADS("-q root hash --output list root"), 0);
}

static void test_lists_as_find_and_sha256sum(void **state)
{
	(void)state;
	assert_int_equal(HEADS("root hash root"), 0);
	assert_said("left out: 2 files with kexec in their names");
	assert_int_equal(
	    shell("cd %s/root && find bin boot lib sbin usr -type f ! -name '*kexec*' -print0 | LC_ALL=C sort -z"
	          " | xargs -0 sha256sum | cmp - ../out && sha256sum -c --strict ../out",
	          fixture_root),
	    0);
	assert_int_equal(HEADS("--json root hash --output list root"), 0);
	assert_out("{\"result\":\"listed\",\"files\":7,\"bytes\":24,\"left_out\":2,\"mounts\":0}\n");
	assert_int_equal(HEADS("--json root hash --directories '/usr/bin/ etc' root"), 0);
	assert_int_equal(
	    shell("cd %s && test $(wc -l < out) = 3 && grep -qxF '{\"path\":\"/etc/passwd\",\"sha256\":\"'$("
	          "sha256sum < root/etc/passwd | cut -c1-64)'\"}' out",
	          fixture_root),
	    0);
}

static void test_settings_name_the_directories(void **state)
{
	(void)state;
	write_text(at("settings"), "export CONFIG_ROOT_DIRLIST=\"etc\"\n");
	assert_int_equal(HEADS("--settings settings root hash root"), 0);
	assert_int_equal(shell("cd %s/root && sha256sum etc/passwd | cmp - ../out", fixture_root), 0);
}

static void test_as_listed(void **state)
{
	(void)state;
	list_root();
	assert_int_equal(HEADS("--json root verify --list list root"), 0);
	assert_out(
	    "{\"result\":\"ok\",\"files\":7,\"bytes\":24,\"changed\":[],\"added\":[],\"removed\":[],\"retyped\":[],"
	    "\"unreadable\":[],\"left_out\":2,\"mounts\":0}\n");
	/* What the list does not hold is not its matter: links, directories, names with kexec in them. */
	assert_int_equal(shell("cd %s && cp list root/boot/kexec_root_hashes.txt && ln -s sh root/usr/bin/another &&"
	                       " mkdir root/usr/new && echo other > root/sbin/kexec",
	                       fixture_root),
	                 0);
	assert_int_equal(HEADS("-q root verify root"), 0);
	assert_out("as listed: 7 files, 24 bytes\n");
}

static void test_what_differs_is_refused(void **state)
{
	(void)state;
	list_root();
	assert_int_equal(
	    shell("cd %s/root && echo evil > usr/bin/sh && rm usr/bin/ls && echo new > $'usr/bin/a\\033b' &&"
	          " rm usr/share/none && ln -s sh usr/share/none && rm -r lib",
	          fixture_root),
	    0);
	assert_int_equal(HEADS("--json root verify --list list root"), 1);
	assert_out(
	    "{\"result\":\"refused\",\"files\":7,\"bytes\":13,\"changed\":[\"/usr/bin/sh\"],\"added\":[\"/usr/bin/"
	    "a\\\\x1bb\"],\"removed\":[\"/lib/systemd/a\\\\x5cx2db.mount\",\"/usr/bin/ls\"],\"retyped\":[\"/usr/share/"
	    "none\"],\"unreadable\":[],\"left_out\":2,\"mounts\":0}\n");
	assert_int_equal(HEADS("root verify --list list root"), 1);
	assert_out("refused: 5 of the files differ from the list\n"
	           "  removed: /lib/systemd/a\\x5cx2db.mount\n"
	           "  added: /usr/bin/a\\x1bb\n"
	           "  removed: /usr/bin/ls\n"
	           "  changed: /usr/bin/sh\n"
	           "  retyped: /usr/share/none\n");
}

/* Same size, same times: only the bytes tell. */
static void test_a_file_changed_offline_is_found(void **state)
{
	(void)state;
	list_root();
	assert_int_equal(
	    shell("cd %s/root && cp -p usr/bin/ls ../kept && echo xy > usr/bin/ls && touch -r ../kept usr/bin/ls",
	          fixture_root),
	    0);
	assert_int_equal(HEADS("-q root verify --list list root"), 1);
}

static void test_wrong_use_is_2(void **state)
{
	(void)state;
	list_root();
	assert_int_equal(HEADS("root hash"), 2);
	assert_int_equal(HEADS("root hash root other"), 2);
	assert_int_equal(HEADS("root hash --list list root"), 2);
	assert_int_equal(HEADS("root hash nowhere"), 2);
	assert_int_equal(HEADS("root hash --directories ' / ' root"), 2);
	assert_int_equal(HEADS("root hash --directories 'usr ../etc' root"), 2);
	assert_int_equal(HEADS("root hash --directories 'usr usr/bin' root"), 2);
	assert_said("the directories usr and usr/bin lie in one another");
	assert_int_equal(HEADS("root hash --directories 'usr srv' root"), 2);
	assert_said("there is no srv below the root");
	assert_int_equal(HEADS("root hash --directories 'bin/sh' root"), 2); /* bin is a link */
	assert_int_equal(HEADS("root verify --list list --directories 'usr' root"), 2);
	assert_said("the list has /lib/systemd/");
	assert_int_equal(HEADS("root verify root"), 2); /* no list in its /boot */
	write_text(at("list"), "no list\n");
	assert_int_equal(HEADS("root verify --list list root"), 2);
	assert_said("line 1 of kexec_root_hashes.txt");
}

static void test_the_list_is_signed_with_boot(void **state)
{
	(void)state;
	list_root();
	make_boot(at("boot"));
	assert_int_equal(HEADS("boot sign --gnupghome gnupg --key owner@example.org --root-hashes list boot"), 0);
	assert_int_equal(shell("cd %s && cmp list boot/kexec_root_hashes.txt", fixture_root), 0);
	assert_int_equal(HEADS("boot verify --keyring owner.gpg boot"), 0);
	assert_int_equal(HEADS("root verify --list boot/kexec_root_hashes.txt root"), 0);
	/* A later signing keeps it, another byte in it is refused, and what is no list is not signed. */
	assert_int_equal(HEADS("boot sign --gnupghome gnupg --key owner@example.org boot"), 0);
	assert_int_equal(shell("cd %s && cmp list boot/kexec_root_hashes.txt", fixture_root), 0);
	assert_int_equal(HEADS("boot sign --gnupghome gnupg --key owner@example.org --root-hashes owner.asc boot"), 2);
	assert_int_equal(HEADS("boot sign --gnupghome gnupg --key owner@example.org --root-hashes /dev/null boot"), 2);
	assert_int_equal(HEADS("boot verify --keyring owner.gpg boot"), 0);
	assert_int_equal(shell("cd %s && sed -i 1s/^./x/ boot/kexec_root_hashes.txt", fixture_root), 0);
	assert_int_equal(HEADS("boot verify --keyring owner.gpg boot"), 1);
	remove_tree(at("boot"));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, root_setup, root_teardown)

/* A link in the place of a directory may lead to another directory of the list, and nowhere else. */
static void test_a_link_out_of_the_list_is_refused(void **state)
{
	(void)state;
	list_root();
	assert_int_equal(
	    shell("cd %s/root && mkdir -p var/bin && echo evil > var/bin/sh && ln -sfn var/bin bin", fixture_root), 0);
	assert_int_equal(HEADS("root verify --list list root"), 1);
	assert_out("refused: 1 of the files differ from the list\n  changed: /bin\n");
	assert_int_equal(HEADS("root hash root"), 1);
	assert_said("/bin is a link to var/bin, which lies in none of the directories");
	assert_int_equal(shell("cd %s/root && ln -sfn usr/../var/bin bin", fixture_root), 0);
	assert_int_equal(HEADS("root verify --list list root"), 1);
	assert_int_equal(shell("cd %s/root && ln -sfn /usr/bin bin", fixture_root), 0);
	assert_int_equal(HEADS("root verify --list list root"), 0);
}

/* dpkg's own names, of before /usr was merged, are found as well. */
static void test_packages_are_named(void **state)
{
	(void)state;
	list_root();
	assert_int_equal(
	    shell("cd %s/root && mkdir -p var/lib/dpkg/info && printf '/.\\n/bin\\n/bin/ls\\n' > "
	          "var/lib/dpkg/info/coreutils.list && printf '/usr/share/none\\n' > var/lib/dpkg/info/docs.list"
	          " && echo evil > usr/bin/ls && echo x > usr/share/none && echo y > usr/bin/own",
	          fixture_root),
	    0);
	assert_int_equal(HEADS("root verify --list list root"), 1);
	assert_out("refused: 3 of the files differ from the list\n  changed: /usr/bin/ls (of coreutils)\n"
	           "  added: /usr/bin/own\n  changed: /usr/share/none (of docs)\n");
}

static void parse(const char *text, struct manifest *list)
{
	assert_int_equal(manifest_parse_root(bytes_from_string(text), list, NULL), 0);
}

#define ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222222222222222222222222"

static void test_two_lists_are_compared(void **state)
{
	CLEANUP(manifest_clear) struct manifest older = {0}, newer = {0};
	CLEANUP(verify_result_clear) struct verify_result result = {0}, same = {0};
	struct error error;

	(void)state;
	parse(ONE "  bin/a\n" ONE "  bin/b\n" ONE "  bin/d\n", &older);
	parse(ONE "  bin/a\n" ONE "  bin/c\n" TWO "  bin/d\n", &newer);
	assert_int_equal(root_hashes_changes(&older, &newer, &result, &error), 0);
	assert_false(result.ok);
	assert_int_equal(result.finding_count, 3);
	assert_string_equal(result.findings[0].path, "bin/b");
	assert_int_equal(result.findings[0].kind, VERIFY_REMOVED);
	assert_string_equal(result.findings[1].path, "bin/c");
	assert_int_equal(result.findings[1].kind, VERIFY_ADDED);
	assert_string_equal(result.findings[2].path, "bin/d");
	assert_int_equal(result.findings[2].kind, VERIFY_CHANGED);
	assert_int_equal(root_hashes_changes(&older, &older, &same, &error), 0);
	assert_true(same.ok);
	assert_int_equal(same.files, 3);
}

struct seen {
	unsigned calls;
	uint64_t done, total;
};

static void watch(void *context, uint64_t done, uint64_t total)
{
	struct seen *seen = context;

	assert_true(done >= seen->done && done <= total);
	*seen = (struct seen){seen->calls + 1, done, total};
}

static void test_the_reading_is_watched(void **state)
{
	CLEANUP(root_directories_clear) struct root_directories directories = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	CLEANUP_CLOSE int root = open(at("root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct root_hashes_figures figures;
	struct seen seen = {0};
	struct error error;

	(void)state;
	assert_int_equal(root_directories_read("bin boot lib sbin usr", &directories, &error), 0);
	directories.watch = watch;
	directories.watch_context = &seen;
	assert_int_equal(root_hashes_make(root, &directories, &text, &figures, &error), 0);
	assert_true(seen.calls > 0);
	assert_int_equal(seen.total, figures.bytes);
	assert_int_equal(seen.done, seen.total);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_lists_as_find_and_sha256sum),
	    CASE(test_settings_name_the_directories),
	    CASE(test_as_listed),
	    CASE(test_what_differs_is_refused),
	    CASE(test_a_file_changed_offline_is_found),
	    CASE(test_wrong_use_is_2),
	    CASE(test_the_list_is_signed_with_boot),
	    CASE(test_a_link_out_of_the_list_is_refused),
	    CASE(test_packages_are_named),
	    CASE(test_two_lists_are_compared),
	    CASE(test_the_reading_is_watched),
	};
	int status;

	fixture_start();
	make_keys();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	end_keys();
	fixture_end();
	return status;
}
