/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the client writes and reads, byte for byte; every answer that is cut, too long or otherwise wrong is refused. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "tpm/tpm2_record.h"
#include "unit/cmocka_all.h"
#include <string.h>

struct answer {
	uint8_t data[600];
	size_t size;
};

static struct answer answer_of(const char *hex)
{
	struct answer answer = {.size = strlen(hex) / 2};

	assert_true(answer.size < sizeof(answer.data));
	assert_true(hex_decode(bytes_from_string(hex), answer.data, answer.size));
	return answer;
}

static struct bytes answer_bytes(const struct answer *answer)
{
	return bytes_make(answer->data, answer->size);
}

/* Each parser behind one signature. */
static bool parse_handles(struct bytes bytes)
{
	struct tpm2_handles handles;

	return tpm2_parse_handles(bytes, &handles);
}

static bool parse_properties(struct bytes bytes)
{
	struct tpm2_properties properties;

	return tpm2_parse_properties(bytes, &properties);
}

static bool parse_banks(struct bytes bytes)
{
	enum hash_algorithm banks[TPM_MAX_BANKS];
	size_t count;

	return tpm2_parse_banks(bytes, banks, &count);
}

static bool parse_pcrs(struct bytes bytes)
{
	struct digest values[TPM_PCR_COUNT];
	uint32_t counter, mask;

	return tpm2_parse_pcr_read(bytes, HASH_SHA256, 0x12, &counter, &mask, values);
}

static bool parse_clock(struct bytes bytes)
{
	struct tpm2_clock clock;

	return tpm2_parse_clock(bytes, &clock);
}

static bool parse_session(struct bytes bytes)
{
	struct tpm2_answer_session session;

	return tpm2_parse_session_area(bytes, &session);
}

static bool parse_public(struct bytes bytes)
{
	struct tpm2_public public_area;

	return tpm2_parse_public(bytes, &public_area);
}

static bool parse_nv(struct bytes bytes)
{
	struct tpm2_nv_public public_area;
	struct tpm2_name name;

	return tpm2_parse_nv_read_public(bytes, &public_area, &name);
}

static bool parse_header(struct bytes bytes)
{
	struct tpm2_header header;

	return tpm2_parse_header(bytes, &header);
}

#define DIGEST_32 "0000000000000000000000000000000000000000000000000000000000000001"
#define ECC_AREA                                                                                                       \
	"0023000b00030472000000060080004300100003001000206f4492fe0b54492d5c5a42a8b54a06fe68b318592ec85e745bba82d73c42" \
	"318b0020638385cbafd3bddf8c661ac65ad3e16fb6e341f7299fd607f1d8704cd3a610ad"
#define SEALED_AREA "0008000b000004920020" DIGEST_32 "00100020" DIGEST_32

static const struct {
	bool (*parse)(struct bytes bytes);
	const char *hex;
} answers[] = {
    {parse_handles, "0000000001000000028100480181004d47"},
    {parse_handles, "000000000100000000"},
    {parse_properties, "00000000060000000100000105"
                       "49424d20"},
    {parse_banks, "000000000500000002000403ffffff000b03ffffff"},
    {parse_pcrs, "0000001700000001000b0312000000000002"
                 "0020" DIGEST_32 "0020" DIGEST_32},
    {parse_clock, "0000000000001000000000000000200000000003"
                  "0000000401"},
    {parse_session, "0010000102030405060708090a0b0c0d0e0f0100020102"},
    {parse_public, ECC_AREA},
    {parse_public, SEALED_AREA},
    {parse_header, "80010000000a00000101"},
    {parse_header, "8001000000"
                   "0c00000000"
                   "abcd"},
};

static void test_answers_are_read_to_the_last_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct answer answer = answer_of(answers[i].hex);

		assert_true(answers[i].parse(answer_bytes(&answer)));
		for (size_t size = 0; size < answer.size; size++)
			assert_false(answers[i].parse(bytes_make(answer.data, size)));
		answer.data[answer.size++] = 0;
		assert_false(answers[i].parse(answer_bytes(&answer)));
	}
}

static void test_answers_that_no_tpm_gives(void **state)
{
	static const struct {
		bool (*parse)(struct bytes bytes);
		const char *hex;
	} wrong[] = {
	    {parse_handles, "0000000001ffffffff"},                       /* more handles than an answer holds */
	    {parse_handles, "000000000600000000"},                       /* another capability */
	    {parse_handles, "020000000100000000"},                       /* neither yes nor no */
	    {parse_banks, "010000000500000001000b03ffffff"},             /* a list that does not end */
	    {parse_banks, "000000000500000002000b03ffffff000b03ffffff"}, /* a bank twice */
	    {parse_pcrs, "0000001700000001000403120000"
	                 "00000002"
	                 "0020" DIGEST_32 "0020" DIGEST_32},
	    {parse_pcrs, "0000001700000001000b0313000000000003"
	                 "0020" DIGEST_32 "0020" DIGEST_32 "0020" DIGEST_32},
	    {parse_pcrs, "0000001700000001000b0300000000000000"},
	    {parse_pcrs, "0000001700000001000b0312000000000001"
	                 "0020" DIGEST_32},
	    {parse_pcrs, "0000001700000001000b0302000000000001"
	                 "0014"
	                 "0102030405060708090a0b0c0d0e0f1011121314"},
	    {parse_clock, "0000000000001000000000000000200000000003"
	                  "0000000402"},
	    {parse_header, "80010000000b00000101ff"}, /* an error with content */
	    {parse_header, "80020000000a00000101"},   /* an error with sessions */
	    {parse_header, "00c40000000a00000000"},   /* success of a TPM 1.2 */
	    {parse_header, "12340000000a00000000"},
	    {parse_header, "80010000000900000000"},
	    /* storage keys of other kinds: SHA-1 Name, AES-256, P-384, with a scheme */
	    {parse_public, "00230004"
	                   "00030472"
	                   "0000"
	                   "0006"
	                   "0080"
	                   "0043"
	                   "0010"
	                   "0003"
	                   "0010"
	                   "0020" DIGEST_32 "0020" DIGEST_32},
	    {parse_public, "0023000b"
	                   "00030472"
	                   "0000"
	                   "0006"
	                   "0100"
	                   "0043"
	                   "0010"
	                   "0003"
	                   "0010"
	                   "0020" DIGEST_32 "0020" DIGEST_32},
	    {parse_public, "0023000b"
	                   "00030472"
	                   "0000"
	                   "0006"
	                   "0080"
	                   "0043"
	                   "0010"
	                   "0004"
	                   "0010"
	                   "0020" DIGEST_32 "0020" DIGEST_32},
	    {parse_public, "0023000b"
	                   "00030472"
	                   "0000"
	                   "0006"
	                   "0080"
	                   "0043"
	                   "0018"
	                   "0003"
	                   "0010"
	                   "0020" DIGEST_32 "0020" DIGEST_32},
	    {parse_public, "0025000b"
	                   "00030472"
	                   "0000"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct answer answer = answer_of(wrong[i].hex);

		assert_false(wrong[i].parse(answer_bytes(&answer)));
	}
}

static void test_values_of_answers(void **state)
{
	struct answer answer = answer_of(answers[0].hex);
	enum hash_algorithm banks[TPM_MAX_BANKS];
	struct digest values[TPM_PCR_COUNT];
	struct tpm2_properties properties;
	struct tpm2_handles handles;
	struct tpm2_public key;
	struct tpm2_clock clock;
	uint32_t counter, mask;
	size_t count;

	(void)state;
	assert_true(tpm2_parse_handles(answer_bytes(&answer), &handles));
	assert_int_equal(handles.count, 2);
	assert_int_equal(handles.handles[1], 0x81004d47);
	answer = answer_of(answers[2].hex);
	assert_true(tpm2_parse_properties(answer_bytes(&answer), &properties));
	assert_int_equal(properties.properties[0].value, 0x49424d20);
	/* SHA-1 has no PCR selected; SM3 (0x12) is not known: neither is active. */
	answer = answer_of("000000000500000003000403000000000b03ffffff001203ffffff");
	assert_true(tpm2_parse_banks(answer_bytes(&answer), banks, &count));
	assert_int_equal(count, 1);
	assert_int_equal(banks[0], HASH_SHA256);
	answer = answer_of(answers[4].hex);
	assert_true(tpm2_parse_pcr_read(answer_bytes(&answer), HASH_SHA256, 0xff, &counter, &mask, values));
	assert_int_equal(counter, 0x17);
	assert_int_equal(mask, 0x12);
	assert_int_equal(values[4].data[31], 1);
	answer = answer_of(answers[5].hex);
	assert_true(tpm2_parse_clock(answer_bytes(&answer), &clock));
	assert_int_equal(clock.clock_ms, 0x2000);
	assert_int_equal(clock.reset_count, 3);
	assert_int_equal(clock.restart_count, 4);
	answer = answer_of(ECC_AREA);
	assert_true(tpm2_parse_public(answer_bytes(&answer), &key));
	assert_int_equal(key.attributes, 0x00030472);
	assert_int_equal(key.y.data[31], 0xad);
}

static void test_A2_a_name_must_be_that_of_the_area(void **state)
{
	struct answer area = answer_of(SEALED_AREA);
	const struct tpm2_name name = tpm2_name_of_public(answer_bytes(&area));
	uint8_t bytes[256];
	struct tpm2_writer writer = tpm2_writer_make(bytes, sizeof(bytes));
	struct tpm2_public public_area;
	struct tpm2_name parsed;

	(void)state;
	tpm2_put_sized(&writer, answer_bytes(&area));
	tpm2_put_sized(&writer, tpm2_name_bytes(&name));
	tpm2_put_sized(&writer, tpm2_name_bytes(&name));
	assert_true(tpm2_parse_read_public(tpm2_written(&writer), &public_area, &parsed));
	assert_true(tpm2_name_equal(&name, &parsed));
	bytes[2 + 8] ^= 1; /* in the area */
	assert_false(tpm2_parse_read_public(tpm2_written(&writer), &public_area, &parsed));
	bytes[2 + 8] ^= 1;
	bytes[2 + area.size + 10] ^= 1; /* in the Name */
	assert_false(tpm2_parse_read_public(tpm2_written(&writer), &public_area, &parsed));
}

static void test_nv_public_goes_round(void **state)
{
	const struct tpm2_nv_public wanted = {0x01804d47, 0x02060002, 304, BYTES_EMPTY};
	uint8_t area[64], bytes[128];
	struct tpm2_writer inner = tpm2_writer_make(area, sizeof(area)),
	                   writer = tpm2_writer_make(bytes, sizeof(bytes));
	struct tpm2_nv_public parsed;
	struct tpm2_name name;

	(void)state;
	tpm2_put_nv_public(&inner, &wanted);
	name = tpm2_name_of_public(tpm2_written(&inner));
	tpm2_put_sized(&writer, tpm2_written(&inner));
	tpm2_put_sized(&writer, tpm2_name_bytes(&name));
	assert_true(tpm2_parse_nv_read_public(tpm2_written(&writer), &parsed, &name));
	assert_int_equal(parsed.index, wanted.index);
	assert_int_equal(parsed.attributes, wanted.attributes);
	assert_int_equal(parsed.size, wanted.size);
	for (size_t size = 0; size < writer.size; size++)
		assert_false(parse_nv(bytes_make(bytes, size)));
	bytes[5] ^= 1;
	assert_false(parse_nv(tpm2_written(&writer)));
}

static void test_writer_stops_at_its_end(void **state)
{
	uint8_t bytes[12];
	struct tpm2_writer writer = tpm2_writer_make(bytes, 9);
	size_t place;

	(void)state;
	memset(bytes, 0xee, sizeof(bytes));
	place = tpm2_begin_sized(&writer);
	tpm2_put_u32(&writer, 0x01020304);
	tpm2_put_u16(&writer, 0x0506);
	tpm2_end_sized(&writer, place);
	assert_false(writer.failed);
	assert_memory_equal(bytes, "\x00\x06\x01\x02\x03\x04\x05\x06\xee", 9);
	tpm2_put_u16(&writer, 0x0708);
	assert_true(writer.failed);
	tpm2_put_u8(&writer, 1);
	assert_true(writer.failed);
	assert_int_equal(bytes[9], 0xee);
	writer = tpm2_writer_make(bytes, 10);
	tpm2_put_pcr_selection(&writer, HASH_SHA256, 0x80009f);
	assert_memory_equal(bytes, "\x00\x00\x00\x01\x00\x0b\x03\x9f\x00\x80", 10);
}

static struct tpm2_record sample_record(void)
{
	struct tpm2_record record = {.object = {.size = 34}, .expected = {.bank = HASH_SHA256, .mask = 0x9f}};

	record.object.data[1] = HASH_SHA256;
	record.approved = true;
	record.at_spare = true;
	record.sets = (struct tpm2_sets){.count = 1, .policies = {{.algorithm = HASH_SHA256, .size = 32, .data = {7}}}};
	record.old_sets = record.sets;
	record.old_sets.policies[1] = record.old_sets.policies[0];
	record.old_sets.count = 2;
	memset(record.object.data + 2, 0x5a, 32);
	for (unsigned pcr = 0; pcr < 8; pcr++) {
		record.expected.values[pcr] = (struct digest){.algorithm = HASH_SHA256, .size = 32};
		memset(record.expected.values[pcr].data, (int)pcr + 1, 32);
	}
	return record;
}

static void test_record_goes_round(void **state)
{
	const struct tpm2_record record = sample_record();
	uint8_t data[TPM2_RECORD_SIZE];
	struct tpm2_record parsed;

	(void)state;
	assert_true(tpm2_record_encode(&record, data));
	assert_true(tpm2_record_decode(bytes_make(data, sizeof(data)), &parsed));
	assert_true(tpm2_name_equal(&record.object, &parsed.object));
	assert_true(parsed.approved && parsed.at_spare && !parsed.passphrase);
	assert_int_equal(parsed.sets.count, 1);
	assert_int_equal(parsed.old_sets.count, 2);
	assert_true(digest_equal(&parsed.old_sets.policies[1], &record.sets.policies[0]));
	assert_int_equal(parsed.expected.mask, 0x9f);
	assert_int_equal(parsed.expected.values[7].data[31], 8);
	/* Any changed bit, and any other size. */
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] ^= 4;
		assert_false(tpm2_record_decode(bytes_make(data, sizeof(data)), &parsed));
		data[i] ^= 4;
		assert_false(tpm2_record_decode(bytes_make(data, i), &parsed));
	}
}

static void test_records_that_cannot_be_written(void **state)
{
	uint8_t data[TPM2_RECORD_SIZE];
	struct tpm2_record record = sample_record();

	(void)state;
	record.expected.mask = 0;
	assert_false(tpm2_record_encode(&record, data));
	record.expected.mask = 0x1ff;
	assert_false(tpm2_record_encode(&record, data));
	record.expected.mask = 1u << 24;
	assert_false(tpm2_record_encode(&record, data));
	record = sample_record();
	record.expected.bank = HASH_SHA1;
	assert_false(tpm2_record_encode(&record, data));
	record = sample_record();
	record.sets.count = 3;
	assert_false(tpm2_record_encode(&record, data));
	record.sets.count = 0;
	assert_false(tpm2_record_encode(&record, data));
	record = sample_record();
	record.approved = false;
	assert_false(tpm2_record_encode(&record, data));
	record = sample_record();
	record.old_sets.policies[1].size = 20;
	assert_false(tpm2_record_encode(&record, data));
	record = sample_record();
	record.expected.values[2].size = 20;
	assert_false(tpm2_record_encode(&record, data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answers_are_read_to_the_last_byte),
	    cmocka_unit_test(test_answers_that_no_tpm_gives),
	    cmocka_unit_test(test_values_of_answers),
	    cmocka_unit_test(test_A2_a_name_must_be_that_of_the_area),
	    cmocka_unit_test(test_nv_public_goes_round),
	    cmocka_unit_test(test_writer_stops_at_its_end),
	    cmocka_unit_test(test_record_goes_round),
	    cmocka_unit_test(test_records_that_cannot_be_written),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
