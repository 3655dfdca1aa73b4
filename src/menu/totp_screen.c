/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/log.h"
#include "menu/screen.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SHOWN_CAUSES 8

static const char *label(const struct menu *menu)
{
	const char *board = rom_settings_get(&menu->settings, "CONFIG_BOARD_NAME");

	return board ? board : "Heads";
}

void menu_show_totp_secret(struct menu *menu, struct bytes secret)
{
	CLEANUP(buffer_clear) struct buffer uri = {0};
	char base32[BASE32_SIZE(TOTP_SECRET_SIZE)];
	struct ui_text text = {0};

	totp_uri(label(menu), secret, &uri);
	base32_encode(secret, base32);
	ui_text_add(&text, UI_NORMAL,
	            "Scan this with the authenticator app of your phone, or type the secret into it:");
	ui_text_add(&text, UI_GOOD, "%s", base32);
	ui_text_add(&text, UI_NORMAL,
	            "It is shown this once. Then compare the phone's code with the line TOTP of the menu.");
	if (buffer_string(&uri))
		(void)ui_show_qr(menu->ui, "Your TOTP secret", buffer_string(&uri), &text);
	memory_wipe(base32, sizeof(base32));
	for (size_t i = 0; i < text.count; i++)
		memory_wipe(text.lines[i].text, strlen(text.lines[i].text));
	ui_text_clear(&text);
}

static int make_secret(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	return totp_new(menu->tpm, (uint64_t)time(NULL), owner, context, error);
}

void screen_totp_enrol(struct menu *menu)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct error error;

	ui_progress(menu->ui, "TOTP", "Making a new secret ...", 0, 0);
	if (menu_as_owner(menu, "The new secret is to be stored in the TPM.", make_secret, &secret, &error) < 0) {
		log_error(&error);
		screen_error(menu, "No TOTP secret was made", &error);
		return;
	}
	log_line("totp enrolled");
	menu_show_totp_secret(menu, secret_bytes(&secret));
	menu_open_totp(menu);
	if (menu->totp.open)
		menu_keep_measured(menu, true);
}

/* What the owner should know before a new secret replaces the old one. */
static void explain(const struct menu *menu, struct ui_text *text)
{
	const bool lost = menu->totp_problem.code == E_NO_SECRET && menu->explanation.why.count > 0;

	switch (menu->totp.open ? E_NONE : lost ? E_FOREIGN_TPM : menu->totp_problem.code) {
	case E_NONE:
		ui_text_add(text, UI_GOOD, "The TPM computed the code: PCRs 0-4 and 7 are as they were approved.");
		ui_text_add(text, UI_NORMAL,
		            "A new secret replaces the old one; the entry on your phone will be of no use any more.");
		break;
	case E_NO_SECRET:
		ui_text_add(text, UI_NORMAL, "This machine has no TOTP secret yet.");
		ui_text_add(text, UI_NORMAL,
		            "Heads makes one, seals it in the TPM to this very firmware, and shows it once for your "
		            "phone. From "
		            "then on, at every start, equal codes on both prove that the firmware is unchanged.");
		break;
	default:
		ui_text_add(text, UI_BAD, "%s", menu->totp_problem.sentence);
		menu_add_causes(menu, SHOWN_CAUSES, text);
		ui_text_add(text, UI_NORMAL,
		            "If you changed the firmware or its settings yourself, approve what runs now, or make a "
		            "new secret. If "
		            "you did not, somebody else may have: either would hide it.");
	}
	if (menu->boot.trust.state == TRUST_REFUSED)
		ui_text_add(text, UI_BAD, "/boot does not verify either. Find out why before you make a secret.");
}

static int confirm_clock(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	(void)context;
	return totp_confirm(menu->tpm, (uint64_t)time(NULL), owner, error);
}

/* The owner vouches for the date, and for the codes that were shown. */
static void confirm(struct menu *menu)
{
	struct error error;

	if (menu_as_owner(menu, "You confirm the date, and that the codes shown until now were for you.", confirm_clock,
	                  NULL, &error) < 0) {
		log_error(&error);
		screen_error(menu, "The clock is not confirmed", &error);
		return;
	}
	log_line("totp confirmed");
	menu_open_totp(menu);
}

/* No code is shown before the owner has looked at the date. */
static void screen_clock(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_BAD, "No code: %s.", menu->totp_problem.sentence);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(
	    &text, UI_NORMAL,
	    "Somebody who has this machine for an hour could set its clock ahead and write down codes for later: with "
	    "them, other firmware could pass for this one. If you did not change the clock, and the machine was not "
	    "out of use for long, think of that before you go on.");
	ui_text_add(&text, UI_NORMAL,
	            "Compare the line Time with a clock that you trust. Where it is wrong, set it (Ownership, Time).");
	yes = ui_confirm(menu->ui, "TOTP: is the date right?", &text, "The date is right", "Back");
	ui_text_clear(&text);
	if (yes)
		confirm(menu);
}

static void explain_open(void *context, struct ui_text *text)
{
	explain(context, text);
}

/* Two sets of PCRs are approved: the owner may end that by hand. True where he did. */
static bool settle_approval(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	menu_add_approval(menu, &text);
	ui_text_add(
	    &text, UI_NORMAL,
	    "It ends by itself when what was changed has booted. You can end it now, with the owner passphrase: "
	    "then the TPM opens to what runs now, and to nothing else.");
	yes = ui_confirm(menu->ui, "TOTP: two firmwares are approved", &text, "Approve what runs now",
	                 "Leave it, and go on");
	ui_text_clear(&text);
	if (yes)
		menu_approve_now(menu);
	return yes;
}

static const char help[] =
    "The TPM computes the code only while the firmware is what it was when the secret was made or approved. The phone "
    "computes the same code from the same secret and the time.\n"
    "Confirm: the TPM remembers that the date is right and counts the codes anew.\n"
    "Approve what runs now: only after a change that you made yourself, of firmware or settings.\n"
    "A new secret is enrolled in the phone anew; the old one is gone.";

/* The secret works: the owner may confirm the codes that were shown, or make another one. */
static void screen_open(struct menu *menu)
{
	static const struct ui_item items[] = {
	    {'c', "Confirm: the codes shown until now were for me", UI_NORMAL},
	    {'y', "Make a new secret", UI_NORMAL},
	    {'n', "Back", UI_NORMAL},
	};
	const struct ui_menu screen = {.title = "TOTP",
	                               .status = explain_open,
	                               .context = menu,
	                               .items = items,
	                               .count = ARRAY_SIZE(items),
	                               .selected = ARRAY_SIZE(items) - 1,
	                               .help = help};
	size_t choice = 0;

	if (menu->approval.pending && settle_approval(menu))
		return;
	if (ui_menu_run(menu->ui, &screen, &choice) == UI_BACK)
		return;
	if (choice == 0)
		confirm(menu);
	else if (choice == 1)
		screen_totp_enrol(menu);
}

/* What runs is not what was approved: the owner sees why, and vouches for it or makes a new secret. */
static void screen_changed(struct menu *menu)
{
	static const struct ui_item items[] = {
	    {'v', "Approve what runs now: code, dongle and disk key go on", UI_WARNING},
	    {'y', "Make a new secret", UI_NORMAL},
	    {'n', "Back", UI_NORMAL},
	};
	const struct ui_menu screen = {.title = "TOTP",
	                               .status = explain_open,
	                               .context = menu,
	                               .items = items,
	                               .count = ARRAY_SIZE(items),
	                               .selected = ARRAY_SIZE(items) - 1,
	                               .help = help};
	size_t choice = 0;

	if (ui_menu_run(menu->ui, &screen, &choice) == UI_BACK)
		return;
	if (choice == 0)
		menu_approve_now(menu);
	else if (choice == 1)
		screen_totp_enrol(menu);
}

void screen_totp(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	if (!menu->tpm) {
		screen_error(menu, "TOTP", &menu->tpm_problem);
		return;
	}
	if (menu->clock_problem.code != E_NONE) {
		screen_error(menu, "TOTP", &menu->clock_problem);
		return;
	}
	if (!menu->totp.open && menu->totp_problem.code == E_CLOCK) {
		screen_clock(menu);
		return;
	}
	if (menu->totp.open) {
		screen_open(menu);
		return;
	}
	if (menu->totp_problem.code == E_WRONG_PCR) {
		screen_changed(menu);
		return;
	}
	explain(menu, &text);
	yes = ui_confirm(menu->ui, "TOTP", &text, "Make a new secret",
	                 menu->totp_problem.code == E_NO_SECRET ? "Later" : "Back");
	ui_text_clear(&text);
	if (yes)
		screen_totp_enrol(menu);
}
