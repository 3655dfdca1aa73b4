/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody on the TPM's bus can learn (A1) and do (A2), and what a failure or a power cut at any command leaves.
 */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_client.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <time.h>

#define MASK 0x9fu

static struct swtpm swtpm;
static const char first_text[] = "the first secret of this test";
static const char passphrase_text[] = "a passphrase that nobody hears";
static const char owner_text[] = "the owner's own passphrase";

static struct bytes text(const char *string)
{
	return bytes_from_string(string);
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

static int seal(struct tpm *tpm, const char *secret, struct error *error)
{
	struct tpm_pcrs pcrs;
	int result = tpm_pcr_read(tpm, HASH_SHA256, MASK, &pcrs, error);

	if (result < 0)
		return result;
	return tpm_seal(tpm, TPM_SLOT_DISK, text(secret), &pcrs, BYTES_EMPTY, BYTES_EMPTY, error);
}

static int seal_with_passphrase(struct tpm *tpm, const char *secret, const char *passphrase, const char *owner)
{
	struct tpm_pcrs pcrs;

	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, MASK, &pcrs, NULL), 0);
	return tpm_seal(tpm, TPM_SLOT_DISK, text(secret), &pcrs, text(passphrase), text(owner), NULL);
}

/* All that swtpm says it was sent and answered, out of its hexadecimal log. */
static void read_log(struct buffer *traffic)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	char *word, *rest = NULL;

	assert_int_equal(file_read(swtpm.log, (size_t)16 << 20, &log, NULL), 0);
	buffer_append_byte(&log, 0);
	assert_false(log.failed);
	for (word = strtok_r((char *)log.data, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		char *end = NULL;
		const unsigned long value = strtoul(word, &end, 16);

		if (strlen(word) == 2 && *end == '\0')
			buffer_append_byte(traffic, (uint8_t)value);
	}
	assert_false(traffic->failed);
}

static void check_not_on_bus(const struct buffer *recorded, const struct buffer *logged, struct bytes secret)
{
	assert_false(bytes_contain(buffer_bytes(recorded), secret));
	assert_false(bytes_contain(buffer_bytes(logged), secret));
	/* Not a part of it either. */
	for (size_t i = 0; i + 8 <= secret.size; i++) {
		assert_false(bytes_contain(buffer_bytes(recorded), bytes_slice(secret, i, 8)));
		assert_false(bytes_contain(buffer_bytes(logged), bytes_slice(secret, i, 8)));
	}
}

/* The code is the one that the secret gives; ret_mac is what it was cut out of. */
static void check_code(struct bytes secret, uint64_t now, const char *code, struct digest *ret_mac)
{
	uint8_t message[TOTP_MESSAGE_SIZE];
	const struct bytes part = bytes_make(message, sizeof(message));
	char wanted[7];

	totp_message(now, message);
	*ret_mac = hmac_of(HASH_SHA1, secret, &part, 1);
	totp_digits(ret_mac, wanted);
	assert_string_equal(code, wanted);
}

static void test_A1_no_secret_crosses_the_bus(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret disk = {0}, totp = {0};
	CLEANUP(totp_close) struct totp code = {0};
	const uint64_t now = (uint64_t)time(NULL);
	uint64_t counter;
	struct digest mac;
	CLEANUP(buffer_clear) struct buffer logged = {0};
	struct proxy proxy = {.fault = PROXY_NONE};
	struct digest event;

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner \"%s\"", owner_text), 0);
	/* tpm2-tools sent that passphrase in clear; what was logged until now does not count. */
	swtpm_tool(&swtpm, NULL, ": > log");
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	assert_int_equal(seal_with_passphrase(tpm, first_text, passphrase_text, owner_text), 0);
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_DISK, text(passphrase_text), &disk, NULL), 0);
	assert_true(bytes_equal(secret_bytes(&disk), text(first_text)));
	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), text(owner_text), &totp, NULL), 0);
	assert_int_equal(totp_open(tpm, now, 90, &code, NULL), 0);
	check_code(secret_bytes(&totp), now, code.code, &mac);
	assert_int_equal(totp_reseal(tpm, text(owner_text), NULL), 0);
	assert_int_equal(totp_confirm(tpm, now, text(owner_text), NULL), 0);
	assert_int_equal(tpm_counter_create(tpm, TPM_COUNTER_ROLLBACK, text(owner_text), NULL), 0);
	assert_int_equal(tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &counter, NULL), 0);
	extend_text(tpm, 4, "recovery");
	secret_clear(&disk);
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_DISK, text(passphrase_text), &disk, NULL), -E_WRONG_PCR);
	assert_int_equal(tpm_forget(tpm, TPM_SLOT_DISK, text(owner_text), NULL), 0);
	tpm_close(&tpm);

	read_log(&logged);
	/* Both records work: what is public is found in them. */
	event = digest_of(HASH_SHA256, text("recovery"));
	assert_true(bytes_contain(buffer_bytes(&proxy.traffic), digest_bytes(&event)));
	assert_true(bytes_contain(buffer_bytes(&logged), digest_bytes(&event)));
	check_not_on_bus(&proxy.traffic, &logged, text(first_text));
	check_not_on_bus(&proxy.traffic, &logged, text(passphrase_text));
	check_not_on_bus(&proxy.traffic, &logged, text(owner_text));
	check_not_on_bus(&proxy.traffic, &logged, secret_bytes(&totp));
	/* Nor the answer that the code is made of. */
	check_not_on_bus(&proxy.traffic, &logged, digest_bytes(&mac));
	buffer_clear(&proxy.traffic);
}

/* Unseals with one bit of one message changed. */
static int unseal_with_flip(enum proxy_fault fault, uint32_t command_code, size_t bit, const char *passphrase,
                            struct error *error, size_t *ret_answer_bits)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret secret = {0};
	struct proxy proxy = {.fault = PROXY_NONE};
	int result;

	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	proxy.fault = fault;
	proxy.command_code = command_code;
	proxy.bit = bit;
	result = tpm_unseal(tpm, TPM_SLOT_DISK, text(passphrase), &secret, error);
	assert_true(proxy.fired || fault == PROXY_NONE);
	if (ret_answer_bits)
		*ret_answer_bits = proxy.last_answer_size * 8;
	assert_true(result < 0 || bytes_equal(secret_bytes(&secret), text(first_text)));
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
	return result;
}

static void test_A2_a_changed_unseal_answer_is_noticed(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;
	size_t bits = 0, checked = 0;

	(void)state;
	assert_int_equal(seal(tpm, first_text, NULL), 0);
	tpm_close(&tpm);
	assert_int_equal(unseal_with_flip(PROXY_NONE, 0, 0, "", &error, &bits), 0);
	assert_true(bits > 80 * 8);
	for (size_t bit = 0; bit < bits; bit += 5) {
		int result = unseal_with_flip(PROXY_FLIP_ANSWER, TPM_CC_Unseal, bit, "", &error, NULL);

		/* In the header a bit can make it the answer of another TPM; behind it there is only the HMAC. */
		if (bit >= 80)
			assert_int_equal(result, -E_TPM_FORGED);
		assert_true(result < 0);
		checked++;
	}
	assert_true(checked > 150);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_A2_a_changed_session_start_is_noticed(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;

	(void)state;
	assert_int_equal(seal(tpm, first_text, NULL), 0);
	tpm_close(&tpm);
	/* The nonce of the TPM begins behind header, handle and size. */
	for (size_t bit = (10 + 4 + 2) * 8; bit < (10 + 4 + 2 + 32) * 8; bit += 7)
		assert_int_equal(unseal_with_flip(PROXY_FLIP_ANSWER, TPM_CC_StartAuthSession, bit, "", &error, NULL),
		                 -E_TPM_FORGED);
	/* Our nonce and our encrypted salt on their way to the TPM. */
	for (size_t bit = (10 + 8 + 2) * 8; bit < (10 + 8 + 2 + 32 + 2 + 2 + 32) * 8; bit += 11)
		assert_true(unseal_with_flip(PROXY_FLIP_COMMAND, TPM_CC_StartAuthSession, bit, "", &error, NULL) < 0);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_A2_a_changed_public_area_is_noticed(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;

	(void)state;
	assert_int_equal(seal(tpm, first_text, NULL), 0);
	tpm_close(&tpm);
	/* Bytes of the public area, and of the Name behind it. */
	for (size_t bit = (10 + 2) * 8; bit < (10 + 2 + 70) * 8; bit += 13)
		assert_int_equal(unseal_with_flip(PROXY_FLIP_ANSWER, TPM_CC_ReadPublic, bit, "", &error, NULL),
		                 -E_FOREIGN_TPM);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_A2_a_changed_record_is_noticed(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;

	(void)state;
	assert_int_equal(seal(tpm, first_text, NULL), 0);
	tpm_close(&tpm);
	for (size_t bit = (10 + 4 + 2) * 8; bit < (10 + 4 + 2 + TPM2_RECORD_SIZE) * 8; bit += 29)
		assert_int_equal(unseal_with_flip(PROXY_FLIP_ANSWER, TPM_CC_NV_Read, bit, "", &error, NULL),
		                 -E_MALFORMED);
}

static void test_A2_a_changed_seal_is_noticed(void **state)
{
	static const uint32_t protected[] = {TPM_CC_Create, TPM_CC_EvictControl, TPM_CC_NV_Write};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(protected); i++) {
		for (size_t bit = 80; bit < 480; bit += 17) {
			struct proxy proxy = {.fault = PROXY_NONE};
			int result;

			assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
			proxy.fault = PROXY_FLIP_ANSWER;
			proxy.command_code = protected[i];
			proxy.bit = bit;
			result = seal(tpm, first_text, NULL);
			/* Where the answer is shorter, the bit is one of its header. */
			if (bit < proxy.last_answer_size * 8)
				assert_int_equal(result, -E_TPM_FORGED);
			assert_true(result < 0);
			assert_true(proxy.fired);
			tpm_close(&tpm);
			buffer_clear(&proxy.traffic);
		}
	}
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_A1_no_secret_crosses_the_bus),          WITH_TPM(test_A2_a_changed_unseal_answer_is_noticed),
	    WITH_TPM(test_A2_a_changed_session_start_is_noticed), WITH_TPM(test_A2_a_changed_public_area_is_noticed),
	    WITH_TPM(test_A2_a_changed_record_is_noticed),        WITH_TPM(test_A2_a_changed_seal_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
