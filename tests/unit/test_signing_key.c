/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signing /boot with an exported secret key, without gpg: GnuPG makes the keys, gpgv accepts the signatures. */
#include "boot/owner_proof.h"
#include "boot/sign.h"
#include "boot/signing_key.h"
#include "boot/verify.h"
#include "format/armour.h"
#include "unit/boot_fixture.h"

#define PHRASE "correct horse"

/* NAME.sec and NAME.pub, made by gpg; what is done to the key before it is exported, in its words. */
static void make_key(const char *name, const char *algorithm, const char *usage, const char *passphrase,
                     const char *more, const char *armour)
{
	assert_int_equal(
	    shell(
	        "set -e; cd %s; export GNUPGHOME=$PWD/gnupg-%s; mkdir -m 700 $GNUPGHOME\n"
	        "g() { gpg $CLOCK --batch --pinentry-mode loopback --passphrase '%s' \"$@\"; }\n"
	        "g --quick-gen-key '%s <%s@example.org>' %s %s\n"
	        "f=$(gpg --with-colons --list-keys | awk -F: '/^fpr/{print $10;exit}'); printf $f >%s.fpr; %s\n"
	        "g %s --export-secret-keys $f >%s.sec; gpg --export $f >%s.pub; gpgconf --kill all; rm -rf $GNUPGHOME",
	        fixture_root, name, passphrase, name, name, algorithm, usage, name, more, armour, name, name),
	    0);
}

static int read_key(const char *secret, const char *public, struct signing_key *key, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer file = {0}, owner = {0};

	assert_int_equal(file_read(at("%s", secret), SIGNING_KEY_MAX_FILE, &file, NULL), 0);
	assert_int_equal(file_read(at("%s", public), SIGNING_KEY_MAX_FILE, &owner, NULL), 0);
	return signing_key_read(buffer_bytes(&file), secret, buffer_bytes(&owner), key, error);
}

static int sign_boot(const struct signing_key *key, struct sign_result *result, struct error *error)
{
	CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sign_request request = {.directory = directory, .secret = key};

	return sign_directory(&request, result, error);
}

static void signs(const char *name, const char *passphrase)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	CLEANUP(buffer_clear) struct buffer fingerprint = {0};
	struct sign_result result;
	struct error error = {0};
	char secret[32], public[32];

	(void)snprintf(secret, sizeof(secret), "%s.sec", name);
	(void)snprintf(public, sizeof(public), "%s.pub", name);
	if (read_key(secret, public, &key, &error) < 0 ||
	    signing_key_open(&key, bytes_from_string(passphrase), &error) < 0 || sign_boot(&key, &result, &error) < 0)
		fail_msg("%s: %s", name, error.sentence);
	assert_int_equal(signing_key_is_protected(&key), passphrase[0] != '\0');
	read_text(at("%s.fpr", name), &fingerprint);
	assert_string_equal(result.signer, buffer_string(&fingerprint));
	assert_int_equal(result.files, 5);
	assert_int_equal(
	    shell("set -o pipefail; cd %s/boot && sha256sum kexec*.txt | gpgv --keyring %s/%s.pub kexec.sig -",
	          fixture_root, fixture_root, name),
	    0);
}

static void test_every_kind_of_key_signs(void **state)
{
	(void)state;
	signs("ed", PHRASE);
	signs("open", "");
	signs("rsa", PHRASE);
	signs("p256", PHRASE);
}

/* The primary key may only certify: gpgv says so, and the subkey signs; one that encrypts never does. */
static void test_a_subkey_signs(void **state)
{
	(void)state;
	signs("sub", PHRASE);
}

static void test_wrong_passphrase(void **state)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	static const char *const wrong[] = {"", "correct hors", "correct horse "};
	struct error error = {0};

	(void)state;
	assert_int_equal(read_key("ed.sec", "ed.pub", &key, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(signing_key_open(&key, bytes_from_string(wrong[i]), &error), -E_WRONG_AUTH);
	assert_int_equal(signing_key_sign(&key, 0, BYTES_EMPTY, 0, &text, &error), -E_NOT_FOUND);
	assert_int_equal(signing_key_open(&key, bytes_from_string(PHRASE), &error), 0);
	assert_int_equal(signing_key_sign(&key, 0, BYTES_EMPTY, 0, &text, &error), 0);
}

static void refused(const char *secret, const char *public, enum error_code code, const char *words)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	struct error error = {0};

	assert_int_equal(read_key(secret, public, &key, &error), -(int)code);
	if (!strstr(error.sentence, words))
		fail_msg("%s", error.sentence);
}

static void test_keys_that_are_refused(void **state)
{
	(void)state;
	refused("open.sec", "ed.pub", E_REFUSED, "none of the owner's keys");
	refused("ed.pub", "ed.pub", E_MALFORMED, "does not hold an OpenPGP secret key");
	assert_int_equal(shell("cd %s; head -c 100 ed.sec >cut.sec", fixture_root), 0);
	refused("cut.sec", "ed.pub", E_MALFORMED, "");
	refused("stub.sec", "ed.pub", E_UNSUPPORTED, "on a card or elsewhere");
}

/* A key that the ROM knows and that has expired signs nothing, and nothing is written. */
static void test_expired_key(void **state)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	struct sign_result result;
	struct error error = {0};

	(void)state;
	assert_int_equal(read_key("old.sec", "old.pub", &key, &error), 0);
	assert_int_equal(signing_key_open(&key, BYTES_EMPTY, &error), 0);
	assert_int_equal(sign_boot(&key, &result, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "expired"));
	assert_int_not_equal(access(at("boot/kexec.sig"), F_OK), 0);
}

static int proves(const char *secret, const char *public, const char *passphrase, struct error *error)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};

	assert_int_equal(read_key(secret, public, &key, error), 0);
	assert_int_equal(signing_key_open(&key, bytes_from_string(passphrase), error), 0);
	return owner_proof(&key, "settings", error);
}

/* A key of the owner proves him, a subkey of his too; not an expired one, and not one whose passphrase nobody gave. */
static void test_owner_proof(void **state)
{
	CLEANUP(signing_key_clear) struct signing_key closed = {0};
	struct error error = {0};

	(void)state;
	assert_int_equal(proves("ed.sec", "ed.pub", PHRASE, &error), 0);
	assert_int_equal(proves("rsa.sec", "rsa.pub", PHRASE, &error), 0);
	assert_int_equal(proves("sub.sec", "sub.pub", PHRASE, &error), 0);
	assert_int_equal(proves("old.sec", "old.pub", "", &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "expired"));
	assert_int_equal(read_key("ed.sec", "ed.pub", &closed, &error), 0);
	assert_int_equal(owner_proof(&closed, "settings", &error), -E_NOT_FOUND);
}

/* What counts is the signature, not the file's claim to be the owner's. */
static void test_owner_proof_of_another_key(void **state)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	CLEANUP(buffer_clear) struct buffer other = {0};
	struct error error = {0};

	(void)state;
	assert_int_equal(read_key("open.sec", "open.pub", &key, &error), 0);
	assert_int_equal(signing_key_open(&key, BYTES_EMPTY, &error), 0);
	assert_int_equal(file_read(at("ed.pub"), SIGNING_KEY_MAX_FILE, &other, NULL), 0);
	buffer_clear(&key.owner);
	key.owner = TAKE(other, (struct buffer){0});
	assert_int_equal(owner_proof(&key, "settings", &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "is not accepted"));
}

static int deny(void *context, struct error *error)
{
	bool *asked = context;

	*asked = true;
	return error_set(error, E_IO, "/boot", "the disk is write-protected");
}

static void test_nothing_is_written_where_it_is_not_writable(void **state)
{
	CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	bool asked = false;
	struct sign_request request = {
	    .directory = directory, .secret = &key, .make_writable = deny, .context = &asked};
	struct sign_result result;
	struct error error = {0};

	(void)state;
	assert_int_equal(read_key("open.sec", "open.pub", &key, &error), 0);
	assert_int_equal(signing_key_open(&key, BYTES_EMPTY, &error), 0);
	assert_int_equal(sign_directory(&request, &result, &error), -E_IO);
	assert_true(asked);
	assert_int_equal(shell("cd %s/boot; ls | grep -q kexec", fixture_root), 1);
}

static enum snapshot_choice choose_hash(const struct snapshot_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return SNAPSHOT_HASH;
}

/* Shown is one /boot, and at the second reading the disk has another: it is not signed. */
static void test_A6_what_was_not_shown_is_not_signed(void **state)
{
	static const char *const changes[] = {"echo evil > vmlinuz-6.1", "echo > evil", "rm empty", "ln -sfn / fonts"};
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	struct error error = {0};

	(void)state;
	assert_int_equal(read_key("open.sec", "open.pub", &key, &error), 0);
	assert_int_equal(signing_key_open(&key, BYTES_EMPTY, &error), 0);
	for (size_t i = 0; i <= ARRAY_SIZE(changes); i++) {
		CLEANUP_CLOSE int directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CLEANUP(snapshot_close) struct snapshot *shown = NULL;
		struct sign_request request = {.directory = directory, .secret = &key};
		struct sign_result result;

		assert_int_equal(snapshot_open(directory, 0, &shown, &error), 0);
		assert_int_equal(snapshot_read(shown, choose_hash, NULL, &error), 0);
		request.shown = shown;
		if (i == ARRAY_SIZE(changes)) {
			assert_int_equal(sign_directory(&request, &result, &error), 0);
			break;
		}
		assert_int_equal(shell("cd %s/boot; %s", fixture_root, changes[i]), 0);
		assert_int_equal(sign_directory(&request, &result, &error), -E_REFUSED);
		assert_int_equal(shell("cd %s/boot; ls | grep -q kexec", fixture_root), 1);
	}
}

static int setup(void **state)
{
	(void)state;
	make_boot(at("boot"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_tree(at("boot"));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_every_kind_of_key_signs, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_subkey_signs, setup, teardown),
	    cmocka_unit_test(test_wrong_passphrase),
	    cmocka_unit_test(test_keys_that_are_refused),
	    cmocka_unit_test_setup_teardown(test_A6_what_was_not_shown_is_not_signed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_expired_key, setup, teardown),
	    cmocka_unit_test(test_owner_proof),
	    cmocka_unit_test(test_owner_proof_of_another_key),
	    cmocka_unit_test_setup_teardown(test_nothing_is_written_where_it_is_not_writable, setup, teardown),
	};
	int failed;

	fixture_start();
	make_key("ed", "ed25519", "sign never", PHRASE,
	         "g --quick-add-key $f cv25519 encr never; g --export-secret-subkeys $f >stub.sec", "--armor");
	make_key("open", "ed25519", "sign never", "", ":", "");
	make_key("rsa", "rsa3072", "sign never", PHRASE, "g --quick-add-key $f rsa2048 encr never", "");
	make_key("p256", "nistp256", "sign never", PHRASE, ":", "--armor");
	make_key("sub", "rsa2048", "cert never", PHRASE,
	         "g --quick-add-key $f rsa2048 encr never; g --quick-add-key $f ed25519 sign never", "");
	(void)setenv("CLOCK", "--faked-system-time=20200101T000000", 1);
	make_key("old", "ed25519", "sign 30d", "", ":", "");
	failed = cmocka_run_group_tests_name("signing_key", tests, NULL, NULL);
	fixture_end();
	return failed;
}
