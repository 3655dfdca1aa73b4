/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which disk unlock key is for which boot entry, and where a new one goes (A5). */
#include "base/cleanup.h"
#include "boot/key_entry.h"
#include "unit/cmocka_all.h"
#include <stdlib.h>
#include <string.h>

#define ENTRIES 5

static struct volume volume;
static const struct volume_list volumes = {.volumes = &volume, .count = 1};
static struct entry_list entries;
static struct unlock_keys keys;
static const struct key_entry_place place = {
    .keys = &keys, .volumes = &volumes, .entries = &entries, .words = {.add = "quiet", .remove = NULL}};

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	volume.digest = digest_of(HASH_SHA256, bytes_from_string("facts"));
	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *entry = entry_list_add(&entries);
		char title[32];

		(void)snprintf(title, sizeof(title), "Entry %c", (char)('A' + (int)i));
		entry->id = strdup("grub:0");
		entry->title = strdup(title);
		entry->cmdline = strdup("root=/dev/a ro");
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	entry_list_clear(&entries);
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	memset(&keys, 0, sizeof(keys));
	return 0;
}

static struct buffer text_of(size_t entry)
{
	struct buffer text = {0};

	assert_int_equal(key_entry_text(&entries.entries[entry], &place.words, &text, NULL), 0);
	return text;
}

static void put_pcr(unsigned key, struct bytes text)
{
	keys.count += !keys.keys[key].there;
	keys.keys[key].there = true;
	keys.keys[key].pcr = unlock_expected_pcr(&volumes, text);
}

static void put(unsigned key, size_t entry)
{
	CLEANUP(buffer_clear) struct buffer text = text_of(entry);

	put_pcr(key, buffer_bytes(&text));
}

/* That entry's key, measured with its text, or with nothing (for_all). */
static void expect_selected(size_t entry, unsigned expected, bool for_all)
{
	CLEANUP(buffer_clear) struct buffer text = {0}, own = text_of(entry);
	unsigned key = UNLOCK_KEYS;

	assert_int_equal(key_entry_select(&place, &entries.entries[entry], &text, &key, NULL), 0);
	assert_int_equal(key, expected);
	assert_true(bytes_equal(buffer_bytes(&text), for_all ? BYTES_EMPTY : buffer_bytes(&own)));
}

static void expect_room(size_t entry, unsigned expected)
{
	CLEANUP(buffer_clear) struct buffer text = text_of(entry);
	unsigned key = UNLOCK_KEYS;

	assert_int_equal(key_entry_room(&place, buffer_bytes(&text), &key, NULL), 0);
	assert_int_equal(key, expected);
}

static void test_A5_each_entry_its_own(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct error error;
	unsigned key;

	(void)state;
	put(0, 1);
	assert_int_equal(key_entry_select(&place, &entries.entries[0], &text, &key, &error), -E_REFUSED);
	assert_string_equal(error.sentence,
	                    "the disk unlock key is for the boot entry 'Entry B' alone, and this is another one");
	put(2, 0);
	expect_selected(0, 2, false);
	expect_selected(1, 0, false);
	assert_int_equal(key_entry_select(&place, &entries.entries[2], &text, &key, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "'Entry B' and 'Entry A' alone"));
	assert_int_equal(text.size, 0);
	/* A record that nobody can read, and one of other disks, are in nobody's way. */
	keys.keys[1] = (struct unlock_key){.there = true};
	keys.count++;
	put_pcr(3, bytes_from_string("gone"));
	expect_selected(0, 2, false);
	assert_int_equal(key_entry_own(&place, &entries.entries[0], &key, &error), 0);
	assert_int_equal(key, 2);
	assert_int_equal(key_entry_own(&place, &entries.entries[3], &key, &error), -E_NOT_FOUND);
}

static void test_one_for_all(void **state)
{
	struct error error;
	unsigned key;

	(void)state;
	put_pcr(0, BYTES_EMPTY);
	expect_selected(3, 0, true);
	assert_int_equal(key_entry_own(&place, &entries.entries[3], &key, &error), -E_NOT_FOUND);
	expect_room(3, 0); /* in its place: it would open for every entry */
}

/* Keys for nothing that there is: the TPM says what has changed, or the record that it is damaged. */
static void test_for_nothing_there(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct error error;
	unsigned key;

	(void)state;
	put_pcr(2, bytes_from_string("gone"));
	expect_selected(0, 2, true);
	expect_room(0, 2);
	keys.keys[1] = (struct unlock_key){.there = true};
	(void)error_set(&keys.problem, E_MALFORMED, "0x01804d49", "the record is damaged");
	assert_int_equal(key_entry_select(&place, &entries.entries[0], &text, &key, &error), -E_MALFORMED);
	assert_string_equal(error.sentence, "the record is damaged");
	expect_room(0, 1);
}

static void test_room(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = text_of(4);
	char whom[100];
	struct error error;
	unsigned key;

	(void)state;
	expect_room(0, 0);
	put(0, 0);
	expect_room(0, 0);
	expect_room(1, 1);
	for (unsigned i = 1; i < UNLOCK_KEYS; i++)
		put(i, i);
	expect_room(2, 2);
	assert_int_equal(key_entry_room(&place, buffer_bytes(&text), &key, &error), -E_EXISTS);
	assert_string_equal(error.sentence, "there are 4 disk unlock keys, as many as there can be, for the boot "
	                                    "entries 'Entry A' and 'Entry B' and 'Entry C' and 'Entry D'; forget "
	                                    "one of them first");
	assert_int_equal(key_entry_describe(&place, 2, whom, sizeof(whom)), KEY_ENTRY_ONE);
	assert_string_equal(whom, "the boot entry \"Entry C\" alone");
	put_pcr(2, BYTES_EMPTY);
	assert_int_equal(key_entry_describe(&place, 2, whom, sizeof(whom)), KEY_ENTRY_ALL);
	put_pcr(2, bytes_from_string("gone"));
	assert_int_equal(key_entry_describe(&place, 2, whom, sizeof(whom)), KEY_ENTRY_OTHER);
	expect_room(4, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_A5_each_entry_its_own, fresh),
	    cmocka_unit_test_setup(test_one_for_all, fresh),
	    cmocka_unit_test_setup(test_for_nothing_there, fresh),
	    cmocka_unit_test_setup(test_room, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
