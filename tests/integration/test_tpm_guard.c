/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extends and PCR reads with somebody between client and TPM who drops, changes, invents, repeats or adds (A2). */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_client.h"
#include "unit/cmocka_all.h"
#include <string.h>
#include <time.h>

#define PCR 4

static struct swtpm swtpm;

static int setup_empty(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	return 0;
}

/* With the storage key, which the first seal makes. */
static int setup(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret secret = {0};

	(void)setup_empty(state);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	return 0;
}

static int extend(struct tpm *tpm, const char *text, struct error *error)
{
	struct digest digests[TPM_MAX_BANKS];
	const size_t count = digests_of_text(tpm, text, digests);

	return tpm_pcr_extend(tpm, PCR, digests, count, error);
}

static int read_pcr(struct tpm *tpm, struct digest *ret_value, struct error *error)
{
	struct tpm_pcrs pcrs;
	int result = tpm_pcr_read(tpm, HASH_SHA256, 1u << PCR, &pcrs, error);

	if (result == 0)
		*ret_value = pcrs.values[PCR];
	return result;
}

/* What the TPM holds, asked beside the client, without a session. */
static void witness(struct proxy *proxy, struct digest *ret_value)
{
	uint8_t bytes[20], answer[TPM_MESSAGE_LIMIT];
	struct tpm2_writer command = tpm2_writer_make(bytes, sizeof(bytes));
	struct digest values[TPM_PCR_COUNT];
	struct tpm2_header header;
	uint32_t counter, mask;
	size_t size = 0;

	tpm2_put_u16(&command, TPM_ST_NO_SESSIONS);
	tpm2_put_u32(&command, sizeof(bytes));
	tpm2_put_u32(&command, TPM_CC_PCR_Read);
	tpm2_put_pcr_selection(&command, HASH_SHA256, 1u << PCR);
	assert_false(command.failed);
	assert_int_equal(proxy->inner->exchange(proxy->inner, tpm2_written(&command), answer, &size, NULL), 0);
	assert_true(tpm2_parse_header(bytes_make(answer, size), &header));
	assert_true(tpm2_parse_pcr_read(header.body, HASH_SHA256, 1u << PCR, &counter, &mask, values));
	*ret_value = values[PCR];
}

/* One fault at the n-th extend or read; gives the result of the operation. */
struct attempt {
	struct proxy proxy;
	struct tpm *tpm;
};

static void begin(struct attempt *attempt, uint32_t command_code)
{
	struct digest value;

	memset(attempt, 0, sizeof(*attempt));
	assert_int_equal(proxy_open(&attempt->proxy, &swtpm, &attempt->tpm, NULL), 0);
	/* The session is open and in use by then: the fault meets it in the middle. */
	assert_int_equal(extend(attempt->tpm, "before", NULL), 0);
	assert_int_equal(read_pcr(attempt->tpm, &value, NULL), 0);
	assert_true(tpm_is_guarded(attempt->tpm));
	attempt->proxy.command_code = command_code;
	attempt->proxy.matches = 0;
}

static int run(struct attempt *attempt, enum proxy_fault fault, struct error *error)
{
	struct digest value;

	attempt->proxy.fault = fault;
	attempt->proxy.at = attempt->proxy.matches;
	return attempt->proxy.command_code == TPM_CC_PCR_Extend ? extend(attempt->tpm, "measured", error)
	                                                        : read_pcr(attempt->tpm, &value, error);
}

static void finish(struct attempt *attempt)
{
	tpm_close(&attempt->tpm);
	buffer_clear(&attempt->proxy.traffic);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_A2_what_is_guarded_works(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_pcrs pcrs;
	struct digest value = {0};
	CLEANUP(buffer_clear) struct buffer output = {0};
	char read[65] = "";
	unsigned before;

	(void)state;
	before = tpm_command_count(tpm);
	assert_int_equal(extend(tpm, "one", NULL), 0);
	assert_int_equal(extend(tpm, "two", NULL), 0);
	assert_int_equal(read_pcr(tpm, &value, NULL), 0);
	assert_int_equal(extend(tpm, "three", NULL), 0);
	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, 0xffffff, &pcrs, NULL), 0);
	assert_int_equal(read_pcr(tpm, &value, NULL), 0);
	assert_true(tpm_is_guarded(tpm));
	/* Two for the session, one each for four small ones, three for 24 PCRs, and this one. */
	assert_int_equal(tpm_command_count(tpm) - before, 2 + 4 + 3 + 1);
	tpm_close(&tpm);
	for (size_t i = 0; i < value.size; i++)
		(void)snprintf(read + 2 * i, 3, "%02X", value.data[i]);
	assert_int_equal(swtpm_tool(&swtpm, &output, "tpm2_pcrread sha256:%d", PCR), 0);
	assert_true(bytes_contain(buffer_bytes(&output), bytes_from_string(read)));
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_A2_a_dropped_one_is_noticed(void **state)
{
	/* What a TPM answers to an extend that an empty authorisation allows, and to a read without a session. */
	static const uint8_t done[] = {0x80, 0x02, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
	static const uint8_t plain[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0};
	struct digest before, after;
	struct attempt attempt;
	struct error error;

	(void)state;
	begin(&attempt, TPM_CC_PCR_Extend);
	witness(&attempt.proxy, &before);
	attempt.proxy.invented = bytes_make(done, sizeof(done));
	assert_int_equal(run(&attempt, PROXY_INVENT, &error), -E_TPM_FORGED);
	attempt.proxy.invented = bytes_make(plain, sizeof(plain));
	assert_int_equal(run(&attempt, PROXY_INVENT, &error), -E_TPM_FORGED);
	assert_int_equal(run(&attempt, PROXY_NOT_SENT, &error), -E_IO);
	witness(&attempt.proxy, &after);
	assert_true(digest_equal(&before, &after));
	/* The next one has a session of its own and works. */
	attempt.proxy.fault = PROXY_NONE;
	assert_int_equal(extend(attempt.tpm, "after", NULL), 0);
	assert_true(tpm_is_guarded(attempt.tpm));
	finish(&attempt);
}

static void test_A2_an_old_answer_is_no_answer(void **state)
{
	static const uint32_t codes[] = {TPM_CC_PCR_Extend, TPM_CC_PCR_Read};
	uint8_t old[TPM_MESSAGE_LIMIT];
	struct attempt attempt;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		begin(&attempt, codes[i]);
		/* A whole exchange that was right, recorded and played again. */
		assert_int_equal(run(&attempt, PROXY_NONE, &error), 0);
		assert_true(attempt.proxy.hit_answer_size > 10 + 32);
		memcpy(old, attempt.proxy.hit_answer, attempt.proxy.hit_answer_size);
		attempt.proxy.invented = bytes_make(old, attempt.proxy.hit_answer_size);
		assert_int_equal(run(&attempt, PROXY_INVENT, &error), -E_TPM_FORGED);
		finish(&attempt);
	}
}

static void test_A2_an_invented_value_is_no_value(void **state)
{
	/* TPM2_PCR_Read without a session: counter, selection of PCR 4, 32 zero bytes. */
	static const uint8_t head[] = {0x80, 0x01, 0, 0,    0, 10 + 4 + 10 + 4 + 2 + 32,
	                               0,    0,    0, 0,    0, 0,
	                               0,    9,    0, 0,    0, 1,
	                               0,    0x0b, 3, 0x10, 0, 0,
	                               0,    0,    0, 1,    0, 32};
	uint8_t answer[sizeof(head) + 32] = {0};
	struct attempt attempt;
	struct error error;

	(void)state;
	memcpy(answer, head, sizeof(head));
	assert_int_equal(sizeof(answer), answer[5]);
	begin(&attempt, TPM_CC_PCR_Read);
	attempt.proxy.invented = bytes_make(answer, sizeof(answer));
	assert_int_equal(run(&attempt, PROXY_INVENT, &error), -E_TPM_FORGED);
	finish(&attempt);
}

static void test_A2_a_flipped_bit_is_noticed(void **state)
{
	static const uint32_t codes[] = {TPM_CC_PCR_Extend, TPM_CC_PCR_Read};
	struct attempt attempt;
	struct error error;
	unsigned checked = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		size_t bits;

		begin(&attempt, codes[i]);
		assert_int_equal(run(&attempt, PROXY_NONE, &error), 0);
		bits = attempt.proxy.hit_answer_size * 8;
		for (size_t bit = 80; bit < bits; bit += 23, checked++) {
			attempt.proxy.bit = bit;
			assert_int_equal(run(&attempt, PROXY_FLIP_ANSWER, &error), -E_TPM_FORGED);
		}
		/* Of the command: behind header, PCR and size of the area; the session's handle is refused as such. */
		for (size_t bit = (10 + 4 + 4 + 4 + 2) * 8; bit < 130 * 8; bit += 29, checked++) {
			attempt.proxy.bit = bit;
			assert_true(run(&attempt, PROXY_FLIP_COMMAND, &error) < 0);
		}
		finish(&attempt);
	}
	assert_true(checked > 80);
}

/* The digest on its way: the TPM must not extend another one, and the error is not that of a passphrase. */
static void test_A2_a_changed_digest_is_not_extended(void **state)
{
	struct digest before, after;
	struct attempt attempt;
	struct error error;

	(void)state;
	begin(&attempt, TPM_CC_PCR_Extend);
	witness(&attempt.proxy, &before);
	/* header, PCR, area: size, handle, nonce, attributes, HMAC; then count, algorithm, digest */
	attempt.proxy.bit = (10 + 4 + 4 + 4 + 34 + 1 + 34 + 4 + 2 + 5) * 8;
	assert_int_equal(run(&attempt, PROXY_FLIP_COMMAND, &error), -E_TPM_FORGED);
	witness(&attempt.proxy, &after);
	assert_true(digest_equal(&before, &after));
	finish(&attempt);
}

static void test_A2_a_repeated_extend_is_refused(void **state)
{
	struct digest once, twice;
	struct attempt attempt;
	struct error error;

	(void)state;
	begin(&attempt, TPM_CC_PCR_Extend);
	assert_int_equal(run(&attempt, PROXY_REPEAT, &error), -E_TPM_FORGED);
	witness(&attempt.proxy, &once);
	finish(&attempt);
	/* The TPM took the first and not the second: the same two texts lead a fresh TPM to the same value. */
	swtpm_power_cycle(&swtpm);
	begin(&attempt, TPM_CC_PCR_Extend);
	assert_int_equal(run(&attempt, PROXY_NONE, &error), 0);
	witness(&attempt.proxy, &twice);
	assert_true(digest_equal(&once, &twice));
	finish(&attempt);
}

/* Whoever adds an extend of his own cannot be kept out; what is read afterwards is true and shows it. */
static void test_A2_an_injected_extend_shows(void **state)
{
	uint8_t command[10 + 4 + 4 + 9 + 4 + 2 + 32];
	struct tpm2_writer writer = tpm2_writer_make(command, sizeof(command));
	const struct digest foreign = digest_of(HASH_SHA256, bytes_from_string("foreign"));
	struct digest first, before, after, expected;
	struct attempt attempt;
	struct error error;

	(void)state;
	tpm2_put_u16(&writer, TPM_ST_SESSIONS);
	tpm2_put_u32(&writer, sizeof(command));
	tpm2_put_u32(&writer, TPM_CC_PCR_Extend);
	tpm2_put_u32(&writer, PCR);
	tpm2_put_u32(&writer, 9);
	tpm2_put_u32(&writer, TPM_RS_PW);
	tpm2_put_sized(&writer, BYTES_EMPTY);
	tpm2_put_u8(&writer, 0);
	tpm2_put_sized(&writer, BYTES_EMPTY);
	tpm2_put_u32(&writer, 1);
	tpm2_put_u16(&writer, HASH_SHA256);
	tpm2_put(&writer, digest_bytes(&foreign));
	assert_false(writer.failed);

	begin(&attempt, TPM_CC_PCR_Extend);
	assert_int_equal(read_pcr(attempt.tpm, &before, NULL), 0);
	attempt.proxy.invented = tpm2_written(&writer);
	assert_int_equal(run(&attempt, PROXY_INJECT, &error), 0);
	attempt.proxy.fault = PROXY_NONE;
	assert_int_equal(read_pcr(attempt.tpm, &after, NULL), 0);
	first = digest_of(HASH_SHA256, bytes_from_string("measured"));
	expected = digest_of_parts(HASH_SHA256, (const struct bytes[]){digest_bytes(&before), digest_bytes(&first)}, 2);
	assert_false(digest_equal(&after, &expected));
	expected =
	    digest_of_parts(HASH_SHA256, (const struct bytes[]){digest_bytes(&before), digest_bytes(&foreign)}, 2);
	expected =
	    digest_of_parts(HASH_SHA256, (const struct bytes[]){digest_bytes(&expected), digest_bytes(&first)}, 2);
	assert_true(digest_equal(&after, &expected));
	finish(&attempt);
}

/* Every failure closes the session, leaves no handle, and the next operation works. */
static void test_A2_a_failure_is_no_dead_end(void **state)
{
	static const enum proxy_fault faults[] = {PROXY_NOT_SENT, PROXY_ANSWER_LOST, PROXY_REFUSED, PROXY_FLIP_ANSWER};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		/* ReadPublic, StartAuthSession, PCR_Extend */
		for (unsigned n = 0; n < 3; n++) {
			struct proxy proxy = {.fault = PROXY_NONE, .code = TPM_RC_FAILURE, .bit = 200};
			struct tpm *tpm = NULL;

			assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
			proxy.at = proxy.count + n;
			proxy.fault = faults[i];
			/* A public area that is none of ours leads to a plain extend: there is no pinned Name. */
			if (faults[i] != PROXY_FLIP_ANSWER || n > 0)
				assert_true(extend(tpm, "measured", NULL) < 0);
			proxy.fault = PROXY_NONE;
			assert_int_equal(extend(tpm, "measured", NULL), 0);
			tpm_close(&tpm);
			buffer_clear(&proxy.traffic);
			assert_int_equal(swtpm_left_open(&swtpm), 0);
		}
	}
}

static void test_A2_without_a_storage_key_it_is_plain(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	struct digest value;

	(void)state;
	assert_int_equal(extend(tpm, "measured", NULL), 0);
	assert_int_equal(read_pcr(tpm, &value, NULL), 0);
	assert_false(tpm_is_guarded(tpm));
	/* From the first seal on there is a key. */
	assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, NULL), 0);
	assert_int_equal(extend(tpm, "measured", NULL), 0);
	assert_true(tpm_is_guarded(tpm));
}

/* With a recorded Name nobody talks us into going without. */
static void test_A2_a_pinned_key_cannot_be_hidden(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct proxy proxy = {.fault = PROXY_NONE, .code = TPM_RC_HANDLE | 0x100};
	struct tpm2_name name;
	struct bytes found;
	struct digest value;

	(void)state;
	assert_int_equal(tpm_storage_key_name(tpm, &found, NULL), 0);
	memcpy(name.data, found.data, found.size);
	name.size = found.size;
	tpm_close(&tpm);

	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	proxy.command_code = TPM_CC_ReadPublic;
	proxy.fault = PROXY_REFUSED;
	proxy.repeat = 100;
	assert_int_equal(tpm_pin_storage_key(tpm, tpm2_name_bytes(&name), NULL), 0);
	assert_int_equal(extend(tpm, "measured", NULL), -E_FOREIGN_TPM);
	assert_int_equal(read_pcr(tpm, &value, NULL), -E_FOREIGN_TPM);
	proxy.fault = PROXY_NONE;
	assert_int_equal(extend(tpm, "measured", NULL), 0);
	assert_true(tpm_is_guarded(tpm));
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_A2_what_is_guarded_works),
	    WITH_TPM(test_A2_a_dropped_one_is_noticed),
	    WITH_TPM(test_A2_an_old_answer_is_no_answer),
	    WITH_TPM(test_A2_an_invented_value_is_no_value),
	    WITH_TPM(test_A2_a_flipped_bit_is_noticed),
	    WITH_TPM(test_A2_a_changed_digest_is_not_extended),
	    WITH_TPM(test_A2_a_repeated_extend_is_refused),
	    WITH_TPM(test_A2_an_injected_extend_shows),
	    WITH_TPM(test_A2_a_failure_is_no_dead_end),
	    cmocka_unit_test_setup_teardown(test_A2_without_a_storage_key_it_is_plain, setup_empty, teardown),
	    WITH_TPM(test_A2_a_pinned_key_cannot_be_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
