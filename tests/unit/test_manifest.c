/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_hashes.txt, kexec_tree.txt, kexec_types.txt. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "format/manifest.h"
#include "format/tree.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

#define HEX_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static struct bytes text_of(const char *string)
{
	return bytes_from_string(string);
}

static void test_reads_lines(void **state)
{
	CLEANUP(manifest_clear) struct manifest manifest = {0};

	(void)state;
	assert_int_equal(manifest_parse(text_of(HEX_B "  ./vmlinuz\n" HEX_A " *./grub/grub.cfg\n" HEX_A "  ./a  b"),
	                                &manifest, NULL),
	                 0);
	assert_int_equal(manifest.count, 3);
	assert_string_equal(manifest.files[0].path, "a  b");
	assert_string_equal(manifest.files[1].path, "grub/grub.cfg");
	assert_int_equal(manifest.files[1].digest[1], 0x11);
	assert_int_equal(manifest_find(&manifest, "vmlinuz")->digest[0], 0xff);
	assert_null(manifest_find(&manifest, "vmlinu"));
}

static void test_empty_manifest_lists_nothing(void **state)
{
	CLEANUP(manifest_clear) struct manifest manifest = {0};

	(void)state;
	assert_int_equal(manifest_parse(BYTES_EMPTY, &manifest, NULL), 0);
	assert_int_equal(manifest.count, 0);
	assert_null(manifest_find(&manifest, "x"));
}

static void test_escaped_names_are_understood(void **state)
{
	CLEANUP(manifest_clear) struct manifest manifest = {0};
	CLEANUP(buffer_clear) struct buffer again = {0};
	const char *text = "\\" HEX_A "  ./a\\nb\\\\c\\rd\n";

	(void)state;
	assert_int_equal(manifest_parse(text_of(text), &manifest, NULL), 0);
	assert_string_equal(manifest.files[0].path, "a\nb\\c\rd");
	manifest_append_line(&again, manifest.files[0].digest, "./a\nb\\c\rd");
	assert_string_equal(buffer_string(&again), text);
}

static void test_the_list_of_the_roots_files(void **state)
{
	static const char *const refused[] = {
	    HEX_A "  ./bin/ls\n",        HEX_A "  /bin/ls\n",          HEX_A "  bin/../ls\n", HEX_A "  sbin/kexec\n",
	    HEX_A "  a/xkexec.h\n",      HEX_A "  kexec_hashes.txt\n", HEX_A "  bin/\n",      HEX_A " bin/ls\n",
	    HEX_A "  b\n" HEX_B "  b\n", "\\" HEX_A "  bin/\\x\n",
	};
	CLEANUP(manifest_clear) struct manifest manifest = {0};
	struct error error;

	(void)state;
	assert_int_equal(
	    manifest_parse_root(text_of(HEX_B "  usr/bin/sh\n" HEX_A "  kexec/in\n\\" HEX_A "  lib/a\\\\x2d\\n\n"),
	                        &manifest, NULL),
	    0);
	assert_int_equal(manifest.count, 3);
	assert_string_equal(manifest.files[0].path, "kexec/in");
	assert_string_equal(manifest.files[1].path, "lib/a\\x2d\n");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct manifest none = {0};

		assert_int_equal(manifest_parse_root(text_of(refused[i]), &none, &error), -E_MALFORMED);
		assert_string_equal(error.object, "kexec_root_hashes.txt");
	}
}

static void test_refuses_what_is_no_manifest(void **state)
{
	static const char *const cases[] = {
	    "\n",
	    "# a comment\n",
	    HEX_A,
	    HEX_A "  \n",
	    HEX_A "  ./\n",
	    HEX_A "  .\n",
	    HEX_A "  vmlinuz\n",
	    HEX_A "  /vmlinuz\n",
	    HEX_A "  ../vmlinuz\n",
	    HEX_A "  ./../vmlinuz\n",
	    HEX_A "  ./a/../b\n",
	    HEX_A "  ./a//b\n",
	    HEX_A "  ./a/./b\n",
	    HEX_A "  ./a/\n",
	    HEX_A "  ./kexec_menu.txt\n",
	    HEX_A "  ./kexec/x\n",
	    HEX_A " ./vmlinuz\n",
	    HEX_A "\t\t./vmlinuz\n",
	    "0" HEX_A "  ./vmlinuz\n",
	    "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff  ./vmlinuz\n",
	    "\\" HEX_A "  ./a\\tb\n",
	    "\\" HEX_A "  ./a\\\n",
	    HEX_A "  ./same\n" HEX_A "  ./same\n",
	    HEX_A "  ./same\n" HEX_B "  ./other\n" HEX_B "  ./same\n",
	    "SHA256 (./vmlinuz) = " HEX_A "\n",
	};
	struct manifest manifest = {0};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (manifest_parse(text_of(cases[i]), &manifest, &error) != -E_MALFORMED)
			fail_msg("accepted: %s", cases[i]);
		assert_int_equal(error.code, E_MALFORMED);
	}
	assert_int_equal(manifest_parse(bytes_make(HEX_A "  ./a\0b\n", 64 + 8), &manifest, NULL), -E_MALFORMED);
	assert_null(manifest.files);
}

static void test_refuses_too_many_files(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct manifest manifest;

	(void)state;
	for (int i = 0; i <= MANIFEST_MAX_FILES; i++)
		buffer_append_format(&text, HEX_A "  ./%d\n", i);
	assert_int_equal(manifest_parse(buffer_bytes(&text), &manifest, NULL), -E_TOO_LARGE);
}

static void test_path_length_is_bounded(void **state)
{
	static char path[MANIFEST_MAX_PATH + 2];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	assert_false(manifest_path_is_plain(text_of(path)));
	path[MANIFEST_MAX_PATH] = '\0';
	assert_true(manifest_path_is_plain(text_of(path)));
}

static void test_tree_with_and_without_root(void **state)
{
	static const char with[] = "./\0./b\0./a/c";
	static const char without[] = "./a/c\0./b";
	CLEANUP(tree_clear) struct tree first = {0}, second = {0};

	(void)state;
	assert_int_equal(tree_parse(bytes_make(with, sizeof(with)), &first, NULL), 0);
	assert_int_equal(tree_parse(bytes_make(without, sizeof(without)), &second, NULL), 0);
	assert_int_equal(first.count, 2);
	assert_int_equal(second.count, 2);
	assert_string_equal(first.paths[0].path, "a/c");
	assert_string_equal(second.paths[1].path, "b");
	assert_int_equal(first.paths[0].type, TREE_UNKNOWN);
}

static void test_tree_is_written_as_find_prints_it(void **state)
{
	static const char expected[] = "./\0./a\0./a/b";
	CLEANUP(tree_clear) struct tree tree = {0};
	CLEANUP(buffer_clear) struct buffer written = {0};

	(void)state;
	assert_int_equal(tree_add(&tree, "a", TREE_DIRECTORY, NULL), 0);
	assert_int_equal(tree_add(&tree, "a/b", TREE_FILE, NULL), 0);
	tree_append(&written, &tree);
	assert_true(bytes_equal(buffer_bytes(&written), bytes_make(expected, sizeof(expected))));
}

static void test_tree_refuses(void **state)
{
	static const struct {
		const char *data;
		size_t size;
	} cases[] = {
	    {"./a", 3},        {"a", 2},          {"./a\0./a", 8}, {"./a\0./", 7}, {"\0", 1},
	    {"./kexec_x", 10}, {"./kexec/y", 10}, {"./a/../b", 9}, {"/a", 3},      {"./a\0./b", 7},
	};
	struct tree tree = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (tree_parse(bytes_make(cases[i].data, cases[i].size), &tree, NULL) != -E_MALFORMED)
			fail_msg("accepted case %zu", i);
	assert_null(tree.paths);
}

static void test_types_come_back(void **state)
{
	CLEANUP(tree_clear) struct tree tree = {0}, again = {0};
	CLEANUP(buffer_clear) struct buffer written = {0};
	struct tree_binding binding, bound;

	(void)state;
	memset(&binding, 0x5a, sizeof(binding));
	binding.tree[3] = 7;
	assert_int_equal(tree_add(&tree, "a b", TREE_DIRECTORY, NULL), 0);
	assert_int_equal(tree_add(&tree, "a b/c", TREE_FILE, NULL), 0);
	assert_int_equal(tree_add(&tree, "l", TREE_LINK, "\\ \x1b[2J\tx\n\xff"), 0);
	tree_types_append(&written, &binding, &tree);
	for (size_t i = 0; i < written.size; i++)
		assert_true(written.data[i] == '\n' || written.data[i] == '\t' ||
		            (written.data[i] >= 0x20 && written.data[i] < 0x7f));
	assert_int_equal(tree_types_parse(buffer_bytes(&written), &bound, &again, NULL), 0);
	assert_memory_equal(&binding, &bound, sizeof(binding));
	assert_int_equal(again.count, 3);
	assert_int_equal(again.paths[0].type, TREE_DIRECTORY);
	assert_string_equal(again.paths[2].target, "\\ \x1b[2J\tx\n\xff");
	assert_null(again.paths[1].target);
	assert_non_null(tree_find(&again, "a b/c"));
	assert_null(tree_find(&again, "a b/d"));
}

static void test_types_refuse(void **state)
{
	static const char *const bodies[] = {
	    "x\ta\n",    "?\ta\n",  "d\n",          "d a\n",        "l\ta\n",   "l\ta\t\n",      "f\ta\tb\n",
	    "d\t../a\n", "d\t/a\n", "d\tkexec_x\n", "d\ta\nd\ta\n", "d\ta\\\n", "d\ta\\x4\n",    "d\ta\\x00b\n",
	    "d\ta\\n\n", "d\t\n",   "\n",           "d\ta",         "dd\ta\n",  "l\ta\tb\xc3\n",
	};
	static const char *const heads[] = {
	    "",
	    "heads types 2\nhashes " HEX_A "\ntree " HEX_A "\n",
	    "heads types 1\ntree " HEX_A "\nhashes " HEX_A "\n",
	    "heads types 1\nhashes " HEX_A "0\ntree " HEX_A "\n",
	    "heads types 1\nhashes " HEX_A "\n",
	};
	struct tree_binding binding;
	struct tree tree = {0};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		(void)snprintf(text, sizeof(text), "heads types 1\nhashes " HEX_A "\ntree " HEX_B "\n%s", bodies[i]);
		if (tree_types_parse(text_of(text), &binding, &tree, NULL) != -E_MALFORMED)
			fail_msg("accepted: %s", bodies[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		assert_int_equal(tree_types_parse(text_of(heads[i]), &binding, &tree, NULL), -E_MALFORMED);
	assert_null(tree.paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads_lines),
	    cmocka_unit_test(test_empty_manifest_lists_nothing),
	    cmocka_unit_test(test_escaped_names_are_understood),
	    cmocka_unit_test(test_the_list_of_the_roots_files),
	    cmocka_unit_test(test_refuses_what_is_no_manifest),
	    cmocka_unit_test(test_refuses_too_many_files),
	    cmocka_unit_test(test_path_length_is_bounded),
	    cmocka_unit_test(test_tree_with_and_without_root),
	    cmocka_unit_test(test_tree_is_written_as_find_prints_it),
	    cmocka_unit_test(test_tree_refuses),
	    cmocka_unit_test(test_types_come_back),
	    cmocka_unit_test(test_types_refuse),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
