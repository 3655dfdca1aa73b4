/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LUKS headers. What begins with '{' becomes the JSON area of two whole copies, because no fuzzer finds a checksum;
 * anything else is the beginning of a device. What is accepted has facts that are complete and one line each. */
#include "../unit/luks_header.h"
#include "base/cleanup.h"
#include "format/luks.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct luks_facts *facts)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	size_t lines = 0;
	uint32_t of_keys = 0;

	if (facts->refused != LUKS_ACCEPTED) {
		if (facts->reason[0] == '\0' || luks_refusal_name(facts->refused)[0] == '\0')
			abort();
		return;
	}
	for (unsigned key = 0; key < LUKS_OWN_KEYS; key++)
		of_keys |= facts->key_slots[key];
	if (facts->uuid[0] == '\0' || facts->key_bits == 0 || facts->segment_count == 0 ||
	    facts->segment_count > LUKS_MAX_SEGMENTS || facts->digest.digest[0] == '\0' ||
	    (facts->own_slots & ~facts->slots) || of_keys != facts->own_slots)
		abort();
	luks_facts_text(facts, &text);
	for (size_t i = 0; i < text.size; i++)
		lines += text.data[i] == '\n';
	if (lines != 5 + facts->segment_count)
		abort();
}

static void parse(struct bytes start)
{
	struct luks_facts facts;
	struct error error;

	(void)luks_extent(start);
	(void)luks_is_second(start);
	if (luks_parse(start, "disk", &facts, &error) == 0)
		check(&facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t image[2 * LUKS_HEADER_SIZE];
	char *json;

	if (size == 0 || data[0] != '{') {
		parse(bytes_make(data, size));
		return 0;
	}
	json = bytes_to_string(bytes_make(data, size));
	if (json && size < LUKS_HEADER_SIZE - LUKS_BLOCK_SIZE) {
		luks_put_copy(image, 0, 1, json);
		luks_put_copy(image, 1, 1, json);
		parse(bytes_make(image, sizeof(image)));
	}
	free(json);
	return 0;
}
