/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot with the disk unlock key, as the owner sees it. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "boot/key_entry.h"
#include "menu/screen.h"
#include <string.h>

#define TRIES      3
#define WITHOUT_IT "Boot without it"

struct attempt {
	struct menu *menu;
	const struct volume_list *volumes;
	struct unlock_keys keys;
	unsigned key;  /* of keys, the one for the entry that boots */
	bool given_up; /* the owner went back */
};

int menu_read_key_devices(struct menu *menu, struct buffer *text, struct error *error)
{
	return boot_system_key_devices(&menu->boot, text, error);
}

int menu_choose_volumes(struct menu *menu, bool change, struct volume_list *ret_all, struct volume_list *ret_chosen,
                        struct error *error)
{
	CLEANUP(buffer_clear) struct buffer names = {0};
	int r = menu_read_key_devices(menu, &names, error);

	if (r == 0)
		r = volume_add_all(ret_all, change, error);
	if (r == 0)
		r = volume_choose(ret_all, buffer_bytes(&names), ret_chosen, error);
	return r;
}

/* Boot without the key? */
static int without(void *context, const struct error *why)
{
	struct attempt *attempt = context;
	struct ui_text text = {0};

	ui_text_add(&text, UI_BAD, "%s", why->sentence);
	if (why->code == E_WRONG_PCR)
		menu_explain_disk(attempt->menu, unlock_slot(attempt->key), &text);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(
	    &text, UI_NORMAL,
	    "The system can be booted all the same; it will ask for the passphrase of the disk itself. If you did "
	    "not change anything yourself, find out first who did.");
	attempt->given_up =
	    !ui_confirm(attempt->menu->ui, "The disk unlock key is not available", &text, WITHOUT_IT, "Back");
	ui_text_clear(&text);
	return attempt->given_up ? -E_REFUSED : 0;
}

/* False for Esc. */
static bool ask(struct menu *menu, bool again, struct secret *passphrase)
{
	struct ui_text text = {0};
	char lockout[128];
	bool answered;

	/* What the start has read is true until somebody tries a passphrase, and here that is the owner alone. */
	if (!menu->tpm_info_old || menu_read_tpm_state(menu, NULL) == 0) {
		tpm_lockout_text(&menu->tpm_info, (log_now_ms() - menu->tpm_info_ms) / 1000, lockout, sizeof(lockout));
		ui_text_add(&text, menu->tpm_info.in_lockout ? UI_BAD : UI_NORMAL, "TPM: %s.", lockout);
	}
	if (again)
		ui_text_add(&text, UI_BAD, "That passphrase was wrong.");
	ui_text_add(&text, UI_NORMAL,
	            "It releases the disk unlock key. Esc: the system will ask for the disk's own passphrase.");
	answered = secret_allocate(UNLOCK_PASSPHRASE_MAX, passphrase) == 0 &&
	           ui_ask_secret(menu->ui, "Unlock passphrase", &text, passphrase) && passphrase->size > 0;
	ui_text_clear(&text);
	return answered;
}

static int release(void *context, struct secret *ret_key, struct error *error)
{
	struct attempt *attempt = context;
	struct menu *menu = attempt->menu;
	int r = -E_WRONG_AUTH;

	if (!attempt->keys.keys[attempt->key].passphrase)
		return unlock_release(menu->tpm, attempt->key, attempt->volumes, BYTES_EMPTY, ret_key, error);
	for (unsigned i = 0; i < TRIES && r == -E_WRONG_AUTH; i++) {
		CLEANUP(secret_clear) struct secret passphrase = {0};

		log_line("ask what=unlock-passphrase try=%u", i + 1);
		if (!ask(menu, i > 0, &passphrase))
			return error_set(error, E_REFUSED, "unlock key", "no unlock passphrase was given");
		r = unlock_release(menu->tpm, attempt->key, attempt->volumes, secret_bytes(&passphrase), ret_key,
		                   error);
		menu->tpm_info_old = true;
		menu->tried_ms = log_now_ms();
	}
	if (r == -E_WRONG_AUTH)
		return error_set(error, E_WRONG_AUTH, "unlock key", "the unlock passphrase was wrong %d times", TRIES);
	return r;
}

/* Before a verified boot, where the owner wants it. */
static int check_root(void *context, struct bytes key, struct error *error)
{
	struct attempt *attempt = context;
	int r = menu_check_root(attempt->menu, key, error);

	attempt->given_up |= r < 0;
	return r;
}

struct key_entry_words menu_board_words(const struct menu *menu)
{
	return (struct key_entry_words){rom_settings_get(&menu->settings, "CONFIG_BOOT_KERNEL_ADD"),
	                                rom_settings_get(&menu->settings, "CONFIG_BOOT_KERNEL_REMOVE")};
}

/* The key for this entry, and what of the entry is measured for it. Said before anything is measured, so that where it
 * is for another entry that one can still be chosen. Errors: -E_NO_SECRET: there is no key at all. */
static int find_key(struct attempt *attempt, const struct entry *entry, struct volume_list *all,
                    struct volume_list *chosen, struct buffer *text, struct error *error)
{
	struct menu *menu = attempt->menu;
	const struct key_entry_place place = {
	    .keys = &attempt->keys, .volumes = chosen, .entries = &menu->boot.entries, .words = menu_board_words(menu)};
	int r = unlock_look(menu->tpm, false, &attempt->keys, error);

	if (r == 0 && attempt->keys.count == 0)
		return -E_NO_SECRET;
	if (r < 0)
		return r;
	menu_note_approval(menu, unlock_slot(unlock_first(&attempt->keys)));
	r = menu_choose_volumes(menu, false, all, chosen, error);
	return r < 0 ? r : key_entry_select(&place, entry, text, &attempt->key, error);
}

int menu_load(struct menu *menu, const struct entry *entry, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	const struct key_entry_words words = menu_board_words(menu);
	CLEANUP(volume_list_clear) struct volume_list all = {0}, chosen = {0};
	struct attempt attempt = {.menu = menu, .volumes = &chosen};
	struct boot_unlock unlock = {.volumes = &chosen,
	                             .measured = &menu->unlock_measured,
	                             .release = release,
	                             .without = without,
	                             .context = &attempt};
	struct boot_wishes wishes = {
	    .add = words.add,
	    .remove = words.remove,
	    .hand_log = !settings_is_yes(&menu->settings.merged, "CONFIG_NO_EVENTLOG_HANDOVER"),
	};
	struct error problem;
	bool verified;
	int r = -E_NO_SECRET;

	if (settings_is_yes(&menu->settings.merged, "CONFIG_ROOT_CHECK_AT_BOOT"))
		wishes.check_root = check_root;
	wishes.root_context = &attempt;
	if (menu->tpm && menu->boot.trust.state == TRUST_VERIFIED)
		r = find_key(&attempt, entry, &all, &chosen, &text, &problem);
	unlock.entry = buffer_bytes(&text);
	if (r == 0)
		wishes.unlock = &unlock;
	if (r < 0 && r != -E_NO_SECRET) {
		log_line("unlock-key unavailable code=%s sentence=\"%s\"", error_name(problem.code), problem.sentence);
		if (without(&attempt, &problem) < 0)
			return 1;
	}
	verified = menu->boot.trust.state == TRUST_VERIFIED;
	r = boot_system_load(&menu->boot, entry, menu->tpm, &wishes, error);
	if (r == 0 && verified)
		menu_drop_before(menu);
	return r < 0 && attempt.given_up ? 1 : r;
}
