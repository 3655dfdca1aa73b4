/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/keyboard.h"
#include "rom/setting_info.h"
#include "unit/cmocka_all.h"
#include <linux/keyboard.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN 0
#define SHIFT (1 << KG_SHIFT)
#define ALTGR (1 << KG_ALTGR)
#define CTRL  (1 << KG_CTRL)

static int value_at(const char *name, unsigned table, unsigned key)
{
	struct keyboard_entry entries[KEYBOARD_MAX_ENTRIES];
	const size_t count = keyboard_entries(keyboard_find(name), entries);

	for (size_t i = 0; i < count; i++)
		if (entries[i].table == table && entries[i].key == key)
			return entries[i].value;
	return -1;
}

/* Each level names each key at most once, has no more and no fewer characters than keys, and all of the first two. */
static void test_every_table_is_whole(void **state)
{
	static struct keyboard_entry entries[KEYBOARD_MAX_ENTRIES];

	(void)state;
	for (size_t n = 0; keyboard_at(n); n++) {
		const size_t count = keyboard_entries(keyboard_at(n), entries);
		unsigned per_table[16] = {0};
		bool seen[16][128] = {{false}};

		for (size_t i = 0; i < count; i++) {
			assert_in_range(entries[i].table, 0, 15);
			assert_in_range(entries[i].key, 2, 86);
			assert_false(seen[entries[i].table][entries[i].key]);
			seen[entries[i].table][entries[i].key] = true;
			per_table[entries[i].table]++;
		}
		assert_int_equal(per_table[PLAIN], KEYBOARD_KEYS);
		assert_int_equal(per_table[SHIFT], KEYBOARD_KEYS);
		assert_int_equal(per_table[CTRL], 26);
		assert_int_equal(per_table[CTRL | SHIFT], 26);
	}
}

/* Every layout types every character of ASCII, but what is made with a dead key and a space. */
static void test_every_layout_types_ascii(void **state)
{
	static struct keyboard_entry entries[KEYBOARD_MAX_ENTRIES];

	(void)state;
	for (size_t n = 0; keyboard_at(n); n++) {
		const size_t count = keyboard_entries(keyboard_at(n), entries);
		bool typed[128] = {false};

		for (size_t i = 0; i < count; i++) {
			const unsigned type = KTYP(entries[i].value), value = KVAL(entries[i].value);

			if ((type == KT_LATIN || type == KT_LETTER) && value < 128)
				typed[value] = true;
			if (type == KT_DEAD && value < 4)
				typed[(unsigned)"`'^~"[value]] = true;
		}
		for (unsigned character = '!'; character < 127; character++)
			if (!typed[character])
				fail_msg("%s cannot type %c", keyboard_name(keyboard_at(n)), (char)character);
	}
}

static void test_what_stands_on_the_keys(void **state)
{
	static const struct {
		const char *layout;
		unsigned table, key;
		int value;
	} cases[] = {
	    {"us", PLAIN, 21, K(KT_LETTER, 'y')},
	    {"de", PLAIN, 21, K(KT_LETTER, 'z')},
	    {"de", SHIFT, 44, K(KT_LETTER, 'Y')},
	    {"de", CTRL, 44, K(KT_LATIN, 'y' & 0x1f)},
	    {"de", PLAIN, 12, K(KT_LATIN, 0xdf)},
	    {"de", PLAIN, 41, K_DCIRCM},
	    {"de", SHIFT, 39, K(KT_LETTER, 0xd6)},
	    {"de", ALTGR, 16, K(KT_LATIN, '@')},
	    {"de", ALTGR, 18, 0x20ac ^ 0xf000},
	    {"de", ALTGR, 12, K(KT_LATIN, '\\')},
	    {"de", ALTGR, 86, K(KT_LATIN, '|')},
	    {"de", ALTGR, 8, K(KT_LATIN, '{')},
	    {"fr", PLAIN, 16, K(KT_LETTER, 'a')},
	    {"fr", PLAIN, 39, K(KT_LETTER, 'm')},
	    {"fr", SHIFT, 2, K(KT_LATIN, '1')},
	    {"fr", ALTGR, 11, K(KT_LATIN, '@')},
	    {"fr", PLAIN, 53, K(KT_LATIN, '!')},
	    {"fr", PLAIN, 26, K_DCIRCM},
	    {"fr", PLAIN, 43, K(KT_LATIN, '*')},
	    {"es", PLAIN, 39, K(KT_LETTER, 0xf1)},
	    {"es", PLAIN, 40, K_DACUTE},
	    {"es", ALTGR, 3, K(KT_LATIN, '@')},
	    {"it", PLAIN, 26, K(KT_LATIN, 0xe8)},
	    {"it", ALTGR, 39, K(KT_LATIN, '@')},
	    {"it", ALTGR | SHIFT, 26, K(KT_LATIN, '{')},
	    {"se", PLAIN, 26, K(KT_LETTER, 0xe5)},
	    {"se", ALTGR, 3, K(KT_LATIN, '@')},
	    {"se", ALTGR, 27, K_DTILDE},
	    {"uk", SHIFT, 4, K(KT_LATIN, 0xa3)},
	    {"uk", PLAIN, 43, K(KT_LATIN, '#')},
	    {"uk", PLAIN, 86, K(KT_LATIN, '\\')},
	    {"uk", ALTGR, 5, 0x20ac ^ 0xf000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (value_at(cases[i].layout, cases[i].table, cases[i].key) != cases[i].value)
			fail_msg("%s, table %u, key %u: 0x%x", cases[i].layout, cases[i].table, cases[i].key,
			         (unsigned)value_at(cases[i].layout, cases[i].table, cases[i].key));
}

/* The setting offers what there is, and the original's paths lead to the same layouts. */
static void test_names(void **state)
{
	static const struct {
		const char *name, *layout;
	} cases[] = {
	    {"us.map", "us"},
	    {"/usr/lib/kbd/keymaps/i386/qwertz/de-latin1.map", "de"},
	    {"/usr/lib/kbd/keymaps/i386/azerty/fr-latin9.map", "fr"},
	    {"/usr/lib/kbd/keymaps/i386/qwerty/uk.map", "uk"},
	    {"se-lat6", "se"},
	};
	const struct setting_info *info = setting_info_find("CONFIG_KEYBOARD_KEYMAP");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(keyboard_name(keyboard_find(cases[i].name)), cases[i].layout);
	assert_null(keyboard_find("dvorak"));
	assert_null(keyboard_find(""));
	assert_null(keyboard_find("/usr/lib/kbd/keymaps/"));
	assert_null(keyboard_find("d"));
	for (size_t n = 0; keyboard_at(n); n++)
		assert_int_equal(setting_check(info, keyboard_name(keyboard_at(n)), NULL), 0);
	assert_int_equal(setting_check(info, "dvorak", NULL), -E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_table_is_whole),
	    cmocka_unit_test(test_every_layout_types_ascii),
	    cmocka_unit_test(test_what_stands_on_the_keys),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
