/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New keys: on the dongle, or in memory for a backup drive and from there onto the dongle. And a dongle from the drive.
 *
 * All is asked before anything is done. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/keys_private.h"
#include "owner/backup.h"
#include <stdio.h>
#include <string.h>

#define TITLE "New keys"

enum way { ON_DONGLE, DRIVE_AND_DONGLE, DRIVE_ALONE, FROM_DRIVE };

static const char help[] =
    "On the dongle: the keys never leave it. There is no copy; a lost dongle means new keys.\n"
    "Backup drive and dongle: the keys are made in memory, written to an encrypted stick and then to the dongle. Of a "
    "lost dongle the drive makes a new one.\n"
    "Backup drive alone: you sign with the drive and its passphrase, without a dongle. It is as good a key; but the "
    "drive's passphrase can be guessed at for ever by who has the drive, the PIN of a dongle only three times.";

struct making {
	struct keys *keys;
	enum way way;
	struct openpgp_request request;
	char name[61], email[61];
	struct drive_stick stick;
	struct secret phrase, pin, admin; /* of the drive, of the dongle */
	char fingerprint[OPENPGP_FINGERPRINT];
	bool made; /* the secret keys are where they last: the public half is to be kept */
};

static void making_clear(struct making *making)
{
	secret_clear(&making->phrase);
	secret_clear(&making->pin);
	secret_clear(&making->admin);
}

/* --- questions: 0, 1 for the way back, or an error -----------------------------------------------------------------
 */

static int ask_algorithm(struct making *making)
{
	static const struct {
		enum openpgp_algorithm algorithm;
		struct ui_item item;
	} kinds[] = {
	    {OPENPGP_ED25519, {'e', "Ed25519: small and fast (Nitrokey 3, YubiKey 5, Nitrokey Start)", UI_NORMAL}},
	    {OPENPGP_NIST_P256, {'p', "NIST P-256: the Nitrokey 3 makes it faster than RSA", UI_NORMAL}},
	    {OPENPGP_RSA_3072, {'r', "RSA 3072: for Nitrokey Pro, Storage, Librem Key", UI_NORMAL}},
	    {OPENPGP_RSA_4096, {'4', "RSA 4096: slow; takes minutes on a dongle", UI_NORMAL}},
	};
	struct {
		struct ui_item items[ARRAY_SIZE(kinds)];
	} shown;
	const struct ui_menu screen = {.title = "Which kind of key?",
	                               .items = shown.items,
	                               .count = ARRAY_SIZE(kinds),
	                               .help =
	                                   "All of them sign /boot. Elliptic curves are small and fast; RSA is what "
	                                   "older dongles know. RSA of 4096 bits takes a dongle minutes to make."};
	size_t choice;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		shown.items[i] = kinds[i].item;
	if (ui_menu_run(making->keys->menu->ui, &screen, &choice) != UI_CHOSEN)
		return 1;
	making->request.algorithm = kinds[choice].algorithm;
	return 0;
}

static int ask_line(struct making *making, const char *title, const char *what, char *line, size_t size)
{
	struct ui_text text = {0};
	bool answered;

	ui_text_add(&text, UI_NORMAL, "%s", what);
	answered = ui_ask_line(making->keys->menu->ui, title, &text, line, size);
	ui_text_clear(&text);
	return answered ? 0 : 1;
}

static int ask_identity(struct making *making, struct error *error)
{
	int r = ask_line(making, "Your name",
	                 "The name in the key: 5 to 60 characters. Everybody who has the public key reads it.",
	                 making->name, sizeof(making->name));

	if (r == 0)
		r = ask_line(making, "Your address", "The mail address in the key, name@example.org.", making->email,
		             sizeof(making->email));
	making->request.name = making->name;
	making->request.email = making->email;
	return r != 0 ? r : openpgp_check_request(&making->request, error);
}

static int ask_phrase(struct making *making, const char *again, struct secret *phrase)
{
	struct ui_text text = {0};
	char title[64];
	bool answered;

	(void)snprintf(title, sizeof(title), "Passphrase of the backup drive%s", again);
	ui_text_add(&text, UI_NORMAL,
	            "At least %d characters, at most %d. Whoever finds the drive can guess for ever: take four random "
	            "words or more.",
	            DRIVE_LEAST_PHRASE, OPENPGP_MAX_SECRET);
	answered = secret_allocate(OPENPGP_MAX_SECRET, phrase) == 0 &&
	           ui_ask_secret(making->keys->menu->ui, title, &text, phrase);
	ui_text_clear(&text);
	return answered ? 0 : 1;
}

static int ask_drive(struct making *making, struct error *error)
{
	CLEANUP(secret_clear) struct secret again = {0};
	struct ui_text text = {0};
	bool yes;
	int r;

	if (!menu_choose_stick(making->keys->menu, false, NULL, "Which stick becomes the backup drive?",
	                       &making->stick))
		return 1;
	ui_text_add(&text, UI_WARNING, "Everything on %s (%s) is destroyed.", making->stick.path, making->stick.model);
	if (making->stick.is_drive)
		ui_text_add(&text, UI_BAD, "It is a backup drive already: the keys on it are destroyed too.");
	yes = ui_confirm_typed(making->keys->menu->ui, "The backup drive", &text, "erase");
	ui_text_clear(&text);
	r = yes ? ask_phrase(making, "", &making->phrase) : 1;
	if (r == 0 && making->phrase.size < DRIVE_LEAST_PHRASE)
		return error_set(error, E_USAGE, "passphrase", "the passphrase has fewer than %d characters",
		                 DRIVE_LEAST_PHRASE);
	if (r == 0)
		r = ask_phrase(making, ", again", &again);
	if (r == 0 && !bytes_equal_secret(secret_bytes(&making->phrase), secret_bytes(&again)))
		return error_set(error, E_USAGE, "passphrase", "the two are not the same; nothing was done");
	return r;
}

/* What is on the dongle is lost; its PINs. */
static int ask_dongle(struct making *making, struct error *error)
{
	struct keys *keys = making->keys;
	struct ui_text text = {0};
	bool any = false, yes;
	int r;

	if (!keys->has_card) {
		*error = keys->card_problem;
		return -(int)error->code;
	}
	for (size_t i = 0; i < OPENPGP_SLOTS; i++)
		any = any || keys->card.fingerprints[i][0];
	if (any) {
		ui_text_add(&text, UI_WARNING,
		            "The dongle %s has keys. They are destroyed, and only a backup brings them back.",
		            keys->card.serial);
		yes = ui_confirm_typed(keys->menu->ui, "The keys on the dongle", &text, "replace");
		ui_text_clear(&text);
		if (!yes)
			return 1;
	}
	r = making->way == ON_DONGLE ? keys_ask_pin(keys, OPENPGP_PIN, &making->pin, error) : 0;
	return r != 0 ? r : keys_ask_pin(keys, OPENPGP_ADMIN_PIN, &making->admin, error);
}

static int ask(struct making *making, struct error *error)
{
	int r = making->way == FROM_DRIVE ? 0 : ask_algorithm(making);

	if (r == 0 && making->way != FROM_DRIVE)
		r = ask_identity(making, error);
	if (r == 0 && (making->way == DRIVE_AND_DONGLE || making->way == DRIVE_ALONE))
		r = ask_drive(making, error);
	if (r == 0 && making->way != DRIVE_ALONE)
		r = ask_dongle(making, error);
	return r;
}

/* --- doing it ------------------------------------------------------------------------------------------------------
 */

static void show_step(void *context, const char *what)
{
	const struct making *making = context;

	ui_progress(making->keys->menu->ui, TITLE, what, 0, 0);
}

static int to_drive(struct making *making, struct error *error)
{
	CLEANUP(backup_clear) struct backup backup = {{0}, {0}, {0}};
	struct keys *keys = making->keys;
	int r = backup_collect(keys->session, making->fingerprint, &backup, error);

	if (r == 0)
		r = backup_write(making->stick.path, secret_bytes(&making->phrase), &backup, show_step, making, error);
	if (r == 0) {
		log_line("key backup device=%s fingerprint=%s", making->stick.path, making->fingerprint);
		making->made = true;
	}
	return r;
}

static int to_dongle(struct making *making, struct error *error)
{
	struct keys *keys = making->keys;
	int r;

	show_step(making, "The dongle takes the keys ...");
	r = openpgp_move_to_card(keys->session, making->fingerprint, secret_bytes(&making->admin), error);
	if (r == 0)
		log_line("key moved serial=%s fingerprint=%s", keys->card.serial, making->fingerprint);
	return r;
}

static int make(struct making *making, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer secret = {0};
	struct openpgp *session;
	int r = making->way == FROM_DRIVE ? keys_renew_session(making->keys, error) : 0;

	if (r < 0)
		return r;
	session = making->keys->session;
	show_step(making,
	          making->way == FROM_DRIVE ? "Reading the keys ..." : "Making the keys; this may take minutes ...");
	switch (making->way) {
	case ON_DONGLE:
		r = openpgp_generate_on_card(session, &making->request, secret_bytes(&making->pin),
		                             secret_bytes(&making->admin), making->fingerprint, error);
		making->made = r == 0;
		break;
	case FROM_DRIVE:
		r = menu_open_drive(making->keys->menu, TITLE, &secret, error);
		if (r == 0)
			r = openpgp_import(session, buffer_bytes(&secret), BYTES_EMPTY, making->fingerprint, error);
		break;
	default:
		r = openpgp_generate(session, &making->request, making->fingerprint, error);
		break;
	}
	if (r == 0 && making->way != FROM_DRIVE)
		log_line("key made algorithm=%s on=%s fingerprint=%s",
		         openpgp_algorithm_name(making->request.algorithm),
		         making->way == ON_DONGLE ? "dongle" : "memory", making->fingerprint);
	return r;
}

static int do_it(struct making *making, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer public = {0};
	struct keys *keys = making->keys;
	int r = make(making, error);

	if (r == 0)
		r = openpgp_export_public(keys->session, making->fingerprint, &public, error);
	if (r == 0 && (making->way == DRIVE_AND_DONGLE || making->way == DRIVE_ALONE))
		r = to_drive(making, error);
	if (r == 0 && (making->way == DRIVE_AND_DONGLE || making->way == FROM_DRIVE))
		r = to_dongle(making, error);
	menu_forget_card(keys->menu);
	if (r < 0 && !making->made)
		return r;
	(void)snprintf(keys->fingerprint, sizeof(keys->fingerprint), "%s", making->fingerprint);
	buffer_clear(&keys->fresh);
	keys->fresh = TAKE(public, (struct buffer){0});
	keys->saved = making->way != ON_DONGLE; /* it is on the drive too */
	return r;
}

static void tell_done(struct making *making)
{
	static const char *const lines[] = {
	    [ON_DONGLE] = "The dongle has made the keys; they exist nowhere else.",
	    [DRIVE_AND_DONGLE] = "The keys are on the backup drive and on the dongle. Keep the drive elsewhere.",
	    [DRIVE_ALONE] = "The keys are on the backup drive: it signs /boot (G). Keep it apart from the machine.",
	    [FROM_DRIVE] = "The dongle has the keys of the backup drive.",
	};
	struct keys *keys = making->keys;
	struct ui_text text = {0};

	ui_text_add(&text, UI_GOOD, "%s", lines[making->way]);
	ui_text_add(&text, UI_NORMAL, "Key  %s", keys->fingerprint);
	ui_text_add(&text, UI_NORMAL, "Write this fingerprint down: it is how you know the key again.");
	ui_show_text(keys->menu->ui, TITLE, &text);
	ui_text_clear(&text);
}

void keys_make(struct keys *keys, int *ret_exit)
{
	static const struct {
		struct ui_item items[4];
	} ways = {{
	    {'d', "On the dongle", UI_NORMAL},
	    {'b', "In memory, for an encrypted backup drive and the dongle", UI_NORMAL},
	    {'s', "In memory, for an encrypted backup drive alone", UI_NORMAL},
	    {'l', "None: the keys of a backup drive onto this dongle", UI_NORMAL},
	}};
	const struct ui_menu screen = {.title = "Where shall the new keys be?",
	                               .items = ways.items,
	                               .count = ARRAY_SIZE(ways.items),
	                               .selected = DRIVE_AND_DONGLE,
	                               .help = help};
	CLEANUP(making_clear) struct making making = {.keys = keys};
	struct error error;
	size_t choice;
	int r;

	if (ui_menu_run(keys->menu->ui, &screen, &choice) != UI_CHOSEN)
		return;
	making.way = (enum way)choice;
	r = ask(&making, &error);
	if (r == 0)
		r = do_it(&making, &error);
	if (keys_report(keys, r, &error))
		tell_done(&making);
	else if (!making.made)
		return;
	keys_save_public(keys, ret_exit);
}
