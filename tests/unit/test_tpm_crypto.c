/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected values come from elsewhere: Python's hmac and hashlib for KDFa and KDFe, tpm2-tools for policies and Names,
 * NIST SP 800-38A for AES. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "tpm/tpm2_crypto.h"
#include "unit/cmocka_all.h"
#include <string.h>

static void check_hex(const void *data, size_t size, const char *expected)
{
	char text[257];

	assert_true(size <= 128);
	hex_encode(bytes_make(data, size), text);
	assert_string_equal(text, expected);
}

static void test_kdfa(void **state)
{
	uint8_t secret[32], nonce_a[32], nonce_b[32], key[80];

	(void)state;
	for (unsigned i = 0; i < 32; i++)
		secret[i] = (uint8_t)i;
	memset(nonce_a, 0xaa, sizeof(nonce_a));
	memset(nonce_b, 0xbb, sizeof(nonce_b));
	tpm2_kdfa(bytes_make(secret, 32), "ATH", bytes_make(nonce_a, 32), bytes_make(nonce_b, 32), key, 32);
	check_hex(key, 32, "bb9b7f11a0bf57417f1322938de626ef68b0c8ec03dada9edc924d577c909845");
	/* More than one block, and not a whole number of them. */
	tpm2_kdfa(bytes_from_string("key"), "CFB", bytes_from_string("u"), bytes_from_string("v"), key, 80);
	check_hex(key, 80,
	          "76479f9e4091a952899821f771ce299ed59ad02514007bfaa9e57e7f91f7cb61f6ca3a1622bdef9c5a2d6db7188690b0"
	          "7fdd04f8130c4fe423a1706ab57a11d76d134c5ce16fa852709cce7a0155064c");
}

static void test_kdfe(void **state)
{
	uint8_t z[32], u[32], v[32], key[32];

	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		z[i] = (uint8_t)(100 + i);
		u[i] = (uint8_t)i;
		v[i] = (uint8_t)(50 + i);
	}
	tpm2_kdfe(bytes_make(z, 32), "SECRET", bytes_make(u, 32), bytes_make(v, 32), key);
	check_hex(key, 32, "7f8be939cfdceec6a91941374d73742a71b60e7660b69ac24003e91849e82b0e");
}

static void test_cfb(void **state)
{
	static const char plain[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
	uint8_t key[16], iv[16], data[32];

	(void)state;
	assert_true(hex_decode(bytes_from_string("2b7e151628aed2a6abf7158809cf4f3c"), key, 16));
	assert_true(hex_decode(bytes_from_string("000102030405060708090a0b0c0d0e0f"), iv, 16));
	assert_true(hex_decode(bytes_from_string(plain), data, 32));
	tpm2_cfb(true, key, iv, data, 32);
	check_hex(data, 32, "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b");
	tpm2_cfb(false, key, iv, data, 32);
	check_hex(data, 32, plain);
	/* A part of a block. */
	tpm2_cfb(true, key, iv, data, 5);
	check_hex(data, 5, "3b3fd92eb7");
}

static void test_policy(void **state)
{
	struct tpm_pcrs pcrs = {.bank = HASH_SHA256, .mask = 0x9f};
	struct digest policy;

	(void)state;
	for (unsigned pcr = 0; pcr < 8; pcr++) {
		pcrs.values[pcr] = (struct digest){.algorithm = HASH_SHA256, .size = 32};
		memset(pcrs.values[pcr].data, (int)pcr, 32);
	}
	policy = tpm2_seal_policy(&pcrs, false);
	check_hex(policy.data, policy.size, "ba5f19ee7d6d5d820b810795479ae2e8158d1c13d4fd2c231eeef84f4ca306ed");
	policy = tpm2_seal_policy(&pcrs, true);
	check_hex(policy.data, policy.size, "4e6ec710a4ef2ce32b6a14d281b65b50bc2b034b22ca262b827525b5a10bf817");
}

/* An ECC storage key of tpm2-tools, with the Name that tpm2_readpublic gives. */
static const char ecc_area[] =
    "0023000b00030072000000060080004300100003001000206f4492fe0b54492d5c5a42a8b54a06fe68b318592ec85e745bba82d73c423"
    "18b0020638385cbafd3bddf8c661ac65ad3e16fb6e341f7299fd607f1d8704cd3a610ad";

static void test_name_and_salt_of_a_key(void **state)
{
	uint8_t area[sizeof(ecc_area) / 2], salt[32], other[32], bytes[128];
	struct tpm2_writer encrypted = tpm2_writer_make(bytes, sizeof(bytes));
	struct tpm2_public key;
	struct tpm2_name name;
	struct error error;

	(void)state;
	assert_true(hex_decode(bytes_from_string(ecc_area), area, sizeof(area)));
	name = tpm2_name_of_public(bytes_make(area, sizeof(area)));
	check_hex(name.data, name.size, "000bf5fd62dcbc440c618ad02b00a16e07dd756c654700533205488f1a61578f81e0");
	assert_true(tpm2_parse_public(bytes_make(area, sizeof(area)), &key));
	assert_int_equal(tpm2_make_salt(&key, salt, &encrypted, NULL), 0);
	assert_int_equal(encrypted.size, 2 + 2 + 32 + 2 + 32);
	encrypted.size = 0;
	assert_int_equal(tpm2_make_salt(&key, other, &encrypted, NULL), 0);
	assert_memory_not_equal(salt, other, sizeof(salt));
	/* One bit of y: no point of the curve any more. */
	area[sizeof(area) - 1] ^= 1;
	encrypted.size = 0;
	assert_int_equal(tpm2_make_salt(&key, salt, &encrypted, &error), -E_TPM_FORGED);
	/* No room. */
	area[sizeof(area) - 1] ^= 1;
	encrypted = tpm2_writer_make(bytes, 20);
	assert_int_equal(tpm2_make_salt(&key, salt, &encrypted, &error), -E_SYSTEM);
}

static void test_auth_value(void **state)
{
	struct tpm2_auth_value value;

	(void)state;
	tpm2_make_auth_value(BYTES_EMPTY, &value);
	assert_int_equal(value.size, 0);
	tpm2_make_auth_value(bytes_make("ab\0\0", 4), &value);
	assert_int_equal(value.size, 2);
	tpm2_make_auth_value(bytes_from_string("0123456789abcdef0123456789abcdef"), &value);
	assert_int_equal(value.size, 32);
	assert_memory_equal(value.data, "0123456789abcdef0123456789abcdef", 32);
	tpm2_make_auth_value(bytes_from_string("0123456789abcdef0123456789abcdef0"), &value);
	assert_int_equal(value.size, 32);
	check_hex(value.data, 32, "000cb919a0d5189ede3900d4b1c20da371479108960a9bc05606c0d7929c9c70");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kdfa),
	    cmocka_unit_test(test_kdfe),
	    cmocka_unit_test(test_cfb),
	    cmocka_unit_test(test_policy),
	    cmocka_unit_test(test_name_and_salt_of_a_key),
	    cmocka_unit_test(test_auth_value),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
