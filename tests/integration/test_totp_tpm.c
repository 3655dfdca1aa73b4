/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TOTP, sealed in swtpm: as functions, as commands, and as the booted system sees it. */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "integration/swtpm.h"
#include "tpm/tpm2_constants.h"
#include "unit/cmocka_all.h"
#include <json-c/json.h>
#include <string.h>
#include <time.h>

static struct swtpm swtpm;

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	return 0;
}

static uint64_t now(void)
{
	return (uint64_t)time(NULL);
}

static void new_secret(struct tpm *tpm, struct secret *ret_secret)
{
	struct error error = {.code = E_NONE};

	if (totp_new(tpm, now(), BYTES_EMPTY, ret_secret, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_int_equal(ret_secret->size, TOTP_SECRET_SIZE);
}

/* The code as a phone computes it. */
static void phone_code(struct bytes secret, uint64_t when, char code[7])
{
	uint8_t message[TOTP_MESSAGE_SIZE];
	const struct bytes part = bytes_make(message, sizeof(message));
	struct digest mac;

	totp_message(when, message);
	mac = hmac_of(HASH_SHA1, secret, &part, 1);
	totp_digits(&mac, code);
}

/* 0 where the TPM shows the phone's code of that time; else its error. */
static int show(struct tpm *tpm, struct bytes secret, uint64_t when, struct totp *ret_totp, struct error *error)
{
	CLEANUP(totp_close) struct totp totp = {0};
	char wanted[7];
	int result = totp_open(tpm, when, 90, &totp, error);

	if (result == 0) {
		phone_code(secret, when, wanted);
		assert_true(totp.open);
		assert_string_equal(totp.code, wanted);
	}
	if (ret_totp)
		*ret_totp = totp;
	return result;
}

/* What another version of Heads left: no code, a sentence that says what to do, and a new secret does it. */
static void test_record_of_another_version(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret made = {0};
	struct totp totp = {0};
	struct error error;

	(void)state;
	new_secret(tpm, &made);
	tpm_close(&tpm);
	assert_int_equal(
	    swtpm_tool(&swtpm, NULL,
	               "tpm2_nvundefine -C o 0x01804d47 && "
	               "tpm2_nvdefine -Q -C o -s 100 -a 'ownerwrite|ownerread|authread|no_da' 0x01804d47 && "
	               "head -c 100 /dev/zero | tpm2_nvwrite -C o -i - 0x01804d47"),
	    0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(totp_open(tpm, now(), 90, &totp, &error), -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "another version of Heads"));
	secret_clear(&made);
	new_secret(tpm, &made);
	assert_int_equal(show(tpm, secret_bytes(&made), now(), NULL, &error), 0);
}

static void test_shows_the_code_of_the_phone(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret made = {0}, other = {0};
	const uint64_t when = now();
	struct totp totp = {0};
	char wanted[7];
	unsigned before;

	(void)state;
	assert_int_equal(show(tpm, BYTES_EMPTY, when, &totp, NULL), -E_NO_SECRET);
	new_secret(tpm, &made);
	tpm_close(&tpm);
	tpm = swtpm_open(&swtpm);
	assert_in_range(tpm_command_count(tpm), 1, 4);
	assert_int_equal(show(tpm, secret_bytes(&made), when, &totp, NULL), 0);
	/* A code of the same step costs nothing, one of the next three commands. */
	before = tpm_command_count(tpm);
	assert_int_equal(totp_update(tpm, when, 90, &totp, NULL), 0);
	assert_int_equal(tpm_command_count(tpm), before);
	assert_int_equal(totp_update(tpm, when + 30, 90, &totp, NULL), 0);
	assert_in_range(tpm_command_count(tpm) - before, 1, 3);
	phone_code(secret_bytes(&made), when + 30, wanted);
	assert_string_equal(totp.code, wanted);
	assert_int_equal(totp.shown, 2);
	new_secret(tpm, &other);
	assert_false(bytes_equal(secret_bytes(&made), secret_bytes(&other)));
	assert_int_equal(show(tpm, secret_bytes(&other), when, &totp, NULL), 0);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

static void test_names_the_pcrs_that_changed(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	struct error error;

	(void)state;
	new_secret(tpm, &secret);
	extend_text(tpm, 2, "another payload");
	tpm_close(&tpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(show(tpm, BYTES_EMPTY, now(), NULL, &error), -E_WRONG_PCR);
	assert_string_equal(error.sentence, "not available: PCR 2 changed");
	extend_text(tpm, 0, "x");
	extend_text(tpm, 7, "x");
	extend_text(tpm, 5, "PCR 5 is not in the policy");
	assert_int_equal(show(tpm, BYTES_EMPTY, now(), NULL, &error), -E_WRONG_PCR);
	assert_string_equal(error.sentence, "not available: PCRs 0, 2 and 7 changed");
}

static void test_A5_no_code_after_the_cap(void **state)
{
	static const char hmac[] = "echo 12345678 >m && tpm2_hmac -c 0x81004d47 -p pcr:sha256:0,1,2,3,4,7 m";
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};

	(void)state;
	new_secret(tpm, &secret);
	tpm_close(&tpm);
	/* The same command works before the cap: so it is the cap that stops it. */
	assert_int_equal(swtpm_tool(&swtpm, NULL, hmac), 0);
	tpm = swtpm_open(&swtpm);
	extend_text(tpm, 4, "handover");
	assert_int_equal(show(tpm, BYTES_EMPTY, now(), NULL, NULL), -E_WRONG_PCR);
	tpm_close(&tpm);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, hmac), 0);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(show(tpm, secret_bytes(&secret), now(), NULL, NULL), 0);
}

/* The clock set ahead on the genuine machine, to write down codes for later, or set back after that. */
static void test_A8_a_clock_that_is_not_believed_shows_no_code(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	const uint64_t year = (uint64_t)366 * 86400, when = now();
	struct totp totp = {0};
	struct error error;

	(void)state;
	new_secret(tpm, &secret);
	assert_int_equal(show(tpm, secret_bytes(&secret), when, &totp, NULL), 0);
	assert_int_equal(totp.shown, 1);
	assert_int_equal(show(tpm, BYTES_EMPTY, when + year, NULL, &error), -E_CLOCK);
	assert_int_equal(totp_update(tpm, when + year, 90, &totp, &error), -E_CLOCK);
	assert_false(totp.open);
	/* As far ahead as the bound allows: shown, and remembered. */
	assert_int_equal(show(tpm, secret_bytes(&secret), when + 80 * 86400, &totp, NULL), 0);
	assert_int_equal(totp.shown, 2);
	tpm_close(&tpm);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(show(tpm, BYTES_EMPTY, when, NULL, &error), -E_CLOCK);
	assert_non_null(strstr(error.sentence, "was shown before"));
	assert_int_equal(totp_confirm(tpm, when, BYTES_EMPTY, NULL), 0);
	assert_int_equal(show(tpm, secret_bytes(&secret), when, &totp, NULL), 0);
	assert_int_equal(totp.shown, 1);
}

/* Who takes the TPM's memory of the last code away gets no code. */
static void test_A8_without_a_memory_there_is_no_code(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	struct error error;

	(void)state;
	new_secret(tpm, &secret);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C o 0x01834d47"), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(show(tpm, BYTES_EMPTY, now(), NULL, &error), -E_CLOCK);
	tpm_close(&tpm);
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_nvdefine -Q -C o -s 8 -a 'ownerread|authread|authwrite|no_da' 0x01834d47 && "
	                            "head -c 8 /dev/zero | tpm2_nvwrite -i - 0x01834d47"),
	                 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(show(tpm, BYTES_EMPTY, now(), NULL, &error), -E_CLOCK);
	assert_int_equal(totp_confirm(tpm, now(), BYTES_EMPTY, NULL), 0);
	assert_int_equal(show(tpm, secret_bytes(&secret), now(), NULL, NULL), 0);
}

/* The TPM's memory wears out: it is told of the first code, and then once an hour. */
static void test_the_memory_is_written_once_an_hour(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret secret = {0};
	CLEANUP(totp_close) struct totp totp = {0};
	struct proxy proxy = {.fault = PROXY_NONE};
	const uint64_t when = now();
	unsigned before;

	(void)state;
	assert_int_equal(proxy_open(&proxy, &swtpm, &tpm, NULL), 0);
	new_secret(tpm, &secret);
	/* Counts the writes, and changes none. */
	proxy.fault = PROXY_REFUSED;
	proxy.at = 1000;
	proxy.command_code = TPM_CC_NV_Write;
	assert_int_equal(totp_open(tpm, when, 90, &totp, NULL), 0);
	assert_int_equal(proxy.matches, 1);
	before = proxy.matches;
	for (unsigned i = 1; i <= 240; i++)
		assert_int_equal(totp_update(tpm, when + i * 30, 90, &totp, NULL), 0);
	assert_int_equal(proxy.matches - before, 2);
	assert_int_equal(totp.shown, 241);
	assert_int_equal(totp.floor, when / 30 + 240);
	tpm_close(&tpm);
	buffer_clear(&proxy.traffic);
}

static void test_reseal_keeps_the_secret(void **state)
{
	const struct bytes owner = bytes_from_string("owner");
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret made = {0};

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner owner"), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(totp_new(tpm, now(), owner, &made, NULL), 0);
	extend_text(tpm, 2, "the new firmware");
	assert_int_equal(show(tpm, BYTES_EMPTY, now(), NULL, NULL), -E_WRONG_PCR);
	assert_int_equal(totp_reseal(tpm, BYTES_EMPTY, NULL), -E_WRONG_AUTH);
	assert_int_equal(totp_reseal(tpm, owner, NULL), 0);
	assert_int_equal(show(tpm, secret_bytes(&made), now(), NULL, NULL), 0);
	tpm_close(&tpm);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(show(tpm, BYTES_EMPTY, now(), NULL, NULL), -E_WRONG_PCR);
}

static void test_confirming_needs_the_owner(void **state)
{
	const struct bytes owner = bytes_from_string("owner");
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret made = {0};
	struct totp totp = {0};

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner owner"), 0);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(totp_new(tpm, now(), owner, &made, NULL), 0);
	assert_int_equal(show(tpm, secret_bytes(&made), now(), NULL, NULL), 0);
	assert_int_equal(totp_confirm(tpm, now(), BYTES_EMPTY, NULL), -E_WRONG_AUTH);
	assert_int_equal(totp_confirm(tpm, now(), bytes_from_string("thief"), NULL), -E_WRONG_AUTH);
	assert_int_equal(show(tpm, secret_bytes(&made), now(), &totp, NULL), 0);
	assert_int_equal(totp.shown, 2);
	assert_int_equal(totp_confirm(tpm, now(), owner, NULL), 0);
	assert_int_equal(show(tpm, secret_bytes(&made), now(), &totp, NULL), 0);
	assert_int_equal(totp.shown, 1);
}

/* Runs the program; gives its exit status and, where it printed JSON, the object. */
static int heads(const char *arguments, struct json_object **ret_object)
{
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status = swtpm_tool(&swtpm, &output, "%s --json --tpm %s %s", TEST_HEADS, swtpm.where, arguments);

	buffer_append_byte(&output, 0);
	*ret_object = json_tokener_parse((const char *)output.data);
	return status;
}

static const char *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	assert_non_null(object);
	if (!json_object_object_get_ex(object, name, &value))
		fail_msg("no \"%s\" in %s", name, json_object_to_json_string(object));
	return json_object_get_string(value);
}

static void check_error(const char *arguments, int status, const char *code)
{
	struct json_object *object, *inner = NULL;

	assert_int_equal(heads(arguments, &object), status);
	assert_true(json_object_object_get_ex(object, "error", &inner));
	assert_string_equal(member(inner, "code"), code);
	assert_true(strlen(member(inner, "sentence")) > 10);
	json_object_put(object);
}

/* The code, computed by another program. */
static void check_code(const char *secret, const char *code, const char *time)
{
	CLEANUP(buffer_clear) struct buffer output = {0};

	assert_int_equal(swtpm_tool(&swtpm, &output, "oathtool --totp --base32 --now '%.10s %.8s UTC' %s | tr -d '\\n'",
	                            time, time + 11, secret),
	                 0);
	assert_true(bytes_equal(buffer_bytes(&output), bytes_from_string(code)));
}

static void test_commands(void **state)
{
	struct json_object *made, *shown, *object;
	char secret[64];
	int left;

	(void)state;
	check_error("totp show", 1, "no-secret");
	assert_int_equal(heads("totp new --label 'My Laptop'", &made), 0);
	(void)snprintf(secret, sizeof(secret), "%s", member(made, "secret"));
	assert_int_equal(strlen(secret), 32);
	assert_memory_equal(member(made, "uri"), "otpauth://totp/My%20Laptop?secret=", 34);
	assert_string_equal(member(made, "uri") + 34, secret);
	json_object_put(made);
	assert_int_equal(heads("totp show", &shown), 0);
	check_code(secret, member(shown, "code"), member(shown, "time"));
	left = atoi(member(shown, "seconds_left"));
	assert_in_range(left, 1, 30);
	assert_int_equal(atoi(member(shown, "time") + 17) % 30 + left, 30);
	json_object_put(shown);
	assert_int_equal(heads("totp reseal", &object), 0);
	json_object_put(object);
	assert_int_equal(heads("totp confirm", &object), 0);
	assert_string_equal(member(object, "result"), "confirmed");
	json_object_put(object);
	assert_int_equal(heads("totp show", &shown), 0);
	assert_string_equal(member(shown, "shown"), "1");
	json_object_put(shown);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	assert_int_equal(heads("pcr extend 4 recovery", &object), 0);
	json_object_put(object);
	check_error("totp show", 1, "wrong-pcr");
	check_error("totp reseal", 1, "wrong-pcr");
	check_error("totp show now", 2, "usage");
	check_error("totp confirm", 1, "wrong-pcr");
	check_error("totp new --colour blue", 2, "usage");
	check_error("pcr extend 24 x", 2, "usage");
	check_error("pcr extend 4x x", 2, "usage");
	check_error("pcr extend 4 --file /nonexistent", 2, "not-found");
	check_error("--tpm swtpm:/nonexistent totp show", 3, "no-device");
}

static void test_pcr_commands_agree_with_tpm2_tools(void **state)
{
	CLEANUP(buffer_clear) struct buffer theirs = {0};
	struct json_object *object, *bank = NULL;
	char value[65];

	(void)state;
	assert_int_equal(heads("pcr extend 9 --file tools.log", &object), 0);
	assert_string_equal(member(object, "pcr"), "9");
	json_object_put(object);
	assert_int_equal(heads("pcr extend 9 something", &object), 0);
	json_object_put(object);
	assert_int_equal(heads("pcr read", &object), 0);
	assert_true(json_object_object_get_ex(object, "sha256", &bank));
	assert_int_equal(json_object_object_length(bank), 24);
	assert_int_equal(swtpm_tool(&swtpm, &theirs, "tpm2_pcrread -Q -o pcr sha256:9 && cat pcr"), 0);
	assert_int_equal(theirs.size, 32);
	hex_encode(buffer_bytes(&theirs), value);
	assert_string_equal(member(bank, "9"), value);
	assert_true(json_object_object_get_ex(object, "sha512", NULL));
	json_object_put(object);
}

static void test_owner_passphrase_from_a_file(void **state)
{
	struct json_object *object;

	(void)state;
	assert_int_equal(
	    swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner secret && echo secret >good && echo x >bad"), 0);
	check_error("totp new", 1, "wrong-passphrase");
	check_error("totp new --owner-passphrase bad", 1, "wrong-passphrase");
	assert_int_equal(heads("totp new --owner-passphrase good", &object), 0);
	json_object_put(object);
	assert_int_equal(heads("totp reseal --owner-passphrase - <good", &object), 0);
	json_object_put(object);
	assert_int_equal(heads("totp show", &object), 0);
	json_object_put(object);
}

static void test_tpm_info_command(void **state)
{
	struct json_object *object, *lockout = NULL, *handles = NULL, *counters = NULL;

	(void)state;
	assert_int_equal(heads("totp new", &object), 0);
	json_object_put(object);
	assert_int_equal(heads("tpm info", &object), 0);
	assert_string_equal(member(object, "family"), "2.0");
	assert_string_equal(member(object, "manufacturer"), "IBM");
	assert_true(json_object_object_get_ex(object, "lockout", &lockout));
	assert_string_equal(member(lockout, "counter"), "0");
	assert_true(atoi(member(lockout, "max")) > 0);
	assert_true(json_object_object_get_ex(object, "handles", &handles));
	assert_int_equal(json_object_array_length(handles), 4);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(handles, 1)), "0x81004d47");
	assert_true(json_object_object_get_ex(object, "counters", &counters));
	assert_int_equal(json_object_object_length(counters), 0);
	json_object_put(object);
	assert_int_equal(heads("tpm counter create rollback", &object), 0);
	json_object_put(object);
	assert_int_equal(heads("tpm info", &object), 0);
	assert_true(json_object_object_get_ex(object, "counters", &counters));
	assert_int_equal(json_object_object_length(counters), 1);
	assert_true(atoi(member(counters, "rollback")) > 0);
	assert_true(json_object_object_get_ex(object, "lockout", &lockout));
	assert_true(atoi(member(lockout, "hierarchy_seconds")) > 0);
	json_object_put(object);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_record_of_another_version),
	    WITH_TPM(test_shows_the_code_of_the_phone),
	    WITH_TPM(test_names_the_pcrs_that_changed),
	    WITH_TPM(test_A5_no_code_after_the_cap),
	    WITH_TPM(test_A8_a_clock_that_is_not_believed_shows_no_code),
	    WITH_TPM(test_A8_without_a_memory_there_is_no_code),
	    WITH_TPM(test_the_memory_is_written_once_an_hour),
	    WITH_TPM(test_reseal_keeps_the_secret),
	    WITH_TPM(test_confirming_needs_the_owner),
	    WITH_TPM(test_commands),
	    WITH_TPM(test_pcr_commands_agree_with_tpm2_tools),
	    WITH_TPM(test_owner_passphrase_from_a_file),
	    WITH_TPM(test_tpm_info_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
