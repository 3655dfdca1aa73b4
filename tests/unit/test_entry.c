/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmocka_all.h"
#include "format/entry.h"
#include <stdlib.h>
#include <string.h>

static void test_kinds_have_the_names_of_the_interface(void **state)
{
	(void)state;
	assert_string_equal(entry_kind_name(ENTRY_LINUX), "linux");
	assert_string_equal(entry_kind_name(ENTRY_XEN), "xen");
	assert_string_equal(entry_kind_name(ENTRY_MULTIBOOT), "multiboot");
	assert_string_equal(entry_kind_name(ENTRY_ELF), "elf");
	assert_string_equal(entry_kind_name(ENTRY_CHAINLOAD), "chainload");
}

static void test_list_grows_and_is_cleared(void **state)
{
	struct entry_list list = {0};

	(void)state;
	assert_null(entry_list_default(&list));
	for (size_t i = 0; i < 100; i++) {
		struct entry *entry = entry_list_add(&list);
		assert_non_null(entry);
		assert_null(entry->title);
		assert_false(entry->is_default);
		entry->title = strdup("x");
		entry->initrds = calloc(1, sizeof(char *));
		entry->initrds[0] = strdup("/i");
		entry->initrd_count = 1;
		entry->modules = calloc(1, sizeof(struct entry_module));
		entry->modules[0].path = strdup("/m");
		entry->module_count = 1;
	}
	assert_int_equal(list.count, 100);
	assert_null(entry_list_default(&list));
	list.entries[42].is_default = true;
	assert_ptr_equal(entry_list_default(&list), &list.entries[42]);
	entry_list_clear(&list);
	assert_int_equal(list.count, 0);
	entry_list_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds_have_the_names_of_the_interface),
	    cmocka_unit_test(test_list_grows_and_is_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
