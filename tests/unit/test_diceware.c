/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encode.h"
#include "format/diceware.h"
#include "unit/cmocka_all.h"
#include <string.h>

/* The numbers that are drawn next, two bytes each. */
struct source {
	const uint16_t *numbers;
	size_t count, next;
};

static int give(void *context, void *data, size_t size, struct error *error)
{
	struct source *source = context;
	const uint16_t number = source->next < source->count ? source->numbers[source->next++] : 0xffff;

	assert_int_equal(size, 2);
	if (source->numbers == NULL)
		return error_set(error, E_IO, "random", "nothing to give");
	((uint8_t *)data)[0] = (uint8_t)(number >> 8);
	((uint8_t *)data)[1] = (uint8_t)number;
	return 0;
}

/* The EFF's file: five dice, a tab, the word. Its SHA-256 was computed from the file itself. */
static void test_the_list_is_the_effs(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct digest digest;
	char hex[2 * 32 + 1], none[DICEWARE_MAX_WORD + 1];

	(void)state;
	for (unsigned i = 0; i < DICEWARE_WORDS; i++) {
		char word[DICEWARE_MAX_WORD + 1];

		diceware_word(i, word);
		assert_in_range(strlen(word), 3, DICEWARE_MAX_WORD);
		for (unsigned die = 1296, rest = i; die > 0; rest %= die, die /= 6)
			buffer_append_byte(&text, (uint8_t)('1' + rest / die));
		buffer_append_format(&text, "\t%s\n", word);
	}
	assert_false(text.failed);
	digest = digest_of(HASH_SHA256, buffer_bytes(&text));
	hex_encode(digest_bytes(&digest), hex);
	assert_string_equal(hex, "addd35536511597a02fa0a9ff1e5284677b8883b83e986e43f15a3db996b903e");
	diceware_word(DICEWARE_WORDS, none);
	assert_string_equal(none, "");
}

static void test_entropy(void **state)
{
	(void)state;
	assert_int_equal(diceware_bits(4), 51);
	assert_int_equal(diceware_bits(6), 77);
	assert_int_equal(diceware_bits(12), 155);
}

/* What lies beyond the list is drawn again, and not folded onto its beginning; the bits beyond 13 count for nothing. */
static void test_words_are_drawn_by_rejection(void **state)
{
	static const uint16_t numbers[] = {0, DICEWARE_WORDS, 0x1fff, DICEWARE_WORDS - 1, 0x2000 | 1, 0xe000 | 2};
	struct source source = {numbers, ARRAY_SIZE(numbers), 0};
	CLEANUP(secret_clear) struct secret passphrase = {0};

	(void)state;
	assert_int_equal(diceware_make(4, give, &source, &passphrase, NULL), 0);
	assert_string_equal((const char *)passphrase.data, "abacus zoom abdomen abdominal");
	assert_int_equal(passphrase.size, strlen("abacus zoom abdomen abdominal"));
	assert_int_equal(source.next, 6);
}

static void test_what_is_refused(void **state)
{
	struct source broken = {NULL, 0, 0}, stuck = {(const uint16_t[]){0xffff}, 1, 0};
	struct secret passphrase = {0};
	struct error error;

	(void)state;
	assert_int_equal(diceware_make(DICEWARE_MIN_WORDS - 1, give, &stuck, &passphrase, &error), -E_USAGE);
	assert_int_equal(diceware_make(DICEWARE_MAX_WORDS + 1, give, &stuck, &passphrase, &error), -E_USAGE);
	assert_int_equal(diceware_make(4, give, &broken, &passphrase, &error), -E_IO);
	assert_int_equal(diceware_make(4, give, &stuck, &passphrase, &error), -E_SYSTEM);
	assert_null(passphrase.data);
}

static void test_a_pin_is_the_first_words(void **state)
{
	static const struct {
		const char *passphrase, *pin;
	} cases[] = {{"abacus zoom abdomen abdominal", "abacus zoom"},
	             {"ace act abdominal abacus", "ace act abdominal"},
	             {"drop-down t-shirt yo-yo ace", "drop-down t-shirt"},
	             {"ace act", "ace act"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct bytes pin = diceware_begin(bytes_from_string(cases[i].passphrase), 8);

		assert_true(bytes_equal(pin, bytes_from_string(cases[i].pin)));
		assert_true(pin.size <= 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_list_is_the_effs),         cmocka_unit_test(test_entropy),
	    cmocka_unit_test(test_words_are_drawn_by_rejection), cmocka_unit_test(test_what_is_refused),
	    cmocka_unit_test(test_a_pin_is_the_first_words),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
