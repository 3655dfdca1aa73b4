/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner passphrase of the TPM: asked once, kept in locked memory as long as the menu's process lives. */
#include "base/log.h"
#include "menu/screen.h"

#define OWNER_TRIES 3

void menu_forget_owner(struct menu *menu)
{
	secret_clear(&menu->owner);
}

int menu_keep_owner(struct menu *menu, struct bytes passphrase)
{
	secret_clear(&menu->owner);
	return secret_copy(passphrase, &menu->owner);
}

/* False for Esc. */
static bool ask(struct menu *menu, const char *why, bool again)
{
	char lockout[128];
	struct ui_text text = {0};
	bool answered;

	menu_forget_owner(menu);
	if (again)
		ui_text_add(&text, UI_BAD, "That passphrase is wrong: the TPM's owner has another one.");
	ui_text_add(&text, UI_NORMAL, "%s", why);
	ui_text_add(
	    &text, UI_NORMAL,
	    "The TPM wants the owner passphrase that was chosen when its ownership was taken. It is asked once, "
	    "and kept in locked memory until the machine boots or is reset.");
	tpm_lockout_text(&menu->tpm_info, (log_now_ms() - menu->tpm_info_ms) / 1000, lockout, sizeof(lockout));
	ui_text_add(&text, menu->tpm_info.in_lockout ? UI_WARNING : UI_DIM,
	            "A wrong one is not counted here. Passphrases of sealed secrets: %s.", lockout);
	answered = secret_allocate(OWNER_PASSPHRASE_MAX, &menu->owner) == 0 &&
	           ui_ask_secret(menu->ui, "TPM owner passphrase", &text, &menu->owner);
	ui_text_clear(&text);
	if (!answered)
		menu_forget_owner(menu);
	return answered;
}

int menu_as_owner(struct menu *menu, const char *why, menu_owner_action *action, void *context, struct error *error)
{
	unsigned asked = 0;
	int r = menu->tpm ? menu_read_tpm(menu, error) : -(int)menu->tpm_problem.code;

	if (!menu->tpm && error)
		*error = menu->tpm_problem;
	if (r == 0)
		r = tpm_check_storage_key(menu->tpm, error); /* nothing is typed for a stranger (A2) */
	if (r < 0)
		return r;
	for (;;) {
		if (menu->owner.size == 0 && menu->tpm_info.owner_auth_set) {
			if (!ask(menu, why, asked++ > 0))
				return error_set(error, E_REFUSED, "TPM",
				                 "no owner passphrase was given, and nothing was done");
		}
		r = action(menu, secret_bytes(&menu->owner), context, error);
		if (r != -E_WRONG_AUTH)
			return r;
		menu_forget_owner(menu);
		if (!menu->tpm_info.owner_auth_set || asked == OWNER_TRIES)
			return r;
	}
}
