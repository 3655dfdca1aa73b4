/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a TPM's storage key. */
#include "base/cleanup.h"
#include "format/tpm_name.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_a_name_is_read_and_written(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	uint8_t name[TPM_NAME_SIZE];

	(void)state;
	assert_int_equal(tpm_name_parse(bytes_from_string("000b" DIGEST "\n"), "f", name, NULL), 0);
	assert_int_equal(name[1], 0x0b);
	assert_int_equal(name[3], 0x11);
	assert_int_equal(name[33], 0xff);
	tpm_name_write(bytes_make(name, sizeof(name)), &text);
	assert_string_equal(buffer_string(&text), "000b" DIGEST "\n");
	assert_int_equal(tpm_name_parse(bytes_from_string("000B" DIGEST), "f", name, NULL), 0);
}

static void test_anything_else_is_malformed(void **state)
{
	static const char *const bad[] = {
	    "",
	    "\n",
	    "000b" DIGEST "\n\n",
	    "000b" DIGEST "0",
	    " 000b" DIGEST,
	    "000b" DIGEST "\r\n",
	    "000c" DIGEST,
	    "0x0b" DIGEST,
	    "000b",
	    DIGEST,
	    "000b" DIGEST "  /tmp/secret/primary.handle\n",
	};
	uint8_t name[TPM_NAME_SIZE];
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(tpm_name_parse(bytes_from_string(bad[i]), "tpm-name", name, &error), -E_MALFORMED);
		assert_non_null(strstr(error.sentence, "tpm-name does not hold"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_name_is_read_and_written),
	    cmocka_unit_test(test_anything_else_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
