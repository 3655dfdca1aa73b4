/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TOTP, sealed in swtpm: as functions, as commands, and as the booted system sees it. */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include <json-c/json.h>
#include <string.h>

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

static void new_secret(struct tpm *tpm, struct secret *ret_secret)
{
	struct error error = {.code = E_NONE};

	if (totp_new(tpm, BYTES_EMPTY, ret_secret, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_int_equal(ret_secret->size, TOTP_SECRET_SIZE);
}

static void test_opens_what_it_made(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret made = {0}, opened = {0}, other = {0};
	unsigned before;

	(void)state;
	assert_int_equal(totp_open(tpm, &opened, NULL), -E_NO_SECRET);
	new_secret(tpm, &made);
	tpm_close(&tpm);
	tpm = swtpm_open(&swtpm);
	before = tpm_command_count(tpm);
	assert_in_range(before, 1, 4);
	assert_int_equal(totp_open(tpm, &opened, NULL), 0);
	assert_in_range(tpm_command_count(tpm) - before, 1, 8);
	assert_true(bytes_equal(secret_bytes(&made), secret_bytes(&opened)));
	new_secret(tpm, &other);
	assert_false(bytes_equal(secret_bytes(&made), secret_bytes(&other)));
}

static void test_names_the_pcrs_that_changed(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	struct error error;
	unsigned before;

	(void)state;
	new_secret(tpm, &secret);
	secret_clear(&secret);
	extend_text(tpm, 2, "another payload");
	tpm_close(&tpm);
	tpm = swtpm_open(&swtpm);
	before = tpm_command_count(tpm);
	assert_int_equal(totp_open(tpm, &secret, &error), -E_WRONG_PCR);
	assert_in_range(tpm_command_count(tpm) - before, 1, 8);
	assert_string_equal(error.sentence, "not available: PCR 2 changed");
	extend_text(tpm, 0, "x");
	extend_text(tpm, 7, "x");
	extend_text(tpm, 5, "PCR 5 is not in the policy");
	assert_int_equal(totp_open(tpm, &secret, &error), -E_WRONG_PCR);
	assert_string_equal(error.sentence, "not available: PCRs 0, 2 and 7 changed");
	assert_null(secret.data);
}

static void test_A5_nothing_opens_after_the_cap(void **state)
{
	static const char unseal[] = "tpm2_unseal -c 0x81004d47 -p pcr:sha256:0,1,2,3,4,7";
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret secret = {0};
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};

	(void)state;
	new_secret(tpm, &secret);
	tpm_close(&tpm);
	/* The same command opens it before the cap: so it is the cap that stops it. */
	assert_int_equal(swtpm_tool(&swtpm, &before, unseal), 0);
	assert_true(bytes_equal(buffer_bytes(&before), secret_bytes(&secret)));
	tpm = swtpm_open(&swtpm);
	extend_text(tpm, 4, "handover");
	tpm_close(&tpm);
	assert_int_not_equal(swtpm_tool(&swtpm, &after, unseal), 0);
	assert_int_equal(after.size, 0);
	swtpm_power_cycle(&swtpm);
	assert_int_equal(swtpm_tool(&swtpm, &after, unseal), 0);
	assert_true(bytes_equal(buffer_bytes(&after), secret_bytes(&secret)));
}

static void test_reseal_keeps_the_secret(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(secret_clear) struct secret made = {0}, opened = {0};

	(void)state;
	new_secret(tpm, &made);
	extend_text(tpm, 2, "the new firmware");
	assert_int_equal(totp_reseal(tpm, secret_bytes(&made), BYTES_EMPTY, NULL), 0);
	assert_int_equal(totp_open(tpm, &opened, NULL), 0);
	assert_true(bytes_equal(secret_bytes(&made), secret_bytes(&opened)));
	tpm_close(&tpm);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	secret_clear(&opened);
	assert_int_equal(totp_open(tpm, &opened, NULL), -E_WRONG_PCR);
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

	assert_int_equal(swtpm_tool(&swtpm, &output,
	                            "python3 -c 'import base64,calendar,hashlib,hmac,struct,sys,time\n"
	                            "when = calendar.timegm(time.strptime(sys.argv[2], \"%%Y-%%m-%%dT%%H:%%M:%%SZ\"))\n"
	                            "mac = hmac.new(base64.b32decode(sys.argv[1]), struct.pack(\">Q\", when // 30), "
	                            "hashlib.sha1).digest()\n"
	                            "at = mac[-1] & 15\n"
	                            "print(\"%%06d\" %% ((struct.unpack(\">I\", mac[at:at + 4])[0] & 0x7fffffff) %% "
	                            "1000000), end=\"\")' %s %s",
	                            secret, time),
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
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	assert_int_equal(heads("pcr extend 4 recovery", &object), 0);
	json_object_put(object);
	check_error("totp show", 1, "wrong-pcr");
	check_error("totp reseal", 1, "wrong-pcr");
	check_error("totp show now", 2, "usage");
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
	struct json_object *object, *lockout = NULL, *handles = NULL;

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
	assert_int_equal(json_object_array_length(handles), 3);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(handles, 1)), "0x81004d47");
	json_object_put(object);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_opens_what_it_made),
	    WITH_TPM(test_names_the_pcrs_that_changed),
	    WITH_TPM(test_A5_nothing_opens_after_the_cap),
	    WITH_TPM(test_reseal_keeps_the_secret),
	    WITH_TPM(test_commands),
	    WITH_TPM(test_pcr_commands_agree_with_tpm2_tools),
	    WITH_TPM(test_owner_passphrase_from_a_file),
	    WITH_TPM(test_tpm_info_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
