/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk unlock key in swtpm and in volumes that cryptsetup made, as functions and as commands. */
#include "attest/measure.h"
#include "base/cleanup.h"
#include "disk/keyslot.h"
#include "disk/unlock.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define CHEAP  "--batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000"
#define UUID_1 "11111111-2222-3333-4444-555555555551"
#define UUID_2 "11111111-2222-3333-4444-555555555552"

#define NV_UNDEFINE_SPACE 0x00000122u /* TPM_CC_NV_UndefineSpace */

static struct swtpm swtpm;

/* For which entry a key is made, and which one boots; empty: all, any. Under which number it is made and asked for. */
static struct bytes for_entry, booted_entry;
static unsigned key_number;

static void tool(const char *line)
{
	if (swtpm_tool(&swtpm, NULL, "{ %s; } >tool.log 2>&1", line) != 0)
		fail_msg("failed: %s", line);
}

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	tool("printf pass >pass; printf other >other; printf wrong >wrong");
	tool("truncate -s 32M one two; cryptsetup luksFormat " CHEAP " --type luks1 --uuid " UUID_1 " one pass && "
	     "cryptsetup luksFormat " CHEAP " --type luks2 --uuid " UUID_2
	     " two pass && cp one one.new && cp two two.new");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	return 0;
}

/* Fresh volumes and a TPM that was just reset. */
static int fresh(void **state)
{
	(void)state;
	tool("cp one.new one; cp two.new two");
	swtpm_power_cycle(&swtpm);
	tool("tpm2_dictionarylockout --clear-lockout");
	for_entry = booted_entry = BYTES_EMPTY;
	key_number = 0;
	return 0;
}

static void add(struct volume_list *list, const char *name)
{
	char path[128];
	struct error error;

	(void)snprintf(path, sizeof(path), "%s/%s", swtpm.directory, name);
	if (volume_add(list, path, &error) < 0)
		fail_msg("%s", error.sentence);
}

/* Both volumes, as the boot chooses them. */
static struct volume_list both(void)
{
	static const char names[] = "/dev/sdz1 " UUID_2 "\n/dev/sdz2 " UUID_1 "\n";
	CLEANUP(volume_list_clear) struct volume_list all = {0};
	struct volume_list chosen = {0};
	struct error error;

	add(&all, "one");
	add(&all, "two");
	volume_refuse_duplicates(&all);
	if (volume_choose(&all, bytes_from_string(names), &chosen, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_int_equal(chosen.count, 2);
	assert_string_equal(chosen.volumes[0].facts.uuid, UUID_1);
	return chosen;
}

static int try_make(struct tpm *tpm, const char *passphrase, struct error *error)
{
	CLEANUP(volume_list_clear) struct volume_list volumes = both();
	struct secret keys[2] = {0};
	int r = 0;

	for (size_t i = 0; i < volumes.count; i++)
		assert_int_equal(keyslot_open(&volumes.volumes[i], bytes_from_string("pass"), &keys[i], error), 0);
	r = unlock_make(tpm, key_number, &volumes, keys, for_entry, bytes_from_string(passphrase), BYTES_EMPTY, error);
	for (size_t i = 0; i < volumes.count; i++)
		secret_clear(&keys[i]);
	return r;
}

static void make(const char *passphrase)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;

	if (try_make(tpm, passphrase, &error) < 0)
		fail_msg("%s", error.sentence);
}

/* As a boot does: what was measured is measured, then the key is asked for. */
static int release(struct tpm *tpm, const char *passphrase, struct secret *ret_key, struct error *error)
{
	CLEANUP(volume_list_clear) struct volume_list volumes = both();
	struct unlock_measured measured = {0};
	int r = unlock_measure(tpm, &volumes, booted_entry, &measured, error);

	if (r == 0)
		r = unlock_release(tpm, key_number, &volumes, bytes_from_string(passphrase), ret_key, error);
	/* In order, or the TPM would count the next reset as a wrong passphrase. */
	assert_int_equal(tpm_shutdown(tpm, NULL), 0);
	return r;
}

static int release_after_reset(const char *passphrase, struct secret *ret_key, struct error *error)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;

	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	return release(tpm, passphrase, ret_key, error);
}

static void expect_opens(const struct secret *key)
{
	CLEANUP(volume_list_clear) struct volume_list volumes = both();

	assert_int_equal(key->size, UNLOCK_KEY_SIZE);
	for (size_t i = 0; i < volumes.count; i++)
		assert_int_equal(keyslot_test(&volumes.volumes[i], secret_bytes(key), NULL), 0);
}

static void test_opens_both(void **state)
{
	CLEANUP(secret_clear) struct secret key = {0}, again = {0};
	struct error error;

	(void)state;
	make("");
	assert_int_equal(release_after_reset("", &key, &error), 0);
	expect_opens(&key);
	/* The owner's slot is what it was; the one of Heads is where the original has it. */
	tool("cryptsetup open --test-passphrase --key-slot 0 --key-file pass one && "
	     "cryptsetup open --test-passphrase --key-slot 0 --key-file pass two");
	tool("cryptsetup luksDump two | grep -A 20 '^  0: luks2' | grep -q 'Iterations: *1000' && "
	     "cryptsetup luksDump two | grep -q '^  31: luks2' && cryptsetup luksDump one | grep -q 'Slot 7: ENABLED'");
	/* What the owner does with the key slots changes nothing. */
	tool("cryptsetup luksAddKey " CHEAP " --key-file pass two other && cryptsetup luksRemoveKey -q two pass && "
	     "cryptsetup luksChangeKey " CHEAP " --key-file pass one other && cryptsetup config two --label mine");
	assert_int_equal(release_after_reset("", &again, &error), 0);
	assert_true(bytes_equal(secret_bytes(&key), secret_bytes(&again)));
}

/* A key for one entry: that one gets it, no other, and none that was measured as nothing. */
static void test_A5_key_of_another_entry(void **state)
{
	static const char *const others[] = {"", "Rescue\nroot=/dev/a single\n", "Debian\nroot=/dev/a rw\n"};
	CLEANUP(secret_clear) struct secret key = {0};
	struct error error;

	(void)state;
	for_entry = bytes_from_string("Debian\nroot=/dev/a ro\n");
	make("");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		booted_entry = bytes_from_string(others[i]);
		assert_int_equal(release_after_reset("", &key, &error), -E_WRONG_PCR);
		assert_non_null(strstr(error.sentence, "another boot entry"));
	}
	booted_entry = for_entry;
	assert_int_equal(release_after_reset("", &key, &error), 0);
	expect_opens(&key);
}

#define KEYS 2
static const char *const key_entries[KEYS] = {"Debian\nroot=/dev/a ro\n", "Rescue\nroot=/dev/a single\n"};

static void make_for(unsigned number)
{
	key_number = number;
	for_entry = bytes_from_string(key_entries[number]);
	make("");
}

static int release_as(unsigned booted, unsigned number, struct secret *ret_key)
{
	struct error error;

	booted_entry = bytes_from_string(key_entries[booted]);
	key_number = number;
	return release_after_reset("", ret_key, &error);
}

static void expect_slots(const char *two)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "test $(cryptsetup luksDump two | grep -c '^  [0-9]*: luks2') = %s", two);
	tool(line);
}

static size_t count_keys(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct unlock_keys keys;

	assert_int_equal(unlock_look(tpm, true, &keys, NULL), 0);
	assert_int_equal(keys.problem.code, E_NONE);
	return keys.count;
}

/* Every entry that has a key opens with it, as whatever entry boots with no other. */
static void expect_own_only(struct secret keys[KEYS])
{
	for (unsigned booted = 0; booted < KEYS; booted++) {
		for (unsigned number = 0; number < KEYS; number++) {
			CLEANUP(secret_clear) struct secret key = {0};
			const int expected = !keys[number].data ? -E_NO_SECRET : booted == number ? 0 : -E_WRONG_PCR;

			assert_int_equal(release_as(booted, number, &key), expected);
			if (expected < 0)
				continue;
			expect_opens(&key);
			assert_true(bytes_equal(secret_bytes(&key), secret_bytes(&keys[number])));
		}
	}
}

/* Several keys at once, one for each entry: made, made anew, forgotten, each without the others. */
static void test_A5_keys_of_several_entries(void **state)
{
	struct secret keys[KEYS] = {{0}};
	CLEANUP(secret_clear) struct secret before = {0};

	(void)state;
	for (unsigned i = 0; i < KEYS; i++) {
		make_for(i);
		assert_int_equal(release_as(i, i, &keys[i]), 0);
	}
	expect_own_only(keys);
	expect_slots("3");
	before = TAKE(keys[0], (struct secret){0});
	make_for(0);
	assert_int_equal(release_as(0, 0, &keys[0]), 0);
	assert_false(bytes_equal(secret_bytes(&before), secret_bytes(&keys[0])));
	expect_own_only(keys);
	expect_slots("3");
	{
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
		CLEANUP(volume_list_clear) struct volume_list volumes = both();

		assert_int_equal(unlock_forget(tpm, 0, &volumes, BYTES_EMPTY, NULL), 0);
	}
	secret_clear(&keys[0]);
	expect_own_only(keys);
	expect_slots("2");
	secret_clear(&keys[1]);
	/* One for every entry takes the place of all. */
	make_for(0);
	assert_int_equal(count_keys(), 2);
	for_entry = booted_entry = BYTES_EMPTY;
	key_number = 0;
	make("");
	assert_int_equal(count_keys(), 1);
	expect_slots("2");
	assert_int_equal(release_after_reset("", &keys[0], NULL), 0);
	expect_opens(&keys[0]);
	secret_clear(&keys[0]);
}

/* The power goes while a key for a second entry is made: the first one's opens all the same. */
static void test_A18_power_cut_beside_another_key(void **state)
{
	bool whole = false;

	(void)state;
	make_for(0);
	for (unsigned at = 0; !whole; at += 7) {
		struct proxy proxy = {.fault = PROXY_POWER_CUT, .at = at};
		CLEANUP(tpm_close) struct tpm *tpm = NULL;
		CLEANUP(secret_clear) struct secret key = {0};
		int r = proxy_open(&proxy, &swtpm, &tpm, NULL);

		key_number = 1;
		for_entry = bytes_from_string(key_entries[1]);
		if (r == 0)
			r = try_make(tpm, "", NULL);
		whole = !proxy.fired;
		tpm_close(&tpm);
		assert_true(!whole || r == 0);
		buffer_clear(&proxy.traffic);
		assert_int_equal(release_as(0, 0, &key), 0);
		expect_opens(&key);
		assert_in_range(at, 0, 100);
	}
	expect_slots("3");
}

/* The power goes while a key for every entry takes the place of those of two entries: before or after an index is
 * removed from the TPM. Whether that was the last command of it. What boots an entry opens the disks all the same, and
 * the next making leaves its key alone, and its slots. */
static bool cut_while_others_are_removed(enum proxy_fault fault, unsigned at)
{
	struct proxy proxy = {.fault = fault, .at = at, .command_code = NV_UNDEFINE_SPACE};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret all = {0}, own = {0};

	make_for(0);
	make_for(1);
	for_entry = BYTES_EMPTY;
	key_number = 2;
	if (proxy_open(&proxy, &swtpm, &tpm, NULL) < 0 || (try_make(tpm, "", NULL) < 0 && !proxy.fired))
		fail_msg("it fails before the power is cut");
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
	booted_entry = BYTES_EMPTY;
	if (release_after_reset("", &all, NULL) == 0) {
		expect_opens(&all);
	} else { /* not yet made: the entry has its own */
		assert_int_equal(release_as(1, 1, &own), 0);
		expect_opens(&own);
	}
	assert_true(proxy.fired || (all.data && count_keys() == 1));
	for_entry = booted_entry = BYTES_EMPTY;
	key_number = 2;
	make("");
	assert_int_equal(count_keys(), 1);
	expect_slots("2"); /* the owner's, and that of this key */
	secret_clear(&all);
	assert_int_equal(release_after_reset("", &all, NULL), 0);
	expect_opens(&all);
	return !proxy.fired;
}

static void test_A18_power_cut_while_others_are_removed(void **state)
{
	static const enum proxy_fault faults[] = {PROXY_POWER_CUT, PROXY_CUT_AFTER};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		unsigned at = 0;

		while (!cut_while_others_are_removed(faults[i], at))
			at++;
		assert_in_range(at, 2, 20); /* a command each at least */
	}
}

static void expect_kept(const char *words)
{
	CLEANUP(secret_clear) struct secret key = {0};
	struct error error;

	assert_int_equal(release_after_reset("", &key, &error), -E_WRONG_PCR);
	if (!strstr(error.sentence, words))
		fail_msg("no \"%s\" in: %s", words, error.sentence);
	assert_null(key.data);
}

/* Same UUID, passphrase and cipher, another volume key: somebody put another disk there. */
static void test_A7_other_volume_key(void **state)
{
	(void)state;
	make("");
	tool("cryptsetup luksFormat " CHEAP " --type luks2 --uuid " UUID_2 " two pass");
	expect_kept("PCR 6: the facts of the disks");
}

static void test_A7_other_segment(void **state)
{
	(void)state;
	make("");
	tool("cryptsetup luksFormat " CHEAP " --type luks2 --offset 40960 --uuid " UUID_2 " two pass");
	expect_kept("PCR 6");
}

static void test_A5_after_other_modes(void **state)
{
	static const struct {
		unsigned pcr;
		const char *words;
	} cases[] = {{4, "PCR 4: the machine was in recovery"},
	             {7, "PCR 7: the settings"},
	             {2, "PCR 2: the firmware"},
	             {5, "PCR 5"},
	             {0, "PCR 0"}};

	(void)state;
	make("");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tpm_close) struct tpm *tpm = NULL;
		CLEANUP(secret_clear) struct secret key = {0};
		struct error error;

		swtpm_power_cycle(&swtpm);
		tpm = swtpm_open(&swtpm);
		extend_text(tpm, cases[i].pcr, "forced");
		assert_int_equal(release(tpm, "", &key, &error), -E_WRONG_PCR);
		if (!strstr(error.sentence, cases[i].words))
			fail_msg("no \"%s\" in: %s", cases[i].words, error.sentence);
	}
}

/* luksFormat needs the null cipher of the kernel's device mapper, which is not there on every workstation, and
 * reencrypt refuses to go to it: in a header that cryptsetup made the cipher's fields are overwritten (LUKS1 has no
 * checksum over them), and cryptsetup says that it takes that for a volume with a null cipher. */
#define NULL_CIPHER                                                                                    \
	"cp one null && printf 'cipher_null\\0' | dd of=null bs=1 seek=8 conv=notrunc status=none && " \
	"printf 'ecb\\0' | dd of=null bs=1 seek=40 conv=notrunc status=none && "                       \
	"cryptsetup isLuks null && cryptsetup luksDump null | grep -q '^Cipher name:.*cipher_null$'"

static void test_A7_refused_by_name(void **state)
{
	CLEANUP(volume_list_clear) struct volume_list list = {0}, nulls = {0};
	struct error error = {0};

	(void)state;
	tool("cp two re && cryptsetup reencrypt --init-only " CHEAP " --key-file pass --reduce-device-size 8M re && "
	     "cp two twin");
	add(&list, "re");
	assert_int_equal(list.volumes[0].facts.refused, LUKS_REENCRYPTION);
	tool(NULL_CIPHER);
	add(&nulls, "null");
	assert_int_equal(nulls.volumes[0].facts.refused, LUKS_NULL_CIPHER);
	assert_int_equal(volume_check(&nulls.volumes[0], &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "null-cipher"));
	add(&list, "one");
	add(&list, "two");
	add(&list, "twin");
	volume_refuse_duplicates(&list);
	assert_int_equal(list.volumes[1].facts.refused, LUKS_ACCEPTED);
	assert_int_equal(list.volumes[2].facts.refused, LUKS_DUPLICATE_UUID);
	assert_int_equal(list.volumes[3].facts.refused, LUKS_DUPLICATE_UUID);
	assert_int_equal(list.volumes[3].digest.size, 0);
	for (size_t i = 2; i < 4; i++) {
		CLEANUP(volume_list_clear) struct volume_list chosen = {0};

		assert_int_equal(volume_check(&list.volumes[i], NULL), -E_REFUSED);
		assert_int_equal(volume_choose(&list, bytes_from_string("/dev/x " UUID_2 "\n"), &chosen, NULL),
		                 -E_REFUSED);
		assert_int_equal(chosen.count, 0);
	}
}

static void test_passphrase(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret key = {0};
	struct tpm_seal_state look;
	struct error error;

	(void)state;
	make("short");
	assert_int_equal(release_after_reset("", &key, &error), -E_WRONG_AUTH);
	assert_int_equal(release_after_reset("long", &key, &error), -E_WRONG_AUTH);
	assert_int_equal(release_after_reset("short", &key, &error), 0);
	expect_opens(&key);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_seal_look(tpm, TPM_SLOT_DISK, &look, &error), 0);
	assert_true(look.passphrase);
	assert_int_equal(look.expected.mask, UNLOCK_PCR_MASK);
	assert_int_equal(tpm_seal_look(tpm, TPM_SLOT_TOTP, &look, &error), -E_NO_SECRET);
}

/* A key that the TPM releases and no slot knows is not handed over. */
static void test_key_without_slot(void **state)
{
	CLEANUP(secret_clear) struct secret key = {0};
	struct error error;

	(void)state;
	make("");
	tool("cryptsetup luksKillSlot -q two 31");
	assert_int_equal(release_after_reset("", &key, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "the unlock key does not open the disk"));
}

static bool has_slots(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(volume_list_clear) struct volume_list volumes = both();
	struct unlock_keys keys;

	assert_int_equal(unlock_look(tpm, true, &keys, NULL), 0);
	return unlock_has_slots(&keys, &volumes);
}

/* The TPM has a key, and one of the disks has none of it any more, as after it was encrypted anew: it is made anew. A
 * slot of another key is none of this one. */
static void test_key_of_a_disk_encrypted_anew(void **state)
{
	(void)state;
	assert_false(has_slots()); /* whatever a TPM holds for other disks */
	make("");
	assert_true(has_slots());
	tool("cryptsetup luksKillSlot -q two 31");
	assert_false(has_slots());
	key_number = 1;
	for_entry = bytes_from_string(key_entries[1]);
	make("");
	assert_true(has_slots());
	{
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

		/* The TPM forgets that one, whose slots stay. */
		assert_int_equal(tpm_forget(tpm, unlock_slot(1), BYTES_EMPTY, NULL), 0);
	}
	assert_false(has_slots());
}

/* The power goes at any command of the TPM: the old key or the new one is there and opens the disks. */
static void test_A18_power_cut_while_making(void **state)
{
	bool whole = false;

	(void)state;
	make("");
	for (unsigned at = 0; !whole; at++) {
		struct proxy proxy = {.fault = PROXY_POWER_CUT, .at = at};
		CLEANUP(tpm_close) struct tpm *tpm = NULL;
		CLEANUP(secret_clear) struct secret key = {0};
		struct error error;
		int r = proxy_open(&proxy, &swtpm, &tpm, &error);

		if (r == 0)
			r = try_make(tpm, "", &error);
		whole = !proxy.fired;
		tpm_close(&tpm);
		if (whole && r < 0)
			fail_msg("%s", error.sentence);
		buffer_clear(&proxy.traffic);
		if (release_after_reset("", &key, &error) < 0)
			fail_msg("cut at command %u: %s", at, error.sentence);
		expect_opens(&key);
		assert_in_range(at, 0, 100);
		make(""); /* tidies what the failure left */
	}
	/* Whatever the failures left, the making that succeeded has tidied up: the owner's slot and one of Heads. */
	tool("test $(cryptsetup luksDump two | grep -c '^  [0-9]*: luks2') = 2");
}

static void test_slots_are_kept(void **state)
{
	CLEANUP(volume_list_clear) struct volume_list volumes = {0};
	CLEANUP(secret_clear) struct secret key = {0};
	struct error error;
	unsigned slot;

	(void)state;
	volumes = both();
	/* The last slot of a volume is the owner's way in. */
	assert_int_equal(keyslot_destroy(&volumes.volumes[0], 1u, &error), -E_REFUSED);
	assert_int_equal(keyslot_open(&volumes.volumes[0], bytes_from_string("wrong"), &key, &error), -E_WRONG_AUTH);
	assert_int_equal(keyslot_open(&volumes.volumes[0], bytes_from_string("pass"), &key, &error), 0);
	for (int left = 6; left >= 0; left--)
		assert_int_equal(
		    keyslot_add(&volumes.volumes[0], secret_bytes(&key), bytes_from_string("x"), 0, &slot, &error), 0);
	assert_int_equal(slot, 1);
	assert_int_equal(keyslot_add(&volumes.volumes[0], secret_bytes(&key), bytes_from_string("x"), 0, &slot, &error),
	                 -E_EXISTS);
	/* A header that was exchanged since its facts were taken. */
	tool("cryptsetup luksUUID -q --uuid " UUID_2 " one");
	assert_int_equal(keyslot_open(&volumes.volumes[0], bytes_from_string("pass"), &key, &error), -E_REFUSED);
}

static void test_measured_once(void **state)
{
	CLEANUP(volume_list_clear) struct volume_list volumes = both();
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct unlock_measured measured = {0};
	const struct digest expected = volume_expected_pcr(&volumes);
	struct tpm_pcrs pcrs;
	struct error error;

	(void)state;
	assert_int_equal(unlock_measure(tpm, &volumes, BYTES_EMPTY, &measured, &error), 0);
	assert_int_equal(unlock_measure(tpm, &volumes, BYTES_EMPTY, &measured, &error), 0);
	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, 1u << 6, &pcrs, &error), 0);
	assert_true(digest_equal(&pcrs.values[6], &expected));
	volumes.count = 1;
	assert_int_equal(unlock_measure(tpm, &volumes, BYTES_EMPTY, &measured, &error), -E_ORDER);
	volumes.count = 2;
}

static int heads(const char *arguments)
{
	CLEANUP(buffer_clear) struct buffer output = {0};

	return swtpm_tool(&swtpm, &output, TEST_HEADS " --json --tpm %s disk %s 2>/dev/null", swtpm.where, arguments);
}

static void test_commands(void **state)
{
	(void)state;
	assert_int_equal(heads("seal --passphrase wrong one two"), 1);
	assert_int_equal(heads("seal --passphrase pass one nothing"), 2);
	assert_int_equal(heads("seal --passphrase pass"), 2);
	assert_int_equal(heads("seal --colour pass one"), 2);
	assert_int_equal(heads("seal --passphrase pass --unlock-passphrase other one two"), 0);
	assert_int_equal(heads("unseal --unlock-passphrase other one two"), 1); /* not measured */
	assert_int_equal(heads("unseal --measure --unlock-passphrase wrong one two"), 1);
	assert_int_equal(heads("unseal --unlock-passphrase other --key-fd 7 one two 7>key"), 0);
	tool("test $(stat -c %s key) = 64 && cryptsetup open --test-passphrase --key-file key one && "
	     "cryptsetup open --test-passphrase --key-file key two");
	assert_int_equal(heads("facts one two two.new"), 1);
	assert_int_equal(heads("facts one two"), 0);
	assert_int_equal(heads("facts pass"), 2);
	assert_int_equal(heads("forget one two"), 0);
	assert_int_equal(heads("unseal one two"), 1);
	tool("! cryptsetup open --test-passphrase --key-file key one");
}

/* What a program reads: an object for each key, with the fields that the words for people are made of. */
static void expect_json_status(void)
{
	CLEANUP(buffer_clear) struct buffer output = {0};

	assert_int_equal(
	    swtpm_tool(&swtpm, &output, TEST_HEADS " --json --tpm %s disk status --boot boot one two", swtpm.where), 0);
	assert_string_equal(
	    buffer_string(&output),
	    "{\"key\":1,\"entries\":\"one\",\"for\":\"the boot entry \\\"Entry 0\\\" alone\",\"passphrase\":false}\n"
	    "{\"key\":2,\"entries\":\"one\",\"for\":\"the boot entry \\\"Entry 1\\\" alone\",\"passphrase\":true}\n");
	buffer_clear(&output);
	/* With other words on the command line each entry is another one. */
	assert_int_equal(swtpm_tool(&swtpm, &output,
	                            TEST_HEADS
	                            " --json --tpm %s --settings words disk status --boot boot one two | grep -c "
	                            "'\"entries\":\"other\"'",
	                            swtpm.where),
	                 0);
	assert_string_equal(buffer_string(&output), "2\n");
}

/* With a tree of boot entries: a key each for two of the entries, by id and by title. */
static void test_commands_of_entries(void **state)
{
	CLEANUP(buffer_clear) struct buffer output = {0};

	(void)state;
	tool("mkdir -p boot/grub && for n in 0 1 2 3 4; do printf 'menuentry \"Entry %d\" {\\nlinux /k "
	     "n=%d\\n}\\n' $n $n; done >boot/grub/grub.cfg && printf 'menuentry Twice {\\nlinux /k a\\n}\\nmenuentry "
	     "Twice {\\nlinux /k b\\n}\\n' >>boot/grub/grub.cfg && printf "
	     "'CONFIG_BOOT_KERNEL_ADD=\"quiet\"\\n' >words");
	assert_int_equal(heads("forget one two"), 0);
	assert_int_equal(heads("seal --passphrase pass --entry 'Entry 0' --boot boot one two"), 0);
	assert_int_equal(heads("seal --passphrase pass --entry grub:1 --boot boot --unlock-passphrase other one two"),
	                 0);
	assert_int_equal(heads("seal --passphrase pass --entry Twice --boot boot one two"), 2);
	assert_int_equal(heads("seal --passphrase pass --entry Nowhere --boot boot one two"), 2);
	assert_int_equal(heads("seal --passphrase pass --entry grub:1 --boot nowhere one two"), 2);
	assert_int_equal(
	    swtpm_tool(&swtpm, &output, TEST_HEADS " --tpm %s disk status --boot boot one two", swtpm.where), 0);
	assert_string_equal(buffer_string(&output), "1  for the boot entry \"Entry 0\" alone, without a passphrase\n"
	                                            "2  for the boot entry \"Entry 1\" alone, with an unlock "
	                                            "passphrase\n");
	expect_json_status();
	/* Each for itself: what no entry's text was measured for is not released. */
	assert_int_equal(heads("unseal --entry grub:2 --boot boot one two"), 1);
	assert_int_equal(heads("unseal --entry grub:0 --boot boot one two"), 1);
	assert_int_equal(heads("unseal --measure --entry grub:0 --boot boot one two"), 0);
	assert_int_equal(heads("unseal --unlock-passphrase other --entry grub:1 --boot boot one two"), 1);
	assert_int_equal(heads("forget --entry grub:0 --boot boot one two"), 0);
	assert_int_equal(heads("forget --entry grub:0 --boot boot one two"), 2);
	swtpm_power_cycle(&swtpm);
	assert_int_equal(heads("unseal --measure --unlock-passphrase other --entry grub:1 --boot boot one two"), 0);
	assert_int_equal(heads("seal --passphrase pass --entry grub:2 --boot boot one two"), 0);
	assert_int_equal(heads("seal --passphrase pass --entry grub:3 --boot boot one two"), 0);
	assert_int_equal(heads("seal --passphrase pass --entry grub:4 --boot boot one two"), 0);
	assert_int_equal(heads("seal --passphrase pass --entry grub:5 --boot boot one two"), 1);
	assert_int_equal(count_keys(), 4);
	/* The words of the board's settings are part of what is measured: with them each entry is another one. */
	buffer_clear(&output);
	assert_int_equal(swtpm_tool(&swtpm, &output,
	                            TEST_HEADS " --tpm %s --settings words disk status --boot boot one two | grep -c "
	                                       "'any more'",
	                            swtpm.where),
	                 0);
	assert_string_equal(buffer_string(&output), "4\n");
	assert_int_equal(heads("seal --passphrase pass one two"), 0);
	assert_int_equal(count_keys(), 1);
	expect_slots("2");
	assert_int_equal(heads("forget one two"), 0);
	assert_int_equal(count_keys(), 0);
	expect_slots("1");
	buffer_clear(&output);
	assert_int_equal(
	    swtpm_tool(&swtpm, &output, TEST_HEADS " --json --tpm %s disk status --boot boot one two", swtpm.where), 0);
	assert_int_equal(output.size, 0); /* an object for each key */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_opens_both, fresh),
	    cmocka_unit_test_setup(test_A5_key_of_another_entry, fresh),
	    cmocka_unit_test_setup(test_A5_keys_of_several_entries, fresh),
	    cmocka_unit_test_setup(test_A18_power_cut_beside_another_key, fresh),
	    cmocka_unit_test_setup(test_A18_power_cut_while_others_are_removed, fresh),
	    cmocka_unit_test_setup(test_A7_other_volume_key, fresh),
	    cmocka_unit_test_setup(test_A7_other_segment, fresh),
	    cmocka_unit_test_setup(test_A5_after_other_modes, fresh),
	    cmocka_unit_test_setup(test_A7_refused_by_name, fresh),
	    cmocka_unit_test_setup(test_passphrase, fresh),
	    cmocka_unit_test_setup(test_key_without_slot, fresh),
	    cmocka_unit_test_setup(test_key_of_a_disk_encrypted_anew, fresh),
	    cmocka_unit_test_setup(test_A18_power_cut_while_making, fresh),
	    cmocka_unit_test_setup(test_slots_are_kept, fresh),
	    cmocka_unit_test_setup(test_measured_once, fresh),
	    cmocka_unit_test_setup(test_commands, fresh),
	    cmocka_unit_test_setup(test_commands_of_entries, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
