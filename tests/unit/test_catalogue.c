/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees with boot configurations, made in a temporary directory, and what the catalogue says of them; every tree is
 * read both in this process and in the confined child, with the same result. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "boot/catalogue.h"
#include "boot/confine.h"
#include "cmocka_all.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct tree_file {
	const char *path;
	const char *content; /* NULL: a directory; "-> X": a link; "|": a FIFO */
};

struct tree {
	char path[64];
	int fd;
};

static void make_directories(int root, const char *path)
{
	char part[256];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		(void)mkdirat(root, part, 0755);
	}
}

static void tree_add(const struct tree *tree, const char *path, const char *content)
{
	make_directories(tree->fd, path);
	if (!content) {
		assert_int_equal(mkdirat(tree->fd, path, 0755), 0);
	} else if (strncmp(content, "-> ", 3) == 0) {
		assert_int_equal(symlinkat(content + 3, tree->fd, path), 0);
	} else if (strcmp(content, "|") == 0) {
		assert_int_equal(mkfifoat(tree->fd, path, 0644), 0);
	} else {
		CLEANUP_CLOSE int fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		assert_true(fd >= 0);
		assert_int_equal(file_write_all(fd, path, bytes_from_string(content), NULL), 0);
	}
}

static void tree_make(struct tree *tree, const struct tree_file *files)
{
	(void)snprintf(tree->path, sizeof(tree->path), "/tmp/heads-catalogue-XXXXXX");
	assert_non_null(mkdtemp(tree->path));
	tree->fd = open(tree->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->fd >= 0);
	for (; files->path; files++)
		tree_add(tree, files->path, files->content);
}

static void remove_below(int parent, const char *name)
{
	if (unlinkat(parent, name, 0) == 0)
		return;
	CLEANUP_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct buffer names = {0};
	int root = fd;
	const struct catalogue_source source = catalogue_directory(&root);
	assert_int_equal(source.list(source.context, "/", &names), 0);
	for (size_t at = 0; at < names.size; at += strlen((char *)names.data + at) + 1) {
		const char *child = (const char *)names.data + at;
		if (strcmp(child, ".") != 0 && strcmp(child, "..") != 0)
			remove_below(fd, child);
	}
	buffer_clear(&names);
	assert_int_equal(unlinkat(parent, name, AT_REMOVEDIR), 0);
}

static void tree_remove(struct tree *tree)
{
	(void)close(tree->fd);
	remove_below(AT_FDCWD, tree->path);
}

/* One line an entry: [*]id title kernel [initrds] cmdline source, then "! problem"; "# notice" at the end. */
static void write_catalogue(const struct catalogue *catalogue, struct buffer *out)
{
	for (size_t i = 0; i < catalogue->entries.count; i++) {
		const struct entry *entry = &catalogue->entries.entries[i];
		buffer_append_format(out, "%s%s ", entry->is_default ? "*" : "", entry->id);
		for (size_t k = 0; k < entry->submenu_count; k++)
			buffer_append_format(out, "%s>", entry->submenu[k]);
		buffer_append_format(out, "%s %s [", entry->title, entry->kernel ? entry->kernel : "-");
		for (size_t k = 0; k < entry->initrd_count; k++)
			buffer_append_format(out, "%s%s", k ? " " : "", entry->initrds[k]);
		buffer_append_format(out, "] %s %s\n", entry->cmdline, entry->source);
		for (size_t k = 0; k < entry->module_count; k++)
			buffer_append_format(out, "+ %s %s\n", entry->modules[k].path, entry->modules[k].args);
		if (entry->problem)
			buffer_append_format(out, "! %s\n", entry->problem);
	}
	for (size_t at = 0; at < catalogue->notices.size;) {
		const char *notice = (const char *)catalogue->notices.data + at;
		buffer_append_format(out, "# %s\n", notice);
		at += strlen(notice) + 1;
	}
}

static void expect(const struct tree_file *files, const char *expected)
{
	struct tree tree;
	tree_make(&tree, files);
	const struct catalogue_source source = catalogue_directory(&tree.fd);

	for (int confined = 0; confined < 2; confined++) {
		CLEANUP(catalogue_clear) struct catalogue catalogue = {0};
		CLEANUP(buffer_clear) struct buffer out = {0};
		struct error error = {0};
		const int result = confined ? catalogue_build_confined(&source, &catalogue, &error)
		                            : catalogue_build(&source, &catalogue, &error);
		if (result < 0)
			buffer_append_format(&out, "error %s\n", error_name(error.code));
		write_catalogue(&catalogue, &out);
		assert_string_equal(out.size ? buffer_string(&out) : "", expected);
	}
	tree_remove(&tree);
}

#define CONFIG(title) "menuentry '" title "' { linux /vmlinuz ro; initrd /initrd }\n"

static void test_a_boot_filesystem_and_a_whole_root(void **state)
{
	(void)state;
	expect((const struct tree_file[]){{"grub/grub.cfg", CONFIG("A")}, {"vmlinuz", "k"}, {"initrd", "i"}, {0}},
	       "*grub:0 A /vmlinuz [/initrd] ro grub/grub.cfg\n");
	expect((const struct tree_file[]){{"boot/grub/grub.cfg", "menuentry A { linux /boot/vmlinuz }\n"},
	                                  {"boot/vmlinuz", "k"},
	                                  {0}},
	       "*grub:0 A /boot/vmlinuz []  boot/grub/grub.cfg\n");
	/* A separate /boot, mounted in its root; and /boot of a root that has no separate one. */
	expect(
	    (const struct tree_file[]){
	        {"boot/grub/grub.cfg", CONFIG("A")}, {"boot/vmlinuz", "k"}, {"boot/initrd", "i"}, {0}},
	    "*grub:0 A /boot/vmlinuz [/boot/initrd] ro boot/grub/grub.cfg\n");
	expect((const struct tree_file[]){{"grub2/grub.cfg", "menuentry A { linux /boot/vmlinuz }\n"},
	                                  {"vmlinuz", "k"},
	                                  {0}},
	       "*grub:0 A /vmlinuz []  grub2/grub.cfg\n");
}

static void test_order_of_configurations(void **state)
{
	(void)state;
	expect((const struct tree_file[]){{"EFI/b/grub.cfg", CONFIG("EFI b")},
	                                  {"EFI/a/grub.cfg", "set default=1\n" CONFIG("EFI a")},
	                                  {"boot/grub/grub.cfg", CONFIG("boot")},
	                                  {"grub2/grub.cfg", CONFIG("grub2")},
	                                  {"grub/grub.cfg", CONFIG("S1") "set default=S2\n" CONFIG("S2")},
	                                  {"boot/boot", "-> ."},
	                                  {"vmlinuz", "k"},
	                                  {"initrd", ""},
	                                  {0}},
	       "grub:0 S1 /vmlinuz [/initrd] ro grub/grub.cfg\n"
	       "*grub:1 S2 /vmlinuz [/initrd] ro grub/grub.cfg\n"
	       "grub:2 boot /vmlinuz [/initrd] ro boot/grub/grub.cfg\n"
	       "grub:3 grub2 /vmlinuz [/initrd] ro grub2/grub.cfg\n"
	       "grub:4 EFI a /vmlinuz [/initrd] ro EFI/a/grub.cfg\n"
	       "grub:5 EFI b /vmlinuz [/initrd] ro EFI/b/grub.cfg\n");
	/* The same file under a second name, and a stub that leads to a configuration that is listed anyway. */
	expect(
	    (const struct tree_file[]){
	        {"grub/grub.cfg", CONFIG("A")},
	        {"boot", "-> ."},
	        {"EFI/debian/grub.cfg",
	         "search.fs_uuid 1 root\nset prefix=($root)'/grub'\nconfigfile $prefix/grub.cfg\n"},
	        {"vmlinuz", "k"},
	        {"initrd", "i"},
	        {0}},
	    "*grub:0 A /vmlinuz [/initrd] ro grub/grub.cfg\n");
}

static void test_entries_with_problems_are_listed(void **state)
{
	(void)state;
	expect((const struct tree_file[]){{"grub/grub.cfg",
	                                   "menuentry none { linux /none }\n"
	                                   "menuentry initrd { linux /vmlinuz; initrd /vmlinuz /none }\n"
	                                   "menuentry directory { linux /grub }\n"
	                                   "menuentry fifo { linux /fifo }\n"
	                                   "menuentry up { linux /../etc/passwd }\n"
	                                   "menuentry out { linux /out }\n"
	                                   "menuentry absolute { linux /absolute }\n"
	                                   "menuentry inside { linux /link }\n"
	                                   "menuentry xen { multiboot2 /xen.gz a; module2 /vmlinuz b; module2 /none }\n"
	                                   "menuentry quote { linux /vmlinuz x=\\\" }\n"
	                                   "menuentry windows { chainloader /vmlinuz }\n"
	                                   "menuentry good { linux /vmlinuz }\n"},
	                                  {"vmlinuz", "k"},
	                                  {"xen.gz", "x"},
	                                  {"fifo", "|"},
	                                  {"out", "-> ../../../../../../etc/passwd"},
	                                  {"absolute", "-> /etc/passwd"},
	                                  {"link", "-> /vmlinuz"},
	                                  {0}},
	       "*grub:0 none /none []  grub/grub.cfg\n"
	       "! the kernel /none does not exist, or is a link that leads to nothing or out of the directory\n"
	       "grub:1 initrd /vmlinuz [/vmlinuz /none]  grub/grub.cfg\n"
	       "! the initrd /none does not exist, or is a link that leads to nothing or out of the directory\n"
	       "grub:2 directory /grub []  grub/grub.cfg\n! the kernel /grub is a directory and no regular file\n"
	       "grub:3 fifo /fifo []  grub/grub.cfg\n! the kernel /fifo is no regular file\n"
	       "grub:4 up - []  grub/grub.cfg\n! the kernel /../etc/passwd leads out of the file system (\"..\")\n"
	       "grub:5 out /out []  grub/grub.cfg\n"
	       "! the kernel /out does not exist, or is a link that leads to nothing or out of the directory\n"
	       "grub:6 absolute /absolute []  grub/grub.cfg\n"
	       "! the kernel /absolute does not exist, or is a link that leads to nothing or out of the directory\n"
	       "grub:7 inside /link []  grub/grub.cfg\n"
	       "grub:8 xen /xen.gz [] a grub/grub.cfg\n+ /vmlinuz b\n+ /none \n"
	       "! the module /none does not exist, or is a link that leads to nothing or out of the directory\n"
	       "grub:9 quote /vmlinuz [] x=\" grub/grub.cfg\n! a quote of the command line does not end\n"
	       "grub:10 windows /vmlinuz []  grub/grub.cfg\n! another boot loader cannot be started from here\n"
	       "grub:11 good /vmlinuz []  grub/grub.cfg\n");
}

static void test_command_line_of_2016_and_of_2017(void **state)
{
	char config[5000], expected[5000], line[2018];

	(void)state;
	memset(line, 'x', sizeof(line));
	line[2017] = '\0';
	(void)snprintf(config, sizeof(config), "menuentry A { linux /k %s }\nmenuentry B { linux /k %s }\n", line + 1,
	               line);
	(void)snprintf(expected, sizeof(expected),
	               "*grub:0 A /k [] %s grub/grub.cfg\ngrub:1 B /k [] %s grub/grub.cfg\n"
	               "! the command line has 2017 characters, and the kernel takes at most 2016\n",
	               line + 1, line);
	expect((const struct tree_file[]){{"grub/grub.cfg", config}, {"k", "k"}, {0}}, expected);
}

static void test_what_cannot_be_read(void **state)
{
	(void)state;
	expect((const struct tree_file[]){{"vmlinuz", "k"}, {0}}, "error not-found\n");
	expect((const struct tree_file[]){{"grub/grub.cfg", ""}, {0}}, "# grub/grub.cfg: the configuration is empty\n");
	expect((const struct tree_file[]){{"grub/grub.cfg", NULL}, {0}}, "error not-found\n");
	expect(
	    (const struct tree_file[]){
	        {"grub/grub.cfg", "|"}, {"grub2/grub.cfg", CONFIG("A")}, {"vmlinuz", ""}, {"initrd", ""}, {0}},
	    "*grub:0 A /vmlinuz [/initrd] ro grub2/grub.cfg\n"
	    "# grub/grub.cfg: this is no regular file and was not read\n");
	/* A configuration that leads out of the tree is not there. */
	expect((const struct tree_file[]){{"grub/grub.cfg", "-> ../../../../etc/passwd"}, {0}}, "error not-found\n");
}

static void test_sourced_files_and_grubenv(void **state)
{
	(void)state;
	expect(
	    (const struct tree_file[]){
	        {"boot/grub/grub.cfg",
	         "if [ -s $prefix/grubenv ]; then load_env; fi\nset default=\"${saved_entry}\"\n" CONFIG(
	             "A") "if [ -f ${config_directory}/custom.cfg ]; then source ${config_directory}/custom.cfg; fi\n"},
	        {"boot/grub/custom.cfg", CONFIG("B")},
	        {"boot/grub/grubenv", "# GRUB Environment Block\nsaved_entry=B\n"},
	        {"boot/vmlinuz", "k"},
	        {"boot/initrd", "i"},
	        {0}},
	    "grub:0 A /boot/vmlinuz [/boot/initrd] ro boot/grub/grub.cfg\n"
	    "*grub:1 B /boot/vmlinuz [/boot/initrd] ro boot/grub/grub.cfg\n");
}

/* --- the child's confinement -----------------------------------------------------------------------------------------
 */

static void open_file(void)
{
	(void)open("/etc/passwd", O_RDONLY);
}

static void make_file(void)
{
	(void)creat("/tmp/heads-confined-was-here", 0600);
}

static void start_program(void)
{
	char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
	(void)execv("/bin/true", arguments);
}

static void fork_child(void)
{
	(void)fork();
}

static void open_socket(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void kill_parent(void)
{
	(void)kill(1, 0);
}

static void do_nothing(void)
{
}

static int run_confined(void (*act)(void))
{
	int status = 0;
	const pid_t pid = fork();

	if (pid == 0) {
		int ends[2];
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || confine_self(ends[0], NULL) < 0)
			confine_exit(9);
		act();
		confine_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Each of these ends the child at the system call, before it has done anything. */
static void test_A11_the_child_can_do_nothing(void **state)
{
	static void (*const acts[])(void) = {open_file, make_file, start_program, fork_child, open_socket, kill_parent};
	const int fine = run_confined(do_nothing);

	(void)state;
	assert_true(WIFEXITED(fine) && WEXITSTATUS(fine) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		const int status = run_confined(acts[i]);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
	assert_int_equal(access("/tmp/heads-confined-was-here", F_OK), -1);
}

/* Commands in the configuration, with the file that they would make: it is not made, and the entry is what it says. */
static void test_A11_commands_start_nothing(void **state)
{
	(void)state;
	(void)unlink("/tmp/heads-a11-was-here");
	expect(
	    (const struct tree_file[]){
	        {"grub/grub.cfg",
	         "menuentry '$(touch /tmp/heads-a11-was-here)' { linux /k $(touch${IFS}/tmp/heads-a11-was-here) "
	         "`touch /tmp/heads-a11-was-here` }\n"},
	        {"k", "k"},
	        {0}},
	    "*grub:0 $(touch /tmp/heads-a11-was-here) /k [] $(touch/tmp/heads-a11-was-here) `touch "
	    "/tmp/heads-a11-was-here` "
	    "grub/grub.cfg\n");
	assert_int_equal(access("/tmp/heads-a11-was-here", F_OK), -1);
}

static void leave_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_a_large_configuration_in_the_child(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	CLEANUP(catalogue_clear) struct catalogue catalogue = {0};
	struct error error = {0};
	struct tree tree;

	(void)state;
	while (text.size < ((size_t)10 << 20))
		buffer_append_string(&text, "menuentry 'A' { linux /k a b c; initrd /none }\n");
	tree_make(&tree, (const struct tree_file[]){{"grub/grub.cfg", buffer_string(&text)}, {"k", "k"}, {0}});
	const struct catalogue_source source = catalogue_directory(&tree.fd);
	assert_int_equal(catalogue_build_confined(&source, &catalogue, &error), 0);
	assert_int_equal(catalogue.entries.count, 1000);
	assert_non_null(catalogue.notices.data);
	assert_non_null(strstr((const char *)catalogue.notices.data, "more than 1000 entries"));
	tree_remove(&tree);
	leave_no_child();
}

int main(void)
{
	digest_library_start();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_boot_filesystem_and_a_whole_root),
	    cmocka_unit_test(test_order_of_configurations),
	    cmocka_unit_test(test_entries_with_problems_are_listed),
	    cmocka_unit_test(test_command_line_of_2016_and_of_2017),
	    cmocka_unit_test(test_what_cannot_be_read),
	    cmocka_unit_test(test_sourced_files_and_grubenv),
	    cmocka_unit_test(test_A11_the_child_can_do_nothing),
	    cmocka_unit_test(test_A11_commands_start_nothing),
	    cmocka_unit_test(test_a_large_configuration_in_the_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
