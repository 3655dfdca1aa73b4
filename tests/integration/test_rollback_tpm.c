/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An older, validly signed /boot against a TPM (A15), and the two phases of its counter. */
#include "boot/rollback.h"
#include "boot/sign.h"
#include "integration/swtpm.h"
#include "unit/boot_fixture.h"

static struct swtpm swtpm;
static char home[100];

static void sign_boot(const char *directory, const uint64_t *value)
{
	CLEANUP_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sign_request request = {.directory = fd, .home = home, .key = "owner@example.org"};
	struct sign_result result;
	struct error error;

	request.rollback_is_set = value != NULL;
	if (value)
		request.rollback = *value;
	if (sign_directory(&request, &result, &error) < 0)
		fail_msg("%s", error.sentence);
}

static uint64_t counter_value(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;
	uint64_t value;

	if (tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &value, &error) < 0)
		fail_msg("%s", error.sentence);
	return value;
}

static uint64_t make_counter(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error;

	if (tpm_counter_create(tpm, TPM_COUNTER_ROLLBACK, BYTES_EMPTY, &error) < 0)
		fail_msg("%s", error.sentence);
	tpm_close(&tpm);
	return counter_value();
}

/* What a start does: verifies, compares, and raises where that is to be completed. */
static enum verify_rollback start_with(const char *directory, struct rollback_verdict *verdict, bool *ret_ok)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	CLEANUP_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct error error;

	read_text(at("owner.gpg"), &key);
	assert_int_equal(verify_keyring_add(&keyring, buffer_bytes(&key), "owner.gpg", &error), 0);
	if (verify_directory(fd, &keyring, &result, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_int_equal(result.signature, VERIFY_GOOD);
	assert_true(result.ok);
	rollback_check(tpm, &result, verdict);
	if (result.ok && rollback_raise(tpm, verdict->raise_by, &error) < 0)
		fail_msg("%s", error.sentence);
	*ret_ok = result.ok;
	return result.rollback;
}

static void assert_start(const char *directory, enum verify_rollback expected, bool ok, const char *words)
{
	struct rollback_verdict verdict;
	bool is_ok;

	assert_int_equal(start_with(directory, &verdict, &is_ok), expected);
	assert_int_equal(is_ok, ok);
	if (!strstr(verdict.sentence, words))
		fail_msg("%s", verdict.sentence);
}

static int setup(void **state)
{
	(void)state;
	swtpm_start(&swtpm);
	make_boot(at("boot"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	(void)shell("rm -rf %s %s", at("boot"), at("older"));
	return 0;
}

static void test_A15_an_older_boot_is_refused(void **state)
{
	uint64_t counter = make_counter();

	(void)state;
	counter++;
	sign_boot(at("boot"), &counter);
	assert_start(at("boot"), VERIFY_ROLLBACK_OK, true, "");
	assert_true(counter_value() == counter);
	assert_int_equal(shell("cp -a %s %s", at("boot"), at("older")), 0);
	write_text(at("boot/vmlinuz-6.1"), "the fixed kernel\n");
	sign_boot(at("boot"), NULL);
	/* Signed for the next value, and not started yet: both can still be started. */
	assert_start(at("older"), VERIFY_ROLLBACK_OK, true, "");
	assert_true(counter_value() == counter);
	assert_start(at("boot"), VERIFY_ROLLBACK_OK, true, "");
	assert_true(counter_value() == counter + 1);
	assert_start(at("older"), VERIFY_ROLLBACK_OLD, false, "older than the last signed one");
	swtpm_power_cycle(&swtpm);
	assert_start(at("older"), VERIFY_ROLLBACK_OLD, false, "older than the last signed one");
	assert_start(at("boot"), VERIFY_ROLLBACK_OK, true, "");
	assert_true(counter_value() == counter + 1);
}

static void test_A15_a_boot_without_a_value_is_refused_once_there_is_a_counter(void **state)
{
	uint64_t next;

	(void)state;
	sign_boot(at("boot"), NULL);
	assert_start(at("boot"), VERIFY_ROLLBACK_ABSENT, true, "");
	next = make_counter() + 1;
	assert_start(at("boot"), VERIFY_ROLLBACK_OLD, false, "--rollback");
	sign_boot(at("boot"), &next);
	assert_start(at("boot"), VERIFY_ROLLBACK_OK, true, "");
}

static void test_A15_not_raised_after_the_cap(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct error error;

	(void)state;
	(void)make_counter();
	tpm = swtpm_open(&swtpm);
	extend_text(tpm, 4, "handover");
	assert_int_equal(rollback_raise(tpm, 1, &error), -E_WRONG_PCR);
}

static void test_without_a_counter_the_age_is_not_known(void **state)
{
	const uint64_t value = 7;

	(void)state;
	sign_boot(at("boot"), &value);
	assert_start(at("boot"), VERIFY_ROLLBACK_UNKNOWN, true, "no counter");
}

/* The original's counter, defined as the original does (tpm2_nvdefine), and its file. */
static void test_A15_the_originals_counter_is_compared(void **state)
{
	CLEANUP(buffer_clear) struct buffer value = {0};

	(void)state;
	assert_int_equal(swtpm_tool(&swtpm, NULL,
	                            "tpm2_nvdefine -C o -s 8 -a 'ownerread|authread|authwrite|nt=1' 0x1a2b3c4"
	                            " && tpm2_nvincrement 0x1a2b3c4"),
	                 0);
	assert_int_equal(swtpm_tool(&swtpm, &value, "tpm2_nvread 0x1a2b3c4 | xxd -p -c 8 | tr -d '\\n'"), 0);
	assert_int_equal(shell("cd %s; printf '1a2b3c4: %s\\n' > ../counter; printf '%%s  /tmp/counter-1a2b3c4\\n' "
	                       "$(sha256sum < ../counter | cut -c1-64) > kexec_rollback.txt",
	                       at("boot"), buffer_string(&value)),
	                 0);
	sign_as_original(at("boot"), "owner", "");
	assert_start(at("boot"), VERIFY_ROLLBACK_OK, true, "");
	/* Signed here: the original's file stays, and stays valid. */
	sign_boot(at("boot"), NULL);
	assert_start(at("boot"), VERIFY_ROLLBACK_OK, true, "");
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvincrement 0x1a2b3c4"), 0);
	assert_start(at("boot"), VERIFY_ROLLBACK_OLD, false, "older than the last signed one");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_A15_an_older_boot_is_refused),
	    CASE(test_A15_a_boot_without_a_value_is_refused_once_there_is_a_counter),
	    CASE(test_A15_not_raised_after_the_cap),
	    CASE(test_without_a_counter_the_age_is_not_known),
	    CASE(test_A15_the_originals_counter_is_compared),
	};
	int status;

	fixture_start();
	(void)snprintf(home, sizeof(home), "%s/gnupg", fixture_root);
	make_keys();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	end_keys();
	fixture_end();
	return status;
}
