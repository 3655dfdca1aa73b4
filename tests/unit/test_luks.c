/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LUKS headers, in the copies and contents that nobody but an attacker or an accident makes. Headers of cryptsetup's
 * own are in tests/integration/test_disk.c. */
#include "base/cleanup.h"
#include "format/luks.h"
#include "unit/cmocka_all.h"
#include "unit/luks_header.h"

static uint8_t image[2 * LUKS_HEADER_SIZE];

static struct luks_facts parse_image(void)
{
	struct luks_facts facts;
	struct error error;

	assert_int_equal(luks_parse(bytes_make(image, sizeof(image)), "disk", &facts, &error), 0);
	return facts;
}

static struct luks_facts parse_json(const char *json)
{
	luks_put_copy(image, 0, 3, json);
	luks_put_copy(image, 1, 3, json);
	return parse_image();
}

static void expect_refusal(const char *json, enum luks_refusal refusal)
{
	const struct luks_facts facts = parse_json(json);

	if (facts.refused != refusal)
		print_error("refused \"%s\" (%s) for %s\n", luks_refusal_name(facts.refused), facts.reason, json);
	assert_int_equal(facts.refused, refusal);
	assert_int_equal(facts.reason[0] == '\0', refusal == LUKS_ACCEPTED);
}

static char *text_of(const struct luks_facts *facts)
{
	CLEANUP(buffer_clear) struct buffer text = {0};

	luks_facts_text(facts, &text);
	return bytes_to_string(buffer_bytes(&text));
}

static void test_usual(void **state)
{
	const struct luks_facts facts = parse_json(LUKS_USUAL);
	CLEANUP_FREE char *text = text_of(&facts);

	(void)state;
	assert_int_equal(facts.refused, LUKS_ACCEPTED);
	assert_false(facts.damaged_copy);
	assert_int_equal(facts.slots, 1);
	assert_int_equal(facts.own_slots, 0);
	assert_string_equal(text, "heads luks facts 1\ntype luks2\nuuid " LUKS_HEADER_UUID "\nkey-bits 512\n"
	                          "segment 0 cipher=aes-xts-plain64 offset=16777216 size=dynamic sector=512 "
	                          "iv-tweak=0 integrity=none\n"
	                          "volume-key pbkdf2 hash=sha256 iterations=1000 salt=WLS9VHDv digest=L7WC8lqh\n");
}

/* One damaged copy is no reason to refuse, whichever it is; two are. */
static void test_damaged_copies(void **state)
{
	const struct luks_facts whole = parse_json(LUKS_USUAL);
	CLEANUP_FREE char *expected = text_of(&whole);

	(void)state;
	for (unsigned copy = 0; copy < 2; copy++) {
		(void)parse_json(LUKS_USUAL);
		image[copy * LUKS_HEADER_SIZE + 5000] ^= 1;
		const struct luks_facts facts = parse_image();
		CLEANUP_FREE char *text = text_of(&facts);

		assert_int_equal(facts.refused, LUKS_ACCEPTED);
		assert_true(facts.damaged_copy);
		assert_string_equal(text, expected);
	}
	image[5000] ^= 1;
	assert_int_equal(parse_image().refused, LUKS_DAMAGED);
	/* the first sector overwritten: the second copy is found all the same, as cryptsetup finds it */
	(void)parse_json(LUKS_USUAL);
	memset(image, 0, 512);
	assert_int_equal(parse_image().refused, LUKS_ACCEPTED);
	assert_int_equal(luks_extent(bytes_make(image, LUKS_BLOCK_SIZE)), 0);
	assert_true(luks_is_second(bytes_make(image + luks_second_place(0), LUKS_BLOCK_SIZE)));
}

/* An interrupted write leaves an older second copy; equal numbers and other contents are nobody's accident. */
static void test_sequence(void **state)
{
	static const char other[] =
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "serpent-xts-plain64"),
	              LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG);
	struct luks_facts facts;

	(void)state;
	luks_put_copy(image, 0, 4, LUKS_USUAL);
	luks_put_copy(image, 1, 3, other);
	facts = parse_image();
	assert_string_equal(luks_cipher(&facts), "aes-xts-plain64");
	assert_true(facts.damaged_copy);
	luks_put_copy(image, 1, 5, other);
	facts = parse_image();
	assert_string_equal(luks_cipher(&facts), "serpent-xts-plain64");
	luks_put_copy(image, 1, 4, other);
	assert_int_equal(parse_image().refused, LUKS_DAMAGED);
}

static void test_A7_null_cipher(void **state)
{
	(void)state;
	expect_refusal(LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"),
	                         LUKS_SEGMENT("0", "16777216", "cipher_null-ecb"),
	                         LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	               LUKS_NULL_CIPHER);
	/* CVE-2025-59054: a slot that opens with any passphrase */
	expect_refusal(
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000") "," LUKS_SLOT("1", "cipher_null-ecb", "5000"),
	              LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"), LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"),
	              LUKS_CONFIG),
	    LUKS_NULL_CIPHER);
	expect_refusal(LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"),
	                         LUKS_SEGMENT("0", "16777216", "capi:ecb(cipher_null)-plain"),
	                         LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	               LUKS_NULL_CIPHER);
	expect_refusal(LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"),
	                         "\"0\":{\"type\":\"linear\",\"offset\":\"16777216\",\"size\":\"dynamic\"}",
	                         LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	               LUKS_NULL_CIPHER);
}

#define WITH_CONFIG(more)                                                                                      \
	LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"), \
	          LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG "," more)

static void test_A7_requirements(void **state)
{
	(void)state;
	expect_refusal(WITH_CONFIG("\"requirements\":{\"mandatory\":[\"online-reencrypt-v2\"]}"), LUKS_REENCRYPTION);
	expect_refusal(WITH_CONFIG("\"requirements\":{\"mandatory\":[\"offline-reencrypt\"]}"), LUKS_REENCRYPTION);
	expect_refusal(WITH_CONFIG("\"requirements\":{\"mandatory\":[\"something-new\"]}"), LUKS_UNKNOWN_REQUIREMENT);
	expect_refusal(WITH_CONFIG("\"requirements\":{\"optional\":[]}"), LUKS_UNKNOWN_REQUIREMENT);
	expect_refusal(WITH_CONFIG("\"requirements\":[\"online-reencrypt\"]"), LUKS_DAMAGED);
	expect_refusal(WITH_CONFIG("\"requirements\":{\"mandatory\":[]}"), LUKS_ACCEPTED);
	/* a reencryption that hides its requirement */
	expect_refusal(LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000") ",\"1\":{\"type\":\"reencrypt\"}",
	                         LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"),
	                         LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	               LUKS_REENCRYPTION);
}

static void test_A7_places(void **state)
{
	(void)state;
	expect_refusal(LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "0", "aes-xts-plain64"),
	                         LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	               LUKS_DETACHED_HEADER);
	expect_refusal(LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"),
	                         LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"),
	                         LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"),
	                         "\"json_size\":\"12288\",\"keyslots_size\":\"134221824\""),
	               LUKS_OVERSIZED_HEADER);
	expect_refusal(LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"),
	                         LUKS_SEGMENT("0", "1048576", "aes-xts-plain64"),
	                         LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	               LUKS_OVERSIZED_HEADER);
}

static void test_A7_nonsense(void **state)
{
	static const char *const damaged[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"keyslots\":{},\"segments\":{},\"digests\":{},\"config\":{}}",
	    LUKS_JSON("", LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"), LUKS_DIGEST("0", "", "\"0\"", "L7WC8lqh"),
	              LUKS_CONFIG),
	    LUKS_JSON(LUKS_SLOT("32", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"),
	              LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "18446744073709551616", "aes"),
	              LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes\\nuuid x"),
	              LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"), "",
	              LUKS_CONFIG),
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"),
	              LUKS_DIGEST("0", "\"99999\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	};
	char deep[4000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++)
		expect_refusal(damaged[i], LUKS_DAMAGED);
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	expect_refusal(deep, LUKS_DAMAGED);
	/* two volume keys for the data */
	expect_refusal(
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"),
	              LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh") "," LUKS_DIGEST("1", "\"0\"", "\"0\"", "AAAA"),
	              LUKS_CONFIG),
	    LUKS_UNSUPPORTED);
}

/* What the owner may change, and what nobody may. */
static void test_A7_what_counts(void **state)
{
	static const char more_slots[] =
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "9999") "," LUKS_SLOT(
	                  "31", "aes-xts-plain64", "1009") "," LUKS_SLOT("30", "aes-xts-plain64", "1019"),
	              LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"),
	              LUKS_DIGEST("0", "\"0\",\"30\",\"31\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG);
	static const char *const others[] = {
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"),
	              LUKS_DIGEST("0", "\"0\"", "\"0\"", "AAAAAAAA"), LUKS_CONFIG),
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16781312", "aes-xts-plain64"),
	              LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	    LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes-cbc-plain64"),
	              LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG),
	};
	const struct luks_facts usual = parse_json(LUKS_USUAL), slots = parse_json(more_slots);
	CLEANUP_FREE char *expected = text_of(&usual), *same = text_of(&slots);

	(void)state;
	assert_string_equal(same, expected);
	assert_int_equal(slots.slots, 1u | 1u << 30 | 1u << 31);
	assert_int_equal(slots.own_slots, 1u << 30 | 1u << 31);
	assert_int_equal(slots.key_slots[0], 1u << 31);
	assert_int_equal(slots.key_slots[1], 0);
	assert_int_equal(slots.key_slots[2], 1u << 30);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		const struct luks_facts facts = parse_json(others[i]);
		CLEANUP_FREE char *text = text_of(&facts);

		assert_int_equal(facts.refused, LUKS_ACCEPTED);
		assert_string_not_equal(text, expected);
	}
}

static void test_no_header(void **state)
{
	struct luks_facts facts;
	struct error error;

	(void)state;
	memset(image, 0, sizeof(image));
	assert_int_equal(luks_parse(bytes_make(image, sizeof(image)), "disk", &facts, &error), -E_MALFORMED);
	assert_int_equal(luks_parse(bytes_make(image, 5), "disk", &facts, &error), -E_MALFORMED);
	assert_int_equal(luks_extent(bytes_make(image, 5)), 0);
	memcpy(image, "LUKS\xba\xbe\0\2", 8);
	assert_int_equal(parse_image().refused, LUKS_DAMAGED);
	memcpy(image, "LUKS\xba\xbe\0\1", 8);
	assert_int_equal(parse_image().refused, LUKS_DAMAGED);
	memcpy(image, "LUKS\xde\xad\0\1", 8);
	assert_int_equal(parse_image().refused, LUKS_REENCRYPTION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_usual),           cmocka_unit_test(test_damaged_copies),
	    cmocka_unit_test(test_sequence),        cmocka_unit_test(test_A7_null_cipher),
	    cmocka_unit_test(test_A7_requirements), cmocka_unit_test(test_A7_places),
	    cmocka_unit_test(test_A7_nonsense),     cmocka_unit_test(test_A7_what_counts),
	    cmocka_unit_test(test_no_header),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
