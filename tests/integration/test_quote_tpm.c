/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotes: tpm2-tools as the witness of what is right, and everything that a forger would send (A16). */
#include "attest/quote.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <gcrypt.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#define NONCE "00112233445566778899aabbccddeeff"

static struct swtpm swtpm, other;
static uint8_t nonce[16];

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	swtpm_start(&other);
	assert_true(hex_decode(bytes_from_string(NONCE), nonce, sizeof(nonce)));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	swtpm_stop(&other);
	return 0;
}

static struct bytes question(void)
{
	return bytes_make(nonce, sizeof(nonce));
}

static struct quote_evidence quote_of(const struct swtpm *machine)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(machine);
	struct quote_evidence evidence = {0};
	struct error error;

	if (quote_make(tpm, question(), BYTES_EMPTY, &evidence, &error) < 0)
		fail_msg("%s", error.sentence);
	return evidence;
}

/* What the check objects to; "" where it believes. */
static const char *objection(const struct quote_evidence *evidence, struct bytes trusted)
{
	static struct error error;
	struct tpm_pcrs pcrs;
	int r = quote_check(evidence, trusted, question(), &pcrs, &error);

	assert_true(r == 0 || r == -E_REFUSED || r == -E_MALFORMED);
	return r == 0 ? "" : error.object;
}

static void place(const char *name, const struct buffer *content)
{
	CLEANUP_CLOSE int directory = open(swtpm.directory, O_RDONLY | O_DIRECTORY);

	assert_int_equal(file_replace(directory, name, buffer_bytes(content), 0600, NULL), 0);
}

static int check_with_tools(const char *answer_to)
{
	return swtpm_tool(&swtpm, NULL, "tpm2_checkquote -u key.pub -m quote.msg -s quote.sig -g sha256 -q %s",
	                  answer_to);
}

static void test_A16_a_genuine_quote_is_believed(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};
	struct tpm_pcrs now, proven;
	struct tpm *tpm;

	(void)state;
	tpm = swtpm_open(&swtpm);
	extend_text(tpm, 4, "handover");
	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, QUOTE_PCR_MASK, &now, NULL), 0);
	tpm_close(&tpm);
	evidence = quote_of(&swtpm);
	assert_int_equal(quote_check(&evidence, buffer_bytes(&evidence.key), question(), &proven, NULL), 0);
	for (unsigned pcr = 0; pcr < QUOTE_PCR_COUNT; pcr++)
		assert_true(digest_equal(&now.values[pcr], &proven.values[pcr]));
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	place("key.pub", &evidence.key);
	place("quote.msg", &evidence.message);
	place("quote.sig", &evidence.signature);
	place("pcrs.bin", &evidence.values);
	assert_int_equal(check_with_tools(NONCE), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_pcrread -o read.bin sha256:0,1,2,3,4,5,6,7,8,9 && cmp read.bin pcrs.bin && "
	                            "tpm2_print -t TPMS_ATTEST quote.msg | grep -q $(sha256sum read.bin | cut -c1-64)"),
	                 0);
	assert_int_not_equal(check_with_tools("ff112233445566778899aabbccddeeff"), 0);
}

/* The key is the same one as long as the TPM has the same owner, and is kept; another TPM has another one. */
static void test_A16_the_key_stays(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence first = {0}, second = {0}, others = {0};
	struct tpm *tpm;

	(void)state;
	first = quote_of(&swtpm);
	swtpm_power_cycle(&swtpm);
	second = quote_of(&swtpm);
	others = quote_of(&other);
	assert_true(bytes_equal(buffer_bytes(&first.key), buffer_bytes(&second.key)));
	assert_string_equal(objection(&second, buffer_bytes(&first.key)), "");
	assert_string_equal(objection(&others, buffer_bytes(&first.key)), "key");
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_clear(tpm, NULL, NULL), 0);
	tpm_close(&tpm);
	quote_evidence_clear(&second);
	second = quote_of(&swtpm);
	assert_string_equal(objection(&second, buffer_bytes(&first.key)), "key");
}

static void test_A16_another_tpm_under_this_ones_key(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence genuine = {0}, others = {0};
	struct buffer own;

	(void)state;
	genuine = quote_of(&swtpm);
	others = quote_of(&other);
	own = others.key;
	others.key = genuine.key;
	assert_string_equal(objection(&others, buffer_bytes(&genuine.key)), "signature");
	others.key = own;
}

static void test_A16_every_byte_is_signed(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};
	struct buffer *parts[] = {&evidence.key, &evidence.message, &evidence.signature, &evidence.values};
	CLEANUP(buffer_clear) struct buffer trusted = {0};

	(void)state;
	evidence = quote_of(&swtpm);
	buffer_append_bytes(&trusted, buffer_bytes(&evidence.key));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		for (size_t at = 0; at < parts[i]->size; at++) {
			parts[i]->data[at] ^= (uint8_t)(1u << at % 8);
			assert_string_not_equal(objection(&evidence, buffer_bytes(&trusted)), "");
			parts[i]->data[at] ^= (uint8_t)(1u << at % 8);
		}
		parts[i]->size--;
		assert_string_not_equal(objection(&evidence, buffer_bytes(&trusted)), "");
		parts[i]->size++;
	}
	assert_string_equal(objection(&evidence, buffer_bytes(&trusted)), "");
}

static void test_A16_an_old_answer(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};

	(void)state;
	evidence = quote_of(&swtpm);
	nonce[15] ^= 1;
	assert_string_equal(objection(&evidence, buffer_bytes(&evidence.key)), "nonce");
	nonce[15] ^= 1;
	assert_string_equal(objection(&evidence, buffer_bytes(&evidence.key)), "");
}

/* A genuine quote of PCRs that prove less. */
static void test_A16_other_pcrs(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};
	struct tpm *tpm;

	(void)state;
	evidence = quote_of(&swtpm);
	tpm = swtpm_open(&swtpm);
	buffer_clear(&evidence.message);
	buffer_clear(&evidence.signature);
	assert_int_equal(
	    tpm_quote(tpm, question(), QUOTE_PCR_MASK & ~(1u << 2), &evidence.message, &evidence.signature, NULL), 0);
	assert_string_equal(objection(&evidence, buffer_bytes(&evidence.key)), "PCRs");
	buffer_clear(&evidence.message);
	buffer_clear(&evidence.signature);
	extend_text(tpm, 2, "other firmware");
	assert_int_equal(tpm_quote(tpm, question(), QUOTE_PCR_MASK, &evidence.message, &evidence.signature, NULL), 0);
	assert_string_equal(objection(&evidence, buffer_bytes(&evidence.key)), "values");
	assert_int_equal(tpm_quote(tpm, BYTES_EMPTY, 1, &evidence.message, &evidence.signature, NULL), -E_USAGE);
	assert_int_equal(tpm_quote(tpm, question(), 1u << 24, &evidence.message, &evidence.signature, NULL), -E_USAGE);
	tpm_close(&tpm);
}

/* A key in software, in the clothes of one of a TPM: whatever is said with it is well signed. */
struct forger {
	gcry_sexp_t key;
	struct quote_evidence evidence;
};

static void take_number(gcry_sexp_t from, const char *name, uint8_t *data, size_t size)
{
	gcry_sexp_t token = gcry_sexp_find_token(from, name, 0);
	const char *found;
	size_t length = 0;

	assert_non_null(token);
	found = gcry_sexp_nth_data(token, 1, &length);
	assert_non_null(found);
	for (; length > size; found++, length--)
		assert_int_equal(found[0], 0);
	memset(data, 0, size);
	memcpy(data + size - length, found, length);
	gcry_sexp_release(token);
}

static void forger_start(struct forger *forger)
{
	/* That of RFC 6979, A.2.5 */
	static const char secret[] = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
	static const char public_point[] = "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
	                                   "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
	uint8_t point[65], number[32];
	struct buffer area = {0};

	memset(forger, 0, sizeof(*forger));
	assert_true(hex_decode(bytes_from_string(secret), number, sizeof(number)));
	assert_true(hex_decode(bytes_from_string(public_point), point, sizeof(point)));
	assert_int_equal(gcry_sexp_build(&forger->key, NULL, "(private-key (ecc (curve \"NIST P-256\") (q %b) (d %b)))",
	                                 (int)sizeof(point), point, (int)sizeof(number), number),
	                 0);
	quote_key_write(bytes_make(point + 1, 32), bytes_make(point + 33, 32), &area);
	buffer_append_u16be(&forger->evidence.key, (uint16_t)area.size);
	buffer_append_bytes(&forger->evidence.key, buffer_bytes(&area));
	buffer_clear(&area);
}

static void forger_sign(struct forger *forger, struct bytes message)
{
	struct digest digest = digest_of(HASH_SHA256, message);
	gcry_sexp_t data = NULL, signature = NULL;
	uint8_t number[32];

	buffer_clear(&forger->evidence.message);
	buffer_clear(&forger->evidence.signature);
	buffer_append_bytes(&forger->evidence.message, message);
	assert_int_equal(
	    gcry_sexp_build(&data, NULL, "(data (flags rfc6979) (hash sha256 %b))", (int)digest.size, digest.data), 0);
	assert_int_equal(gcry_pk_sign(&signature, data, forger->key), 0);
	buffer_append_u16be(&forger->evidence.signature, 0x0018);
	buffer_append_u16be(&forger->evidence.signature, HASH_SHA256);
	for (int i = 0; i < 2; i++) {
		take_number(signature, i == 0 ? "r" : "s", number, sizeof(number));
		buffer_append_u16be(&forger->evidence.signature, sizeof(number));
		buffer_append_bytes(&forger->evidence.signature, bytes_make(number, sizeof(number)));
	}
	gcry_sexp_release(signature);
	gcry_sexp_release(data);
}

/* A quote as a TPM would make it, of PCRs that are all zero. */
static void forger_quote(const struct forger *forger, const char *change, struct buffer *message)
{
	static const uint8_t zeros[QUOTE_PCR_COUNT * 32];
	const struct digest values = digest_of(HASH_SHA256, bytes_make(zeros, sizeof(zeros)));
	struct quote_key key;

	assert_int_equal(quote_key_parse_sized(buffer_bytes(&forger->evidence.key), NULL, &key, NULL), 0);
	buffer_append_u32be(message, strcmp(change, "magic") == 0 ? 0xff544346 : 0xff544347);
	buffer_append_u16be(message, strcmp(change, "type") == 0 ? 0x8017 : 0x8018);
	buffer_append_u16be(message, 34);
	buffer_append_u16be(message, HASH_SHA256);
	buffer_append_bytes(message, digest_bytes(strcmp(change, "signer") == 0 ? &key.name : &key.chain));
	buffer_append_u16be(message, sizeof(nonce));
	buffer_append_bytes(message, question());
	buffer_append_u64be(message, 1000);
	buffer_append_u64be(message, 0);
	buffer_append_byte(message, strcmp(change, "clock") == 0 ? 2 : 1);
	buffer_append_u64be(message, 1);
	buffer_append_u32be(message, strcmp(change, "banks") == 0 ? 2 : 1);
	buffer_append_u16be(message, strcmp(change, "bank") == 0 ? HASH_SHA1 : HASH_SHA256);
	buffer_append_bytes(message, bytes_make("\x03\xff\x03\x00", 4));
	buffer_append_u16be(message, 32);
	buffer_append_bytes(message, digest_bytes(&values));
	if (strcmp(change, "more") == 0)
		buffer_append_byte(message, 0);
}

/* Well signed, by a key that the verifier trusts by mistake: what a TPM has not generated is refused all the same. */
static void test_A16_what_no_tpm_has_generated(void **state)
{
	static const struct {
		const char *change, *object;
	} cases[] = {
	    {"", ""},           {"magic", "quote"}, {"type", "quote"}, {"signer", "signer"},
	    {"clock", "quote"}, {"banks", "quote"}, {"bank", "quote"}, {"more", "quote"},
	};
	struct forger forger;

	(void)state;
	forger_start(&forger);
	for (unsigned i = 0; i < QUOTE_PCR_COUNT * 32; i++)
		buffer_append_byte(&forger.evidence.values, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buffer_clear) struct buffer message = {0};

		forger_quote(&forger, cases[i].change, &message);
		forger_sign(&forger, buffer_bytes(&message));
		assert_string_equal(objection(&forger.evidence, buffer_bytes(&forger.evidence.key)), cases[i].object);
	}
	gcry_sexp_release(forger.key);
	quote_evidence_clear(&forger.evidence);
}

/* A key of a TPM that signs whatever one likes is no key for quotes. */
static void test_A16_a_key_that_signs_anything(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct tpm *tpm;
	struct error error;

	(void)state;
	evidence = quote_of(&swtpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_createprimary -C o -G ecc256:ecdsa-sha256 -a "
	                            "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign' -c any.ctx && "
	                            "tpm2_readpublic -c any.ctx -o any.pub"),
	                 0);
	assert_int_equal(swtpm_tool(&swtpm, &key, "cat any.pub"), 0);
	assert_string_equal(objection(&evidence, buffer_bytes(&key)), "key");
	/* Nor is it used where somebody has put it into the key's place. */
	assert_int_equal(swtpm_tool(&other, NULL,
	                            "tpm2_createprimary -C o -G ecc256:ecdsa-sha256 -a "
	                            "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign' -c any.ctx && "
	                            "tpm2_evictcontrol -C o -c any.ctx 0x81004802 && tpm2_flushcontext -t"),
	                 0);
	tpm = swtpm_open(&other);
	buffer_clear(&key);
	assert_int_equal(quote_make(tpm, question(), BYTES_EMPTY, &evidence, &error), -E_FOREIGN_TPM);
	assert_int_equal(tpm_quote_key(tpm, &key, &error), -E_FOREIGN_TPM);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&other), 0);
}

static int open_challenge(const struct swtpm *machine)
{
	return swtpm_tool(
	    machine, NULL,
	    "tpm2_startauthsession --policy-session -S s.ctx && tpm2_policysecret -S s.ctx -c e >/dev/null "
	    "&& tpm2_activatecredential -c 0x81004802 -C 0x81010001 -i '%s/challenge' -o answer "
	    "-P session:s.ctx; r=$?; tpm2_flushcontext s.ctx; exit $r",
	    swtpm.directory);
}

/* That the key lives in the TPM with this endorsement key: only that one opens the challenge. */
static void test_A16_the_key_is_bound_to_the_endorsement_key(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0}, others = {0};
	struct quote_key key;
	char name[65];

	(void)state;
	evidence = quote_of(&swtpm);
	others = quote_of(&other);
	assert_int_equal(quote_key_parse_sized(buffer_bytes(&evidence.key), NULL, &key, NULL), 0);
	hex_encode(digest_bytes(&key.name), name);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_createek -c 0x81010001 -G rsa -u ek.pub"), 0);
	assert_int_equal(swtpm_tool(&other, NULL, "tpm2_createek -c 0x81010001 -G rsa -u ek.pub"), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "printf 'only this TPM' >secret && tpm2_makecredential -T none -u ek.pub -s secret "
	                            "-n 000b%s -o challenge",
	                            name),
	                 0);
	assert_int_not_equal(open_challenge(&other), 0);
	assert_int_equal(open_challenge(&swtpm), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "cmp secret answer"), 0);
}

/* Something on the bus of the machine that quotes. */
static void test_A2_a_quote_with_somebody_between(void **state)
{
	CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};
	struct proxy proxy;
	struct tpm *tpm;

	(void)state;
	evidence = quote_of(&swtpm);
	quote_evidence_clear(&evidence);
	for (size_t bit = 80; bit < 1600; bit += 97) {
		proxy = (struct proxy){.command_code = 0x158, .fault = PROXY_FLIP_ANSWER, .bit = bit};
		tpm = NULL;
		assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
		assert_int_equal(quote_make(tpm, question(), BYTES_EMPTY, &evidence, NULL), -E_TPM_FORGED);
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		assert_int_equal(swtpm_left_open(&swtpm), 0);
	}
}

/* Each command that fails leaves nothing open, and the next quote works. */
static void test_A18_a_quote_broken_off(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (unsigned at = 0; at < 40; at++) {
		CLEANUP(quote_evidence_clear) struct quote_evidence evidence = {0};
		struct proxy proxy = {.fault = PROXY_REFUSED, .code = 0x101, .at = at};
		struct tpm *tpm = NULL;
		int r = proxy_open(&proxy, &swtpm, &tpm, NULL);

		if (r == 0)
			r = quote_make(tpm, question(), BYTES_EMPTY, &evidence, NULL);
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		assert_int_equal(swtpm_left_open(&swtpm), 0);
		failed += r < 0;
		if (!proxy.fired)
			break;
		assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_evictcontrol -C o -c 0x81004802 >/dev/null || true"),
		                 0);
	}
	assert_in_range(failed, 8, 39);
}

static const char *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, name, &value));
	return json_object_get_string(value);
}

static int heads(const char *arguments, struct json_object **ret_object)
{
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status = swtpm_tool(&swtpm, &output, "%s --json --tpm %s %s", TEST_HEADS, swtpm.where, arguments);

	buffer_append_byte(&output, 0);
	*ret_object = json_tokener_parse((const char *)output.data);
	return status;
}

static void expect(const char *arguments, int status, const char *code)
{
	struct json_object *object = NULL, *inner = NULL;

	assert_int_equal(heads(arguments, &object), status);
	if (status == 0) {
		assert_string_equal(member(object, "result"), code);
	} else {
		assert_true(json_object_object_get_ex(object, "error", &inner));
		assert_string_equal(member(inner, "code"), code);
	}
	json_object_put(object);
}

static void test_the_commands(void **state)
{
	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "mkdir q && tpm2_changeauth -c owner secret-word && "
	                            "echo secret-word >pass && echo other-word >wrong"),
	                 0);
	expect("pcr quote --nonce " NONCE " --owner-passphrase wrong q", 1, "wrong-passphrase");
	expect("pcr quote --nonce " NONCE " --owner-passphrase pass q", 0, "quoted");
	assert_int_equal(swtpm_tool(&swtpm, NULL, "cp q/key.pub kept.pub"), 0);
	expect("pcr quote --nonce " NONCE " q", 0, "quoted"); /* the key is there */
	expect("pcr check-quote --key kept.pub --nonce " NONCE " q", 0, "genuine");
	expect("pcr check-quote --key kept.pub --nonce ff112233445566778899aabbccddeeff q", 1, "refused");
	expect("pcr check-quote --key q/quote.sig --nonce " NONCE " q", 2, "malformed");
	expect("pcr check-quote --key kept.pub --nonce " NONCE " --log q/pcrs.bin q", 2, "malformed");
	expect("pcr check-quote --key absent --nonce " NONCE " q", 2, "not-found");
	expect("pcr quote --nonce 0011 q", 2, "usage");
	expect("pcr quote --nonce " NONCE, 2, "usage");
	expect("pcr quote --nonce " NONCE " absent", 3, "io");
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

int main(void)
{
#define WITH_TPMS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPMS(test_A16_a_genuine_quote_is_believed),
	    WITH_TPMS(test_A16_the_key_stays),
	    WITH_TPMS(test_A16_another_tpm_under_this_ones_key),
	    WITH_TPMS(test_A16_every_byte_is_signed),
	    WITH_TPMS(test_A16_an_old_answer),
	    WITH_TPMS(test_A16_other_pcrs),
	    WITH_TPMS(test_A16_what_no_tpm_has_generated),
	    WITH_TPMS(test_A16_a_key_that_signs_anything),
	    WITH_TPMS(test_A16_the_key_is_bound_to_the_endorsement_key),
	    WITH_TPMS(test_A2_a_quote_with_somebody_between),
	    WITH_TPMS(test_A18_a_quote_broken_off),
	    WITH_TPMS(test_the_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
