/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/armour.h"
#include "unit/cmocka_all.h"
#include <string.h>

/* A signature that gpg 2.2.40 made. */
#define BODY                                                                 \
	"iHUEABYIAB0WIQR6650yh72ZcCa14QL+7U/gFm+bvwUCXg0ygAAKCRD+7U/gFm+b\n" \
	"v70gAP96oYMgQUnyWB5D+Ej+THb55Z2t8JqhMVr/NGfA3rVQnAD9E20tuo6fTZ1j\n" \
	"rptxx16Qimse9bdH+JMTFLaAVD8blQg=\n"
#define BEGIN "-----BEGIN PGP SIGNATURE-----\n"
#define END   "-----END PGP SIGNATURE-----\n"
#define WHOLE BEGIN "\n" BODY "=i6eq\n" END

static int read_signature(const char *text, struct buffer *binary)
{
	return armour_read(bytes_from_string(text), ARMOUR_SIGNATURE, "kexec.sig", binary, NULL);
}

static void test_crc_of_nothing_and_of_text(void **state)
{
	(void)state;
	assert_int_equal(armour_crc24(BYTES_EMPTY), 0xb704ce);
	assert_int_equal(armour_crc24(bytes_from_string("123456789")), 0x21cf02);
}

static void test_reads_gpgs_armour(void **state)
{
	static const char *const forms[] = {
	    WHOLE,
	    "text before\n" WHOLE "text behind\n",
	    BEGIN "Version: GnuPG v2\nComment: a: b\n\n" BODY "=i6eq\n" END,
	    BEGIN "  \n" BODY END,
	    "-----BEGIN PGP SIGNATURE-----\r\n\r\n"
	    "iHUEABYIAB0WIQR6650yh72ZcCa14QL+7U/gFm+bvwUCXg0ygAAKCRD+7U/gFm+b\r\n"
	    "v70gAP96oYMgQUnyWB5D+Ej+THb55Z2t8JqhMVr/NGfA3rVQnAD9E20tuo6fTZ1j\r\n"
	    "rptxx16Qimse9bdH+JMTFLaAVD8blQg=\r\n=i6eq\r\n-----END PGP SIGNATURE-----",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		CLEANUP(buffer_clear) struct buffer binary = {0}, again = {0};

		assert_int_equal(read_signature(forms[i], &binary), 0);
		assert_int_equal(binary.size, 119);
		assert_int_equal(binary.data[0], 0x88);
		assert_int_equal(binary.data[118], 0x08);
		assert_int_equal(armour_read(buffer_bytes(&binary), ARMOUR_SIGNATURE, "kexec.sig", &again, NULL), 0);
		assert_true(bytes_equal(buffer_bytes(&binary), buffer_bytes(&again)));
	}
}

static void test_several_blocks_come_one_after_the_other(void **state)
{
	CLEANUP(buffer_clear) struct buffer binary = {0};

	(void)state;
	assert_int_equal(read_signature(WHOLE WHOLE, &binary), 0);
	assert_int_equal(binary.size, 238);
}

static void test_refuses_damaged_armour(void **state)
{
	static const char *const cases[] = {
	    "",
	    "hello\n",
	    BEGIN,
	    BEGIN "\n",
	    BEGIN "\n" BODY,
	    BEGIN "\n" END,
	    BEGIN BODY "=i6eq\n" END,
	    BEGIN "\n" BODY "=i6er\n" END,
	    BEGIN "\n" BODY "=i6e\n" END,
	    BEGIN "\n" BODY "=i6eq\n=i6eq\n" END,
	    BEGIN "\n" BODY "=i6eq\n" BODY END,
	    BEGIN "\n" BODY BODY "=i6eq\n" END,
	    BEGIN "\niHUE!BYI\n" END,
	    BEGIN "\niHUEABY\n" END,
	    BEGIN "\niH=EABYI\n" END,
	    BEGIN "\niHUEABYI=\n" END,
	    BEGIN "\n" BODY "=i6eq\n-----END PGP MESSAGE-----\n",
	    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" BODY "=i6eq\n-----END PGP PUBLIC KEY BLOCK-----\n",
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buffer_clear) struct buffer binary = {0};

		if (armour_read(bytes_from_string(cases[i]), ARMOUR_SIGNATURE, "kexec.sig", &binary, &error) !=
		    -E_MALFORMED)
			fail_msg("accepted case %zu", i);
	}
}

static int read_packets(const char *data, size_t size, enum armour_kind kind)
{
	CLEANUP(buffer_clear) struct buffer binary = {0};

	return armour_read(bytes_make(data, size), kind, "x", &binary, NULL);
}

static void test_A19_only_signatures_pass_for_a_signature(void **state)
{
	(void)state;
	/* One-pass signature, literal data, signature: a signed message, which gpgv would take for its own data. */
	assert_int_equal(read_packets("\x90\x01x\xac\x01x\x88\x01x", 9, ARMOUR_SIGNATURE), -E_MALFORMED);
	assert_int_equal(read_packets("\x88\x01x\xac\x01x", 6, ARMOUR_SIGNATURE), -E_MALFORMED);
	assert_int_equal(read_packets("\x88\x01x\xc2\x01x", 6, ARMOUR_SIGNATURE), 0);
	assert_int_equal(read_packets("\x88\x02x", 3, ARMOUR_SIGNATURE), -E_MALFORMED);
	assert_int_equal(read_packets("\x88", 1, ARMOUR_SIGNATURE), -E_MALFORMED);
	assert_int_equal(read_packets("\x8bxxxx", 5, ARMOUR_SIGNATURE), -E_MALFORMED);        /* length not told */
	assert_int_equal(read_packets("\xc2\xe1xx\x01x", 6, ARMOUR_SIGNATURE), -E_MALFORMED); /* in parts */
	assert_int_equal(read_packets("\x8a\xff\xff\xff\xffx", 6, ARMOUR_SIGNATURE), -E_MALFORMED);
}

static void test_a_secret_key_is_no_public_key(void **state)
{
	(void)state;
	assert_int_equal(read_packets("\x98\x01x\xb4\x01x\x88\x01x\xb8\x01x", 12, ARMOUR_PUBLIC_KEY), 0);
	assert_int_equal(read_packets("\x94\x01x\xb4\x01x", 6, ARMOUR_PUBLIC_KEY), -E_MALFORMED);
	assert_int_equal(read_packets("\x98\x01x\x9c\x01x", 6, ARMOUR_PUBLIC_KEY), -E_MALFORMED);
	assert_int_equal(read_packets("\x88\x01x", 3, ARMOUR_PUBLIC_KEY), -E_MALFORMED);
	assert_int_equal(read_packets("\0\0\0\x20\x01\x01\0\x02KBXf....", 16, ARMOUR_PUBLIC_KEY), 0);
	assert_int_equal(read_packets("\0\0\0\x20\x01\x01\0\x02KBXf....", 16, ARMOUR_SIGNATURE), -E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_crc_of_nothing_and_of_text),
	    cmocka_unit_test(test_reads_gpgs_armour),
	    cmocka_unit_test(test_several_blocks_come_one_after_the_other),
	    cmocka_unit_test(test_refuses_damaged_armour),
	    cmocka_unit_test(test_A19_only_signatures_pass_for_a_signature),
	    cmocka_unit_test(test_a_secret_key_is_no_public_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
