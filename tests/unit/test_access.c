/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "trust/access.h"
#include "unit/cmocka_all.h"
#include <string.h>

static enum access_mode mode_of(const char *text)
{
	CLEANUP(settings_clear) struct settings settings = {0};

	assert_int_equal(settings_parse(bytes_from_string(text), "config.user", &settings, NULL), 0);
	return access_mode_of(&settings);
}

static void test_mode_of_settings(void **state)
{
	(void)state;
	assert_int_equal(mode_of(""), ACCESS_OPEN);
	assert_int_equal(mode_of("CONFIG_ACCESS_LOCK=n\nCONFIG_RESTRICTED_BOOT=n\n"), ACCESS_OPEN);
	assert_int_equal(mode_of("CONFIG_ACCESS_LOCK=\n"), ACCESS_OPEN);
	assert_int_equal(mode_of("CONFIG_ACCESS_LOCK=y\n"), ACCESS_LOCKED);
	assert_int_equal(mode_of("CONFIG_RESTRICTED_BOOT=y\n"), ACCESS_RESTRICTED);
	assert_int_equal(mode_of("CONFIG_RESTRICTED_BOOT=y\nCONFIG_ACCESS_LOCK=n\n"), ACCESS_RESTRICTED);
	/* the original's Basic mode opens nothing here */
	assert_int_equal(mode_of("CONFIG_BASIC=y\nCONFIG_RESTRICTED_BOOT=y\n"), ACCESS_RESTRICTED);
}

/* What nobody understands, and what cannot be read, opens nothing. */
static void test_unknown_values_lock(void **state)
{
	(void)state;
	assert_int_equal(mode_of("CONFIG_ACCESS_LOCK=Y\n"), ACCESS_LOCKED);
	assert_int_equal(mode_of("CONFIG_RESTRICTED_BOOT=yes\n"), ACCESS_RESTRICTED);
	assert_int_equal(mode_of("CONFIG_RESTRICTED_BOOT=1\n"), ACCESS_RESTRICTED);
	assert_int_equal(access_mode_of(NULL), ACCESS_LOCKED);
	assert_int_equal(access_mode_named(NULL), ACCESS_LOCKED);
	assert_int_equal(access_mode_named("Open"), ACCESS_LOCKED);
	for (int mode = 0; mode < ACCESS_MODES; mode++)
		assert_int_equal(access_mode_named(access_mode_name((enum access_mode)mode)), mode);
}

/* Basic mode relaxes nothing that a lock holds, and only one value means it. */
static void test_basic_mode(void **state)
{
	static const char *const off[] = {
	    "", "CONFIG_BASIC=n\n", "CONFIG_BASIC=\n", "CONFIG_BASIC=Y\n", "CONFIG_BASIC=yes\n", "CONFIG_BASIC=1\n"};
	CLEANUP(settings_clear) struct settings on = {0};

	(void)state;
	assert_int_equal(settings_parse(bytes_from_string("CONFIG_BASIC=y\n"), "config.user", &on, NULL), 0);
	assert_true(access_is_basic(&on, ACCESS_OPEN));
	assert_false(access_is_basic(&on, ACCESS_LOCKED));
	assert_false(access_is_basic(&on, ACCESS_RESTRICTED));
	assert_false(access_is_basic(NULL, ACCESS_OPEN));
	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		CLEANUP(settings_clear) struct settings settings = {0};

		assert_int_equal(settings_parse(bytes_from_string(off[i]), "config.user", &settings, NULL), 0);
		assert_false(access_is_basic(&settings, ACCESS_OPEN));
	}
}

/* The table, written down a second time, in the words of docs/threat-model.md. */
static void test_table(void **state)
{
	static const enum access_answer table[ACCESS_ACTIONS][ACCESS_MODES] = {
	    [ACCESS_EARLY_SHELL] = {ACCESS_ALLOWED, ACCESS_REFUSED, ACCESS_REFUSED},
	    [ACCESS_SHELL] = {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_REFUSED},
	    [ACCESS_FORCED_BOOT] = {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_REFUSED},
	    [ACCESS_UNSIGNED_FIRMWARE] = {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_REFUSED},
	    [ACCESS_SIGNED_FIRMWARE] = {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_NEEDS_OWNER},
	    [ACCESS_SETTINGS] = {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_NEEDS_OWNER},
	    [ACCESS_CLOCK] = {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_NEEDS_OWNER},
	    [ACCESS_OWNERSHIP] = {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_NEEDS_OWNER},
	};

	(void)state;
	for (int action = 0; action < ACCESS_ACTIONS; action++)
		for (int mode = 0; mode < ACCESS_MODES; mode++)
			assert_int_equal(access_decide((enum access_mode)mode, (enum access_action)action),
			                 table[action][mode]);
}

/* Whatever is added to the table: a stricter mode allows nothing that a looser one does not, nothing is free where it
 * is locked, and restricted mode has no way at all to code that nobody has signed. */
static void test_stricter_is_stricter(void **state)
{
	static const enum access_action unsigned_code[] = {ACCESS_EARLY_SHELL, ACCESS_SHELL, ACCESS_FORCED_BOOT,
	                                                   ACCESS_UNSIGNED_FIRMWARE};

	(void)state;
	for (int action = 0; action < ACCESS_ACTIONS; action++) {
		enum access_action what = (enum access_action)action;

		assert_true(access_decide(ACCESS_OPEN, what) <= access_decide(ACCESS_LOCKED, what));
		assert_true(access_decide(ACCESS_LOCKED, what) <= access_decide(ACCESS_RESTRICTED, what));
		assert_int_not_equal(access_decide(ACCESS_LOCKED, what), ACCESS_ALLOWED);
		assert_non_null(access_action_name(what));
		assert_non_null(access_action_words(what));
	}
	for (size_t i = 0; i < ARRAY_SIZE(unsigned_code); i++)
		assert_int_equal(access_decide(ACCESS_RESTRICTED, unsigned_code[i]), ACCESS_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mode_of_settings),
	    cmocka_unit_test(test_unknown_values_lock),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_basic_mode),
	    cmocka_unit_test(test_stricter_is_stricter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
