/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's proof, before what is locked. Nothing that could be guessed at lies in the flash: the passphrase is
 * compared by the TPM, and a signature needs the secret key of a public one that the ROM holds. */
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/owner_proof.h"
#include "menu/screen.h"
#include <stdio.h>

#define TITLE "Locked by the owner"

static const char help[] =
    "What is asked for here was locked by the owner of this machine, with CONFIG_ACCESS_LOCK or CONFIG_RESTRICTED_BOOT "
    "in the settings.\n"
    "The owner passphrase is the one that taking the TPM's ownership gave or asked for; it is not that of the disk.\n"
    "A signature is made by the key whose public half is in the ROM; the text that is signed is random and worth "
    "nothing "
    "afterwards.\n"
    "Whoever has neither writes the ROM with a flash programmer.";

enum way { PASSPHRASE, CARD, KEY, BACK, WAYS };

/* For the log. */
static const char *const way_names[WAYS] = {[PASSPHRASE] = "passphrase", [CARD] = "dongle", [KEY] = "key"};

bool menu_owner_can_prove(const struct menu *menu)
{
	return (menu->tpm && menu->tpm_foreign.code == E_NONE && menu->tpm_info.owner_auth_set) || menu->key.size > 0;
}

static int check_passphrase(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	(void)context;
	/* A TPM that somebody has cleared takes the empty one; it proves nothing. */
	if (owner.size == 0)
		return error_set(error, E_REFUSED, "TPM", "the TPM has no owner passphrase: it cannot tell the owner");
	return tpm_check_owner(menu->tpm, owner, error);
}

/* It is asked for even where it was given before: who sits here now may be another one. */
static int prove_by_passphrase(struct menu *menu, enum access_action action, struct error *error)
{
	char why[128];

	if (menu->tpm && menu->tpm_foreign.code != E_NONE)
		return error_set(error, menu->tpm_foreign.code, "TPM", "%s", menu->tpm_foreign.sentence);
	(void)snprintf(why, sizeof(why), "Only the owner may %s.", access_action_words(action));
	log_line("ask what=owner-passphrase action=%s", access_action_name(action));
	menu_forget_owner(menu);
	return menu_as_owner(menu, why, check_passphrase, NULL, error);
}

static int prove_by_key(struct menu *menu, enum access_action action, struct error *error)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	struct media_file file;
	int r;

	if (!menu_choose_media(menu, MEDIA_KEYS, TITLE, &file))
		return error_set(error, E_REFUSED, "key", "no key was chosen");
	r = menu_read_owner_key(menu, TITLE, &file, &key, error);
	if (r == 0)
		r = menu_open_owner_key(menu, TITLE, &key, error);
	return r < 0 ? r : owner_proof(&key, access_action_name(action), error);
}

/* As the passphrase, the PIN is asked for even where it was given before. */
static int prove_by_card(struct menu *menu, enum access_action action, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct sign_card card = {.owner = buffer_bytes(&menu->key)};
	int r;

	menu_forget_card(menu);
	r = menu_open_card(menu, &session, error);
	if (r < 0)
		return r;
	card.session = session;
	card.pin = secret_bytes(&menu->card_pin);
	return owner_proof_by_card(&card, access_action_name(action), error);
}

static int prove(struct menu *menu, enum way way, enum access_action action, struct error *error)
{
	if (way == CARD)
		return prove_by_card(menu, action, error);
	return way == KEY ? prove_by_key(menu, action, error) : prove_by_passphrase(menu, action, error);
}

struct question {
	const struct menu *menu;
	enum access_action action;
};

static void explain(void *context, struct ui_text *text)
{
	const struct question *question = context;

	ui_text_add(text, UI_WARNING, "Only the owner may %s.", access_action_words(question->action));
	if (!menu_owner_can_prove(question->menu))
		ui_text_add(
		    text, UI_BAD,
		    "Nobody can prove that here: the TPM has no owner passphrase, and the ROM holds no key of an "
		    "owner. A flash programmer can write the ROM.");
	ui_text_add(text, UI_NORMAL, "%s", "");
	ui_text_add(
	    text, UI_NORMAL,
	    "The proof is the owner passphrase of the TPM, or the secret key of a public key in the ROM, which signs a "
	    "random text: on the security dongle, or a file *.asc, *.gpg, *.key or *.pgp on a stick.");
}

struct shown {
	struct ui_item items[WAYS];
	enum way ways[WAYS];
};

static enum way choose_way(struct menu *menu, enum access_action action)
{
	static const char keys[] = {[PASSPHRASE] = 'p', [CARD] = 'd', [KEY] = 'k', [BACK] = 'n'};
	static const char *const labels[] = {[PASSPHRASE] = "Owner passphrase of the TPM",
	                                     [CARD] = "Key on the security dongle",
	                                     [KEY] = "Key on a stick",
	                                     [BACK] = "Back"};
	struct question question = {menu, action};
	struct shown shown;
	struct ui_menu screen = {
	    .title = TITLE, .status = explain, .context = &question, .items = shown.items, .help = help};
	size_t choice;

	for (int way = 0; way < WAYS; way++) {
		if (way == PASSPHRASE && !(menu->tpm && menu->tpm_info.owner_auth_set))
			continue;
		if ((way == KEY || way == CARD) && menu->key.size == 0)
			continue;
		if (way == CARD && !openpgp_card_is_plugged_in())
			continue;
		shown.ways[screen.count] = (enum way)way;
		shown.items[screen.count++] = (struct ui_item){keys[way], labels[way], UI_NORMAL};
	}
	if (ui_menu_run(menu->ui, &screen, &choice) != UI_CHOSEN || choice >= screen.count)
		return BACK;
	return shown.ways[choice];
}

static bool ask_owner(struct menu *menu, enum access_action action)
{
	const enum way way = choose_way(menu, action);
	struct error error;
	int r;

	if (way == BACK) {
		log_line("access refused action=%s mode=%s code=none", access_action_name(action),
		         access_mode_name(menu->request->access));
		return false;
	}
	r = prove(menu, way, action, &error);
	if (r == 0) {
		log_line("access allowed action=%s by=%s", access_action_name(action), way_names[way]);
		return true;
	}
	log_line("access refused action=%s mode=%s code=%s", access_action_name(action),
	         access_mode_name(menu->request->access), error_name(error.code));
	screen_error(menu, "The owner was not proven; nothing was done", &error);
	return false;
}

bool menu_may(struct menu *menu, enum access_action action)
{
	const enum access_mode mode = menu->request->access;
	struct error error;

	switch (access_decide(mode, action)) {
	case ACCESS_ALLOWED:
		return true;
	case ACCESS_NEEDS_OWNER:
		return ask_owner(menu, action);
	case ACCESS_REFUSED:
		break;
	}
	(void)error_set(&error, E_REFUSED, access_action_name(action),
	                "in %s mode nobody may %s; the owner can switch that mode off in the settings",
	                access_mode_name(mode), access_action_words(action));
	log_line("access refused action=%s mode=%s", access_action_name(action), access_mode_name(mode));
	screen_error(menu, TITLE, &error);
	return false;
}
