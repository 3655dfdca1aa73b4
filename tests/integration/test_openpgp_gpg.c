/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and cards through GnuPG's own programs, on the virtual dongle behind scdaemon. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "boot/verify.h"
#include "dongle/openpgp.h"
#include "unit/cmocka_all.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIN     bytes_from_string(OPENPGP_FIRST_PIN)
#define ADMIN   bytes_from_string(OPENPGP_FIRST_ADMIN)
#define WRONG   bytes_from_string("65432100")
#define MESSAGE bytes_from_string("a message\n")

static char directory[64];
static struct openpgp *session;
static struct error error;

static const struct openpgp_request ed25519 = {
    .algorithm = OPENPGP_ED25519, .name = "Test Person", .email = "t@example.org", .comment = "of a test"};

#define assert_ok(call)                                      \
	do {                                                 \
		int result_ = (call);                        \
		if (result_ < 0)                             \
			print_error("%s\n", error.sentence); \
		assert_int_equal(result_, 0);                \
	} while (0)

static void open_session(void)
{
	char *library = realpath("build/tests/dongle/pcsc.so", NULL), text[512];
	const struct openpgp_options options = {directory, text};

	assert_non_null(library);
	(void)snprintf(text, sizeof(text), "disable-ccid\npcsc-driver %s\n", library);
	free(library);
	assert_ok(openpgp_open(&options, &session, &error));
}

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	(void)snprintf(directory, sizeof(directory), "/tmp/heads-openpgp-XXXXXX");
	assert_non_null(mkdtemp(directory));
	open_session();
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	openpgp_close(&session);
	assert_null(session);
	(void)snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

static void tries(unsigned pin, unsigned reset, unsigned admin)
{
	struct openpgp_card card;

	assert_ok(openpgp_card_status(session, &card, &error));
	assert_int_equal(card.tries_pin, pin);
	assert_int_equal(card.tries_reset, reset);
	assert_int_equal(card.tries_admin, admin);
}

/* gpgv, which knows nothing of the session, accepts it. */
static void assert_signed(const char *fingerprint, const struct buffer *signature)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct verify_status status;

	assert_ok(openpgp_export_public(session, fingerprint, &key, &error));
	assert_ok(verify_keyring_add(&keyring, buffer_bytes(&key), "key", &error));
	assert_ok(verify_detached(&keyring, buffer_bytes(signature), MESSAGE, &status, &error));
	assert_int_equal(status.signature, VERIFY_GOOD);
	assert_string_equal(status.signer, fingerprint);
}

static void test_a_blank_card(void **state)
{
	struct openpgp_card card;

	(void)state;
	assert_ok(openpgp_card_status(session, &card, &error));
	assert_string_equal(card.serial, "00000001");
	assert_string_equal(card.vendor, "ZeitControl");
	assert_int_equal(card.version_major, 3);
	assert_int_equal(card.version_minor, 4);
	assert_string_equal(card.attributes[OPENPGP_SIGNATURE], "rsa2048");
	assert_string_equal(card.fingerprints[OPENPGP_SIGNATURE], "");
	assert_int_equal(card.signatures, 0);
	assert_int_equal(card.max_pin, 127);
	tries(3, 0, 3);
}

static void test_no_card(void **state)
{
	struct openpgp_card card;

	(void)state;
	openpgp_close(&session);
	{
		const struct openpgp_options options = {directory, "disable-ccid\npcsc-driver /nowhere.so\n"};

		assert_ok(openpgp_open(&options, &session, &error));
	}
	assert_int_equal(openpgp_card_status(session, &card, &error), -E_NO_DEVICE);
	assert_non_null(strstr(error.sentence, "plug it in"));
	assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, PIN, WRONG, &error), -E_NO_DEVICE);
}

static void test_pins_are_changed(void **state)
{
	struct bytes fresh = bytes_from_string("a longer PIN % 1"), admin = bytes_from_string("admin of the owner");

	(void)state;
	assert_ok(openpgp_card_change_pin(session, OPENPGP_PIN, PIN, fresh, &error));
	assert_ok(openpgp_card_change_pin(session, OPENPGP_ADMIN_PIN, ADMIN, admin, &error));
	assert_ok(openpgp_card_change_pin(session, OPENPGP_RESET, admin, bytes_from_string("code of reset"), &error));
	tries(3, 3, 3);
	assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, PIN, fresh, &error), -E_WRONG_AUTH);
	assert_ok(openpgp_card_change_pin(session, OPENPGP_PIN, fresh, PIN, &error));
	assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, bytes_from_string("short"), PIN, &error),
	                 -E_USAGE);
	assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, PIN, bytes_from_string("12345\n7"), &error),
	                 -E_USAGE);
	tries(3, 3, 3);
}

/* The last try is never spent by us, whichever PIN it is. */
static void test_the_card_is_never_locked(void **state)
{
	(void)state;
	assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, WRONG, PIN, &error), -E_WRONG_AUTH);
	assert_non_null(strstr(error.sentence, "2 tries are left"));
	assert_int_equal(openpgp_tries_left(session, OPENPGP_PIN), 2);
	assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, WRONG, PIN, &error), -E_WRONG_AUTH);
	assert_non_null(strstr(error.sentence, "1 try is left"));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, WRONG, PIN, &error), -E_LOCKED_OUT);
	tries(1, 0, 3);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(openpgp_card_unblock(session, WRONG, PIN, &error), -E_WRONG_AUTH);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(openpgp_card_unblock(session, ADMIN, PIN, &error), -E_LOCKED_OUT);
	tries(1, 0, 1);
	assert_int_equal(openpgp_card_factory_reset(session, "00000002", &error), -E_REFUSED);
	tries(1, 0, 1);
	assert_ok(openpgp_card_factory_reset(session, "00000001", &error));
	tries(3, 0, 3);
}

static void test_unblock(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, WRONG, PIN, &error), -E_WRONG_AUTH);
	assert_ok(openpgp_card_unblock(session, ADMIN, bytes_from_string("765432"), &error));
	tries(3, 0, 3);
	assert_ok(openpgp_card_change_pin(session, OPENPGP_PIN, bytes_from_string("765432"), PIN, &error));
}

/* The reset code, once it is set, unblocks the user PIN without the admin PIN; its last try is not spent either. */
static void test_reset_code(void **state)
{
	const struct bytes code = bytes_from_string("code of reset"), fresh = bytes_from_string("765432");

	(void)state;
	assert_int_equal(openpgp_card_unblock_by_code(session, code, fresh, &error), -E_LOCKED_OUT); /* none is set */
	assert_ok(openpgp_card_change_pin(session, OPENPGP_RESET, ADMIN, code, &error));
	assert_int_equal(openpgp_card_change_pin(session, OPENPGP_PIN, WRONG, PIN, &error), -E_WRONG_AUTH);
	tries(2, 3, 3);
	assert_int_equal(openpgp_card_unblock_by_code(session, WRONG, fresh, &error), -E_WRONG_AUTH);
	assert_non_null(strstr(error.sentence, "2 tries are left"));
	assert_ok(openpgp_card_unblock_by_code(session, code, fresh, &error));
	tries(3, 3, 3);
	assert_ok(openpgp_card_change_pin(session, OPENPGP_PIN, fresh, PIN, &error));
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(openpgp_card_unblock_by_code(session, WRONG, fresh, &error), -E_WRONG_AUTH);
	assert_int_equal(openpgp_card_unblock_by_code(session, code, fresh, &error), -E_LOCKED_OUT);
	tries(3, 1, 3);
}

/* A wrong admin PIN costs one try with each of the operations, not one for each key or prompt. */
static void test_wrong_pins_cost_one_try(void **state)
{
	char fingerprint[OPENPGP_FINGERPRINT];

	(void)state;
	assert_ok(openpgp_generate(session, &ed25519, fingerprint, &error));
	assert_int_equal(openpgp_generate_on_card(session, &ed25519, PIN, WRONG, fingerprint, &error), -E_WRONG_AUTH);
	tries(3, 0, 2);
	assert_int_equal(openpgp_move_to_card(session, fingerprint, WRONG, &error), -E_WRONG_AUTH);
	tries(3, 0, 1);
	assert_int_equal(openpgp_move_to_card(session, fingerprint, ADMIN, &error), -E_LOCKED_OUT);
	assert_ok(openpgp_card_factory_reset(session, "00000001", &error));
	assert_int_equal(openpgp_generate_on_card(session, &ed25519, WRONG, ADMIN, fingerprint, &error), -E_WRONG_AUTH);
	tries(2, 0, 3);
}

static void sign_by_card(const char *fingerprint, const struct openpgp_card *card)
{
	CLEANUP(buffer_clear) struct buffer signature = {0};
	char signer[OPENPGP_FINGERPRINT];

	assert_int_equal(openpgp_sign(session, NULL, WRONG, MESSAGE, &signature, signer, &error), -E_WRONG_AUTH);
	assert_int_equal(signature.size, 0);
	tries(2, 0, 3);
	assert_ok(openpgp_sign(session, NULL, PIN, MESSAGE, &signature, signer, &error));
	assert_string_equal(signer, card->fingerprints[OPENPGP_SIGNATURE]);
	assert_signed(fingerprint, &signature);
	tries(3, 0, 3);
}

static void generated_on_card(enum openpgp_algorithm algorithm)
{
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct openpgp_request request = ed25519;
	char fingerprint[OPENPGP_FINGERPRINT], same[OPENPGP_FINGERPRINT];
	struct openpgp_card card;

	request.algorithm = algorithm;
	assert_ok(openpgp_generate_on_card(session, &request, PIN, ADMIN, fingerprint, &error));
	assert_ok(openpgp_card_status(session, &card, &error));
	assert_string_equal(card.fingerprints[OPENPGP_SIGNATURE], fingerprint);
	assert_string_not_equal(card.fingerprints[OPENPGP_ENCRYPTION], "");
	assert_string_not_equal(card.fingerprints[OPENPGP_AUTHENTICATION], "");
	assert_string_equal(card.attributes[OPENPGP_SIGNATURE], openpgp_algorithm_name(algorithm));
	assert_true(card.pin_each_signature);
	assert_ok(openpgp_export_public(session, fingerprint, &key, &error));
	/* Another start: nothing but the card and the public key. */
	openpgp_close(&session);
	open_session();
	assert_ok(openpgp_import(session, buffer_bytes(&key), BYTES_EMPTY, same, &error));
	assert_string_equal(same, fingerprint);
	sign_by_card(fingerprint, &card);
	assert_ok(openpgp_card_factory_reset(session, card.serial, &error));
}

static void test_keys_made_on_the_card(void **state)
{
	(void)state;
	generated_on_card(OPENPGP_ED25519);
	generated_on_card(OPENPGP_NIST_P256);
	generated_on_card(OPENPGP_RSA_3072);
}

static void moved_to_card(enum openpgp_algorithm algorithm)
{
	CLEANUP(buffer_clear) struct buffer key = {0}, backup = {0}, signature = {0};
	struct openpgp_request request = ed25519;
	char fingerprint[OPENPGP_FINGERPRINT], same[OPENPGP_FINGERPRINT], signer[OPENPGP_FINGERPRINT];
	struct bytes phrase = bytes_from_string("correct horse");
	struct openpgp_card card;

	request.algorithm = algorithm;
	assert_ok(openpgp_generate(session, &request, fingerprint, &error));
	assert_ok(openpgp_sign(session, fingerprint, BYTES_EMPTY, MESSAGE, &signature, signer, &error));
	assert_signed(fingerprint, &signature);
	assert_ok(openpgp_export_secret(session, fingerprint, phrase, &backup, &error));
	assert_ok(openpgp_move_to_card(session, fingerprint, ADMIN, &error));
	assert_int_equal(openpgp_export_secret(session, fingerprint, phrase, &key, &error), -E_NOT_FOUND);
	assert_ok(openpgp_export_public(session, fingerprint, &key, &error));
	assert_ok(openpgp_card_status(session, &card, &error));
	openpgp_close(&session);
	open_session();
	assert_int_equal(openpgp_sign(session, NULL, PIN, MESSAGE, &signature, signer, &error), -E_NOT_FOUND);
	assert_ok(openpgp_import(session, buffer_bytes(&key), BYTES_EMPTY, same, &error));
	sign_by_card(fingerprint, &card);
	openpgp_close(&session);
	/* The backup opens with its passphrase alone, and signs without the card. */
	open_session();
	assert_int_equal(openpgp_import(session, buffer_bytes(&backup), bytes_from_string("wrong"), same, &error),
	                 -E_WRONG_AUTH);
	openpgp_close(&session);
	open_session();
	assert_ok(openpgp_import(session, buffer_bytes(&backup), phrase, same, &error));
	buffer_clear(&signature);
	assert_ok(openpgp_sign(session, fingerprint, BYTES_EMPTY, MESSAGE, &signature, signer, &error));
	assert_signed(fingerprint, &signature);
	assert_ok(openpgp_card_factory_reset(session, card.serial, &error));
}

static void test_keys_moved_to_the_card(void **state)
{
	(void)state;
	moved_to_card(OPENPGP_ED25519);
	moved_to_card(OPENPGP_NIST_P256);
	moved_to_card(OPENPGP_RSA_3072);
}

static void test_revocation_and_expiry(void **state)
{
	CLEANUP(buffer_clear) struct buffer certificate = {0}, key = {0}, signature = {0};
	char fingerprint[OPENPGP_FINGERPRINT], same[OPENPGP_FINGERPRINT], signer[OPENPGP_FINGERPRINT];

	(void)state;
	assert_ok(openpgp_generate(session, &ed25519, fingerprint, &error));
	assert_ok(openpgp_set_expiry(session, fingerprint, 30, BYTES_EMPTY, &error));
	assert_int_equal(openpgp_set_expiry(session, fingerprint, 50000, BYTES_EMPTY, &error), -E_USAGE);
	assert_ok(openpgp_revocation(session, fingerprint, BYTES_EMPTY, &certificate, &error));
	assert_non_null(strstr(buffer_string(&certificate), "BEGIN PGP PUBLIC KEY BLOCK"));
	assert_ok(openpgp_sign(session, fingerprint, BYTES_EMPTY, MESSAGE, &signature, signer, &error));
	assert_signed(fingerprint, &signature);
	/* Once it is published the key does not sign any more. */
	assert_ok(openpgp_export_public(session, fingerprint, &key, &error));
	buffer_append_bytes(&key, buffer_bytes(&certificate));
	assert_ok(openpgp_import(session, buffer_bytes(&key), BYTES_EMPTY, same, &error));
	assert_int_equal(openpgp_sign(session, fingerprint, BYTES_EMPTY, MESSAGE, &signature, signer, &error),
	                 -E_REFUSED);
}

/* On the card the primary key signs both, with the PIN. */
static void test_revocation_and_expiry_by_the_card(void **state)
{
	CLEANUP(buffer_clear) struct buffer certificate = {0};
	char fingerprint[OPENPGP_FINGERPRINT];

	(void)state;
	assert_ok(openpgp_generate_on_card(session, &ed25519, PIN, ADMIN, fingerprint, &error));
	assert_int_equal(openpgp_revocation(session, fingerprint, WRONG, &certificate, &error), -E_WRONG_AUTH);
	assert_ok(openpgp_revocation(session, fingerprint, PIN, &certificate, &error));
	assert_true(certificate.size > 0);
}

static void test_bad_input(void **state)
{
	static const struct {
		const char *name, *email;
	} bad[] = {{"Tim", "t@example.org"},      {"Test <Person", "t@example.org"}, {"Test\nPerson", "t@example.org"},
	           {"Test Person", "example"},    {"Test Person", "@example"},       {"Test Person", "a@b@c"},
	           {"Test Person", "t@ex ample"}, {"1 Test Person", "t@example.org"}};
	char fingerprint[OPENPGP_FINGERPRINT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct openpgp_request request = {OPENPGP_ED25519, bad[i].name, bad[i].email, NULL, 0};

		assert_int_equal(openpgp_generate(session, &request, fingerprint, &error), -E_USAGE);
	}
	assert_int_equal(openpgp_import(session, MESSAGE, BYTES_EMPTY, fingerprint, &error), -E_MALFORMED);
	assert_int_equal(openpgp_sign(session, "00", BYTES_EMPTY, MESSAGE, &(struct buffer){0}, fingerprint, &error),
	                 -E_NOT_FOUND);
}

/* Nothing of the home stays, and no program. */
static void test_nothing_stays(void **state)
{
	char fingerprint[OPENPGP_FINGERPRINT];
	DIR *entries;

	(void)state;
	assert_ok(openpgp_generate(session, &ed25519, fingerprint, &error));
	openpgp_close(&session);
	entries = opendir(directory);
	assert_non_null(entries);
	for (const struct dirent *entry; (entry = readdir(entries));) /* NOLINT(concurrency-mt-unsafe) */
		assert_true(entry->d_name[0] == '.' || strncmp(entry->d_name, "dongle", 6) == 0);
	(void)closedir(entries);
	{
		char command[160];

		(void)snprintf(command, sizeof(command), "! pgrep -f '[g]pg-agent.*%s'", directory);
		assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
	}
	open_session();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_blank_card),
	    TEST(test_no_card),
	    TEST(test_pins_are_changed),
	    TEST(test_the_card_is_never_locked),
	    TEST(test_unblock),
	    TEST(test_reset_code),
	    TEST(test_wrong_pins_cost_one_try),
	    TEST(test_keys_made_on_the_card),
	    TEST(test_keys_moved_to_the_card),
	    TEST(test_revocation_and_expiry),
	    TEST(test_revocation_and_expiry_by_the_card),
	    TEST(test_bad_input),
	    TEST(test_nothing_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
