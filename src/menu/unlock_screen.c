/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk unlock key: what there is, making it, forgetting it. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "disk/keyslot.h"
#include "menu/screen.h"
#include <stdio.h>
#include <string.h>

#define DISK_PASSPHRASE_MAX 512
#define TRIES               3

static const char help[] =
    "There is one key for every entry of the /boot that you sign, or up to four, each for one entry alone.\n"
    "A key lies in a slot of its own of the LUKS header and, sealed, in the TPM, which gives it out only to this "
    "firmware, for a /boot that you signed, and while the LUKS headers are what they were.\n"
    "Your own passphrase of the disk stays: you need it when the TPM refuses, and to make a new key.\n"
    "Forgetting removes the key from the TPM and its slots from the disks.";

/* What the making needs; keys are those of chosen, in its order. */
struct making {
	struct volume_list all, chosen;
	struct secret *keys;
	struct secret passphrase; /* of the key in the TPM; empty: none */
	struct buffer entry;      /* the one that the key is for (boot/key_entry.h); empty: all */
	unsigned key;             /* its number */
};

static void making_clear(struct making *making)
{
	for (size_t i = 0; making->keys && i < making->chosen.count; i++)
		secret_clear(&making->keys[i]);
	free(making->keys);
	secret_clear(&making->passphrase);
	buffer_clear(&making->entry);
	volume_list_clear(&making->chosen);
	volume_list_clear(&making->all);
}

/* The disks to unlock: those that /boot names, else all that are built in and not refused. */
static int choose(struct menu *menu, struct making *making, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer names = {0};
	int r = menu_read_key_devices(menu, &names, error);
	const bool named = names.size > 0;

	if (r == 0)
		r = volume_add_all(&making->all, true, error);
	for (size_t i = 0; r == 0 && i < making->all.count; i++) {
		const struct volume *volume = &making->all.volumes[i];

		if (named || volume->removable)
			continue;
		r = volume_check(volume, error);
		if (r == 0)
			buffer_append_format(&names, "%s %s\n", volume->path, volume->facts.uuid);
	}
	if (r == 0 && names.size == 0)
		r = error_set(error, E_NOT_FOUND, "disk", "no disk of this machine is encrypted with LUKS");
	if (r == 0)
		r = volume_choose(&making->all, buffer_bytes(&names), &making->chosen, error);
	return r;
}

/* Asks for the passphrase of one disk until it opens. */
static int open_asking(struct menu *menu, const struct volume *volume, struct secret *passphrase,
                       struct secret *ret_key, struct error *error)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct ui_text text = {0};
		bool answered;
		int r;

		ui_text_add(&text, UI_NORMAL, "The passphrase that you type into the system now, of the disk %s (%s).",
		            volume->path, volume->facts.uuid);
		if (i > 0)
			ui_text_add(&text, UI_BAD, "That one does not open it.");
		secret_clear(passphrase);
		answered = secret_allocate(DISK_PASSPHRASE_MAX, passphrase) == 0 &&
		           ui_ask_secret(menu->ui, "Passphrase of the disk", &text, passphrase);
		ui_text_clear(&text);
		if (!answered)
			return error_set(error, E_REFUSED, volume->path,
			                 "no passphrase was given, and nothing was changed");
		ui_progress(menu->ui, "Disk unlock key", "Trying the passphrase ...", 0, 0);
		r = keyslot_open(volume, secret_bytes(passphrase), ret_key, error);
		if (r != -E_WRONG_AUTH)
			return r;
	}
	return error_set(error, E_WRONG_AUTH, volume->path, "the passphrase was wrong %d times; nothing was changed",
	                 TRIES);
}

/* Each passphrase is asked once: what opened one disk is tried on the next. */
static int open_volumes(struct menu *menu, struct making *making, struct error *error)
{
	CLEANUP(secret_clear) struct secret passphrase = {0};
	int r = 0;

	making->keys = calloc(making->chosen.count, sizeof(*making->keys));
	if (!making->keys)
		return error_set(error, E_MEMORY, "disk", "there is not enough memory for the volume keys");
	for (size_t i = 0; i < making->chosen.count && r == 0; i++) {
		r = -E_WRONG_AUTH;
		if (passphrase.size > 0)
			r = keyslot_open(&making->chosen.volumes[i], secret_bytes(&passphrase), &making->keys[i],
			                 error);
		if (r == -E_WRONG_AUTH)
			r = open_asking(menu, &making->chosen.volumes[i], &passphrase, &making->keys[i], error);
	}
	return r;
}

/* Twice, because it is not shown; Enter alone means none. */
static int ask_new_passphrase(struct menu *menu, struct secret *ret_passphrase, struct error *error)
{
	for (unsigned i = 0; i < TRIES; i++) {
		CLEANUP(secret_clear) struct secret first = {0}, second = {0};
		struct ui_text text = {0};
		bool answered;

		if (i > 0)
			ui_text_add(&text, UI_BAD, "The two were not the same.");
		ui_text_add(
		    &text, UI_NORMAL,
		    "Choose a passphrase that the TPM wants before it releases the key, or press Enter for none: then "
		    "the unchanged machine boots without a question. A short one is enough, because the TPM counts "
		    "wrong ones.");
		answered = secret_allocate(UNLOCK_PASSPHRASE_MAX, &first) == 0 &&
		           secret_allocate(UNLOCK_PASSPHRASE_MAX, &second) == 0 &&
		           ui_ask_secret(menu->ui, "New unlock passphrase", &text, &first) &&
		           (first.size == 0 || ui_ask_secret(menu->ui, "The unlock passphrase again", NULL, &second));
		ui_text_clear(&text);
		if (!answered)
			break;
		if (!bytes_equal_secret(secret_bytes(&first), secret_bytes(&second)))
			continue;
		*ret_passphrase = TAKE(first, (struct secret){0});
		return 0;
	}
	return error_set(error, E_REFUSED, "unlock key", "no unlock passphrase was chosen, and nothing was changed");
}

static int seal(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	struct making *making = context;

	ui_progress(menu->ui, "Disk unlock key", "Making the key ...", 0, 0);
	return unlock_make(menu->tpm, making->key, &making->chosen, making->keys, buffer_bytes(&making->entry),
	                   secret_bytes(&making->passphrase), owner, error);
}

/* Slots of a key before this one on disks that this one does not open. */
static void forget_others(const struct making *making)
{
	for (size_t i = 0; i < making->all.count; i++) {
		const struct volume *volume = &making->all.volumes[i];
		const uint32_t slots =
		    making->entry.size > 0 ? volume->facts.key_slots[making->key] : volume->facts.own_slots;
		struct error error;

		if (slots == 0 || volume->facts.refused != LUKS_ACCEPTED ||
		    volume_find(&making->chosen, volume->facts.uuid))
			continue;
		if (keyslot_destroy(volume, slots, &error) < 0)
			log_error(&error);
	}
}

/* Under which number a key for one entry is to be made. */
static int find_room(struct menu *menu, struct making *making, struct error *error)
{
	struct unlock_keys keys;
	const struct key_entry_place place = {
	    .keys = &keys, .volumes = &making->chosen, .entries = &menu->boot.entries, .words = menu_board_words(menu)};
	int r = unlock_look(menu->tpm, true, &keys, error);

	return r < 0 ? r : key_entry_room(&place, buffer_bytes(&making->entry), &making->key, error);
}

/* entry NULL: the key is for every entry of the /boot that the owner signs. */
static void make(struct menu *menu, const struct entry *entry)
{
	CLEANUP(making_clear) struct making making = {0};
	const struct key_entry_words words = menu_board_words(menu);
	struct ui_text text = {0};
	struct error error;
	int r = choose(menu, &making, &error);

	if (r == 0 && entry)
		r = key_entry_text(entry, &words, &making.entry, &error);
	if (r == 0 && entry)
		r = find_room(menu, &making, &error);
	if (r == 0)
		r = open_volumes(menu, &making, &error);
	if (r == 0)
		r = ask_new_passphrase(menu, &making.passphrase, &error);
	if (r == 0)
		r = menu_as_owner(menu, "The disk unlock key is stored in the TPM.", seal, &making, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(menu, "No unlock key was made", &error);
		return;
	}
	forget_others(&making);
	ui_text_add(&text, UI_GOOD, "The key is made and sealed in the TPM.");
	ui_text_add(&text, UI_NORMAL,
	            "From the next start on, a verified boot of this firmware with these disks opens them. Your own "
	            "passphrases stay as they are: keep one of them for the day when something has changed.");
	ui_show_text(menu->ui, "Disk unlock key", &text);
	ui_text_clear(&text);
}

struct forgetting {
	struct volume_list all, chosen;
	unsigned key; /* UNLOCK_KEYS: every one */
};

static int forget_sealed(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	struct forgetting *forgetting = context;

	return forgetting->key < UNLOCK_KEYS
	           ? unlock_forget(menu->tpm, forgetting->key, &forgetting->chosen, owner, error)
	           : unlock_forget_all(menu->tpm, &forgetting->chosen, owner, error);
}

/* whom: of key_entry_describe; NULL: every key, of which there may be several. */
static void forget(struct menu *menu, unsigned key, const char *whom, bool several)
{
	const bool every = several && !whom;
	struct forgetting forgetting = {.key = key};
	struct ui_text text = {0};
	struct error error;
	int r;
	bool yes;

	if (whom)
		ui_text_add(&text, UI_NORMAL, "The key for %s; any other key stays.", whom);
	ui_text_add(&text, UI_NORMAL, "The TPM forgets %s removed. Your own passphrases stay.",
	            every ? "every unlock key, and their key slots are" : "the key, and its key slots are");
	yes = ui_confirm(menu->ui, every ? "Forget every unlock key" : "Forget the unlock key", &text,
	                 every ? "Forget them" : "Forget it", "Back");
	ui_text_clear(&text);
	if (!yes)
		return;
	if (menu_choose_volumes(menu, true, &forgetting.all, &forgetting.chosen, &error) < 0)
		log_error(&error); /* the TPM forgets it all the same */
	r = menu_as_owner(menu, "The TPM forgets the disk unlock key.", forget_sealed, &forgetting, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(menu, "The key was not forgotten", &error);
	}
	volume_list_clear(&forgetting.chosen);
	volume_list_clear(&forgetting.all);
}

static void add_volume(const struct volume *volume, struct ui_text *text)
{
	struct error error;

	if (volume_check(volume, &error) < 0)
		ui_text_add(text, UI_BAD, "Disk      %s", error.sentence);
	else
		ui_text_add(text, UI_NORMAL, "Disk      %s  %s%s", volume->path, volume->facts.uuid,
		            volume->facts.own_slots ? "  has a key slot of Heads" : "");
}

static void make_for_one(struct menu *menu)
{
	const struct entry *entry;
	struct error error;

	if (menu->boot.trust.state != TRUST_VERIFIED) {
		(void)error_set(&error, E_REFUSED, "unlock key",
		                "the entries of a /boot that does not verify are nobody's word; sign it first");
		screen_error(menu, "No unlock key was made", &error);
		return;
	}
	entry =
	    menu_choose_entry(menu, "An unlock key for which entry?",
	                      "A verified boot of this entry gets the key; of any other entry it does not, and says "
	                      "so. The entry is known "
	                      "by its title and its command line: an update of its kernel changes neither, as a rule.");

	if (entry)
		make(menu, entry);
}

struct shown_state {
	const struct volume_list *all;
	struct menu *menu;
	int look; /* of unlock_look */
	struct unlock_keys keys;
	enum key_entry_kind kinds[UNLOCK_KEYS];
	char whom[UNLOCK_KEYS][240], labels[UNLOCK_KEYS][300]; /* of the keys that are there */
	struct error problem;
	struct ui_item items[4 + UNLOCK_KEYS];
	size_t count;
};

static void add_left_out(const struct volume_list *all, struct ui_text *text)
{
	struct bytes rest = buffer_bytes(&all->left_out);

	while (rest.size > 0) {
		const uint8_t *end = memchr(rest.data, '\n', rest.size);
		const size_t size = end ? (size_t)(end - rest.data) : rest.size;

		ui_text_add(text, UI_WARNING, "LVM       %.*s", (int)size, (const char *)rest.data);
		rest = bytes_slice(rest, size + 1, SIZE_MAX);
	}
}

/* Whom each key is for; without the disks none is known to be for anything. names: the signed kexec_key_devices.txt, or
 * empty. */
static void describe_keys(struct shown_state *shown, struct bytes names)
{
	CLEANUP(volume_list_clear) struct volume_list chosen = {0};
	const struct key_entry_place place = {.keys = &shown->keys,
	                                      .volumes = &chosen,
	                                      .entries = &shown->menu->boot.entries,
	                                      .words = menu_board_words(shown->menu)};

	(void)volume_choose(shown->all, names, &chosen, NULL);
	for (unsigned key = 0; key < UNLOCK_KEYS; key++)
		if (shown->keys.keys[key].there)
			shown->kinds[key] = key_entry_describe(&place, key, shown->whom[key], sizeof(shown->whom[key]));
}

/* The only one on two lines; several on one each, with the number that forgets it. */
static void add_key(const struct shown_state *shown, unsigned key, struct ui_text *text)
{
	const struct unlock_key *found = &shown->keys.keys[key];
	const char *passphrase = found->passphrase ? "with an unlock passphrase" : "without a passphrase";
	const enum key_entry_kind kind = shown->kinds[key];

	if (found->pcr.size == 0) {
		ui_text_add(text, UI_BAD, "Key       %s", shown->keys.problem.sentence);
	} else if (shown->keys.count > 1) {
		ui_text_add(text, kind == KEY_ENTRY_OTHER ? UI_WARNING : UI_GOOD, "Key %u     for %s, %s", key + 1,
		            shown->whom[key], passphrase);
	} else {
		ui_text_add(text, UI_GOOD, "Key       in the TPM, %s", passphrase);
		if (kind != KEY_ENTRY_ALL)
			ui_text_add(text, kind == KEY_ENTRY_ONE ? UI_NORMAL : UI_WARNING, "For       %s",
			            shown->whom[key]);
	}
}

static void show_state(void *context, struct ui_text *text)
{
	const struct shown_state *shown = context;

	if (shown->look < 0)
		ui_text_add(text, UI_BAD, "Key       %s", shown->problem.sentence);
	else if (shown->keys.count == 0)
		ui_text_add(text, UI_NORMAL, "Key       none: the system asks for the passphrase of the disk");
	for (unsigned key = 0; key < UNLOCK_KEYS; key++)
		if (shown->keys.keys[key].there)
			add_key(shown, key, text);
	for (size_t i = 0; i < shown->all->count; i++)
		add_volume(&shown->all->volumes[i], text);
	add_left_out(shown->all, text);
	if (shown->all->count == 0)
		ui_text_add(text, UI_WARNING, "Disk      none is encrypted with LUKS");
}

/* Where there are several, each can be forgotten by itself. */
static void offer(struct shown_state *shown)
{
	shown->count = 0;
	shown->items[shown->count++] = (struct ui_item){
	    'm',
	    shown->keys.count > 1 ? "Make one for every boot entry, in the place of these" : "Make a new unlock key",
	    UI_NORMAL};
	shown->items[shown->count++] = (struct ui_item){'o', "Make one for a single boot entry", UI_NORMAL};
	shown->items[shown->count++] = (struct ui_item){'x', "Back", UI_NORMAL};
	if (shown->look < 0 || shown->keys.count > 0)
		shown->items[shown->count++] = (struct ui_item){
		    'f', shown->keys.count > 1 ? "Forget every unlock key" : "Forget the unlock key", UI_NORMAL};
	for (unsigned key = 0; key < UNLOCK_KEYS && shown->keys.count > 1; key++) {
		if (!shown->keys.keys[key].there)
			continue;
		(void)snprintf(shown->labels[key], sizeof(shown->labels[key]), "Forget the one for %s",
		               shown->whom[key]);
		shown->items[shown->count++] = (struct ui_item){(char)('1' + key), shown->labels[key], UI_NORMAL};
	}
}

/* False: back. */
static bool do_chosen(struct menu *menu, const struct shown_state *shown, char key)
{
	if (key == 'm')
		make(menu, NULL);
	else if (key == 'o')
		make_for_one(menu);
	else if (key == 'f')
		forget(menu, UNLOCK_KEYS, NULL, shown->keys.count > 1);
	else if (key >= '1' && key < '1' + UNLOCK_KEYS)
		forget(menu, (unsigned)(key - '1'), shown->whom[key - '1'], true);
	return key != 'x';
}

void screen_unlock(struct menu *menu)
{
	size_t choice = 0;
	char key;
	struct shown_state shown;

	do {
		CLEANUP(volume_list_clear) struct volume_list all = {0};
		CLEANUP(buffer_clear) struct buffer names = {0};
		struct ui_menu screen = {.title = "Disk unlock key",
		                         .status = show_state,
		                         .context = &shown,
		                         .items = shown.items,
		                         .help = help};

		shown = (struct shown_state){.all = &all, .menu = menu};
		if (volume_add_all(&all, false, &shown.problem) < 0)
			log_error(&shown.problem);
		if (menu_read_key_devices(menu, &names, &shown.problem) < 0)
			log_error(&shown.problem);
		shown.look = unlock_look(menu->tpm, true, &shown.keys, &shown.problem);
		describe_keys(&shown, buffer_bytes(&names));
		offer(&shown);
		screen.count = shown.count;
		key = 'x';
		if (ui_menu_run(menu->ui, &screen, &choice) == UI_CHOSEN)
			key = shown.items[choice].key;
		volume_list_clear(&all); /* what follows maps the logical volumes for itself */
	} while (do_chosen(menu, &shown, key));
}
