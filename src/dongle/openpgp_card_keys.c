/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys onto the card: made there, or moved there. */
#include "base/cleanup.h"
#include "dongle/openpgp_private.h"
#include <stdio.h>
#include <string.h>

#define ANSWER(keyword_, text)                                          \
	{                                                               \
		.keyword = (keyword_), .value = bytes_from_string(text) \
	}

/* What gpg's key-attr asks, and what the card says then. */
static const struct {
	const char *kind, *detail; /* 1 RSA and its size; 2 ECC and the number of its curve */
	const char *attributes[OPENPGP_SLOTS];
} choices[OPENPGP_ALGORITHMS] = {
    [OPENPGP_RSA_2048] = {"1", "2048", {"rsa2048", "rsa2048", "rsa2048"}},
    [OPENPGP_RSA_3072] = {"1", "3072", {"rsa3072", "rsa3072", "rsa3072"}},
    [OPENPGP_RSA_4096] = {"1", "4096", {"rsa4096", "rsa4096", "rsa4096"}},
    [OPENPGP_ED25519] = {"2", "1", {"ed25519", "cv25519", "ed25519"}},
    [OPENPGP_NIST_P256] = {"2", "3", {"nistp256", "nistp256", "nistp256"}},
};

static bool is_set(const struct openpgp *session, enum openpgp_algorithm algorithm)
{
	for (size_t i = 0; i < OPENPGP_SLOTS; i++)
		if (strcmp(session->card.attributes[i], choices[algorithm].attributes[i]) != 0)
			return false;
	return true;
}

static int give(struct openpgp *session, enum openpgp_pin which, struct bytes pin, struct error *error)
{
	if (openpgp_give_pin(session, which, pin))
		return 0;
	return openpgp_after_failure(session, which, "did not take the PIN", error);
}

/* The admin PIN was right a moment ago: it is given as often as the change of an algorithm makes the card forget it. */
static int set_algorithm(struct openpgp *session, enum openpgp_algorithm algorithm, struct bytes admin,
                         struct error *error)
{
	static const char *const arguments[] = {"--card-edit", NULL};
	const bool rsa = choices[algorithm].kind[0] == '1';
	const char *detail = rsa ? "cardedit.genkeys.size" : "keygen.curve";
	const struct openpgp_answer answers[] = {
	    ANSWER("cardedit.prompt", "admin"),
	    ANSWER("cardedit.prompt", "key-attr"),
	    {.keyword = "cardedit.genkeys.algo", bytes_from_string(choices[algorithm].kind), .repeat = true},
	    {.keyword = detail, bytes_from_string(choices[algorithm].detail), .repeat = true},
	    {.keyword = "passphrase.enter", .value = admin, .repeat = true},
	    ANSWER("cardedit.prompt", "quit"),
	};
	const struct openpgp_run run = {arguments, answers, ARRAY_SIZE(answers), -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status, r;

	if (is_set(session, algorithm))
		return 0;
	r = openpgp_gpg(session, &run, &output, &status, error);
	if (r == 0)
		r = openpgp_card_status(session, NULL, error);
	if (r == 0 && !is_set(session, algorithm))
		return error_set(error, E_UNSUPPORTED, openpgp_algorithm_name(algorithm),
		                 "the dongle does not take keys of the kind %s", openpgp_algorithm_name(algorithm));
	return r;
}

static int run_generate(struct openpgp *session, const struct openpgp_request *request, struct bytes pin,
                        char ret_fingerprint[OPENPGP_FINGERPRINT], struct error *error)
{
	/* A key that is made there is written into the trust database, which only this model makes. */
	static const char *const arguments[] = {"--trust-model", "pgp", "--card-edit", NULL};
	char days[16];
	struct openpgp_answer answers[] = {
	    ANSWER("cardedit.prompt", "admin"),
	    ANSWER("cardedit.prompt", "generate"),
	    ANSWER("cardedit.genkeys.backup_enc", "n"),
	    ANSWER("cardedit.genkeys.replace_keys", "y"),
	    {.keyword = "passphrase.enter", .value = pin},
	    {.keyword = "keygen.valid"},
	    {.keyword = "passphrase.enter", .value = pin, .repeat = true, .after = "NEED_PASSPHRASE"},
	    ANSWER("keygen.name", request->name),
	    ANSWER("keygen.email", request->email),
	    ANSWER("keygen.comment", request->comment ? request->comment : ""),
	    ANSWER("cardedit.prompt", "quit"),
	};
	const struct openpgp_run run = {arguments, answers, ARRAY_SIZE(answers), -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status, r;

	(void)snprintf(days, sizeof(days), "%u", request->expires_days);
	answers[5].value = bytes_from_string(days);
	r = openpgp_gpg(session, &run, &output, &status, error);
	if (r < 0)
		return r;
	if (!gnupg_status_word(buffer_bytes(&output), "KEY_CREATED", 1, ret_fingerprint, OPENPGP_FINGERPRINT))
		return openpgp_after_failure(session, OPENPGP_PIN, "did not make the keys", error);
	return 0;
}

/* The admin PIN is given for what it is, before gpg starts. So it asks for the user PIN alone, once to check it and
 * then for signatures; what it would ask beyond that it is not told, because which of the two it means cannot be seen.
 * For that the PIN must hold for more than one signature meanwhile. */
int openpgp_generate_on_card(struct openpgp *session, const struct openpgp_request *request, struct bytes pin,
                             struct bytes admin, char ret_fingerprint[OPENPGP_FINGERPRINT], struct error *error)
{
	bool each;
	int r = openpgp_check_request(request, error);

	if (r == 0)
		r = openpgp_check_pin(OPENPGP_PIN, pin, error);
	if (r == 0)
		r = openpgp_check_pin(OPENPGP_ADMIN_PIN, admin, error);
	if (r == 0)
		r = openpgp_before_pin(session, OPENPGP_PIN, error);
	if (r == 0)
		r = openpgp_before_pin(session, OPENPGP_ADMIN_PIN, error);
	if (r == 0)
		r = give(session, OPENPGP_ADMIN_PIN, admin, error);
	if (r == 0)
		r = set_algorithm(session, request->algorithm, admin, error);
	if (r < 0)
		return r;
	openpgp_stop(session);
	r = openpgp_card_status(session, NULL, error);
	if (r < 0)
		return r;
	each = session->card.pin_each_signature;
	session->card.pin_each_signature = false;
	r = give(session, OPENPGP_ADMIN_PIN, admin, error);
	if (r == 0)
		r = run_generate(session, request, pin, ret_fingerprint, error);
	if (each) {
		session->card.pin_each_signature = true;
		openpgp_stop(session);
		if (openpgp_card_status(session, NULL, NULL) == 0) {
			session->card.pin_each_signature = true;
			(void)openpgp_give_pin(session, OPENPGP_ADMIN_PIN, admin);
		}
	}
	openpgp_stop(session);
	return r < 0 ? r : openpgp_card_status(session, NULL, error);
}

/* --- moving --------------------------------------------------------------------------------------------------------
 */

/* The number of the subkey in gpg's editor that serves this slot, counted from 1; the newest where there are several.
 */
static unsigned subkey_for(const struct gnupg_keys *keys, enum openpgp_slot slot)
{
	static const char uses[OPENPGP_SLOTS] = {'s', 'e', 'a'};
	unsigned found = 0;

	for (size_t i = 1; i < keys->count; i++)
		if (!keys->keys[i].primary && keys->keys[i].usable && strchr(keys->keys[i].capabilities, uses[slot]))
			found = (unsigned)i;
	return found;
}

static int move_one(struct openpgp *session, const char *fingerprint, unsigned number, enum openpgp_slot slot,
                    struct bytes admin, struct error *error)
{
	const char *const arguments[] = {"--edit-key", "--", fingerprint, NULL};
	char choose[16], place[2] = {(char)('1' + (int)slot), '\0'};
	struct openpgp_answer answers[] = {
	    {.keyword = "keyedit.prompt"},
	    ANSWER("keyedit.prompt", "keytocard"),
	    {.keyword = "cardedit.genkeys.storekeytype"},
	    ANSWER("cardedit.genkeys.replace_key", "y"),
	    {.keyword = "passphrase.enter", .value = admin, .repeat = true},
	    ANSWER("keyedit.prompt", "save"),
	};
	const struct openpgp_run run = {arguments, answers, ARRAY_SIZE(answers), -1};
	CLEANUP(buffer_clear) struct buffer output = {0};
	int status, r;

	(void)snprintf(choose, sizeof(choose), "key %u", number);
	answers[0].value = bytes_from_string(choose);
	answers[2].value = bytes_from_string(place);
	r = openpgp_gpg(session, &run, &output, &status, error);
	if (r == 0 && gnupg_status_has(buffer_bytes(&output), "SC_OP_FAILURE"))
		return openpgp_after_failure(session, OPENPGP_ADMIN_PIN,
		                             "did not take the key; it may not know keys of that kind", error);
	return r;
}

int openpgp_move_to_card(struct openpgp *session, const char *fingerprint, struct bytes admin, struct error *error)
{
	unsigned numbers[OPENPGP_SLOTS];
	struct gnupg_keys keys = {0};
	int r = openpgp_check_pin(OPENPGP_ADMIN_PIN, admin, error);

	if (r == 0)
		r = openpgp_find(session, fingerprint, true, &keys, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < OPENPGP_SLOTS; i++) {
		numbers[i] = subkey_for(&keys, (enum openpgp_slot)i);
		if (numbers[i] == 0)
			return error_set(error, E_NOT_FOUND, fingerprint, "the key %s has no subkey that can be the %s",
			                 fingerprint, openpgp_slot_name((enum openpgp_slot)i));
		if (keys.keys[numbers[i]].on_card)
			return error_set(error, E_NOT_FOUND, fingerprint, "the %s of the key %s is on a dongle already",
			                 openpgp_slot_name((enum openpgp_slot)i), fingerprint);
	}
	r = openpgp_before_pin(session, OPENPGP_ADMIN_PIN, error);
	if (r == 0)
		r = give(session, OPENPGP_ADMIN_PIN, admin, error);
	/* The signature key last: by it the card is known as the one of this key, with all of it. */
	for (size_t moved = 0; r == 0 && moved < OPENPGP_SLOTS; moved++) {
		const enum openpgp_slot slot = (enum openpgp_slot)(OPENPGP_SLOTS - 1 - moved);

		r = move_one(session, fingerprint, numbers[slot], slot, admin, error);
	}
	openpgp_stop(session);
	if (r == 0)
		r = openpgp_card_status(session, NULL, error);
	for (size_t i = 0; r == 0 && i < OPENPGP_SLOTS; i++)
		if (strcmp(session->card.fingerprints[i], keys.keys[numbers[i]].fingerprint) != 0)
			r = error_set(error, E_REFUSED, "dongle",
			              "the dongle does not show the %s that was moved to it",
			              openpgp_slot_name((enum openpgp_slot)i));
	return r;
}
