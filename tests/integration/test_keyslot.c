/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's passphrase of volumes that cryptsetup made: changed, cut off in between, and looked at by cryptsetup. */
#include "base/cleanup.h"
#include "disk/keyslot.h"
#include "disk/reencrypt.h"
#include "integration/shell.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char directory[64];

#define tool(...) shell_run(directory, __VA_ARGS__)

static const struct kind {
	const char *name, *format;
} kinds[] = {
    {"one", "--type luks1 --pbkdf pbkdf2 --pbkdf-force-iterations 1234 --hash sha512"},
    {"two", "--type luks2 --pbkdf argon2id --pbkdf-force-iterations 5 --pbkdf-memory 2048 --pbkdf-parallel 1"},
    {"three", "--type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1234 --hash sha512"},
};

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	(void)snprintf(directory, sizeof(directory), "/tmp/heads-keyslot-XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(tool("printf old >old; printf fresh >fresh; printf other >other"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (tool("truncate -s 20M %s && cryptsetup luksFormat --batch-mode %s %s old && "
		         "cryptsetup luksAddKey --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file "
		         "old %s "
		         "other && cp %s %s.new",
		         kinds[i].name, kinds[i].format, kinds[i].name, kinds[i].name, kinds[i].name,
		         kinds[i].name) != 0)
			return -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return tool("rm -r %s", directory);
}

static bool opens(const struct kind *kind, const char *passphrase)
{
	return tool("cryptsetup open --test-passphrase --key-file %s %s", passphrase, kind->name) == 0;
}

/* The volume, as fresh from cryptsetup, with this passphrase added to it where not NULL. */
static struct volume_list volume_of(const struct kind *kind, const char *added)
{
	struct volume_list list = {0};
	struct error error;
	char path[128];

	assert_int_equal(tool("cp %s.new %s", kind->name, kind->name), 0);
	if (added)
		assert_int_equal(tool("cryptsetup luksAddKey --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "
		                      "--key-file old %s %s",
		                      kind->name, added),
		                 0);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, kind->name);
	if (volume_add(&list, path, &error) < 0)
		fail_msg("%s", error.sentence);
	return list;
}

static int change(const struct volume_list *list, const char *old, const char *fresh, struct error *error)
{
	return keyslot_change(&list->volumes[0], bytes_from_string(old), bytes_from_string(fresh), error);
}

static void test_a_passphrase_is_changed(void **state)
{
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		CLEANUP(volume_list_clear) struct volume_list list = volume_of(&kinds[i], NULL), after = {0};
		const struct volume *volume = &list.volumes[0];

		assert_int_equal(keyslot_opens(volume, bytes_from_string("old"), &error), 1);
		assert_int_equal(keyslot_opens(volume, bytes_from_string("fresh"), &error), 0);
		if (change(&list, "old", "fresh", &error) < 0)
			fail_msg("%s: %s", kinds[i].name, error.sentence);
		assert_true(opens(&kinds[i], "fresh"));
		assert_false(opens(&kinds[i], "old"));
		assert_true(opens(&kinds[i], "other"));                     /* somebody else's slot */
		assert_int_equal(change(&list, "old", "fresh", &error), 0); /* again */
		assert_int_equal(volume_add(&after, volume->path, &error), 0);
		assert_int_equal(__builtin_popcount(after.volumes[0].facts.slots), 2);
		assert_true(digest_equal(&after.volumes[0].digest, &volume->digest)); /* PCR 6 stays */
	}
}

/* The cost that the owner chose, not one that this machine was timed for. */
static void test_the_new_slot_costs_what_the_old_one_did(void **state)
{
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		CLEANUP(volume_list_clear) struct volume_list list = volume_of(&kinds[i], NULL);

		assert_int_equal(change(&list, "old", "fresh", &error), 0);
		if (strcmp(kinds[i].name, "two") == 0)
			assert_int_equal(
			    tool("cryptsetup luksDump two >dump && grep -A30 Keyslots: dump | grep -q argon2id && "
			         "grep -q 'Time cost:[[:space:]]*5$' dump && grep -q 'Memory:[[:space:]]*2048$' dump"),
			    0);
		else
			assert_int_equal(
			    tool("cryptsetup luksDump %s | grep -q 'Iterations:[[:space:]]*1234$'", kinds[i].name), 0);
	}
}

/* Where the power went after the new slot was there, and before the old one was destroyed. */
static void test_a_cut_in_between_goes_on(void **state)
{
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		CLEANUP(volume_list_clear) struct volume_list list = volume_of(&kinds[i], "fresh");

		assert_int_equal(change(&list, "old", "fresh", &error), 0);
		assert_true(opens(&kinds[i], "fresh"));
		assert_false(opens(&kinds[i], "old"));
		assert_true(opens(&kinds[i], "other"));
	}
}

static void test_what_is_refused_changes_nothing(void **state)
{
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		CLEANUP(volume_list_clear) struct volume_list list = volume_of(&kinds[i], NULL);

		assert_int_equal(change(&list, "wrong", "fresh", &error), -E_WRONG_AUTH);
		assert_int_equal(change(&list, "old", "old", &error), -E_USAGE);
		assert_int_equal(change(&list, "old", "", &error), -E_USAGE);
		assert_int_equal(tool("cmp %s %s.new", kinds[i].name, kinds[i].name), 0);
	}
}

/* No slot is free: the old one stays. */
static void test_a_full_header_is_left_alone(void **state)
{
	CLEANUP(volume_list_clear) struct volume_list list = volume_of(&kinds[0], NULL);
	struct error error;

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(
		    tool("printf more%d >more && cryptsetup luksAddKey --batch-mode --pbkdf-force-iterations 1000 "
		         "--key-file old one more",
		         i),
		    0);
	assert_true(change(&list, "old", "fresh", &error) < 0);
	assert_true(opens(&kinds[0], "old"));
	assert_false(opens(&kinds[0], "fresh"));
}

static void no_progress(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	(void)done;
	(void)total;
	fail_msg("something was re-encrypted");
}

/* A header that tells of a re-encryption is taken up where the passphrase opens it and it leads from one volume key to
 * another: not where it encrypts what lies there in the clear, or decrypts (CVE-2021-4122). Nothing is written. */
static void test_A7_reencryption_of_another_kind(void **state)
{
	static const struct {
		const char *make, *passphrase;
		int result;
	} cases[] = {
	    {"truncate -s 20M re && cryptsetup reencrypt --encrypt --init-only --batch-mode --reduce-device-size 16M "
	     "--key-file old --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --type luks2 re",
	     "old", -E_UNSUPPORTED},
	    {"cp three.new re && rm -f header && cryptsetup reencrypt --decrypt --init-only --batch-mode "
	     "--force-offline-reencrypt --header header --key-file old re && dd if=header of=re conv=notrunc",
	     "old", -E_UNSUPPORTED},
	    {"cp three.new re && cryptsetup reencrypt --init-only --batch-mode --key-slot 0 --key-file old --pbkdf "
	     "pbkdf2 "
	     "--pbkdf-force-iterations 1000 re",
	     "fresh", -E_WRONG_AUTH},
	    {"cp one.new re", "old", -E_UNSUPPORTED},
	    {"cp three.new re", "fresh", -E_WRONG_AUTH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(volume_list_clear) struct volume_list list = {0};
		struct error error;
		char path[128];

		if (tool("%s", cases[i].make) != 0 || tool("cp re re.before") != 0)
			fail_msg("case %zu could not be made", i);
		(void)snprintf(path, sizeof(path), "%s/re", directory);
		if (volume_add(&list, path, &error) < 0)
			fail_msg("case %zu: %s", i, error.sentence);
		assert_int_equal(reencrypt_is_unfinished(&list.volumes[0]), i < 3);
		if (reencrypt_volume(&list.volumes[0], bytes_from_string(cases[i].passphrase), no_progress, NULL,
		                     &error) != cases[i].result)
			fail_msg("case %zu: %s", i, error.sentence);
		assert_int_equal(tool("cmp re re.before"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_passphrase_is_changed),
	    cmocka_unit_test(test_the_new_slot_costs_what_the_old_one_did),
	    cmocka_unit_test(test_a_cut_in_between_goes_on),
	    cmocka_unit_test(test_what_is_refused_changes_nothing),
	    cmocka_unit_test(test_a_full_header_is_left_alone),
	    cmocka_unit_test(test_A7_reencryption_of_another_kind),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
