/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signing, and the commands `boot sign` and `boot verify` as a script sees them. */
#include "boot/sign.h"
#include "boot/verify.h"
#include "command/nouns.h"
#include "unit/boot_fixture.h"

static char home[100];

static int sign_with(const char *key, struct sign_result *result, struct error *error)
{
	CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sign_request request = {.directory = directory, .home = home, .key = key};

	assert_true(directory >= 0);
	return sign_directory(&request, result, error);
}

static void sign_boot(void)
{
	struct sign_result result;
	struct error error;

	if (sign_with("owner@example.org", &result, &error) < 0)
		fail_msg("%s", error.sentence);
}

static int boot_setup(void **state)
{
	(void)state;
	make_boot(at("boot"));
	return 0;
}

static int boot_teardown(void **state)
{
	(void)state;
	remove_tree(at("boot"));
	return 0;
}

/* The state of everything under boot: names, types, targets, times, content. */
static void listing(struct buffer *text)
{
	assert_int_equal(
	    shell("cd %s; { find . -printf '%%p %%y %%l %%T@ %%i\\n' | sort; find . -type f -print0 | sort -z |"
	          " xargs -0 -r sha256sum; } > ../listing",
	          at("boot")),
	    0);
	read_text(at("listing"), text);
}

static void assert_refused_and_untouched(enum error_code code, const char *words)
{
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
	struct sign_result result;
	struct error error = {0};

	listing(&before);
	assert_int_equal(sign_with("owner@example.org", &result, &error), -(int)code);
	listing(&after);
	assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
	if (!strstr(error.sentence, words))
		fail_msg("%s", error.sentence);
}

static void test_the_usual_tools_accept_it(void **state)
{
	(void)state;
	write_text(at("boot/kexec_menu.txt"), "entry\n");
	sign_boot();
	assert_int_equal(shell("cd %s && sha256sum -c --strict kexec_hashes.txt", at("boot")), 0);
	assert_int_equal(
	    shell("cd %s && find ./ ! -path './kexec*' -print0 | LC_ALL=C sort -z | cmp - kexec_tree.txt", at("boot")),
	    0);
	assert_int_equal(
	    shell("cd %s && find ./ -type f ! -path './kexec*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum |"
	          " cmp - kexec_hashes.txt",
	          at("boot")),
	    0);
	assert_int_equal(
	    shell("cd %s && export LC_ALL=C && sha256sum kexec*.txt | gpg --homedir %s --verify kexec.sig -",
	          at("boot"), home),
	    0);
	assert_int_equal(shell("cd %s && sha256sum kexec*.txt | grep -q kexec_menu.txt && head -1 kexec.sig |"
	                       " grep -qx -- '-----BEGIN PGP SIGNATURE-----'",
	                       at("boot")),
	                 0);
	assert_int_equal(shell("cd %s && ls -A | grep -c new", at("boot")), 1);
}

static void test_signs_again_over_an_old_set(void **state)
{
	(void)state;
	sign_boot();
	write_text(at("boot/vmlinuz-6.2"), "newer");
	assert_int_equal(unlink(at("boot/initrd.img-6.1")), 0);
	write_text(at("boot/kexec_hashes.txt.new"), "what an interruption left");
	sign_boot();
	test_the_usual_tools_accept_it(state);
}

static void test_removes_the_originals_triggers(void **state)
{
	(void)state;
	write_text(at("boot/kexec_package_trigger_pre.txt"), "CHANGED_FILES=\n");
	write_text(at("boot/kexec_package_trigger_post.txt"), "Install: x\n");
	sign_boot();
	assert_int_equal(access(at("boot/kexec_package_trigger_pre.txt"), F_OK), -1);
	assert_int_equal(access(at("boot/kexec_package_trigger_post.txt"), F_OK), -1);
	test_the_usual_tools_accept_it(state);
}

static void test_refuses_names_that_the_lists_cannot_carry(void **state)
{
	static const char *const names[] = {"a\\nb", "a\\x1bb", "a\\tb", "a\\\\b", "a\\xc3\\xa4", "a\\x7f"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(shell("cd %s/grub; : > \"$(printf '%s')\"", at("boot"), names[i]), 0);
		assert_refused_and_untouched(E_REFUSED, "/grub/a\\x");
		assert_int_equal(shell("cd %s/grub; rm \"$(printf '%s')\"", at("boot"), names[i]), 0);
	}
	assert_int_equal(shell("cd %s; mkdir $'d\\n'", at("boot")), 0);
	assert_refused_and_untouched(E_REFUSED, "/d\\x0a");
}

static void test_refuses_what_is_no_file_directory_or_link(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(at("boot/grub/pipe"), 0644), 0);
	assert_refused_and_untouched(E_REFUSED, "a pipe");
}

static void test_refuses_foreign_kexec_names(void **state)
{
	(void)state;
	make_directory(at("boot/kexec_evil"));
	assert_refused_and_untouched(E_REFUSED, "/kexec_evil");
}

static void test_refuses_an_empty_directory(void **state)
{
	(void)state;
	remove_tree(at("boot"));
	make_directory(at("boot"));
	assert_refused_and_untouched(E_REFUSED, "no file");
}

static void test_refuses_without_the_secret_key(void **state)
{
	struct sign_result result;
	struct error error;

	(void)state;
	assert_int_equal(sign_with("nobody@example.org", &result, &error), -E_REFUSED);
	assert_int_equal(sign_with("expired@example.org", &result, &error), -E_REFUSED);
	assert_int_equal(access(at("boot/kexec.sig"), F_OK), -1);
}

static void test_full_disk_leaves_the_old_set(void **state)
{
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
	struct sign_result result;
	struct error error;

	(void)state;
	sign_boot();
	write_text(at("boot/vmlinuz-6.2"), "newer");
	make_directory(at("boot/kexec_types.txt.new")); /* what cannot be removed, so cannot be written */
	assert_int_equal(sign_with("owner@example.org", &result, &error), -E_REFUSED);
	assert_int_equal(rmdir(at("boot/kexec_types.txt.new")), 0);
	read_text(at("boot/kexec.sig"), &before);
	if (geteuid() == 0) {
		assert_int_equal(
		    shell("mount -t tmpfs none %s/lost+found && cp -a %s/vmlinuz-6.1 %s/lost+found/ && mount -o "
		          "remount,ro %s/lost+found",
		          at("boot"), at("boot"), at("boot"), at("boot")),
		    0);
		{
			CLEANUP_CLOSE int directory = open(at("boot/lost+found"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			struct sign_request request = {
			    .directory = directory, .home = home, .key = "owner@example.org"};

			assert_int_equal(sign_directory(&request, &result, &error), -E_IO);
			assert_non_null(strstr(error.sentence, "Read-only"));
		}
		assert_int_equal(shell("umount %s/lost+found", at("boot")), 0);
	}
	read_text(at("boot/kexec.sig"), &after);
	assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
}

/* Runs a command in this process with its standard output in a file; returns the exit status. */
static int run(int (*command)(const struct command_context *, int, char **), const char *const *arguments,
               struct json_object **ret_json)
{
	struct command_context context = {.json = true};
	CLEANUP(buffer_clear) struct buffer text = {0};
	int saved, file, status, argc = 0;

	while (arguments[argc])
		argc++;
	(void)fflush(stdout);
	saved = dup(STDOUT_FILENO);
	file = open(at("stdout"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	(void)dup2(file, STDOUT_FILENO);
	status = command(&context, argc, (char **)(uintptr_t)arguments);
	(void)fflush(stdout);
	(void)dup2(saved, STDOUT_FILENO);
	(void)close(saved);
	(void)close(file);
	read_text(at("stdout"), &text);
	*ret_json = json_tokener_parse(buffer_string(&text));
	assert_non_null(*ret_json);
	return status;
}

static const char *field(struct json_object *object, const char *name)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(object, name, &value));
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void test_commands_print_what_is_promised(void **state)
{
	const char *sign[] = {"sign", "--gnupghome", home, "--key", "owner@example.org", NULL, NULL};
	const char *verify[] = {"verify", "--keyring", NULL, NULL, NULL};
	char boot[100], keyring[100];
	struct json_object *json;

	(void)state;
	(void)snprintf(boot, sizeof(boot), "%s", at("boot"));
	(void)snprintf(keyring, sizeof(keyring), "%s", at("owner.asc"));
	sign[5] = boot;
	verify[2] = keyring;
	verify[3] = boot;
	assert_int_equal(run(boot_sign_run, sign, &json), 0);
	assert_string_equal(field(json, "result"), "\"signed\"");
	assert_string_equal(field(json, "files"), "5");
	json_object_put(json);
	assert_int_equal(run(boot_verify_run, verify, &json), 0);
	assert_string_equal(field(json, "result"), "\"ok\"");
	assert_string_equal(field(json, "signature"), "\"good\"");
	assert_string_equal(field(json, "files"), "5");
	assert_string_equal(field(json, "bytes"), "29");
	assert_string_equal(field(json, "rollback"), "\"absent\"");
	json_object_put(json);
	assert_int_equal(shell("cd %s; rm vmlinuz-6.1; : > $'new\\n\\\\'; echo x > initrd.img-6.1; rmdir lost+found;"
	                       " ln -s x lost+found; echo 1 > kexec_hotp_counter",
	                       boot),
	                 0);
	assert_int_equal(run(boot_verify_run, verify, &json), 1);
	assert_string_equal(field(json, "result"), "\"refused\"");
	assert_string_equal(field(json, "changed"), "[\"/initrd.img-6.1\"]");
	assert_string_equal(field(json, "added"), "[\"/new\\\\x0a\\\\x5c\"]");
	assert_string_equal(field(json, "removed"), "[\"/vmlinuz-6.1\"]");
	assert_string_equal(field(json, "retyped"), "[\"/lost+found\"]");
	assert_string_equal(field(json, "unsigned"), "[\"/kexec_hotp_counter\"]");
	json_object_put(json);
	assert_int_equal(unlink(at("boot/kexec.sig")), 0);
	assert_int_equal(run(boot_verify_run, verify, &json), 1);
	assert_string_equal(field(json, "signature"), "\"missing\"");
	assert_string_equal(field(json, "signer"), "null");
	json_object_put(json);
}

static void test_wrong_use_is_2(void **state)
{
	static const char *const cases[][7] = {
	    {"verify", NULL},
	    {"verify", "/tmp", NULL},
	    {"verify", "--keyring", NULL},
	    {"verify", "--keyring", "/nonexistent", "/tmp", NULL},
	    {"verify", "--keyring", "/dev/null", "/tmp", NULL},
	    {"verify", "--keyring", "KEY", NULL},
	    {"verify", "--keyring", "KEY", "/nonexistent", NULL},
	    {"verify", "--keyring", "KEY", "/dev/null", NULL},
	    {"verify", "--keyring", "KEY", "/tmp", "/tmp", NULL},
	    {"verify", "--unknown", "/tmp", NULL},
	    {"sign", "/tmp", NULL},
	    {"sign", "--gnupghome", "/nonexistent", "/tmp", NULL},
	    {"sign", "--gnupghome", "/tmp", NULL},
	    {"sign", "--gnupghome", "/tmp", "/nonexistent", NULL},
	    {"sign", "--gnupghome", "/tmp", "--key", "--batch", "/tmp", NULL},
	};
	char keyring[100];

	(void)state;
	(void)snprintf(keyring, sizeof(keyring), "%s", at("owner.gpg"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *arguments[7] = {NULL};
		struct json_object *json, *error;

		for (size_t j = 0; j < 6 && cases[i][j]; j++)
			arguments[j] = strcmp(cases[i][j], "KEY") == 0 ? keyring : cases[i][j];
		if (run(arguments[0][0] == 'v' ? boot_verify_run : boot_sign_run, arguments, &json) != 2)
			fail_msg("case %zu", i);
		assert_true(json_object_object_get_ex(json, "error", &error));
		assert_true(strlen(field(error, "sentence")) > 2);
		json_object_put(json);
	}
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, boot_setup, boot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_the_usual_tools_accept_it),
	    CASE(test_signs_again_over_an_old_set),
	    CASE(test_removes_the_originals_triggers),
	    CASE(test_refuses_names_that_the_lists_cannot_carry),
	    CASE(test_refuses_what_is_no_file_directory_or_link),
	    CASE(test_refuses_foreign_kexec_names),
	    CASE(test_refuses_an_empty_directory),
	    CASE(test_refuses_without_the_secret_key),
	    CASE(test_full_disk_leaves_the_old_set),
	    CASE(test_commands_print_what_is_promised),
	    CASE(test_wrong_use_is_2),
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
