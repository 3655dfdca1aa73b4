/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads key` as it is called: its verbs, exit statuses and JSON, on the virtual dongle behind GnuPG's scdaemon. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "integration/shell.h"
#include "unit/cmocka_all.h"
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static char directory[64];

/* Runs heads --json key with these words in the directory; returns the exit status. out is what it printed. */
static int key(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int key(const char *format, ...)
{
	char words[512], line[1024];
	va_list arguments;
	int status;

	va_start(arguments, format);
	(void)vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	(void)snprintf(line, sizeof(line), "cd %s && { " TEST_HEADS " --json key %s; } >out 2>err </dev/null",
	               directory, words);
	status = system(line); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define shell(command) shell_run(directory, "%s", command)

/* A member of what was printed last, of an error its code, in a buffer that the next call overwrites; NULL where it is
 * not there. */
static const char *answer(const char *member)
{
	static char text[256];
	CLEANUP(buffer_clear) struct buffer out = {0};
	struct json_object *object, *value;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/out", directory);
	assert_int_equal(file_read(path, 1 << 20, &out, NULL), 0);
	object = json_tokener_parse(buffer_string(&out));
	if (!object || !json_object_object_get_ex(object, member, &value)) {
		json_object_put(object);
		return NULL;
	}
	if (json_object_is_type(value, json_type_object))
		assert_true(json_object_object_get_ex(value, "code", &value));
	(void)snprintf(text, sizeof(text), "%s", json_object_get_string(value));
	json_object_put(object);
	return text;
}

#define must(...)                                                               \
	do {                                                                    \
		int must_status_ = key(__VA_ARGS__);                            \
		if (must_status_ != 0) {                                        \
			(void)shell("cat ../$(basename $PWD)/out >&2");         \
			fail_msg("exit status %d: " __VA_ARGS__, must_status_); \
		}                                                               \
	} while (0)

static int setup(void **state)
{
	char command[400];

	(void)state;
	digest_library_start();
	(void)snprintf(directory, sizeof(directory), "/tmp/heads-key-XXXXXX");
	assert_non_null(mkdtemp(directory));
	(void)snprintf(command, sizeof(command), "cp build/tests/dongle/pcsc.so %s/ && touch %s/pcsc.so.keep",
	               directory, directory);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
	return shell("echo 123456 >pin; echo 12345678 >admin; echo 987654 >fresh; echo 'code of reset' >code; "
	             "echo 87654321 >wrong; echo 'correct horse' >phrase");
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

#define PCSC " --pcsc $PWD/pcsc.so"

/* The reset code sets a new user PIN; what is wrong is told by exit status and code, and never spends the last try. */
static void test_pins(void **state)
{
	(void)state;
	must("card" PCSC);
	assert_string_equal(answer("reset_tries"), "0");
	assert_int_equal(key("unblock --reset-code code --new fresh" PCSC), 1);
	assert_string_equal(answer("error"), "locked-out");
	assert_int_equal(key("reset-code --admin-pin wrong --new code" PCSC), 1);
	assert_string_equal(answer("error"), "wrong-passphrase");
	must("reset-code --admin-pin admin --new code" PCSC);
	assert_string_equal(answer("result"), "changed");
	must("unblock --reset-code code --new fresh" PCSC);
	assert_int_equal(key("pin --pin pin --new fresh" PCSC), 1);
	must("pin --pin fresh --new pin" PCSC);
	must("card" PCSC);
	assert_string_equal(answer("pin_tries"), "3");
	assert_string_equal(answer("reset_tries"), "3");
	assert_string_equal(answer("admin_tries"), "3");
	assert_int_equal(key("unblock --reset-code code --admin-pin admin" PCSC), 2);
	assert_int_equal(key("reset-code --pcsc pcsc.so"), 2);
	assert_int_equal(key("card --pcsc /nowhere.so"), 3);
	assert_string_equal(answer("error"), "no-device");
}

/* What gpg says of a public key's expiry: field 7 of the line "pub", empty for never. */
static bool expires(const char *file)
{
	char command[200];

	(void)snprintf(command, sizeof(command),
	               "mkdir -m 700 -p home && test -n \"$(gpg --homedir home --with-colons --show-keys %s | sed -n "
	               "'/^pub/p' | cut -d: -f7)\"",
	               file);
	return shell(command) == 0;
}

/* The primary key on the dongle says when it expires, and revokes itself. */
static void test_expiry_and_revocation_by_the_dongle(void **state)
{
	(void)state;
	must("generate --name 'Test Person' --email t@example.org --out key.asc --pin pin --admin-pin admin" PCSC);
	assert_false(expires("key.asc"));
	assert_int_equal(key("expiry --key key.asc --days 30 --out new.asc --pin wrong" PCSC), 1);
	assert_string_equal(answer("error"), "wrong-passphrase");
	assert_int_equal(shell("test ! -e new.asc"), 0);
	must("expiry --key key.asc --days 30 --out new.asc --pin pin" PCSC);
	assert_true(expires("new.asc"));
	must("expiry --key new.asc --days 0 --out never.asc --pin pin" PCSC);
	assert_false(expires("never.asc"));
	must("revoke --key key.asc --out revoke.asc --pin pin" PCSC);
	assert_int_equal(shell("cat key.asc revoke.asc >both && gpg --homedir home --import both && "
	                       "gpg --homedir home --with-colons --list-keys | grep -q ^pub:r"),
	                 0);
	assert_int_equal(key("expiry --key key.asc --days -1 --out no.asc" PCSC), 2);
	assert_int_equal(key("expiry --key key.asc --days 36501 --out no.asc" PCSC), 2);
	assert_int_equal(key("revoke --key key.asc" PCSC), 2);
}

/* The same with the backup of a key whose subkeys are on the dongle; and without the secret key not at all. */
static void test_expiry_and_revocation_by_the_backup(void **state)
{
	(void)state;
	must(
	    "generate --name 'Test Person' --email t@example.org --out key.asc --backup secret.asc --passphrase phrase "
	    "--admin-pin admin" PCSC);
	assert_int_equal(key("expiry --key secret.asc --days 30 --out new.asc --passphrase wrong" PCSC), 1);
	assert_string_equal(answer("error"), "wrong-passphrase");
	must("expiry --key secret.asc --days 30 --out new.asc --passphrase phrase" PCSC);
	assert_true(expires("new.asc"));
	must("revoke --key secret.asc --out revoke.asc --passphrase phrase" PCSC);
	assert_int_equal(shell("grep -q 'BEGIN PGP PUBLIC KEY BLOCK' revoke.asc"), 0);
	assert_int_equal(shell("rm revoke.asc"), 0);
	assert_int_equal(key("revoke --key key.asc --out revoke.asc" PCSC), 2);
	assert_string_equal(answer("error"), "not-found");
	assert_int_equal(shell("test ! -e revoke.asc"), 0);
}

/* What is no whole disk is not written to, whatever it is. */
static void test_backup_refuses_what_is_no_disk(void **state)
{
	(void)state;
	must(
	    "generate --name 'Test Person' --email t@example.org --out key.asc --backup secret.asc --passphrase phrase "
	    "--admin-pin admin" PCSC);
	assert_int_equal(shell("truncate -s 64M image && cp image before"), 0);
	assert_int_equal(
	    key("backup --key secret.asc --passphrase phrase --drive $PWD/image --drive-passphrase phrase"), 2);
	assert_int_equal(key("backup --key secret.asc --passphrase phrase --drive $PWD/image --drive-passphrase pin"),
	                 2);
	assert_int_equal(shell("cmp image before"), 0);
	assert_int_equal(key("restore --drive $PWD/image --out new.asc --drive-passphrase phrase" PCSC), 2);
	assert_string_equal(answer("error"), "not-found");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_pins),
	    TEST(test_expiry_and_revocation_by_the_dongle),
	    TEST(test_expiry_and_revocation_by_the_backup),
	    TEST(test_backup_refuses_what_is_no_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
