/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every menu of src/menu tells in its help what it is about: the table of the screens is their source. */
#include "base/cleanup.h"
#include "base/file.h"
#include "unit/cmocka_all.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define SOURCES TEST_DATA "/../../src/menu"

/* The number of menus that a file declares; fails where one has no help. */
static size_t check_file(const char *name)
{
	CLEANUP(buffer_clear) struct buffer source = {0};
	const char *place;
	char path[512];
	size_t count = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", SOURCES, name);
	assert_int_equal(file_read(path, 1 << 20, &source, NULL), 0);
	assert_non_null(buffer_string(&source));
	for (place = strstr(buffer_string(&source), "struct ui_menu "); place;
	     place = strstr(place, "struct ui_menu ")) {
		const char *end = strstr(place, "};"), *assigned = strchr(place, '='), *help = strstr(place, ".help =");

		assert_non_null(end);
		place += strlen("struct ui_menu ");
		if (!assigned || assigned > end || strchr(place, ';') < assigned)
			continue; /* a parameter or a pointer */
		count++;
		if (!help || help > end)
			fail_msg("%s: a menu without help: %.60s", name, place);
	}
	return count;
}

static void test_every_menu_has_help(void **state)
{
	DIR *directory = opendir(SOURCES);
	const struct dirent *entry;
	size_t count = 0;

	(void)state;
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		const size_t length = strlen(entry->d_name);

		if (length > 2 && strcmp(entry->d_name + length - 2, ".c") == 0)
			count += check_file(entry->d_name);
	}
	(void)closedir(directory);
	assert_true(count >= 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_menu_has_help)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
