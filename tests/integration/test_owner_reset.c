/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads owner reset` as it is called, for a machine that is off: swtpm is its TPM, a small image its flash, a
 * directory its /boot. What it seals opens at the next start of that image, as coreboot and PID 1 measure it, and at no
 * other. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "integration/shell.h"
#include "integration/swtpm.h"
#include "rom/owner_files.h"
#include "unit/cmocka_all.h"
#include "unit/small_rom.h"
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PHRASE  "passphrase of the owner"
#define ANSWERS "TPM_PASSPHRASE=" PHRASE "\nKEY_NAME=The owner\nKEY_EMAIL=o@example.org\nDEFAULT_ENTRY=first\n"
#define MEMORY  ANSWERS "KEY=memory\nKEY_PASSPHRASE=of the key\nSUMMARY=plain\n"
#define CARD    ANSWERS "KEY=card\nUSER_PIN=abacus zoom\nADMIN_PIN=abdomen zoom\n"
#define OTHERS  " --boot boot --medium medium --pcsc $PWD/pcsc.so"
#define PLACES  "--rom rom" OTHERS

static struct swtpm swtpm;
static char directory[64];
static struct error error;

#define shell(...) shell_run(directory, __VA_ARGS__)

static void read_file(const char *name, struct buffer *content)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (file_read(path, (size_t)1 << 20, content, &error) < 0)
		fail_msg("%s", error.sentence);
}

static void write_file(const char *name, struct bytes content)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (file_replace_path(path, content, &error) < 0)
		fail_msg("%s", error.sentence);
}

/* What coreboot measures of it. */
static void write_image(const char *name, const char *payload)
{
	struct image image;

	image_start_with_slots(&image);
	image_add(&image, "fallback/romstage", 0x11, "the romstage");
	image_add(&image, "fallback/ramstage", 0x11, "the ramstage");
	image_add(&image, "fallback/payload", 0x20, payload);
	image_add(&image, "heads/config.user", 0x50, "CONFIG_AUTO_BOOT_TIMEOUT=5\n");
	image_add(&image, "bootblock", 0x01, "the bootblock");
	write_file(name, bytes_make(image.bytes, IMAGE_SIZE));
}

/* With a dongle of its own. */
static int setup(void **state)
{
	char command[300];

	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	(void)snprintf(directory, sizeof(directory), "/tmp/heads-reset-XXXXXX");
	assert_non_null(mkdtemp(directory));
	(void)snprintf(command, sizeof(command), "cp build/tests/dongle/pcsc.so %s/ && touch %s/pcsc.so.keep",
	               directory, directory);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
	write_image("rom", "the payload");
	return shell(
	    "mkdir -p boot/grub medium && echo kernel >boot/vmlinuz && echo initrd >boot/initrd.img && "
	    "echo 'menuentry \"System\" { linux /vmlinuz ro quiet\ninitrd /initrd.img\n}' >boot/grub/grub.cfg");
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	swtpm_stop(&swtpm);
	(void)snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

/* Runs heads --json with these words and the TPM; what it prints is in "out". */
#define heads(words) shell(TEST_HEADS " --json --tpm %s " words " >out 2>err </dev/null", swtpm.where)
#define reset(answers, words) \
	(write_file("answers", bytes_from_string(answers)), heads("owner reset " words " answers"))

/* A member of the lines that were printed, of an error its code; in a buffer that the next call overwrites. NULL where
 * it is not there. */
static const char *answer(const char *member)
{
	static char text[512];
	CLEANUP(buffer_clear) struct buffer out = {0};
	bool found = false;
	char *save = NULL;

	read_file("out", &out);
	assert_non_null(buffer_string(&out));
	for (char *line = strtok_r((char *)out.data, "\n", &save); line && !found; line = strtok_r(NULL, "\n", &save)) {
		struct json_object *object = json_tokener_parse(line), *value;

		assert_non_null(object);
		found = json_object_object_get_ex(object, member, &value);
		if (found && json_object_is_type(value, json_type_object))
			assert_true(json_object_object_get_ex(value, "code", &value));
		if (found)
			(void)snprintf(text, sizeof(text), "%s", json_object_get_string(value));
		json_object_put(object);
	}
	return found ? text : NULL;
}

static bool says(const char *text)
{
	return shell("grep -qF '%s' out", text) == 0;
}

static void must(int status)
{
	if (status != 0) {
		(void)shell("cat out err >../$(basename $PWD).failed");
		fail_msg("exit status %d: %s.failed", status, directory);
	}
}

/* Each step that is wanted has this state. */
static void expect_steps(const char *state)
{
	static const char *const steps[] = {"tpm", "key", "counter", "boot", "totp", "rom"};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char text[80];

		(void)snprintf(text, sizeof(text), "\"step\": \"%s\", \"state\": \"%s\"", steps[i], state);
		(void)shell("sed -i 's/\":\"/\": \"/g; s/\",\"/\", \"/g' out");
		if (!says(text))
			fail_msg("%s is not %s", steps[i], state);
	}
}

/* --- the machine's next start ------------------------------------------------------------------------------------- */

/* With this payload, as coreboot measures its parts; and the owner's files of the image, as PID 1 does. */
static void start(const char *image_name, const char *payload)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(owner_files_clear) struct owner_files files = {.count = 0};
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct rom_image image;

	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	read_file(image_name, &content);
	image.bytes = buffer_bytes(&content);
	assert_int_equal(owner_files_read(&image, &files, NULL), 0);
	extend_bytes(tpm, 2, bytes_slice(image.bytes, 0, REGION_START));
	extend_bytes(tpm, 2, bytes_from_string("the bootblock"));
	extend_bytes(tpm, 2, bytes_from_string("the romstage"));
	extend_bytes(tpm, 2, bytes_from_string("the ramstage"));
	extend_bytes(tpm, 2, bytes_from_string(payload));
	for (size_t i = 0; i < files.count; i++) {
		extend_bytes(tpm, 7, bytes_from_string(files.files[i].name));
		extend_bytes(tpm, 7, buffer_bytes(&files.files[i].content));
	}
}

/* The TPM's code is that of oathtool for the secret that was shown. */
static void expect_code(const char *secret)
{
	char code[8], time[32];

	must(heads("totp show"));
	(void)snprintf(code, sizeof(code), "%s", answer("code"));
	(void)snprintf(time, sizeof(time), "%s", answer("time"));
	must(shell("test \"$(oathtool --totp --base32 --now '%.10s %.8s UTC' %s)\" = %s", time, time + 11, secret,
	           code));
}

static void expect_no_code(const char *why)
{
	assert_int_equal(heads("totp show"), 1);
	assert_true(says(why));
}

/* /boot is signed by the key that the image holds, and its age is the TPM's; the image names this TPM. */
static void expect_owned(void)
{
	must(shell(TEST_HEADS " rom extract rom heads/owner.asc >owner.asc"));
	must(heads("boot verify --keyring owner.asc boot"));
	assert_string_equal(answer("result"), "ok");
	assert_string_equal(answer("rollback"), "ok");
	must(heads("tpm name"));
	must(shell(TEST_HEADS " rom extract rom heads/tpm-name >name && grep -qxF '%s' name", answer("name")));
	must(shell(TEST_HEADS " rom extract rom heads/config.user | grep -qx CONFIG_AUTO_BOOT_TIMEOUT=5"));
	must(shell("test -e boot/kexec_default.1.txt"));
}

/* Nothing is changed: not the TPM, nor the image, /boot and the medium. */
static void expect_untouched(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct tpm_info info;

	assert_int_equal(tpm_get_info(tpm, &info, NULL), 0);
	assert_false(info.owner_auth_set);
	assert_int_equal(tpm_get_handles(tpm, &info, NULL), 0);
	for (size_t i = 0; i < info.handle_count; i++)
		assert_int_not_equal(info.handles[i] >> 16, 0x8100);
	must(shell("cmp rom before && tar -c boot medium | cmp - tree"));
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void test_a_blank_machine_becomes_the_owners(void **state)
{
	char secret[64];

	(void)state;
	must(reset(MEMORY, PLACES " --yes --label 'A machine'"));
	assert_string_equal(answer("result"), "owned");
	(void)snprintf(secret, sizeof(secret), "%s", answer("secret"));
	assert_non_null(strstr(answer("uri"), "otpauth://totp/A%20machine?secret="));
	expect_steps("done");
	assert_true(says("\"step\": \"disk\", \"state\": \"not-wanted\""));
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	expect_owned();
	must(shell("test -s medium/heads-owner-key.asc && test -s medium/heads-owner-revocation.asc && "
	           "grep -q '^Key kept' medium/heads-summary-1.txt && ! grep -qF '" PHRASE "' medium/* out err"));
	/* Again, after a reset of the TPM: nothing is left to do, and no byte is changed. */
	must(shell("cp rom before && tar -c boot medium >tree"));
	swtpm_power_cycle(&swtpm);
	must(reset(MEMORY, PLACES " --yes"));
	expect_steps("was-done");
	assert_null(answer("secret"));
	must(shell("cmp rom before && tar -c boot medium | cmp - tree"));
	expect_no_code("PCRs 2 and 7 changed"); /* nothing but the reset happened to this TPM */
	start("rom", "another payload");
	expect_no_code("PCR 2 changed");
	start("rom", "the payload");
	expect_code(secret);
}

/* Another image for the same machine: what was sealed for the first one opens no more. */
static void test_A17_another_image_takes_its_place(void **state)
{
	char secret[64];

	(void)state;
	must(reset(CARD, PLACES " --yes"));
	write_image("newer", "the newer payload");
	must(reset(CARD, "--rom newer" OTHERS " --yes"));
	assert_true(says("\"step\":\"tpm\",\"state\":\"was-done\"") && says("\"step\":\"totp\",\"state\":\"done\""));
	(void)snprintf(secret, sizeof(secret), "%s", answer("secret"));
	start("rom", "the payload");
	expect_no_code("PCR 2 changed");
	start("newer", "the newer payload");
	expect_code(secret);
}

/* It stops where something is in the way, says at which step, and goes on there. */
static void test_it_goes_on_where_it_stopped(void **state)
{
	char secret[64];

	(void)state;
	must(shell("mkfifo boot/pipe && cp rom before"));
	assert_int_equal(reset(CARD, PLACES " --yes"), 1);
	assert_string_equal(answer("error"), "refused");
	assert_true(says("your signature over /boot failed"));
	assert_true(says("\"step\":\"counter\",\"state\":\"done\"") && says("\"step\":\"boot\",\"state\":\"failed\"") &&
	            says("\"step\":\"rom\",\"state\":\"left\""));
	must(shell("cmp rom before && rm boot/pipe"));
	must(reset(CARD, PLACES " --yes"));
	assert_true(says("\"step\":\"tpm\",\"state\":\"was-done\"") &&
	            says("\"step\":\"key\",\"state\":\"was-done\"") && says("\"step\":\"rom\",\"state\":\"done\""));
	(void)snprintf(secret, sizeof(secret), "%s", answer("secret"));
	expect_owned();
	start("rom", "the payload");
	expect_code(secret);
}

static void test_on_the_dongle(void **state)
{
	char secret[64];

	(void)state;
	must(shell("cp rom before && tar -c boot medium >tree"));
	assert_int_equal(reset(CARD "ROLLBACK=no\n", "--rom rom --boot boot --medium medium --pcsc /nowhere.so --yes"),
	                 3);
	assert_string_equal(answer("error"), "no-device");
	expect_untouched();
	must(reset(CARD "ROLLBACK=no\n", PLACES " --yes"));
	(void)snprintf(secret, sizeof(secret), "%s", answer("secret"));
	must(shell("test ! -e medium/heads-owner-key.asc && test -s medium/heads-owner-public.asc && cp rom before"));
	must(reset(CARD "ROLLBACK=no\n", PLACES " --yes"));
	assert_true(says("\"step\":\"key\",\"state\":\"was-done\"") &&
	            says("\"step\":\"counter\",\"state\":\"not-wanted\"") &&
	            says("\"step\":\"rom\",\"state\":\"was-done\""));
	must(shell("cmp rom before"));
	start("rom", "the payload");
	expect_code(secret);
}

/* What was drawn is shown before the rest. */
static void test_a_passphrase_is_drawn(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;

	(void)state;
	must(reset("KEY=card\nGENERATE=yes\nKEY_NAME=The owner\nKEY_EMAIL=o@example.org\n", PLACES " --yes"));
	must(shell("head -n 1 out | grep -q '^{\"passphrase\":'"));
	assert_null(answer("error"));
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_check_owner(tpm, bytes_from_string(answer("passphrase")), NULL), 0);
	assert_int_equal(tpm_check_owner(tpm, bytes_from_string(PHRASE), NULL), -E_WRONG_AUTH);
}

static void test_without_a_yes_nothing_is_done(void **state)
{
	(void)state;
	must(shell("cp rom before && tar -c boot medium >tree"));
	assert_int_equal(reset(MEMORY, PLACES), 2);
	assert_true(says("every key, secret and counter in it is lost") && says("say --yes"));
	expect_untouched();
	assert_int_equal(shell(TEST_HEADS " --tpm %s owner reset " PLACES " answers >out", swtpm.where), 2);
	assert_true(says("the ownership of the TPM") && !says("say --yes")); /* that is on standard error */
}

static void test_what_cannot_be_done_is_refused(void **state)
{
	struct image plain;

	(void)state;
	must(shell("cp rom before && tar -c boot medium >tree"));
	ordinary_image(&plain);
	write_file("plain", bytes_make(plain.bytes, IMAGE_SIZE));
	assert_int_equal(reset(MEMORY "UNLOCK_KEY=yes\nDISK_PASSPHRASE=of the disk\n", PLACES " --yes"), 2);
	assert_true(says("answers, line 8: UNLOCK_KEY") && says("which a workstation does not reach"));
	assert_int_equal(reset(MEMORY "DISK_PASSPHRASE=old\nNEW_DISK_PASSPHRASE=a new passphrase\n", PLACES " --yes"),
	                 2);
	assert_true(says("answers, line 9: NEW_DISK_PASSPHRASE"));
	assert_int_equal(reset(ANSWERS "KEY=memory\nBACKUP=drive\nKEY_PASSPHRASE=of the drive\n", PLACES " --yes"), 2);
	assert_true(says("BACKUP=drive is for the menu"));
	assert_int_equal(reset(MEMORY "FOO=1\n", PLACES " --yes"), 2);
	assert_int_equal(reset(ANSWERS "KEY=memory\n", PLACES " --yes"), 2);
	assert_int_equal(reset(ANSWERS "KEY=import\nKEY_FILE=mine.asc\nKEY_PASSPHRASE=x\n", PLACES " --yes"), 2);
	assert_int_equal(reset(MEMORY, "--rom plain --boot boot --medium medium --yes"), 2);
	assert_true(says("no image of Heads"));
	assert_int_equal(reset(MEMORY, "--rom rom --boot nowhere --medium medium --yes"), 2);
	assert_int_equal(reset(MEMORY, "--rom rom --boot boot --medium nowhere --yes"), 2);
	assert_int_equal(reset(MEMORY, "--rom rom --medium medium --yes"), 2);
	assert_int_equal(reset(MEMORY, "--rom rom --boot boot --medium medium --yes --pcsc pcsc.so"), 2);
	assert_int_equal(shell(TEST_HEADS " owner reset " PLACES " --yes answers 2>err"), 2);
	must(shell("grep -q 'wants --tpm' err"));
	assert_int_equal(reset(MEMORY, "--boot boot --medium medium --yes"), 1); /* on the machine itself */
	assert_true(says("restart, and in the menu choose E, A, F"));
	expect_untouched();
}

/* What the run would seal is for an untouched start: a TPM that measured something has a machine that runs. */
static void test_A5_not_for_a_machine_that_runs(void **state)
{
	static const unsigned pcrs[] = {4, 2, 0};

	(void)state;
	must(shell("cp rom before && tar -c boot medium >tree"));
	for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++) {
		struct tpm *tpm;

		swtpm_power_cycle(&swtpm);
		tpm = swtpm_open(&swtpm);
		extend_text(tpm, pcrs[i], "recovery");
		tpm_close(&tpm);
		assert_int_equal(reset(MEMORY, PLACES " --yes"), 1);
		assert_string_equal(answer("error"), "wrong-pcr");
		assert_true(says("switch the machine off"));
		expect_untouched();
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_blank_machine_becomes_the_owners),
	    TEST(test_A17_another_image_takes_its_place),
	    TEST(test_it_goes_on_where_it_stopped),
	    TEST(test_on_the_dongle),
	    TEST(test_a_passphrase_is_drawn),
	    TEST(test_without_a_yes_nothing_is_done),
	    TEST(test_what_cannot_be_done_is_refused),
	    TEST(test_A5_not_for_a_machine_that_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
