/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tpm/tpm.h promises, as a table: an operation, what was done before it, and the answer it must get. Nothing here
 * knows a command, a handle or a structure of TPM 2.0, so a client for TPM 1.2 runs the same table; only the emulated
 * TPM is another one then. */
#include "base/cleanup.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

#define MASK       0x9fu /* PCRs 0 to 4 and 7 */
#define MAX_STEPS  5
#define NOTE       77u
#define PASSPHRASE "right"
#define OWNER      "the owner"

static struct swtpm swtpm;
static struct tpm *tpm;

static const char secret_text[] = "a secret of the owner";

static struct bytes text(const char *string)
{
	return bytes_from_string(string);
}

/* ---- what can be done; each gives what the operation answered ---- */

static int read_pcrs(struct tpm_pcrs *ret_pcrs)
{
	return tpm_pcr_read(tpm, TPM_FIRMWARE_BANK, MASK, ret_pcrs, NULL);
}

static int seal_with(const char *passphrase, const char *owner)
{
	struct tpm_pcrs pcrs;
	int result = read_pcrs(&pcrs);

	return result < 0 ? result
	                  : tpm_seal(tpm, TPM_SLOT_DISK, text(secret_text), &pcrs, text(passphrase), text(owner), NULL);
}

static int seal(void)
{
	return seal_with("", "");
}

static int seal_passphrase(void)
{
	return seal_with(PASSPHRASE, "");
}

static int seal_wrong_owner(void)
{
	return seal_with("", "not the owner");
}

static int take_ownership(void)
{
	return tpm_set_passphrase(tpm, TPM_HIERARCHY_OWNER, BYTES_EMPTY, text(OWNER), NULL);
}

/* What the owner can approve anew. */
static int seal_as_owner(void)
{
	return seal_with("", OWNER);
}

/* The PCRs as they are. */
static int approve_with(const char *owner)
{
	struct tpm_pcrs pcrs;
	int result = read_pcrs(&pcrs);

	return result < 0 ? result : tpm_approve(tpm, TPM_SLOT_DISK, &pcrs, 1, text(owner), NULL);
}

static int approve(void)
{
	return approve_with(OWNER);
}

static int approve_wrong_owner(void)
{
	return approve_with("not the owner");
}

static int seal_nothing(void)
{
	struct tpm_pcrs pcrs;
	int result = read_pcrs(&pcrs);

	return result < 0 ? result : tpm_seal(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL);
}

/* A secret that comes out is the one that went in. */
static int unseal_with(const char *passphrase)
{
	struct secret secret = {0};
	int result = tpm_unseal(tpm, TPM_SLOT_DISK, text(passphrase), &secret, NULL);

	if (result == 0)
		assert_true(bytes_equal(secret_bytes(&secret), text(secret_text)));
	else
		assert_null(secret.data);
	secret_clear(&secret);
	return result;
}

static int unseal(void)
{
	return unseal_with("");
}

static int unseal_right(void)
{
	return unseal_with(PASSPHRASE);
}

static int unseal_wrong(void)
{
	return unseal_with("wrong");
}

static int forget(void)
{
	return tpm_forget(tpm, TPM_SLOT_DISK, BYTES_EMPTY, NULL);
}

static int look(void)
{
	struct tpm_seal_state look;
	int result = tpm_seal_look(tpm, TPM_SLOT_DISK, &look, NULL);

	if (result == 0)
		assert_int_equal(look.expected.mask, MASK);
	return result;
}

static int difference(void)
{
	uint32_t mask = 0;
	int result = tpm_seal_difference(tpm, TPM_SLOT_DISK, &mask, NULL);

	return result < 0 ? result : (int)mask;
}

static int hmac_make(void)
{
	struct tpm_pcrs pcrs;
	int result = read_pcrs(&pcrs);

	return result < 0 ? result
	                  : tpm_hmac_make(tpm, TPM_SLOT_TOTP, text("key of 20 bytes, yes"), &pcrs, BYTES_EMPTY, NULL);
}

/* The same message gives the same code. */
static int hmac(void)
{
	struct digest first, second;
	int result = tpm_hmac(tpm, TPM_SLOT_TOTP, text("message"), &first, NULL);

	if (result < 0)
		return result;
	assert_int_equal(tpm_hmac(tpm, TPM_SLOT_TOTP, text("message"), &second, NULL), 0);
	assert_true(digest_equal(&first, &second));
	return 0;
}

static int note_make(void)
{
	return tpm_note_make(tpm, TPM_SLOT_TOTP, NOTE, BYTES_EMPTY, NULL);
}

static int note_write(void)
{
	return tpm_note_write(tpm, TPM_SLOT_TOTP, NOTE, NULL);
}

static int note_read(void)
{
	uint64_t note = 0;
	int result = tpm_note_read(tpm, TPM_SLOT_TOTP, &note, NULL);

	return result < 0 ? result : (int)note;
}

static int counter_create(void)
{
	return tpm_counter_create(tpm, TPM_COUNTER_ROLLBACK, BYTES_EMPTY, NULL);
}

static int counter_read(void)
{
	uint64_t value;

	return tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &value, NULL);
}

/* By one exactly, and what it says is what is read. */
static int counter_increment(void)
{
	uint64_t before = 0, after = 0, again = 0;
	int was = tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &before, NULL);
	int result = tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &after, NULL);

	if (result == 0) {
		assert_int_equal(was, 0);
		assert_int_equal(after, before + 1);
		assert_int_equal(tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &again, NULL), 0);
		assert_int_equal(again, after);
	}
	return result;
}

static int counter_destroy(void)
{
	return tpm_counter_destroy(tpm, TPM_COUNTER_ROLLBACK, BYTES_EMPTY, NULL);
}

static int floor_read(void)
{
	uint64_t value = 0;
	int result = tpm_floor_read(tpm, &value, NULL);

	return result < 0 ? result : (int)value;
}

static int floor_raise_to_5(void)
{
	return tpm_floor_raise(tpm, 5, BYTES_EMPTY, NULL);
}

static int floor_raise_to_3(void)
{
	return tpm_floor_raise(tpm, 3, BYTES_EMPTY, NULL);
}

static int baseline_write(void)
{
	const struct digest tag = digest_of(HASH_SHA256, text("tag"));

	return tpm_baseline_write(tpm, &tag, text("what was measured"), NULL);
}

static int baseline_read(void)
{
	struct buffer kept = {0};
	int result = tpm_baseline_read(tpm, &kept, NULL);

	if (result == 0)
		assert_true(bytes_equal(buffer_bytes(&kept), text("what was measured")));
	buffer_clear(&kept);
	return result;
}

static int lock_platform(void)
{
	bool disabled;

	return tpm_lock_platform(tpm, &disabled, NULL);
}

static int check_owner(void)
{
	return tpm_check_owner(tpm, BYTES_EMPTY, NULL);
}

static int check_wrong_owner(void)
{
	return tpm_check_owner(tpm, text("not the owner"), NULL);
}

static int key_name(void)
{
	struct bytes name;

	return tpm_storage_key_name(tpm, &name, NULL);
}

static int extend_unknown_pcr(void)
{
	struct digest digests[TPM_MAX_BANKS];
	size_t count = digests_of_text(tpm, "x", digests);

	return tpm_pcr_extend(tpm, TPM_PCR_COUNT, digests, count, NULL);
}

static int extend_too_few(void)
{
	struct digest digests[TPM_MAX_BANKS];
	size_t count = digests_of_text(tpm, "x", digests);

	return tpm_pcr_extend(tpm, 0, digests, count - 1, NULL);
}

/* ---- what happens in between ---- */

static int cap(void)
{
	extend_text(tpm, 4, "handover");
	return 0;
}

static int other_settings(void)
{
	extend_text(tpm, 7, "another setting");
	return 0;
}

static int power_cycle(void)
{
	tpm_close(&tpm);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	return 0;
}

static int lock_out(void)
{
	struct tpm_info info;

	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	for (uint32_t i = 0; i < info.lockout_max; i++)
		assert_int_equal(unseal_wrong(), -E_WRONG_AUTH);
	return 0;
}

/* What the machine has recorded is the key of another TPM than the one that answers. */
static int other_tpm_recorded(void)
{
	struct swtpm other;
	struct tpm_pcrs pcrs;
	struct tpm *recorded;
	struct bytes name;

	assert_int_equal(read_pcrs(&pcrs), 0);
	swtpm_start(&other);
	recorded = swtpm_open(&other);
	assert_int_equal(tpm_seal(recorded, TPM_SLOT_DISK, text(secret_text), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL),
	                 0);
	assert_int_equal(tpm_storage_key_name(recorded, &name, NULL), 0);
	assert_int_equal(tpm_pin_storage_key(tpm, name, NULL), 0);
	tpm_close(&recorded);
	swtpm_stop(&other);
	return 0;
}

typedef int step(void);

struct row {
	const char *name;
	step *before[MAX_STEPS]; /* each must answer 0 */
	step *operation;
	int answer;
};

static const struct row table[] = {
    /* the five answers of a seal that does not open, and the one that does */
    {"unseal, sealed without a passphrase", {seal}, unseal, 0},
    {"unseal, missing object", {NULL}, unseal, -E_NO_SECRET},
    {"unseal, wrong passphrase", {seal_passphrase}, unseal_wrong, -E_WRONG_AUTH},
    {"unseal, wrong PCR", {seal, other_settings}, unseal, -E_WRONG_PCR},
    {"unseal, locked out", {seal_passphrase, lock_out}, unseal_right, -E_LOCKED_OUT},
    {"unseal, foreign TPM", {seal, other_tpm_recorded}, unseal, -E_FOREIGN_TPM},
    /* and their order, where two would do */
    {"unseal, right passphrase", {seal_passphrase}, unseal_right, 0},
    {"unseal, passphrase not given", {seal_passphrase}, unseal, -E_WRONG_AUTH},
    {"unseal, wrong PCR before passphrase", {seal_passphrase, other_settings}, unseal_wrong, -E_WRONG_PCR},
    {"unseal, foreign TPM before wrong PCR", {seal, other_settings, other_tpm_recorded}, unseal, -E_FOREIGN_TPM},
    {"unseal, lockout without passphrase", {seal_passphrase, lock_out, seal}, unseal, 0},
    {"unseal, after the cap", {seal, cap}, unseal, -E_WRONG_PCR},
    {"unseal, after cap and reset", {seal, cap, power_cycle}, unseal, 0},
    {"unseal, forgotten", {seal, forget}, unseal, -E_NO_SECRET},
    {"unseal, sealed anew after the cap", {seal, cap, seal}, unseal, 0},
    /* seal, look, forget */
    {"seal, over another", {seal_passphrase}, seal, 0},
    {"seal, nothing", {NULL}, seal_nothing, -E_USAGE},
    {"seal, wrong owner", {NULL}, seal_wrong_owner, -E_WRONG_AUTH},
    {"seal, foreign TPM", {seal, other_tpm_recorded}, seal, -E_FOREIGN_TPM},
    {"look, missing object", {NULL}, look, -E_NO_SECRET},
    {"look, other PCRs", {seal, other_settings}, look, 0},
    {"difference, missing object", {NULL}, difference, -E_NO_SECRET},
    {"difference, none", {seal}, difference, 0},
    {"difference, two PCRs", {seal, other_settings, cap}, difference, 1 << 7 | 1 << 4},
    {"forget, missing object", {NULL}, forget, 0},
    /* other PCRs, approved by the owner */
    {"approve, and unseal", {take_ownership, seal_as_owner, other_settings, approve}, unseal, 0},
    {"approve, what was before opens no more",
     {take_ownership, seal_as_owner, other_settings, approve, power_cycle},
     unseal,
     -E_WRONG_PCR},
    {"approve, wrong owner", {take_ownership, seal_as_owner, other_settings}, approve_wrong_owner, -E_WRONG_AUTH},
    {"approve, after the cap", {take_ownership, seal_as_owner, cap}, approve, -E_WRONG_PCR},
    {"approve, missing object", {take_ownership}, approve, -E_NO_SECRET},
    {"approve, sealed without an owner", {seal}, approve, -E_UNSUPPORTED},
    /* the key that computes inside */
    {"hmac, key made", {hmac_make}, hmac, 0},
    {"hmac, missing object", {NULL}, hmac, -E_NO_SECRET},
    {"hmac, wrong PCR", {hmac_make, other_settings}, hmac, -E_WRONG_PCR},
    {"hmac, foreign TPM", {hmac_make, other_tpm_recorded}, hmac, -E_FOREIGN_TPM},
    {"hmac, after reset", {hmac_make, cap, power_cycle}, hmac, 0},
    /* the note beside it */
    {"note, read", {hmac_make, note_make, power_cycle}, note_read, (int)NOTE},
    {"note, read where none was made", {hmac_make}, note_read, -E_NOT_FOUND},
    {"note, beside an empty slot", {NULL}, note_make, -E_NO_SECRET},
    {"note, written before the cap", {hmac_make, note_make}, note_write, 0},
    {"note, written after the cap", {hmac_make, note_make, cap}, note_write, -E_WRONG_PCR},
    /* counters */
    {"counter, read where there is none", {NULL}, counter_read, -E_NOT_FOUND},
    {"counter, raised where there is none", {NULL}, counter_increment, -E_NOT_FOUND},
    {"counter, raised", {counter_create}, counter_increment, 0},
    {"counter, raised after a reset", {counter_create, cap, power_cycle}, counter_increment, 0},
    {"counter, raised after the cap", {counter_create, cap}, counter_increment, -E_WRONG_PCR},
    {"counter, read after the cap", {counter_create, cap}, counter_read, 0},
    {"counter, made twice", {counter_create}, counter_create, -E_EXISTS},
    {"counter, destroyed", {counter_create, counter_destroy}, counter_read, -E_NOT_FOUND},
    {"counter, none to destroy", {NULL}, counter_destroy, 0},
    /* floor of firmware versions */
    {"floor, none", {NULL}, floor_read, -E_NOT_FOUND},
    {"floor, kept", {floor_raise_to_5, power_cycle}, floor_read, 5},
    {"floor, a lower one leaves it", {floor_raise_to_5, floor_raise_to_3}, floor_read, 5},
    {"floor, after the cap", {floor_raise_to_3, cap}, floor_raise_to_5, -E_WRONG_PCR},
    /* what is kept for the next start, and the platform's lock */
    {"baseline, none", {NULL}, baseline_read, -E_NOT_FOUND},
    {"baseline, kept", {baseline_write, power_cycle}, baseline_read, 0},
    {"baseline, written after the lock", {baseline_write, lock_platform}, baseline_write, -E_WRONG_AUTH},
    {"platform, locked twice", {lock_platform}, lock_platform, -E_WRONG_AUTH},
    {"platform, locked after a reset", {lock_platform, power_cycle}, lock_platform, 0},
    /* owner, storage key, PCRs */
    {"owner, right", {seal}, check_owner, 0},
    {"owner, wrong", {seal}, check_wrong_owner, -E_WRONG_AUTH},
    {"storage key, none", {NULL}, key_name, -E_NOT_FOUND},
    {"storage key, made by a seal", {seal, power_cycle}, key_name, 0},
    {"storage key, not the recorded one", {seal, other_tpm_recorded}, key_name, -E_FOREIGN_TPM},
    {"extend, no such PCR", {NULL}, extend_unknown_pcr, -E_USAGE},
    {"extend, a bank without a digest", {NULL}, extend_too_few, -E_USAGE},
};

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	tpm = swtpm_open(&swtpm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tpm_close(&tpm);
	swtpm_stop(&swtpm);
	return 0;
}

/* The answer, and nothing left open in the TPM after it. */
static void test_row(void **state)
{
	const struct row *row = *state;
	int answer;

	for (size_t i = 0; i < MAX_STEPS && row->before[i]; i++) {
		int done = row->before[i]();

		if (done != 0)
			fail_msg("%s: step %zu answered %d", row->name, i, done);
	}
	answer = row->operation();
	if (answer != row->answer)
		fail_msg("%s: answered %d, must be %d", row->name, answer, row->answer);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(table)];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		tests[i] = (struct CMUnitTest){.name = table[i].name,
		                               .test_func = test_row,
		                               .setup_func = setup,
		                               .teardown_func = teardown,
		                               .initial_state = (void *)(uintptr_t)&table[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
