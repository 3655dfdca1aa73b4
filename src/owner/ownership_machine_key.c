/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stick, the owner's key, and the dongle's OpenPGP card. Each call has a session of its own: nothing of one key is
 * in the way of the next, and the card forgets that it was unlocked. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "format/armour.h"
#include "format/openpgp_key.h"
#include "owner/media.h"
#include "owner/ownership_machine_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define NAME "the key"

/* --- the stick ---------------------------------------------------------------------------------------------------- */

static int place(const struct ownership_machine *machine, const char *name, struct media_file *file,
                 struct error *error)
{
	*file = (struct media_file){.package = false};
	if (machine->medium[0] == '\0')
		return error_set(error, E_NO_DEVICE, "stick", "no USB stick (vfat or ext4) was chosen for %s", name);
	(void)snprintf(file->device, sizeof(file->device), "%s", machine->medium);
	if (snprintf(file->name, sizeof(file->name), "%s", name) >= (int)sizeof(file->name))
		return error_set(error, E_USAGE, name, "the name %s is too long", name);
	return 0;
}

static int open_medium(const struct ownership_off *off, struct error *error)
{
	const int directory = open(off->medium, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return directory >= 0 ? directory
	                      : error_set_errno(error, E_NO_DEVICE, off->medium, errno,
	                                        "the directory %s cannot be opened", off->medium);
}

static int medium_read(void *context, const char *name, struct buffer *content, struct error *error)
{
	CLEANUP_CLOSE int directory = -1;
	const struct ownership_machine *machine = context;
	struct media_file file;
	int r;

	if (machine->off) {
		directory = open_medium(machine->off, error);
		return directory < 0
		           ? directory
		           : media_read_in(directory, machine->off->medium, name, OPENPGP_MAX_EXPORT, content, error);
	}
	r = place(machine, name, &file, error);

	return r < 0 ? r : media_read(&file, OPENPGP_MAX_EXPORT, content, error);
}

static int medium_write(void *context, const char *name, struct bytes content, struct error *error)
{
	CLEANUP_CLOSE int directory = -1;
	const struct ownership_machine *machine = context;
	struct media_file file;
	int r;

	if (machine->off) {
		directory = open_medium(machine->off, error);
		return directory < 0
		           ? directory
		           : media_write_in(directory, machine->off->medium, name, content, MEDIA_KEEP, error);
	}
	r = place(machine, name, &file, error);

	return r < 0 ? r : media_write(&file, content, MEDIA_KEEP, error);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static int open_session(const struct ownership_machine *machine, struct openpgp **ret_session, struct error *error)
{
	return openpgp_open(machine->gnupg, ret_session, error);
}

static bool holds_secret(struct bytes file)
{
	CLEANUP(buffer_clear) struct buffer packets = {0};

	return armour_read(file, ARMOUR_SECRET_KEY, NAME, &packets, NULL) == 0;
}

static int out_of_memory(struct error *error)
{
	return error_set(error, E_MEMORY, NAME, "there is not enough memory for the key");
}

static int key_open(void *context, struct bytes file, struct bytes passphrase, struct ownership_key *ret_key,
                    struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(ownership_key_clear) struct ownership_key key = {0};
	int r = open_session(context, &session, error);

	if (r == 0)
		r = openpgp_import(session, file, holds_secret(file) ? passphrase : BYTES_EMPTY, key.fingerprint,
		                   error);
	if (r == 0)
		r = openpgp_export_public(session, key.fingerprint, &key.public, error);
	if (r < 0)
		return r;
	if (holds_secret(file))
		buffer_append_bytes(&key.secret, file);
	if (key.secret.failed)
		return out_of_memory(error);
	*ret_key = TAKE(key, (struct ownership_key){0});
	return 0;
}

static int key_generate(void *context, const struct openpgp_request *request, struct bytes passphrase,
                        struct ownership_key *ret_key, struct buffer *revocation, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(ownership_key_clear) struct ownership_key key = {0};
	int r = open_session(context, &session, error);

	if (r == 0)
		r = openpgp_generate(session, request, key.fingerprint, error);
	if (r == 0)
		r = openpgp_export_public(session, key.fingerprint, &key.public, error);
	if (r == 0)
		r = openpgp_export_secret(session, key.fingerprint, passphrase, &key.secret, error);
	if (r == 0)
		r = openpgp_revocation(session, key.fingerprint, BYTES_EMPTY, revocation, error);
	if (r == 0)
		*ret_key = TAKE(key, (struct ownership_key){0});
	return r;
}

/* --- the card ----------------------------------------------------------------------------------------------------- */

static bool is_among(const struct openpgp_keys *keys, const char *fingerprint)
{
	for (size_t i = 0; i < keys->count; i++) {
		char digits[2 * OPENPGP_FINGERPRINT_SIZE + 1];

		hex_encode(bytes_make(keys->keys[i].fingerprint, OPENPGP_FINGERPRINT_SIZE), digits);
		if (strcasecmp(digits, fingerprint) == 0)
			return true;
	}
	return false;
}

static int card_holds(void *context, struct bytes public, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(buffer_clear) struct buffer packets = {0};
	struct openpgp_keys keys = {.count = 0};
	struct openpgp_card card = {.serial = ""};
	int r = open_session(context, &session, error);

	if (r == 0)
		r = openpgp_card_status(session, &card, error);
	if (r == 0)
		r = armour_read(public, ARMOUR_PUBLIC_KEY, NAME, &packets, error);
	if (r == 0)
		r = openpgp_keys_read(buffer_bytes(&packets), NAME, &keys, error);
	if (r < 0)
		return r;
	return card.fingerprints[OPENPGP_SIGNATURE][0] && is_among(&keys, card.fingerprints[OPENPGP_SIGNATURE]);
}

static int card_check_pin(void *context, struct bytes pin, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct openpgp_card card;
	int r = open_session(context, &session, error);

	if (r == 0)
		r = openpgp_card_status(session, &card, error);
	return r < 0 ? r : openpgp_card_check_pin(session, pin, error);
}

static int card_look(void *context, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct ownership_machine *machine = context;
	int r = open_session(machine, &session, error);

	return r < 0 ? r : openpgp_card_status(session, &machine->card, error);
}

/* The dongle that was looked at, and no other one. */
static int card_reset(void *context, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct ownership_machine *machine = context;
	struct openpgp_card card;
	int r = open_session(machine, &session, error);

	if (r == 0)
		r = openpgp_card_status(session, &card, error);
	if (r == 0 && strcmp(machine->card.application, card.application) != 0)
		r = error_set(error, E_REFUSED, card.serial, "this is the dongle %s, and %s is the one that was shown",
		              card.serial, machine->card.serial[0] ? machine->card.serial : "none");
	return r < 0 ? r : openpgp_card_factory_reset(session, card.serial, error);
}

static int card_set_pins(void *context, struct bytes user, struct bytes admin, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct openpgp_card card;
	int r = open_session(context, &session, error);

	if (r == 0)
		r = openpgp_card_status(session, &card, error);
	if (r == 0)
		r = openpgp_card_change_pin(session, OPENPGP_PIN, bytes_from_string(OPENPGP_FIRST_PIN), user, error);
	if (r == 0)
		r = openpgp_card_change_pin(session, OPENPGP_ADMIN_PIN, bytes_from_string(OPENPGP_FIRST_ADMIN), admin,
		                            error);
	return r;
}

static int card_generate(void *context, const struct openpgp_request *request, struct bytes user, struct bytes admin,
                         struct ownership_key *ret_key, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(ownership_key_clear) struct ownership_key key = {0};
	struct openpgp_card card;
	int r = open_session(context, &session, error);

	if (r == 0)
		r = openpgp_card_status(session, &card, error);
	if (r == 0)
		r = openpgp_generate_on_card(session, request, user, admin, key.fingerprint, error);
	if (r == 0)
		r = openpgp_export_public(session, key.fingerprint, &key.public, error);
	if (r == 0)
		*ret_key = TAKE(key, (struct ownership_key){0});
	return r;
}

static int card_move(void *context, const struct ownership_key *key, struct bytes passphrase, struct bytes admin,
                     struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	char fingerprint[OPENPGP_FINGERPRINT];
	struct openpgp_card card;
	int r = open_session(context, &session, error);

	if (r == 0)
		r = openpgp_card_status(session, &card, error);
	if (r == 0)
		r = openpgp_import(session, buffer_bytes(&key->secret), passphrase, fingerprint, error);
	return r < 0 ? r : openpgp_move_to_card(session, fingerprint, admin, error);
}

void ownership_machine_fill_key(struct ownership_world *world)
{
	world->medium_read = medium_read;
	world->medium_write = medium_write;
	world->key_open = key_open;
	world->key_generate = key_generate;
	world->card_look = card_look;
	world->card_holds = card_holds;
	world->card_check_pin = card_check_pin;
	world->card_reset = card_reset;
	world->card_set_pins = card_set_pins;
	world->card_generate = card_generate;
	world->card_move = card_move;
}
