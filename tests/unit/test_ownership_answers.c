/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/ownership_answers.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE "TPM_PASSPHRASE=twelve words\nKEY=memory\nKEY_NAME=The owner\nKEY_EMAIL=o@example.org\n"
#define GOOD BASE "KEY_PASSPHRASE=of = the key\n"

static int parse(const char *text, struct ownership_answers *answers, struct error *error)
{
	return ownership_answers_parse(bytes_from_string(text), "answers.txt", answers, error);
}

static void test_a_file_is_read(void **state)
{
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = {0};
	struct error error;

	(void)state;
	assert_int_equal(parse("# a comment\r\n\r\n" GOOD "SUMMARY=plain", &answers, &error), 0);
	assert_string_equal(ownership_answers_get(&answers, ANSWER_KEY_PASSPHRASE), "of = the key");
	assert_string_equal(ownership_answers_get(&answers, ANSWER_SUMMARY), "plain");
	assert_string_equal(ownership_answers_get(&answers, ANSWER_KEY_ALGORITHM), "ed25519"); /* the first choice */
	assert_string_equal(ownership_answers_get(&answers, ANSWER_KEY_FILE), "");
	assert_true(ownership_answers_is(&answers, ANSWER_ROLLBACK, "yes"));
	assert_int_equal(answers.lines[ANSWER_KEY], 4);
	assert_int_equal(ownership_answers_check(&answers, "answers.txt", &error), 0);
}

/* Each with the line and a word that says why; a secret is never in the sentence. */
static void test_what_a_file_is_refused_for(void **state)
{
	static const struct {
		const char *text, *line, *why;
	} cases[] = {
	    {"\nNOBODY=1\n", "line 2", "NOBODY is no answer"},
	    {"KEY\n", "line 1", "NAME="},
	    {"KEY=card\nKEY=card\n", "line 2", "stands in line 1 already"},
	    {"KEY=\n", "line 1", "has no value"},
	    {"KEY=floppy\n", "line 1", "one of: memory, card, move, import"},
	    {"BACKUP=/dev/sda\n", "line 1", "one of: stick, drive"},
	    {"HOTP=maybe\n", "line 1", "one of: no, yes"},
	    {"#\n#\nTPM_PASSPHRASE=seven77\n", "line 3", "8 to 64 characters, not 7"},
	    {"ADMIN_PIN=1234567890123456789012345\n", "line 1", "8 to 24 characters, not 25"},
	    {"KEY_NAME=The\x1b[2Jowner\n", "line 1", "cannot be typed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ownership_answers answers = {0};
		struct error error;

		assert_int_equal(parse(cases[i].text, &answers, &error), -E_MALFORMED);
		assert_non_null(strstr(error.sentence, cases[i].line));
		assert_non_null(strstr(error.sentence, cases[i].why));
		assert_null(strstr(error.sentence, "seven77"));
		for (int answer = 0; answer < ANSWERS; answer++)
			assert_null(answers.values[answer].data);
	}
}

static void test_what_does_not_go_together(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
	    {"TPM_PASSPHRASE=12345678\n", "KEY (where the key is made) is missing"},
	    {BASE, "KEY_PASSPHRASE"},
	    {BASE "KEY_PASSPHRASE=short\n",
	     "line 5: KEY_PASSPHRASE (the passphrase of the secret key) of a new key has"},
	    {BASE "BACKUP=drive\nKEY_PASSPHRASE=eleven char\n", "line 6: KEY_PASSPHRASE (the passphrase of the secret "
	                                                        "key) of a backup drive has"},
	    {BASE "BACKUP=drive\nKEY_PASSPHRASE=twelve chars\nSUMMARY=secrets\n", "line 7: SUMMARY"},
	    {"TPM_PASSPHRASE=12345678\nKEY=import\nKEY_FILE=a.asc\nUSER_PIN=123456\nBACKUP=drive\n", "line 5: BACKUP"},
	    {GOOD "USER_PIN=123456\n", "line 6: USER_PIN (the user PIN of the dongle) has no use"},
	    {GOOD "HOTP=yes\n", "ADMIN_PIN (the admin PIN of the dongle) is missing"},
	    {GOOD "HOTP=yes\nGENERATE=yes\n", "ADMIN_PIN"}, /* the present one cannot be drawn */
	    {GOOD "KEY_FILE=a.asc\n", "line 6: KEY_FILE"},
	    {GOOD "UNLOCK_KEY=yes\n", "DISK_PASSPHRASE (the disk's present passphrase) is missing"},
	    {GOOD "UNLOCK_PASSPHRASE=1\n", "line 6: UNLOCK_PASSPHRASE"},
	    {GOOD "DISK_PASSPHRASE=x\n", "line 6: DISK_PASSPHRASE"},
	    {GOOD "DISK_PASSPHRASE=twelve chars\nNEW_DISK_PASSPHRASE=twelve chars\n", "line 7: NEW_DISK_PASSPHRASE"},
	    {"TPM_PASSPHRASE=12345678\nKEY=import\nKEY_FILE=a.asc\n", "either USER_PIN"},
	    {"TPM_PASSPHRASE=12345678\nKEY=import\nKEY_FILE=a.asc\nUSER_PIN=123456\nKEY_PASSPHRASE=12345678\n",
	     "either USER_PIN"},
	    {"TPM_PASSPHRASE=12345678\nKEY=import\nKEY_FILE=../a.asc\nUSER_PIN=123456\n", "line 3: KEY_FILE"},
	    {"TPM_PASSPHRASE=12345678\nKEY=card\nKEY_NAME=Owner\nKEY_EMAIL=a@b\nUSER_PIN=123456\n", "ADMIN_PIN"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(ownership_answers_clear) struct ownership_answers answers = {0};
		struct error error;

		assert_int_equal(parse(cases[i].text, &answers, &error), 0);
		assert_int_equal(ownership_answers_check(&answers, "answers.txt", &error), -E_USAGE);
		assert_non_null(strstr(error.sentence, cases[i].why));
	}
}

static void test_what_is_drawn_needs_no_answer(void **state)
{
	static const char *const cases[] = {
	    "GENERATE=yes\nKEY=memory\nKEY_NAME=The owner\nKEY_EMAIL=o@example.org\n",
	    "GENERATE=yes\nKEY=card\nKEY_NAME=The owner\nKEY_EMAIL=o@example.org\nHOTP=yes\n",
	    "GENERATE=yes\nKEY=import\nKEY_FILE=a.asc\nUSER_PIN=123456\n",
	    "GENERATE=yes\nKEY=import\nKEY_FILE=a.asc\nKEY_PASSPHRASE=short\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(ownership_answers_clear) struct ownership_answers answers = {0};

		assert_int_equal(parse(cases[i], &answers, NULL), 0);
		assert_int_equal(ownership_answers_check(&answers, "answers.txt", NULL), 0);
	}
}

static void test_an_answer_is_set_and_taken_back(void **state)
{
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = {0};
	struct error error;

	(void)state;
	assert_int_equal(ownership_answers_set(&answers, ANSWER_USER_PIN, bytes_from_string("12345"), &error),
	                 -E_USAGE);
	assert_false(ownership_answers_have(&answers, ANSWER_USER_PIN));
	assert_int_equal(ownership_answers_set(&answers, ANSWER_USER_PIN, bytes_from_string("123456"), &error), 0);
	assert_int_equal(ownership_answers_set(&answers, ANSWER_USER_PIN, bytes_from_string("1"), &error), -E_USAGE);
	assert_string_equal(ownership_answers_get(&answers, ANSWER_USER_PIN), "123456");
	assert_int_equal(ownership_answers_set(&answers, ANSWER_USER_PIN, BYTES_EMPTY, &error), 0);
	assert_null(answers.values[ANSWER_USER_PIN].data);
}

/* The command, with a file: exit status, and the steps that it names. */
static int command(const char *text, char output[2048])
{
	char path[] = "/tmp/heads-answers-XXXXXX", line[256];
	int fd = mkstemp(path), status;
	FILE *stream;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	(void)snprintf(line, sizeof(line), "%s --json owner check %s 2>&1", TEST_HEADS, path);
	stream = popen(line, "r"); /* NOLINT(cert-env33-c) */
	assert_non_null(stream);
	output[fread(output, 1, 2047, stream)] = '\0';
	status = pclose(stream);
	assert_int_equal(unlink(path), 0);
	return WEXITSTATUS(status);
}

static void test_the_command_checks_a_file(void **state)
{
	char output[2048];

	(void)state;
	assert_int_equal(command(GOOD, output), 0);
	assert_non_null(strstr(output, "\"step\":\"tpm\""));
	assert_non_null(strstr(output, "the TPM is cleared"));
	assert_null(strstr(output, "\"step\":\"hotp\""));
	assert_null(strstr(output, "of = the key"));
	assert_null(strstr(output, "everything on the stick"));
	assert_int_equal(command(BASE "BACKUP=drive\nKEY_PASSPHRASE=twelve chars\n", output), 0);
	assert_non_null(strstr(output, "everything on the stick that becomes the backup drive is lost"));
	assert_int_equal(command(BASE, output), 2);
	assert_non_null(strstr(output, "KEY_PASSPHRASE"));
	assert_int_equal(command("NOBODY=1\n", output), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_file_is_read),
	    cmocka_unit_test(test_what_a_file_is_refused_for),
	    cmocka_unit_test(test_what_does_not_go_together),
	    cmocka_unit_test(test_what_is_drawn_needs_no_answer),
	    cmocka_unit_test(test_an_answer_is_set_and_taken_back),
	    cmocka_unit_test(test_the_command_checks_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
