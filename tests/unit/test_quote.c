/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a quote, as swtpm made them. What a forger makes of them: tests/integration/test_quote_tpm.c. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "format/quote.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define KEY                                                                                                            \
	"00580023000b00050472000000100018000b000300100020612465bddd46db313b85c30b3ad494fe1c3155442cf39c3ac16721958a24" \
	"95ea0020a7bf5fadee8fd75ce563384bd614f1cace15b3c0c89e0ebba6d177d061eb5e9f"
#define MESSAGE                                                                                                        \
	"ff54434780180022000b35227f855c20a6f9bd14d6812b33dd1e1e6066990d4004166227de00a26de5e2001000112233445566778899" \
	"aabbccddeeff000000000000044296595716edd635be01f138984d6b45421600000001000b03ff030000207b6436b0c98f62380866d9" \
	"432c2af0ee08ce16a171bda6951aecd95ee1307d61"
#define SIGNATURE                                                                                                      \
	"0018000b002056792e8a88cc635dc3649d152b569ae2474f5152ddd7913a8ef32e97721e70d90020e4bfda126eb8f03eeba759ec968c" \
	"c69c818b9e4fe46a61ee7e0dd399896cae28"

static struct buffer bytes_of(const char *hex)
{
	struct buffer buffer = {0};
	uint8_t data[256];
	const size_t size = strlen(hex) / 2;

	assert_in_range(size, 1, sizeof(data));
	assert_true(hex_decode(bytes_from_string(hex), data, size));
	buffer_append_bytes(&buffer, bytes_make(data, size));
	return buffer;
}

static void test_a_quote_is_read(void **state)
{
	CLEANUP(buffer_clear) struct buffer key_file = bytes_of(KEY), message = bytes_of(MESSAGE);
	CLEANUP(buffer_clear) struct buffer signature_file = bytes_of(SIGNATURE), again = {0};
	struct quote_signature signature;
	struct quote_key key;
	struct quote quote;
	struct bytes area;

	(void)state;
	assert_int_equal(quote_key_parse_sized(buffer_bytes(&key_file), &area, &key, NULL), 0);
	quote_key_write(key.x, key.y, &again);
	assert_true(bytes_equal(area, buffer_bytes(&again)));
	assert_int_equal(quote_parse(buffer_bytes(&message), &quote, NULL), 0);
	assert_int_equal(quote.mask, 0x3ff);
	assert_int_equal(quote.nonce.size, 16);
	assert_int_equal(quote.nonce.data[1], 0x11);
	assert_true(quote.clock_ms > 0);
	/* The TPM names the key that signs as we compute it. */
	assert_true(bytes_equal(bytes_slice(quote.signer, 2, 32), digest_bytes(&key.chain)));
	assert_int_equal(quote_signature_parse(buffer_bytes(&signature_file), &signature, NULL), 0);
	assert_int_equal(signature.r.size, 32);
}

/* No shorter or longer one, and nothing in the other's place. */
static void test_anything_else_is_malformed(void **state)
{
	static const char *const parts[] = {KEY, MESSAGE, SIGNATURE};
	struct quote_signature signature;
	struct quote_key key;
	struct quote quote;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		CLEANUP(buffer_clear) struct buffer whole = bytes_of(parts[i]);
		const size_t full = whole.size;

		buffer_append_byte(&whole, 0);
		for (size_t size = 0; size <= full + 1; size++) {
			const struct bytes part = bytes_make(whole.data, size);

			assert_int_equal(quote_key_parse_sized(part, NULL, &key, &error),
			                 i == 0 && size == full ? 0 : -E_MALFORMED);
			assert_int_equal(quote_parse(part, &quote, &error), i == 1 && size == full ? 0 : -E_MALFORMED);
			assert_int_equal(quote_signature_parse(part, &signature, &error),
			                 i == 2 && size == full ? 0 : -E_MALFORMED);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_quote_is_read),
	    cmocka_unit_test(test_anything_else_is_malformed),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
