/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotes of another machine: message, signature, key. What is accepted lies within the input, and a key is written back
 * to the same bytes. */
#include "base/cleanup.h"
#include "format/quote.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_within(struct bytes input, struct bytes part)
{
	if (part.size > 0 && (part.data < input.data || part.data + part.size > input.data + input.size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer again = {0};
	const struct bytes input = bytes_make(data, size);
	struct quote_signature signature;
	struct quote_key key;
	struct quote quote;
	struct bytes area;
	struct error error;

	if (quote_parse(input, &quote, &error) == 0) {
		expect_within(input, quote.signer);
		expect_within(input, quote.nonce);
		expect_within(input, quote.values);
	}
	if (quote_signature_parse(input, &signature, &error) == 0) {
		expect_within(input, signature.r);
		expect_within(input, signature.s);
	}
	if (quote_key_parse_sized(input, &area, &key, &error) == 0) {
		quote_key_write(key.x, key.y, &again);
		if (!bytes_equal(buffer_bytes(&again), area))
			abort();
	}
	return 0;
}
