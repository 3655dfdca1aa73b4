/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM: what it says, and taking its ownership. */
#include "base/cleanup.h"
#include "base/log.h"
#include "format/tpm_name.h"
#include "menu/screen.h"
#include "owner/tpm_reset.h"
#include <stdio.h>
#include <string.h>

#define TITLE     "Take ownership of the TPM"
#define THE_WORD  "clear"
#define NEW_TRIES 3

static void add_banks(const struct tpm_info *info, struct ui_text *text)
{
	for (size_t i = 0; i < info->bank_count; i++) {
		bool open = info->banks[i] != TPM_FIRMWARE_BANK;

		ui_text_add(text, open ? UI_WARNING : UI_NORMAL, "%-14s %s%s", i == 0 ? "TPM banks" : "",
		            hash_name(info->banks[i]),
		            open ? "  open: the firmware does not extend it; taking ownership closes it" : "");
	}
}

static void add_ownership(const struct menu *menu, struct ui_text *text)
{
	const struct tpm_info *info = &menu->tpm_info;
	bool all = info->owner_auth_set && info->endorsement_auth_set && info->lockout_auth_set;
	bool none = !info->owner_auth_set && !info->endorsement_auth_set && !info->lockout_auth_set;

	ui_text_add(text, all ? UI_NORMAL : UI_WARNING, "%-14s %s", "TPM owner",
	            all    ? "has a passphrase"
	            : none ? "has none: take ownership, so that nobody else does"
	                   : "taking ownership was not finished: take it again");
	if (menu->tpm_foreign.code != E_NONE)
		ui_text_add(text, UI_BAD, "%-14s %s", "TPM record", menu->tpm_foreign.sentence);
	else
		ui_text_add(text, menu->tpm_record ? UI_NORMAL : UI_DIM, "%-14s %s%s", "TPM record",
		            menu->tpm_record ? "its key is the one recorded in the " : "its key is recorded nowhere",
		            !menu->tpm_record                      ? ""
		            : strcmp(menu->tpm_record, "rom") == 0 ? "ROM"
		                                                   : "signed /boot");
}

void menu_describe_tpm(const struct menu *menu, struct ui_text *text)
{
	const struct tpm_info *info = &menu->tpm_info;
	char words[160] = "not known: the record of the last start cannot be read or written";
	char lockout[128];

	if (!menu->tpm) {
		ui_text_add(text, UI_WARNING, "%-14s %s", "TPM", menu->tpm_problem.sentence);
		return;
	}
	ui_text_add(text, UI_NORMAL, "%-14s TPM %s, %s, firmware %llx", "TPM", info->family, info->manufacturer,
	            (unsigned long long)info->firmware);
	add_banks(info, text);
	tpm_lockout_text(info, (log_now_ms() - menu->tpm_info_ms) / 1000, lockout, sizeof(lockout));
	ui_text_add(text, info->in_lockout ? UI_BAD : UI_NORMAL, "%-14s %s", "TPM lockout", lockout);
	add_ownership(menu, text);
	if (menu->start_known)
		tpm_since_start_text(&menu->since_start, words, sizeof(words));
	ui_text_add(text, menu->start_known && menu->since_start.history < TPM_HISTORY_UNUSUAL ? UI_NORMAL : UI_WARNING,
	            "%-14s %s", "TPM resets", words);
}

/* Before this start the TPM was reset, and since then Heads alone has tried passphrases: that one of the disk unlock
 * key. After a recovery shell or a crash somebody else may have. */
static int have_read(struct menu *menu, int result)
{
	const unsigned long long now = log_now_ms();
	const unsigned long long last = menu->tried_ms > 0 ? menu->tried_ms : menu->request->again ? now : 0;

	menu->tpm_info_ms = now;
	menu->tpm_info.lockout_quiet_seconds = (uint32_t)((now - last) / 1000);
	menu->tpm_info_old = false;
	return result;
}

int menu_read_tpm(struct menu *menu, struct error *error)
{
	return have_read(menu, tpm_get_info(menu->tpm, &menu->tpm_info, error));
}

int menu_read_tpm_state(struct menu *menu, struct error *error)
{
	return have_read(menu, tpm_get_state(menu->tpm, &menu->tpm_info, error));
}

static bool confirm(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_BAD, "The TPM is cleared. Lost for ever, whoever made it:");
	ui_text_add(&text, UI_NORMAL, "  - the TOTP secret: you make a new one and enrol it in your phone;");
	ui_text_add(
	    &text, UI_NORMAL,
	    "  - the disk unlock key: you type the disk's own passphrase until you make a new one. If you do not "
	    "know that passphrase, stop here;");
	ui_text_add(
	    &text, UI_NORMAL,
	    "  - the counters of /boot and the dongle, and every key that an operating system keeps in the TPM.");
	ui_text_add(&text, UI_NORMAL,
	            "Then the TPM gets a new owner passphrase, for its owner, endorsement and lockout hierarchies.");
	if (menu->tpm_record)
		ui_text_add(&text, UI_WARNING,
		            "The %s records the key of this TPM. It gets a new one: record that before the next start, "
		            "or it is told as another TPM.",
		            strcmp(menu->tpm_record, "rom") == 0 ? "ROM" : "signed /boot");
	if (menu->boot.trust.state == TRUST_REFUSED)
		ui_text_add(&text, UI_BAD, "/boot does not verify. Find out why before you do this.");
	yes = ui_confirm_typed(menu->ui, TITLE, &text, THE_WORD);
	ui_text_clear(&text);
	return yes;
}

static bool ask_once(struct menu *menu, const char *words, const char *wrong, struct secret *ret_passphrase)
{
	struct ui_text text = {0};
	bool answered;

	if (wrong)
		ui_text_add(&text, UI_BAD, "%s", wrong);
	ui_text_add(&text, UI_NORMAL, "%s", words);
	ui_text_add(&text, UI_DIM, "%d to %d characters. A TPM does not count the tries of whoever guesses it.",
	            OWNER_PASSPHRASE_MIN, OWNER_PASSPHRASE_MAX);
	answered = secret_allocate(OWNER_PASSPHRASE_MAX, ret_passphrase) == 0 &&
	           ui_ask_secret(menu->ui, "New TPM owner passphrase", &text, ret_passphrase);
	ui_text_clear(&text);
	return answered;
}

/* Typed twice. False: given up. */
static bool ask_new(struct menu *menu, struct secret *ret_passphrase)
{
	const char *wrong = NULL;
	struct error error;

	for (unsigned i = 0; i < NEW_TRIES; i++) {
		CLEANUP(secret_clear) struct secret first = {0}, second = {0};

		if (!ask_once(menu, "Choose the new owner passphrase of the TPM.", wrong, &first))
			return false;
		wrong = error.sentence;
		if (owner_check_passphrase(secret_bytes(&first), &error) < 0)
			continue;
		if (!ask_once(menu, "The same passphrase again.", NULL, &second))
			return false;
		if (bytes_equal_secret(secret_bytes(&first), secret_bytes(&second))) {
			*ret_passphrase = TAKE(first, (struct secret){0});
			return true;
		}
		wrong = "The two differ.";
	}
	return false;
}

static void show_progress(void *context, const char *step, unsigned done, unsigned total)
{
	struct menu *menu = context;

	ui_progress(menu->ui, TITLE, step, done, total);
}

static void show_done(struct menu *menu, const struct tpm_reset_result *result)
{
	CLEANUP(buffer_clear) struct buffer line = {0};
	struct ui_text text = {0};

	tpm_name_write(result->name, &line);
	ui_text_add(&text, UI_GOOD, "The TPM is yours. Keep the owner passphrase where you find it.");
	if (result->banks_pending)
		ui_text_add(&text, UI_WARNING,
		            "The PCR banks beside sha256 are switched off with the next restart of the machine.");
	if (buffer_string(&line)) {
		ui_text_add(&text, UI_NORMAL, "%s", "");
		ui_text_add(&text, UI_NORMAL, "The Name of its new storage key:");
		ui_text_add(&text, UI_NORMAL, "%.34s", (const char *)line.data);
		ui_text_add(&text, UI_NORMAL, "%.34s", (const char *)line.data + 34);
		log_line("tpm owned banks=%s name=%.68s", result->banks_pending ? "after-reset" : "sha256",
		         (const char *)line.data);
	}
	ui_show_text(menu->ui, TITLE, &text);
	ui_text_clear(&text);
}

/* With the passphrase, a TPM that is the owner's from now on. */
static int have_taken(struct menu *menu, const struct tpm_reset_result *result, struct bytes passphrase)
{
	bool recorded = false;
	struct error error;
	int status;

	(void)menu_keep_owner(menu, passphrase);
	menu->tpm_record = NULL;
	menu->tpm_foreign.code = E_NONE;
	show_done(menu, result);
	status = screen_record_tpm(menu, result->name, &recorded);
	if (status > 0)
		return status;
	if (menu_read_tpm(menu, &error) < 0)
		log_error(&error);
	menu_open_totp(menu);
	if (!recorded && menu->totp_problem.code == E_NO_SECRET && menu->owner.size > 0)
		screen_totp(menu);
	return 0;
}

static int take_ownership(struct menu *menu)
{
	CLEANUP(secret_clear) struct secret passphrase = {0};
	struct tpm_reset_request request = {.progress = show_progress, .context = menu};
	struct tpm_reset_result result;
	struct error error;

	if (!menu_may(menu, ACCESS_OWNERSHIP) || !confirm(menu) || !ask_new(menu, &passphrase))
		return 0;
	request.passphrase = secret_bytes(&passphrase);
	menu_forget_owner(menu);
	if (owner_tpm_reset(menu->tpm, &request, &result, &error) == 0)
		return have_taken(menu, &result, secret_bytes(&passphrase));
	log_error(&error);
	screen_error(menu, TITLE, &error);
	if (menu_read_tpm(menu, &error) < 0)
		log_error(&error);
	menu_open_totp(menu);
	return 0;
}

int screen_tpm(struct menu *menu)
{
	struct ui_text text = {0};
	struct error error;
	bool yes;

	if (!menu->tpm) {
		screen_error(menu, "TPM", &menu->tpm_problem);
		return 0;
	}
	if (menu_read_tpm(menu, &error) < 0) {
		log_error(&error);
		screen_error(menu, "TPM", &error);
		return 0;
	}
	menu_describe_tpm(menu, &text);
	yes = ui_confirm(menu->ui, "TPM", &text, TITLE " ...", "Back");
	ui_text_clear(&text);
	return yes ? take_ownership(menu) : 0;
}
