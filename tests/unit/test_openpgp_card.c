/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gpg says to programs: cards, keys, status lines. */
#include "base/file.h"
#include "format/gnupg_status.h"
#include "format/openpgp_card.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

#define CORPUS TEST_DATA "/../fuzz/corpus/"

static struct error error;

static void read_sample(const char *name, struct buffer *text)
{
	char path[512];

	(void)snprintf(path, sizeof(path), CORPUS "%s", name);
	assert_int_equal(file_read(path, 65536, text, &error), 0);
}

static int read_card(const char *name, struct openpgp_card *card)
{
	struct buffer text = {0};
	int r;

	read_sample(name, &text);
	r = openpgp_card_read(buffer_bytes(&text), card, &error);
	buffer_clear(&text);
	return r;
}

static void test_cards(void **state)
{
	struct openpgp_card card;

	(void)state;
	assert_int_equal(read_card("openpgp_card/blank", &card), 0);
	assert_string_equal(card.serial, "00000001");
	assert_string_equal(card.application, "D2760001240103040005000000010000");
	assert_string_equal(card.vendor, "ZeitControl");
	assert_int_equal(card.version_major, 3);
	assert_int_equal(card.version_minor, 4);
	assert_true(card.pin_each_signature);
	assert_int_equal(card.tries_pin, 3);
	assert_int_equal(card.tries_reset, 0);
	assert_string_equal(card.attributes[OPENPGP_ENCRYPTION], "rsa2048");
	assert_string_equal(card.fingerprints[OPENPGP_SIGNATURE], "");

	assert_int_equal(read_card("openpgp_card/keys", &card), 0);
	assert_false(card.pin_each_signature);
	assert_string_equal(card.attributes[OPENPGP_SIGNATURE], "ed25519");
	assert_string_equal(card.attributes[OPENPGP_ENCRYPTION], "cv25519");
	assert_string_equal(card.attributes[OPENPGP_AUTHENTICATION], "nistp256");
	assert_string_equal(card.fingerprints[OPENPGP_SIGNATURE], "4ABF99E9848A84B6F7EF017570C54FDE497CBDBD");
	assert_int_equal(card.signatures, 17);
}

static int read_text(const char *text)
{
	struct openpgp_card card;

	return openpgp_card_read(bytes_from_string(text), &card, &error);
}

static void test_no_card(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), -E_NO_DEVICE);
	assert_int_equal(read_text("Reader:x:AID:::\n"), -E_NO_DEVICE);
	assert_int_equal(read_text("Reader:no card\n"), -E_NO_DEVICE);
	assert_int_equal(read_text("Reader:x:AID:D276:nks:\n"), -E_UNSUPPORTED);
	assert_int_equal(read_text("Reader:x:AID:D276:openpgp-card:\n"), -E_MALFORMED);
	assert_int_equal(read_text("Reader:x:AID:D2 6:openpgp-card:\n"), -E_MALFORMED);
	/* Counts that are none: a card that seems to have tries left must not be made of them. */
	assert_int_equal(
	    read_text("Reader:x:AID:D276:openpgp-card:\nversion:0304:\nserial:1:\nfpr::::\npinretry:x:0:3:\n"),
	    -E_MALFORMED);
	assert_int_equal(
	    read_text("Reader:x:AID:D276:openpgp-card:\nversion:0304:\nserial:1:\nfpr::::\npinretry:3:0:\n"),
	    -E_MALFORMED);
	assert_int_equal(
	    read_text("Reader:x:AID:D276:openpgp-card:\nversion:0304:\nserial:1:\nfpr::::\npinretry:999:0:3:\n"),
	    -E_MALFORMED);
	assert_int_equal(
	    read_text("Reader:x:AID:D276:openpgp-card:\nversion:0304:\nserial:1:\nfpr::::\npinretry:3:0:3:\n"), 0);
}

static void test_keys(void **state)
{
	struct buffer text = {0};
	struct gnupg_keys keys;

	(void)state;
	read_sample("gnupg_status/keys", &text);
	assert_int_equal(gnupg_keys_read(buffer_bytes(&text), &keys, &error), 0);
	buffer_clear(&text);
	assert_int_equal(keys.count, 3);
	assert_true(keys.keys[0].primary);
	assert_string_equal(keys.keys[0].capabilities, "sc");
	assert_false(keys.keys[0].on_card);
	assert_true(keys.keys[0].usable);
	assert_int_equal(keys.keys[0].expires, 1798240933);
	assert_string_equal(keys.user, "Test P <t@e.org>");
	assert_false(keys.keys[1].primary);
	assert_true(keys.keys[1].on_card);
	assert_string_equal(keys.keys[1].fingerprint, "081CF4A2A7CF26B817EB674AEF2390CF13E3264E");
	assert_false(keys.keys[2].usable); /* expired */
	assert_int_equal(gnupg_keys_read(BYTES_EMPTY, &keys, &error), 0);
	assert_int_equal(keys.count, 0);
	assert_int_equal(gnupg_keys_read(bytes_from_string("sec:u:255:22:09C9:1:2::u:::sc:\n"), &keys, &error),
	                 -E_MALFORMED);
	assert_int_equal(gnupg_keys_read(bytes_from_string("fpr:::::::::9CFA62DFB510A9F88D5FDCCC09C9BFA4F11FB679:\n"),
	                                 &keys, &error),
	                 -E_MALFORMED);
}

static void test_status_lines(void **state)
{
	struct bytes text = bytes_from_string("prose SIG_CREATED 1 2\n[GNUPG:] SIG_CREATEDX a b\n"
	                                      "[GNUPG:] SIG_CREATED D 22 8 00 17 ABCD\n[GNUPG:] SIG_CREATED E\n"),
	             rest;
	char word[8];

	(void)state;
	assert_true(gnupg_status_word(text, "SIG_CREATED", 0, word, sizeof(word)));
	assert_string_equal(word, "D");
	assert_true(gnupg_status_word(text, "SIG_CREATED", 5, word, sizeof(word)));
	assert_string_equal(word, "ABCD");
	assert_false(gnupg_status_word(text, "SIG_CREATED", 6, word, sizeof(word)));
	assert_false(gnupg_status_word(text, "SIG_CREATED", 5, word, 4));
	assert_false(gnupg_status_has(text, "SIG"));
	assert_false(gnupg_status_has(text, "prose"));
	assert_true(gnupg_status_is(bytes_from_string("[GNUPG:] GET_LINE cardedit.prompt"), "GET_LINE", &rest));
	assert_true(bytes_equal(rest, bytes_from_string("cardedit.prompt")));
	assert_true(gnupg_status_is(bytes_from_string("[GNUPG:] GOT_IT"), "GOT_IT", NULL));
	assert_false(gnupg_status_is(bytes_from_string(" [GNUPG:] GOT_IT"), "GOT_IT", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cards),
	    cmocka_unit_test(test_no_card),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_status_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
