/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM 2.0 client against swtpm, with tpm2-tools as the independent witness. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_client.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define MASK 0x9fu

static struct swtpm swtpm;
static const char secret_text[] = "this is the secret of the test.";
static const char other_text[] = "and this is another one";

static struct bytes text(const char *string)
{
	return bytes_from_string(string);
}

static struct tpm_pcrs pcrs_now(struct tpm *tpm, uint32_t mask)
{
	struct tpm_pcrs pcrs;

	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, mask, &pcrs, NULL), 0);
	return pcrs;
}

static void seal_now(struct tpm *tpm, const char *secret, const char *passphrase)
{
	const struct tpm_pcrs pcrs = pcrs_now(tpm, MASK);
	struct error error = {.code = E_NONE};

	if (tpm_seal(tpm, TPM_SLOT_DISK, text(secret), &pcrs, text(passphrase), BYTES_EMPTY, &error) < 0)
		fail_msg("%s", error.sentence);
}

/* Unseals and compares; gives the result of tpm_unseal. */
static int unseal(struct tpm *tpm, const char *passphrase, const char *wanted)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	int result = tpm_unseal(tpm, TPM_SLOT_DISK, text(passphrase), &secret, NULL);

	if (result == 0)
		assert_true(bytes_equal(secret_bytes(&secret), text(wanted)));
	else
		assert_null(secret.data);
	return result;
}

static int setup(void **state)
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

static void test_A20_extends_every_active_bank(void **state)
{
	static const enum hash_algorithm banks[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	const enum hash_algorithm *active;
	struct tpm_pcrs ours[ARRAY_SIZE(banks)];

	(void)state;
	assert_int_equal(tpm_banks(tpm, &active), ARRAY_SIZE(banks));
	assert_memory_equal(active, banks, sizeof(banks));
	for (unsigned pcr = 0; pcr < 16; pcr += 5)
		extend_text(tpm, pcr, "measured");
	for (size_t i = 0; i < ARRAY_SIZE(banks); i++)
		assert_int_equal(tpm_pcr_read(tpm, banks[i], 0xffffff, &ours[i], NULL), 0);
	tpm_close(&tpm);
	for (size_t i = 0; i < ARRAY_SIZE(banks); i++) {
		CLEANUP(buffer_clear) struct buffer theirs = {0};
		const size_t size = hash_size(banks[i]);

		assert_int_equal(
		    swtpm_tool(&swtpm, &theirs, "tpm2_pcrread -Q -o pcrs %s:all && cat pcrs", hash_name(banks[i])), 0);
		assert_int_equal(theirs.size, size * TPM_PCR_COUNT);
		for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
			assert_memory_equal(theirs.data + pcr * size, ours[i].values[pcr].data, size);
		/* Not the value after a reset: it was extended. */
		assert_false(ours[i].values[5].data[0] == 0 && ours[i].values[5].data[1] == 0);
	}
}

static void test_A20_extend_wants_a_digest_for_each_bank(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct digest digests[TPM_MAX_BANKS];
	const size_t count = digests_of_text(tpm, "x", digests);
	const struct tpm_pcrs before = pcrs_now(tpm, 1u << 8);
	struct tpm_pcrs after;

	(void)state;
	assert_int_equal(tpm_pcr_extend(tpm, 8, digests, count - 1, NULL), -E_USAGE);
	assert_int_equal(tpm_pcr_extend(tpm, 24, digests, count, NULL), -E_USAGE);
	after = pcrs_now(tpm, 1u << 8);
	assert_true(digest_equal(&before.values[8], &after.values[8]));
}

static void test_seals_and_unseals(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	unsigned before;

	(void)state;
	assert_int_equal(unseal(tpm, "", secret_text), -E_NO_SECRET);
	seal_now(tpm, secret_text, "");
	assert_int_equal(unseal(tpm, "", secret_text), 0);
	seal_now(tpm, other_text, "");
	assert_int_equal(unseal(tpm, "", other_text), 0);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	tpm = swtpm_open(&swtpm);
	before = tpm_command_count(tpm);
	assert_int_equal(unseal(tpm, "", other_text), 0);
	assert_in_range(tpm_command_count(tpm) - before, 1, 8);
	assert_int_equal(tpm_forget(tpm, TPM_SLOT_DISK, BYTES_EMPTY, NULL), 0);
	assert_int_equal(unseal(tpm, "", other_text), -E_NO_SECRET);
	assert_int_equal(tpm_forget(tpm, TPM_SLOT_DISK, BYTES_EMPTY, NULL), 0);
}

static void test_largest_secret_and_limits(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	struct tpm_pcrs pcrs = pcrs_now(tpm, 0xff);
	uint8_t large[129];

	(void)state;
	memset(large, 0xa5, sizeof(large));
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, bytes_make(large, 128), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL),
	                 0);
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &secret, NULL), 0);
	assert_true(bytes_equal(secret_bytes(&secret), bytes_make(large, 128)));
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, bytes_make(large, 129), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL),
	                 -E_USAGE);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL), -E_USAGE);
	pcrs = pcrs_now(tpm, 0x1ff);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text("x"), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL),
	                 -E_UNSUPPORTED);
}

static void test_wrong_pcr_and_difference(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint32_t mask = 1;

	(void)state;
	seal_now(tpm, secret_text, "");
	assert_int_equal(tpm_seal_difference(tpm, TPM_SLOT_DISK, &mask, NULL), 0);
	assert_int_equal(mask, 0);
	extend_text(tpm, 2, "another payload");
	extend_text(tpm, 7, "another setting");
	assert_int_equal(unseal(tpm, "", secret_text), -E_WRONG_PCR);
	assert_int_equal(tpm_seal_difference(tpm, TPM_SLOT_DISK, &mask, NULL), 0);
	assert_int_equal(mask, 1u << 2 | 1u << 7);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(unseal(tpm, "", secret_text), 0);
}

static void test_seals_to_predicted_values(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_pcrs pcrs = pcrs_now(tpm, MASK);
	const struct digest event = digest_of(HASH_SHA256, text("the next firmware"));

	(void)state;
	pcrs.values[2] = digest_of_parts(
	    HASH_SHA256, (const struct bytes[]){digest_bytes(&pcrs.values[2]), digest_bytes(&event)}, 2);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text(secret_text), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL), 0);
	assert_int_equal(unseal(tpm, "", secret_text), -E_WRONG_PCR);
	extend_text(tpm, 2, "the next firmware");
	assert_int_equal(unseal(tpm, "", secret_text), 0);
}

static void test_passphrase(void **state)
{
	static const char longer[] = "a passphrase of more than thirty-two bytes, which is hashed first";
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	(void)state;
	seal_now(tpm, secret_text, "correct horse");
	assert_int_equal(unseal(tpm, "correct horse", secret_text), 0);
	assert_int_equal(unseal(tpm, "wrong horse", secret_text), -E_WRONG_AUTH);
	assert_int_equal(unseal(tpm, "correct horse", secret_text), 0);
	seal_now(tpm, secret_text, longer);
	assert_int_equal(unseal(tpm, longer, secret_text), 0);
	assert_int_equal(unseal(tpm, "", secret_text), -E_WRONG_AUTH);
	extend_text(tpm, 4, "recovery");
	assert_int_equal(unseal(tpm, longer, secret_text), -E_WRONG_PCR);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_A18_lockout_counts_only_passphrases(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	const struct tpm_pcrs pcrs = pcrs_now(tpm, MASK);
	struct tpm_info info;
	int result = 0;

	(void)state;
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_TOTP, text(other_text), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL), 0);
	seal_now(tpm, secret_text, "right");
	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	assert_int_equal(info.lockout_counter, 0);
	assert_false(info.in_lockout);
	for (unsigned i = 0; i < info.lockout_max; i++) {
		result = unseal(tpm, "wrong", secret_text);
		assert_int_equal(result, -E_WRONG_AUTH);
	}
	assert_int_equal(unseal(tpm, "right", secret_text), -E_LOCKED_OUT);
	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	assert_int_equal(info.lockout_counter, info.lockout_max);
	assert_true(info.in_lockout);
	assert_true(info.lockout_recovery_seconds > 0);
	/* What has no passphrase opens all the same, and a wrong PCR counts nothing. */
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_TOTP, BYTES_EMPTY, &secret, NULL), 0);
	assert_true(bytes_equal(secret_bytes(&secret), text(other_text)));
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_dictionarylockout --clear-lockout"), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(unseal(tpm, "right", secret_text), 0);
}

static void test_owner_passphrase(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct tpm_pcrs pcrs;

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner 'the owner'"), 0);
	tpm = swtpm_open(&swtpm);
	pcrs = pcrs_now(tpm, MASK);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text(secret_text), &pcrs, BYTES_EMPTY, text("a thief"), NULL),
	                 -E_WRONG_AUTH);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text(secret_text), &pcrs, BYTES_EMPTY, text("the owner"), NULL),
	                 0);
	assert_int_equal(unseal(tpm, "", secret_text), 0);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text(other_text), &pcrs, BYTES_EMPTY, text("a thief"), NULL),
	                 -E_WRONG_AUTH);
	assert_int_equal(tpm_forget(tpm, TPM_SLOT_DISK, BYTES_EMPTY, NULL), -E_WRONG_AUTH);
	assert_int_equal(unseal(tpm, "", secret_text), 0);
	assert_int_equal(tpm_forget(tpm, TPM_SLOT_DISK, text("the owner"), NULL), 0);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

/* A key like ours but for one option of tpm2_createprimary, at our handle. */
static void plant_storage_key(const char *options)
{
	assert_int_equal(
	    swtpm_tool(&swtpm, NULL,
	               "tpm2_createprimary -Q -C o -c p.ctx %s && tpm2_evictcontrol -Q -C o -c p.ctx 0x81004801 && "
	               "tpm2_flushcontext -t",
	               options),
	    0);
}

#define OUR_ATTRIBUTES "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"

static void test_rsa_storage_key_serves(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;

	(void)state;
	plant_storage_key("-G rsa2048:aes128cfb -a '" OUR_ATTRIBUTES "'");
	tpm = swtpm_open(&swtpm);
	seal_now(tpm, secret_text, "with a passphrase");
	assert_int_equal(unseal(tpm, "with a passphrase", secret_text), 0);
}

static void test_makes_rsa_key_where_there_is_no_ecc(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct proxy proxy = {
	    .fault = PROXY_REFUSED, .code = TPM_RC_CURVE | 0x2c0, .command_code = TPM_CC_CreatePrimary};
	CLEANUP(buffer_clear) struct buffer area = {0};

	(void)state;
	/* The one in the null hierarchy is made with ECC, the storage key's first try is refused. */
	proxy.at = 1;
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	seal_now(tpm, secret_text, "");
	assert_true(proxy.fired);
	assert_int_equal(unseal(tpm, "", secret_text), 0);
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	assert_int_equal(swtpm_tool(&swtpm, &area, "tpm2_readpublic -c 0x81004801"), 0);
	assert_true(bytes_contain(buffer_bytes(&area), text("value: rsa")));
}

static void test_A2_storage_key_of_another_kind_is_refused(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct tpm_pcrs pcrs;

	(void)state;
	/* Without noda, and with the right of its holder to take it out of this TPM: not our template. */
	plant_storage_key("-G ecc256:aes128cfb -a 'sensitivedataorigin|userwithauth|restricted|decrypt'");
	tpm = swtpm_open(&swtpm);
	pcrs = pcrs_now(tpm, MASK);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text(secret_text), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL),
	                 -E_FOREIGN_TPM);
}

static void test_A2_storage_key_with_another_name_is_refused(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm2_name recorded = {0};
	struct bytes name;
	struct tpm_pcrs pcrs;

	(void)state;
	assert_int_equal(tpm_storage_key_name(tpm, &name, NULL), -E_NOT_FOUND);
	seal_now(tpm, secret_text, "");
	assert_int_equal(tpm_storage_key_name(tpm, &name, NULL), 0);
	assert_int_equal(name.size, 34);
	recorded.size = name.size;
	memcpy(recorded.data, name.data, name.size);
	tpm_close(&tpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_pin_storage_key(tpm, tpm2_name_bytes(&recorded), NULL), 0);
	assert_int_equal(unseal(tpm, "", secret_text), 0);
	pcrs = pcrs_now(tpm, MASK);
	recorded.data[10] ^= 1;
	assert_int_equal(tpm_pin_storage_key(tpm, tpm2_name_bytes(&recorded), NULL), 0);
	assert_int_equal(unseal(tpm, "", secret_text), -E_FOREIGN_TPM);
	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, MASK, &pcrs, NULL), -E_FOREIGN_TPM);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text(secret_text), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL),
	                 -E_FOREIGN_TPM);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_names_agree_with_tpm2_tools(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(buffer_clear) struct buffer theirs = {0}, record = {0};
	char ours[80];
	struct bytes name;

	(void)state;
	seal_now(tpm, secret_text, "");
	assert_int_equal(tpm_storage_key_name(tpm, &name, NULL), 0);
	hex_encode(name, ours);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, &theirs, "tpm2_readpublic -c 0x81004801"), 0);
	assert_true(bytes_contain(buffer_bytes(&theirs), text(ours)));
	assert_true(bytes_contain(buffer_bytes(&theirs), text(OUR_ATTRIBUTES)));
	assert_int_equal(swtpm_tool(&swtpm, &record, "tpm2_nvreadpublic 0x01800003"), 0);
	assert_true(bytes_contain(buffer_bytes(&record), text("ownerwrite|ownerread|authread|no_da|written")));
}

static void test_a_damaged_record_can_be_replaced(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint32_t mask;

	(void)state;
	seal_now(tpm, secret_text, "");
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "printf xyz >x && tpm2_nvwrite -C o -i x --offset 20 0x01800003"), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(unseal(tpm, "", secret_text), -E_MALFORMED);
	assert_int_equal(tpm_seal_difference(tpm, TPM_SLOT_DISK, &mask, NULL), -E_MALFORMED);
	seal_now(tpm, other_text, "");
	assert_int_equal(unseal(tpm, "", other_text), 0);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_a_foreign_index_is_replaced_by_the_owner(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;

	(void)state;
	assert_int_equal(
	    swtpm_tool(&swtpm, NULL,
	               "tpm2_nvdefine -Q -C o -s 400 -a 'ownerread|ownerwrite|authread|authwrite' 0x01800003"),
	    0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(unseal(tpm, "", secret_text), -E_NO_SECRET);
	seal_now(tpm, secret_text, "");
	assert_int_equal(unseal(tpm, "", secret_text), 0);
}

static void test_a_foreign_object_is_left_alone(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct tpm_pcrs pcrs;
	struct error error;

	(void)state;
	assert_int_equal(
	    swtpm_tool(&swtpm, NULL,
	               "tpm2_createprimary -Q -C o -G ecc256 -c k.ctx -a 'fixedtpm|fixedparent|"
	               "sensitivedataorigin|userwithauth|sign' && tpm2_evictcontrol -Q -C o -c k.ctx 0x81000003"),
	    0);
	tpm = swtpm_open(&swtpm);
	pcrs = pcrs_now(tpm, MASK);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text(secret_text), &pcrs, BYTES_EMPTY, BYTES_EMPTY, &error),
	                 -E_FOREIGN_TPM);
	assert_string_equal(error.object, "0x81000003");
	assert_int_equal(tpm_forget(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &error), -E_FOREIGN_TPM);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_readpublic -Q -c 0x81000003"), 0);
}

static void test_the_key_of_the_tcg_is_not_touched(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0}, ours = {0};

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c k.ctx -a '" OUR_ATTRIBUTES
	                            "' && tpm2_evictcontrol -Q -C o -c k.ctx 0x81000001 && tpm2_flushcontext -t"),
	                 0);
	assert_int_equal(swtpm_tool(&swtpm, &before, "tpm2_readpublic -c 0x81000001"), 0);
	tpm = swtpm_open(&swtpm);
	seal_now(tpm, secret_text, "");
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, &after, "tpm2_readpublic -c 0x81000001"), 0);
	assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
	/* Ours has the same template and is another key all the same. */
	assert_int_equal(swtpm_tool(&swtpm, &ours, "tpm2_readpublic -c 0x81004801"), 0);
	assert_false(bytes_equal(buffer_bytes(&before), buffer_bytes(&ours)));
}

static void test_open_flushes_what_others_left(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;

	(void)state;
	assert_int_equal(
	    swtpm_tool(&swtpm, NULL,
	               "tpm2_createprimary -Q -C n -c a.ctx && tpm2_createprimary -Q -C n -c b.ctx && "
	               "tpm2_startauthsession --policy-session -S s.ctx && tpm2_policypcr -Q -S s.ctx -l sha256:0"),
	    0);
	tpm = swtpm_open(&swtpm);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_info(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_info info;
	bool object = false, record = false, key = false;

	(void)state;
	seal_now(tpm, secret_text, "");
	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	assert_int_equal(tpm_get_handles(tpm, &info, NULL), 0);
	assert_string_equal(info.family, "2.0");
	assert_string_equal(info.manufacturer, "IBM");
	for (size_t i = 0; i < info.handle_count; i++) {
		object = object || info.handles[i] == 0x81000003u;
		record = record || info.handles[i] == 0x01800003u;
		key = key || info.handles[i] == TPM2_STORAGE_HANDLE;
	}
	assert_true(object && record && key);
	assert_int_equal(info.handle_count, 3);
	assert_int_equal(tpm_shutdown(tpm, NULL), 0);
}

static void test_random_bytes_differ(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint8_t one[32], two[32];

	(void)state;
	assert_int_equal(tpm_random(tpm, one, sizeof(one), NULL), 0);
	assert_int_equal(tpm_random(tpm, two, sizeof(two), NULL), 0);
	assert_memory_not_equal(one, two, sizeof(one));
	assert_int_equal(tpm_random(tpm, one, 0, NULL), -E_USAGE);
}

static void test_a_tpm_that_no_firmware_started(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct tpm_transport *transport = NULL;
	struct error error;

	(void)state;
	swtpm.not_started = true;
	swtpm_power_cycle(&swtpm);
	/* A chip: nothing was measured, so nothing is done with it. */
	assert_int_equal(tpm_transport_open(swtpm.where, &transport, NULL), 0);
	transport->may_start = false;
	assert_int_equal(tpm_open_transport(transport, &tpm, &error), -E_TPM);
	assert_non_null(strstr(error.sentence, "firmware has not started"));
	/* swtpm on a workstation: started. */
	tpm = swtpm_open(&swtpm);
	seal_now(tpm, secret_text, "");
	assert_int_equal(unseal(tpm, "", secret_text), 0);
}

static void test_absent_tpm(void **state)
{
	struct tpm *tpm = NULL;
	struct error error;

	(void)state;
	assert_int_equal(tpm_open("swtpm:/nonexistent/tpm", &tpm, &error), -E_NO_DEVICE);
	assert_int_equal(tpm_open("/nonexistent/tpm0", &tpm, &error), -E_NO_DEVICE);
	assert_int_equal(tpm_open("/proc/self/stat", &tpm, &error), -E_NO_DEVICE);
	assert_null(tpm);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_A20_extends_every_active_bank),
	    WITH_TPM(test_A20_extend_wants_a_digest_for_each_bank),
	    WITH_TPM(test_seals_and_unseals),
	    WITH_TPM(test_largest_secret_and_limits),
	    WITH_TPM(test_wrong_pcr_and_difference),
	    WITH_TPM(test_seals_to_predicted_values),
	    WITH_TPM(test_passphrase),
	    WITH_TPM(test_A18_lockout_counts_only_passphrases),
	    WITH_TPM(test_owner_passphrase),
	    WITH_TPM(test_rsa_storage_key_serves),
	    WITH_TPM(test_makes_rsa_key_where_there_is_no_ecc),
	    WITH_TPM(test_A2_storage_key_of_another_kind_is_refused),
	    WITH_TPM(test_A2_storage_key_with_another_name_is_refused),
	    WITH_TPM(test_names_agree_with_tpm2_tools),
	    WITH_TPM(test_a_damaged_record_can_be_replaced),
	    WITH_TPM(test_a_foreign_index_is_replaced_by_the_owner),
	    WITH_TPM(test_a_foreign_object_is_left_alone),
	    WITH_TPM(test_the_key_of_the_tcg_is_not_touched),
	    WITH_TPM(test_open_flushes_what_others_left),
	    WITH_TPM(test_info),
	    WITH_TPM(test_random_bytes_differ),
	    WITH_TPM(test_a_tpm_that_no_firmware_started),
	    cmocka_unit_test(test_absent_tpm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
