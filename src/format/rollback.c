/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/rollback.h"
#include "base/digest.h"
#include "base/encode.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEADER         "heads counter 1\nvalue "
#define COUNTER_PREFIX "  /tmp/counter-"
#define HEX_SIZE       64
#define FIRST_INDEX    0x01000000u /* NV indices of TPM 2.0 */
#define LAST_INDEX     0x01ffffffu

static int malformed(struct error *error)
{
	return error_set(error, E_MALFORMED, ROLLBACK_NAME, "%s does not hold the value of a counter", ROLLBACK_NAME);
}

int rollback_parse(struct bytes text, uint64_t *ret_value, struct error *error)
{
	struct bytes digits;
	uint64_t value = 0;

	if (!bytes_start_with(text, HEADER) || text.data[text.size - 1] != '\n')
		return malformed(error);
	digits = bytes_slice(text, sizeof(HEADER) - 1, text.size - sizeof(HEADER));
	if (digits.size == 0 || digits.size > 19 || (digits.data[0] == '0' && digits.size > 1))
		return malformed(error);
	for (size_t i = 0; i < digits.size; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return malformed(error);
		value = value * 10 + (uint64_t)(digits.data[i] - '0');
	}
	if (value > ROLLBACK_MAX_VALUE)
		return malformed(error);
	*ret_value = value;
	return 0;
}

void rollback_append(struct buffer *buffer, uint64_t value)
{
	buffer_append_format(buffer, HEADER "%" PRIu64 "\n", value);
}

/* The number that an ID spells in hexadecimal; false for anything else. */
static bool read_id(struct bytes id, uint32_t *ret_index)
{
	uint64_t value = 0;

	if (bytes_start_with(id, "0x"))
		id = bytes_slice(id, 2, id.size);
	if (id.size == 0 || id.size > 8)
		return false;
	for (size_t i = 0; i < id.size; i++) {
		const char *digits = "0123456789abcdefABCDEF", *digit = strchr(digits, id.data[i]);
		size_t place;

		if (id.data[i] == '\0' || !digit)
			return false;
		place = (size_t)(digit - digits);
		value = value * 16 + (place < 16 ? place : place - 6);
	}
	*ret_index = (uint32_t)value;
	return true;
}

int rollback_original_parse(struct bytes text, struct rollback_original *ret_original, struct error *error)
{
	struct rollback_original original = {0};
	struct bytes rest, id;

	rest = bytes_slice(text, HEX_SIZE, text.size);
	if (!hex_decode(bytes_slice(text, 0, HEX_SIZE), original.digest, sizeof(original.digest)) ||
	    !bytes_start_with(rest, COUNTER_PREFIX))
		return error_set(error, E_MALFORMED, ROLLBACK_ORIGINAL_NAME, "%s does not hold the hash of a counter",
		                 ROLLBACK_ORIGINAL_NAME);
	id = bytes_slice(rest, sizeof(COUNTER_PREFIX) - 1, rest.size);
	if (id.size > 0 && id.data[id.size - 1] == '\n')
		id.size--;
	if (id.size == 0 || id.size >= sizeof(original.id) || !read_id(id, &original.index))
		return error_set(error, E_MALFORMED, ROLLBACK_ORIGINAL_NAME, "%s does not hold the hash of a counter",
		                 ROLLBACK_ORIGINAL_NAME);
	if (original.index < FIRST_INDEX || original.index > LAST_INDEX)
		return error_set(error, E_UNSUPPORTED, ROLLBACK_ORIGINAL_NAME,
		                 "%s names a counter that is not of a TPM 2.0", ROLLBACK_ORIGINAL_NAME);
	memcpy(original.id, id.data, id.size);
	*ret_original = original;
	return 0;
}

bool rollback_original_fits(const struct rollback_original *original, uint64_t value)
{
	char text[64];
	struct digest digest;
	int size = snprintf(text, sizeof(text), "%s: %016" PRIx64 "\n", original->id, value);

	digest = digest_of(HASH_SHA256, bytes_make(text, (size_t)size));
	return memcmp(digest.data, original->digest, sizeof(original->digest)) == 0;
}
