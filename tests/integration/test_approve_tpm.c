/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner approves, the key that never leaves the TPM, and the note beside it: against swtpm. */
#include "base/cleanup.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_constants.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define MASK 0x9fu

static struct swtpm swtpm;
static const char key_text[] = "twenty bytes of key.";
static const char owner_text[] = "the owner's passphrase";

static struct bytes text(const char *string)
{
	return bytes_from_string(string);
}

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	return swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner \"%s\"", owner_text);
}

static int setup_unowned(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	return 0;
}

static struct tpm_pcrs pcrs_now(struct tpm *tpm)
{
	struct tpm_pcrs pcrs;

	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, MASK, &pcrs, NULL), 0);
	return pcrs;
}

/* The PCRs as they will be once PCR 2 was extended with the digest of a text. */
static struct tpm_pcrs pcrs_after(struct tpm *tpm, const char *event)
{
	struct tpm_pcrs pcrs = pcrs_now(tpm);
	const struct digest digest = digest_of(HASH_SHA256, text(event));

	pcrs.values[2] = digest_of_parts(
	    HASH_SHA256, (const struct bytes[]){digest_bytes(&pcrs.values[2]), digest_bytes(&digest)}, 2);
	return pcrs;
}

static void make_key(struct tpm *tpm, const char *owner)
{
	const struct tpm_pcrs pcrs = pcrs_now(tpm);
	struct error error = {.code = E_NONE};

	if (tpm_hmac_make(tpm, TPM_SLOT_TOTP, text(key_text), &pcrs, text(owner), &error) < 0)
		fail_msg("%s", error.sentence);
}

/* 0 where the TPM computes the right HMAC; else its error. */
static int compute(struct tpm *tpm, struct error *error)
{
	const struct bytes message = text("a message");
	const struct digest wanted = hmac_of(HASH_SHA1, text(key_text), &message, 1);
	struct digest mac;
	int result = tpm_hmac(tpm, TPM_SLOT_TOTP, message, &mac, error);

	if (result == 0)
		assert_true(digest_equal(&mac, &wanted));
	return result;
}

static void test_computes_what_the_key_gives(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	unsigned before;

	(void)state;
	assert_int_equal(compute(tpm, NULL), -E_NO_SECRET);
	make_key(tpm, owner_text);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	tpm = swtpm_open(&swtpm);
	before = tpm_command_count(tpm);
	assert_int_equal(compute(tpm, NULL), 0);
	assert_in_range(tpm_command_count(tpm) - before, 1, 8);
	before = tpm_command_count(tpm);
	assert_int_equal(compute(tpm, NULL), 0);
	assert_int_equal(tpm_command_count(tpm) - before, 3);
}

/* The key is no data: nothing gives it out again. */
static void test_A8_the_key_does_not_come_out(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	CLEANUP(buffer_clear) struct buffer about = {0};

	(void)state;
	make_key(tpm, owner_text);
	assert_true(tpm_unseal(tpm, TPM_SLOT_TOTP, BYTES_EMPTY, &secret, NULL) < 0);
	assert_null(secret.data);
	assert_int_equal(compute(tpm, NULL), 0);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, &about, "tpm2_readpublic -c 0x81004d47"), 0);
	assert_true(bytes_contain(buffer_bytes(&about), text("fixedtpm|fixedparent|adminwithpolicy|noda|sign")));
	assert_true(bytes_contain(buffer_bytes(&about), text("value: hmac")));
}

static void test_old_or_new_firmware(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_pcrs sets[2];

	(void)state;
	make_key(tpm, owner_text);
	sets[0] = pcrs_after(tpm, "the new firmware");
	sets[1] = pcrs_now(tpm);
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, sets, 2, text("a thief"), NULL), -E_WRONG_AUTH);
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, sets, 2, text(owner_text), NULL), 0);
	assert_int_equal(compute(tpm, NULL), 0);
	extend_text(tpm, 2, "the new firmware");
	assert_int_equal(compute(tpm, NULL), 0);
	/* The update worked: the old firmware is approved no longer. */
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, &sets[0], 1, text(owner_text), NULL), 0);
	assert_int_equal(compute(tpm, NULL), 0);
	extend_text(tpm, 2, "and another one");
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
}

static int unseal_disk(struct tpm *tpm)
{
	CLEANUP(secret_clear) struct secret secret = {0};

	return tpm_unseal(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &secret, NULL);
}

/* Approves the firmware "next" beside the one that runs, for two slots. */
static void approve_update(struct tpm *tpm)
{
	static const enum tpm_slot slots[] = {TPM_SLOT_TOTP, TPM_SLOT_DISK};
	const struct tpm_pcrs pcrs = pcrs_now(tpm);
	const struct tpm_pcrs sets[] = {pcrs_after(tpm, "next"), pcrs};
	struct error error = {.code = E_NONE};

	make_key(tpm, owner_text);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text("the disk's"), &pcrs, BYTES_EMPTY, text(owner_text), NULL),
	                 0);
	for (size_t i = 0; i < 2; i++)
		if (tpm_approve(tpm, slots[i], sets, 2, text(owner_text), &error) < 0)
			fail_msg("%s", error.sentence);
}

static void check_pending(struct tpm *tpm, bool pending, bool first)
{
	struct tpm_approval approval;

	assert_int_equal(tpm_approval_look(tpm, TPM_SLOT_DISK, &approval, NULL), 0);
	assert_int_equal(tpm_approval_look(tpm, TPM_SLOT_TOTP, &approval, NULL), 0);
	assert_int_equal(approval.pending, pending);
	assert_int_equal(approval.running_first, first);
}

/* Starts the machine again with a firmware; NULL: the old one. */
static void restart_as(struct tpm **tpm, const char *firmware)
{
	tpm_close(tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	swtpm_power_cycle(&swtpm);
	*tpm = swtpm_open(&swtpm);
	if (firmware)
		extend_text(*tpm, 2, firmware);
}

/* The old firmware opens until the new one drops it, without a passphrase; then never again, whatever it does. */
static void test_A17_after_the_drop_the_old_firmware_opens_nothing(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	(void)state;
	approve_update(tpm);
	check_pending(tpm, true, false);
	restart_as(&tpm, NULL);
	assert_int_equal(compute(tpm, NULL), 0);
	assert_int_equal(unseal_disk(tpm), 0);
	restart_as(&tpm, "some other firmware");
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	assert_int_equal(unseal_disk(tpm), -E_WRONG_PCR);
	restart_as(&tpm, "next");
	assert_int_equal(compute(tpm, NULL), 0);
	check_pending(tpm, true, true);
	assert_int_equal(tpm_approval_drop(tpm, NULL), 0);
	check_pending(tpm, false, false);
	assert_int_equal(compute(tpm, NULL), 0);
	assert_int_equal(unseal_disk(tpm), 0);
	restart_as(&tpm, NULL);
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	assert_int_equal(unseal_disk(tpm), -E_WRONG_PCR);
	/* It may raise the counter as well, and it may be made anew: the value of the approval does not come back. */
	assert_int_equal(tpm_approval_drop(tpm, NULL), 0);
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	assert_int_equal(tpm_counter_destroy(tpm, TPM_COUNTER_APPROVAL, text(owner_text), NULL), 0);
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	assert_int_equal(tpm_counter_create(tpm, TPM_COUNTER_APPROVAL, text(owner_text), NULL), 0);
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	assert_int_equal(unseal_disk(tpm), -E_WRONG_PCR);
	restart_as(&tpm, "next");
	assert_int_equal(compute(tpm, NULL), 0);
	assert_int_equal(unseal_disk(tpm), 0);
}

/* Nor does an ordinary index in the counter's place, with the value that it had at the approval. */
static void test_A17_a_counter_of_somebody_elses(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint64_t value = 0;

	(void)state;
	approve_update(tpm);
	assert_int_equal(tpm_counter_read(tpm, TPM_COUNTER_APPROVAL, &value, NULL), 0);
	assert_int_equal(tpm_approval_drop(tpm, NULL), 0);
	tpm_close(&tpm);
	assert_int_equal(
	    swtpm_tool(&swtpm, NULL,
	               "tpm2_nvundefine -C o -P \"%s\" 0x01804803 && tpm2_nvdefine -C o -P \"%s\" -s 8 -a "
	               "'authread|authwrite|ownerread|no_da' 0x01804803 && printf '\\0\\0\\0\\0\\0\\0\\0\\%03o' | "
	               "tpm2_nvwrite -i - 0x01804803",
	               owner_text, owner_text, (unsigned)value),
	    0);
	tpm = swtpm_open(&swtpm);
	assert_true(compute(tpm, NULL) < 0);
	assert_true(unseal_disk(tpm) < 0);
	extend_text(tpm, 2, "next");
	assert_int_equal(compute(tpm, NULL), 0);
}

/* The operating system can neither drop a set nor approve one. */
static void test_A5_no_approval_and_no_drop_after_the_cap(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_pcrs sets[2];

	(void)state;
	approve_update(tpm);
	sets[0] = pcrs_after(tpm, "next");
	sets[1] = pcrs_now(tpm);
	extend_text(tpm, 4, "handover");
	assert_int_equal(tpm_approval_drop(tpm, NULL), -E_WRONG_PCR);
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, sets, 1, text(owner_text), NULL), -E_WRONG_PCR);
	sets[1].values[3].data[0] ^= 1;
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, sets, 2, text(owner_text), NULL), -E_WRONG_PCR);
	tpm_close(&tpm);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvincrement -C o -P \"%s\" 0x01804803", owner_text), 0);
	restart_as(&tpm, NULL);
	check_pending(tpm, true, false);
	assert_int_equal(compute(tpm, NULL), 0);
}

/* What is approved for PCRs that nobody measures is taken from the record only as far as the TPM vouches for it (A2).
 */
static void test_A2_a_forged_record_is_not_approved(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_pcrs expected, now = pcrs_now(tpm);

	(void)state;
	approve_update(tpm);
	assert_int_equal(tpm_approved(tpm, TPM_SLOT_DISK, &expected, NULL), 0);
	assert_true(digest_equal(&expected.values[7], &now.values[7]));
	tpm_close(&tpm);
	/* Another value of PCR 7, with a right checksum: the last but 32 x 3 + 4 bytes hold it (six PCRs, eight
	 * places). */
	assert_int_equal(
	    swtpm_tool(
	        &swtpm, NULL,
	        "tpm2_nvread -C o -P \"%s\" -s 434 -o record 0x01800003 && printf X | dd of=record bs=1 seek=334 "
	        "conv=notrunc && head -c 430 record > body && { cat body; sha256sum body | head -c 8 | xxd -r -p; } > "
	        "forged && tpm2_nvwrite -C o -P \"%s\" -i forged 0x01800003",
	        owner_text, owner_text),
	    0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_approved(tpm, TPM_SLOT_DISK, &expected, NULL), -E_FOREIGN_TPM);
}

/* An ordinary start asks nothing more than before. */
static void test_nothing_pending_costs_no_command(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_approval approval;
	unsigned before;

	(void)state;
	assert_int_equal(tpm_approval_look(tpm, TPM_SLOT_TOTP, &approval, NULL), -E_NO_SECRET);
	make_key(tpm, owner_text);
	assert_int_equal(compute(tpm, NULL), 0);
	before = tpm_command_count(tpm);
	assert_int_equal(tpm_approval_look(tpm, TPM_SLOT_TOTP, &approval, NULL), 0);
	assert_false(approval.pending);
	assert_int_equal(tpm_command_count(tpm) - before, 0);
}

/* Nobody approves himself: not without the passphrase, not the operating system that knows it. */
static void test_A5_nothing_is_approved_after_the_cap(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_pcrs pcrs;
	struct error error;

	(void)state;
	make_key(tpm, owner_text);
	extend_text(tpm, 4, "handover");
	pcrs = pcrs_now(tpm);
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, &pcrs, 1, text(owner_text), &error), -E_WRONG_PCR);
	assert_non_null(strstr(error.sentence, "PCR 4 was extended"));
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	assert_int_not_equal(
	    swtpm_tool(&swtpm, NULL, "head -c 34 /dev/zero | tpm2_nvwrite -C o -P \"%s\" -i - 0x01814d47", owner_text),
	    0);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(compute(tpm, NULL), 0);
}

/* Without an owner passphrase an approval would be worth nothing: the key then has one set of PCRs for ever. */
static void test_unowned_nothing_is_approved(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_pcrs pcrs;

	(void)state;
	make_key(tpm, "");
	assert_int_equal(compute(tpm, NULL), 0);
	pcrs = pcrs_after(tpm, "evil firmware");
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, &pcrs, 1, BYTES_EMPTY, NULL), -E_UNSUPPORTED);
	extend_text(tpm, 2, "evil firmware");
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	pcrs = pcrs_now(tpm);
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, &pcrs, 1, BYTES_EMPTY, NULL), -E_UNSUPPORTED);
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
}

static void test_a_new_key_under_other_pcrs(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	(void)state;
	make_key(tpm, owner_text);
	extend_text(tpm, 2, "the new firmware");
	assert_int_equal(compute(tpm, NULL), -E_WRONG_PCR);
	make_key(tpm, owner_text);
	assert_int_equal(compute(tpm, NULL), 0);
	assert_int_equal(tpm_forget(tpm, TPM_SLOT_TOTP, text(owner_text), NULL), 0);
	assert_int_equal(compute(tpm, NULL), -E_NO_SECRET);
}

/* A TPM of before 2016 does not know TPM2_PolicyAuthorizeNV. */
static void test_an_older_tpm_seals_to_one_set(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct proxy proxy = {.fault = PROXY_REFUSED,
	                      .code = TPM_RC_COMMAND_CODE,
	                      .repeat = 100,
	                      .command_code = TPM_CC_PolicyAuthorizeNV};
	struct tpm_pcrs pcrs;

	(void)state;
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	make_key(tpm, owner_text);
	assert_true(proxy.fired);
	assert_int_equal(compute(tpm, NULL), 0);
	pcrs = pcrs_now(tpm);
	assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, &pcrs, 1, text(owner_text), NULL), -E_UNSUPPORTED);
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_a_tpm_without_sha1(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct proxy proxy = {
	    .fault = PROXY_REFUSED, .code = TPM_RC_HASH | 0x2c0, .repeat = 1, .command_code = TPM_CC_Create};
	struct tpm_pcrs pcrs;
	struct error error;

	(void)state;
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	pcrs = pcrs_now(tpm);
	assert_int_equal(tpm_hmac_make(tpm, TPM_SLOT_TOTP, text(key_text), &pcrs, text(owner_text), &error),
	                 -E_UNSUPPORTED);
	assert_non_null(strstr(error.sentence, "SHA-1"));
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
}

static void check_note(struct tpm *tpm, uint64_t wanted)
{
	struct error error = {.code = E_NONE};
	uint64_t note = 0;

	if (tpm_note_read(tpm, TPM_SLOT_TOTP, &note, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_int_equal(note, wanted);
}

static void test_note(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	const char *owner = owner_text;
	uint64_t note;

	(void)state;
	assert_int_equal(tpm_note_read(tpm, TPM_SLOT_TOTP, &note, NULL), -E_NO_SECRET);
	make_key(tpm, owner);
	assert_int_equal(tpm_note_read(tpm, TPM_SLOT_TOTP, &note, NULL), -E_NOT_FOUND);
	assert_int_equal(tpm_note_make(tpm, TPM_SLOT_TOTP, 0x0102030405060708, text("a thief"), NULL), -E_WRONG_AUTH);
	assert_int_equal(tpm_note_make(tpm, TPM_SLOT_TOTP, 0x0102030405060708, text(owner), NULL), 0);
	check_note(tpm, 0x0102030405060708);
	assert_int_equal(tpm_note_write(tpm, TPM_SLOT_TOTP, 9, NULL), 0);
	check_note(tpm, 9);
	/* A new key keeps it. */
	make_key(tpm, owner);
	check_note(tpm, 9);
	assert_int_equal(tpm_note_make(tpm, TPM_SLOT_TOTP, 10, text(owner), NULL), 0);
	check_note(tpm, 10);
	extend_text(tpm, 4, "handover");
	assert_int_equal(tpm_note_write(tpm, TPM_SLOT_TOTP, 11, NULL), -E_WRONG_PCR);
	check_note(tpm, 10);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* Who changes the firmware, so that it shows another PCR 2, cannot set the floor of the genuine one. */
static void test_A8_the_note_is_the_approved_firmwares(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	(void)state;
	make_key(tpm, owner_text);
	assert_int_equal(tpm_note_make(tpm, TPM_SLOT_TOTP, 7, text(owner_text), NULL), 0);
	extend_text(tpm, 2, "evil firmware");
	assert_int_equal(tpm_note_write(tpm, TPM_SLOT_TOTP, 1, NULL), -E_WRONG_PCR);
	check_note(tpm, 7);
	tpm_close(&tpm);
	assert_int_not_equal(
	    swtpm_tool(&swtpm, NULL, "head -c 8 /dev/zero | tpm2_nvwrite -C o -P \"%s\" -i - 0x01834d47", owner_text),
	    0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "head -c 8 /dev/zero | tpm2_nvwrite -i - 0x01834d47"), 0);
}

/* A18: an approval that is cut at any command leaves the old or the new one, and the next approval works. */
static void check_cut(enum proxy_fault fault)
{
	for (unsigned n = 0;; n++) {
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
		struct proxy proxy = {.fault = PROXY_NONE};
		struct tpm_pcrs now = pcrs_now(tpm), next = pcrs_after(tpm, "next");
		bool fired;
		int here;

		assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, &now, 1, text(owner_text), NULL), 0);
		tpm_close(&tpm);
		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		proxy.at = proxy.count + n;
		proxy.fault = fault;
		(void)tpm_approve(tpm, TPM_SLOT_TOTP, &next, 1, text(owner_text), NULL);
		fired = proxy.fired;
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		swtpm_power_cycle(&swtpm);
		tpm = swtpm_open(&swtpm);
		here = compute(tpm, NULL);
		extend_text(tpm, 2, "next");
		/* Exactly one of the two firmwares. */
		assert_int_equal(compute(tpm, NULL), here == 0 ? -E_WRONG_PCR : 0);
		assert_true(here == 0 || here == -E_WRONG_PCR);
		tpm_close(&tpm);
		swtpm_power_cycle(&swtpm);
		if (!fired) {
			assert_int_equal(here, -E_WRONG_PCR);
			assert_true(n > 10);
			return;
		}
	}
}

static void test_A18_an_approval_survives_a_power_cut(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	(void)state;
	make_key(tpm, owner_text);
	tpm_close(&tpm);
	check_cut(PROXY_POWER_CUT);
	check_cut(PROXY_CUT_AFTER);
}

/* A18: an approval for an update, cut at any command: what runs opens always; what comes next from one moment on. */
static void test_A18_an_approval_of_two_survives_a_power_cut(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	bool fired = true, seen_closed = false, seen_open = false;

	(void)state;
	make_key(tpm, owner_text);
	for (unsigned n = 0; fired; n++) {
		struct proxy proxy = {.fault = PROXY_NONE};
		struct tpm_pcrs sets[] = {pcrs_after(tpm, "next"), pcrs_now(tpm)};
		int next;

		assert_int_equal(tpm_approve(tpm, TPM_SLOT_TOTP, &sets[1], 1, text(owner_text), NULL), 0);
		tpm_close(&tpm);
		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		proxy.at = proxy.count + n;
		proxy.fault = PROXY_CUT_AFTER;
		(void)tpm_approve(tpm, TPM_SLOT_TOTP, sets, 2, text(owner_text), NULL);
		fired = proxy.fired;
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		swtpm_power_cycle(&swtpm);
		tpm = swtpm_open(&swtpm);
		assert_int_equal(compute(tpm, NULL), 0);
		extend_text(tpm, 2, "next");
		next = compute(tpm, NULL);
		assert_true(next == 0 || next == -E_WRONG_PCR);
		seen_open |= next == 0;
		seen_closed |= next != 0;
		restart_as(&tpm, NULL);
	}
	assert_true(seen_open && seen_closed);
}

int main(void)
{
#define OWNED(test)   cmocka_unit_test_setup_teardown(test, setup, teardown)
#define UNOWNED(test) cmocka_unit_test_setup_teardown(test, setup_unowned, teardown)
	const struct CMUnitTest tests[] = {
	    OWNED(test_computes_what_the_key_gives),
	    OWNED(test_A8_the_key_does_not_come_out),
	    OWNED(test_old_or_new_firmware),
	    OWNED(test_A17_after_the_drop_the_old_firmware_opens_nothing),
	    OWNED(test_A17_a_counter_of_somebody_elses),
	    OWNED(test_A5_no_approval_and_no_drop_after_the_cap),
	    OWNED(test_A2_a_forged_record_is_not_approved),
	    OWNED(test_nothing_pending_costs_no_command),
	    OWNED(test_A5_nothing_is_approved_after_the_cap),
	    UNOWNED(test_unowned_nothing_is_approved),
	    OWNED(test_a_new_key_under_other_pcrs),
	    OWNED(test_an_older_tpm_seals_to_one_set),
	    OWNED(test_a_tpm_without_sha1),
	    OWNED(test_note),
	    OWNED(test_A8_the_note_is_the_approved_firmwares),
	    OWNED(test_A18_an_approval_survives_a_power_cut),
	    OWNED(test_A18_an_approval_of_two_survives_a_power_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
