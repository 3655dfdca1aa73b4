/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's key in a run: made in memory and kept on a stick under its passphrase or on the encrypted backup drive,
 * made on the dongle, made in memory and moved there with the copy on stick or drive, or brought along. No file on the
 * stick is ever replaced, and no backup drive that holds a key. */
#include "base/cleanup.h"
#include "owner/ownership_steps.h"
#include <stdio.h>
#include <string.h>

void ownership_key_clear(struct ownership_key *key)
{
	buffer_clear(&key->public);
	buffer_clear(&key->secret);
	key->fingerprint[0] = '\0';
}

bool ownership_key_is_on_card(const struct ownership_answers *answers)
{
	return ownership_answers_is(answers, ANSWER_KEY, "card") || ownership_answers_is(answers, ANSWER_KEY, "move");
}

bool ownership_key_is_on_drive(const struct ownership_answers *answers)
{
	return ownership_answers_is(answers, ANSWER_BACKUP, "drive");
}

struct bytes ownership_key_passphrase(const struct ownership_answers *answers)
{
	return ownership_key_is_on_drive(answers) ? BYTES_EMPTY
	                                          : ownership_answers_bytes(answers, ANSWER_KEY_PASSPHRASE);
}

static bool is_kind(const struct ownership *ownership, const char *kind)
{
	return ownership_answers_is(ownership->answers, ANSWER_KEY, kind);
}

static struct bytes of(const struct ownership *ownership, enum ownership_answer answer)
{
	return ownership_answers_bytes(ownership->answers, answer);
}

/* --- files on the stick ------------------------------------------------------------------------------------------- */

static void name_file(const char *stem, unsigned number, char *name, size_t size)
{
	if (number == 1)
		(void)snprintf(name, size, "%s.asc", stem);
	else
		(void)snprintf(name, size, "%s-%u.asc", stem, number);
}

/* Writes under the first free name. A file with just this content will do. */
static int write_free(const struct ownership *ownership, const char *stem, struct bytes content, struct error *error)
{
	const struct ownership_world *world = ownership->world;

	for (unsigned i = 1; i <= OWNERSHIP_MAX_FILES; i++) {
		CLEANUP(buffer_clear) struct buffer there = {0};
		char name[64];
		int r;

		name_file(stem, i, name, sizeof(name));
		r = world->medium_read(world->context, name, &there, error);
		if (r == -E_NOT_FOUND)
			return world->medium_write(world->context, name, content, error);
		if (r < 0 && r != -E_TOO_LARGE && r != -E_NOT_REGULAR)
			return r;
		if (r == 0 && bytes_equal(buffer_bytes(&there), content))
			return 0;
	}
	return error_set(error, E_EXISTS, stem, "%d files %s-*.asc are on the stick already; take another one",
	                 OWNERSHIP_MAX_FILES, stem);
}

/* The first file of this kind that says 1; 0 where none does. Nothing is there: -E_NO_DEVICE only without a stick. */
static int find_file(struct ownership *ownership, const char *stem,
                     int (*try)(struct ownership *ownership, struct bytes content, struct error *error),
                     struct error *error)
{
	const struct ownership_world *world = ownership->world;

	for (unsigned i = 1; i <= OWNERSHIP_MAX_FILES; i++) {
		CLEANUP(buffer_clear) struct buffer content = {0};
		char name[64];
		int r;

		name_file(stem, i, name, sizeof(name));
		r = world->medium_read(world->context, name, &content, error);
		if (r == -E_NOT_FOUND)
			return 0;
		if (r == -E_TOO_LARGE || r == -E_NOT_REGULAR)
			continue;
		if (r == 0)
			r = try(ownership, buffer_bytes(&content), error);
		if (r != 0)
			return r;
	}
	return 0;
}

/* --- is there one? ------------------------------------------------------------------------------------------------ */

/* A file that is no key, or another one's, is not ours. */
static int not_ours(int result)
{
	return result == -E_WRONG_AUTH || result == -E_MALFORMED || result == -E_REFUSED || result == -E_UNSUPPORTED
	           ? 0
	           : result;
}

static int open_file(struct ownership *ownership, struct bytes content, struct bytes passphrase, bool secret,
                     struct error *error)
{
	const struct ownership_world *world = ownership->world;
	CLEANUP(ownership_key_clear) struct ownership_key key = {0};
	int r = world->key_open(world->context, content, passphrase, &key, error);

	if (r < 0 || (secret && key.secret.size == 0))
		return r < 0 ? r : 0;
	ownership_key_clear(&ownership->key);
	ownership->key = TAKE(key, (struct ownership_key){0});
	return 1;
}

static int try_secret(struct ownership *ownership, struct bytes content, struct error *error)
{
	return not_ours(open_file(ownership, content, of(ownership, ANSWER_KEY_PASSPHRASE), true, error));
}

static int try_public(struct ownership *ownership, struct bytes content, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	int r = not_ours(open_file(ownership, content, BYTES_EMPTY, false, error));

	if (r > 0)
		r = world->card_holds(world->context, buffer_bytes(&ownership->key.public), error);
	if (r <= 0)
		ownership_key_clear(&ownership->key);
	return r;
}

/* The key on the backup drive. A drive that is whole is never made again: whatever is wrong with it is an error. */
static int find_on_drive(struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	CLEANUP(buffer_clear) struct buffer content = {0};
	int r = world->drive_read(world->context, of(ownership, ANSWER_KEY_PASSPHRASE), &content, error);

	ownership->drive_has_key = r == 0;
	if (r < 0)
		return r == -E_NOT_FOUND ? 0 : r;
	r = open_file(ownership, buffer_bytes(&content), BYTES_EMPTY, true, error);
	return r != 0 ? r : error_set(error, E_NO_SECRET, "drive", "the backup drive holds no secret key");
}

/* A secret key that a run with these answers has made. */
static int find_secret(struct ownership *ownership, struct error *error)
{
	return ownership_key_is_on_drive(ownership->answers)
	           ? find_on_drive(ownership, error)
	           : find_file(ownership, OWNERSHIP_SECRET_FILE, try_secret, error);
}

/* The public half of the dongle's key: on the stick, or where there is none in the ROM. */
static int find_public(struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	CLEANUP(buffer_clear) struct buffer stored = {0};
	int r = find_file(ownership, OWNERSHIP_PUBLIC_FILE, try_public, error);

	if (r != 0 && r != -E_NO_DEVICE)
		return r;
	if (r == -E_NO_DEVICE && is_kind(ownership, "move"))
		return r;
	r = world->rom_key(world->context, &stored, error);
	if (r == -E_NOT_FOUND)
		return 0;
	return r < 0 ? r : try_public(ownership, buffer_bytes(&stored), error);
}

/* A key that is there with other PINs is none of this run: its PINs were set before it was made. The card is asked
 * once; a wrong one costs a try that the reset gives back. */
static int has_our_pin(struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;

	if (!ownership->pin_was_asked) {
		int r = world->card_check_pin(world->context, of(ownership, ANSWER_USER_PIN), error);

		if (r < 0 && r != -E_WRONG_AUTH && r != -E_LOCKED_OUT)
			return r;
		ownership->pin_was_asked = true;
		ownership->pin_answer = r == 0;
	}
	return ownership->pin_answer;
}

static int brought_is_there(struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	CLEANUP(buffer_clear) struct buffer content = {0};
	const char *name = ownership_answers_get(ownership->answers, ANSWER_KEY_FILE);
	const bool by_card = ownership_answers_have(ownership->answers, ANSWER_USER_PIN);
	int r = world->medium_read(world->context, name, &content, error);

	if (r == 0)
		r = open_file(ownership, buffer_bytes(&content), of(ownership, ANSWER_KEY_PASSPHRASE), false, error);
	if (r < 0)
		return r;
	if (!by_card)
		return ownership->key.secret.size > 0
		           ? 1
		           : error_set(error, E_NO_SECRET, name, "%s holds no secret key that could sign /boot", name);
	r = world->card_holds(world->context, buffer_bytes(&ownership->key.public), error);
	return r != 0 ? r
	              : error_set(error, E_REFUSED, name, "the dongle that is plugged in has not the key of %s", name);
}

int ownership_key_is_done(struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	int r;

	if (ownership->key.public.size > 0)
		return 1;
	if (is_kind(ownership, "import"))
		return brought_is_there(ownership, error);
	if (is_kind(ownership, "card")) {
		r = find_public(ownership, error);
	} else {
		r = find_secret(ownership, error);
		if (r > 0 && is_kind(ownership, "move"))
			r = world->card_holds(world->context, buffer_bytes(&ownership->key.public), error);
	}
	if (r > 0 && ownership_key_is_on_card(ownership->answers))
		r = has_our_pin(ownership, error);
	if (r <= 0)
		ownership_key_clear(&ownership->key);
	return r;
}

/* --- making it ---------------------------------------------------------------------------------------------------- */

static int write_files(struct ownership *ownership, const struct ownership_key *key, struct bytes revocation,
                       struct error *error)
{
	int r = write_free(ownership, OWNERSHIP_REVOCATION_FILE, revocation, error);

	if (r == 0)
		r = write_free(ownership, OWNERSHIP_PUBLIC_FILE, buffer_bytes(&key->public), error);
	return r < 0 ? r : write_free(ownership, OWNERSHIP_SECRET_FILE, buffer_bytes(&key->secret), error);
}

/* In memory; on stick or drive before anything else learns of it, and read back from there. */
static int make_in_memory(struct ownership *ownership, const struct openpgp_request *request, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	const struct bytes drive = of(ownership, ANSWER_KEY_PASSPHRASE);
	CLEANUP(ownership_key_clear) struct ownership_key key = {0};
	CLEANUP(buffer_clear) struct buffer revocation = {0};
	int r = find_secret(ownership, error);

	if (r != 0)
		return r < 0 ? r : 0; /* made by a run that ended after that */
	r = world->key_generate(world->context, request, ownership_key_passphrase(ownership->answers), &key,
	                        &revocation, error);
	if (r == 0 && ownership_key_is_on_drive(ownership->answers))
		r = world->drive_write(world->context, drive, &key, buffer_bytes(&revocation), error);
	else if (r == 0)
		r = write_files(ownership, &key, buffer_bytes(&revocation), error);
	if (r == 0)
		r = find_secret(ownership, error);
	if (r == 0)
		r = error_set(error, E_IO, "stick",
		              "the key that was written on the stick cannot be read back from it");
	return r < 0 ? r : 0;
}

/* The dongle set back, and with the PINs of the answers, before there is a key on it. */
static int prepare_card(struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	int r = world->card_reset(world->context, error);

	if (r == 0)
		r = world->card_set_pins(world->context, of(ownership, ANSWER_USER_PIN),
		                         of(ownership, ANSWER_ADMIN_PIN), error);
	if (r == 0) {
		ownership->pin_was_asked = true;
		ownership->pin_answer = 1;
	}
	return r;
}

static int make_on_card(struct ownership *ownership, const struct openpgp_request *request, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	CLEANUP(ownership_key_clear) struct ownership_key key = {0};
	int r = prepare_card(ownership, error);

	if (r == 0)
		r = world->card_generate(world->context, request, of(ownership, ANSWER_USER_PIN),
		                         of(ownership, ANSWER_ADMIN_PIN), &key, error);
	if (r == 0)
		r = write_free(ownership, OWNERSHIP_PUBLIC_FILE, buffer_bytes(&key.public), error);
	/* Without a stick the ROM alone will have it. */
	if (r < 0 && (r != -E_NO_DEVICE || key.public.size == 0))
		return r;
	ownership_key_clear(&ownership->key);
	ownership->key = TAKE(key, (struct ownership_key){0});
	return 0;
}

static int move_to_card(struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	int r = prepare_card(ownership, error);

	return r < 0 ? r
	             : world->card_move(world->context, &ownership->key, ownership_key_passphrase(ownership->answers),
	                                of(ownership, ANSWER_ADMIN_PIN), error);
}

int ownership_key_make(struct ownership *ownership, struct error *error)
{
	const struct ownership_answers *answers = ownership->answers;
	struct openpgp_request request = {.name = ownership_answers_get(answers, ANSWER_KEY_NAME),
	                                  .email = ownership_answers_get(answers, ANSWER_KEY_EMAIL)};
	int r;

	if (!openpgp_algorithm_parse(ownership_answers_get(answers, ANSWER_KEY_ALGORITHM), &request.algorithm))
		return error_set(error, E_UNSUPPORTED, "key", "GnuPG knows no such algorithm");
	if (is_kind(ownership, "card"))
		return make_on_card(ownership, &request, error);
	r = make_in_memory(ownership, &request, error);
	if (r == 0 && is_kind(ownership, "move"))
		r = move_to_card(ownership, error);
	if (r < 0) /* the key is only known as made when all of it was done */
		ownership_key_clear(&ownership->key);
	return r;
}
