/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every screen that leads to a boot says at its top: time and code, firmware, /boot. */
#include "base/log.h"
#include "boot/report.h"
#include "menu/screen.h"
#include <time.h>

static void add_clock(const struct menu *menu, struct ui_text *text, time_t now)
{
	char date[32];
	struct tm utc;

	(void)gmtime_r(&now, &utc);
	(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &utc);
	if (menu->clock_problem.code != E_NONE)
		ui_text_add(text, UI_BAD, "Time      %s  WRONG: %s", date, menu->clock_problem.sentence);
	else if (menu->totp.open)
		ui_text_add(text, UI_NORMAL, "Time      %s   codes shown since you confirmed: %u", date,
		            menu->totp.shown);
	else
		ui_text_add(text, UI_NORMAL, "Time      %s", date);
}

/* The TPM is asked for each code once. */
static void refresh_totp(struct menu *menu, time_t now)
{
	if (!menu->totp.open ||
	    totp_update(menu->tpm, (uint64_t)now, menu_ahead_days(menu), &menu->totp, &menu->totp_problem) == 0)
		return;
	log_line("totp unavailable code=%s sentence=\"%s\"", error_name(menu->totp_problem.code),
	         menu->totp_problem.sentence);
}

static void add_totp(const struct menu *menu, struct ui_text *text, time_t now)
{
	if (menu->totp.open) {
		ui_text_add(text, UI_GOOD, "TOTP      %.3s %.3s   for %2u s   (compare with your phone)",
		            menu->totp.code, menu->totp.code + 3, totp_seconds_left((uint64_t)now));
	} else if (menu->totp_problem.code == E_CLOCK) {
		ui_text_add(text, UI_BAD, "TOTP      no code (choose T): %s", menu->totp_problem.sentence);
	} else if (menu->totp_problem.code == E_NO_SECRET) {
		ui_text_add(text, UI_WARNING, "TOTP      no secret%s (choose T)",
		            menu->explanation.why.count > 0 ? "" : " yet");
	} else if (menu->totp_problem.code == E_NO_DEVICE) {
		ui_text_add(text, UI_WARNING, "TOTP      no TPM: nothing proves that this firmware is untouched");
	} else {
		ui_text_add(text, UI_BAD, "TOTP      %s", menu->totp_problem.sentence);
	}
	menu_add_causes(menu, 1, text);
}

/* Only what is unusual; the system screen shows the rest. */
static void add_tpm(const struct menu *menu, struct ui_text *text)
{
	char words[160];

	if (menu->tpm_foreign.code != E_NONE)
		ui_text_add(text, UI_BAD, "TPM       NOT THE RECORDED ONE: %s", menu->tpm_foreign.sentence);
	if (!menu->start_known || menu->since_start.history < TPM_HISTORY_UNUSUAL)
		return;
	tpm_since_start_text(&menu->since_start, words, sizeof(words));
	ui_text_add(text, UI_WARNING, "TPM       %s", words);
}

static void add_reading(const struct menu *menu, struct ui_text *text)
{
	uint64_t done, total;

	boot_reading_progress(menu->reading, &done, &total);
	if (total > 0)
		ui_text_add(text, UI_NORMAL, "/boot     is being read and compared: %u of %u MB",
		            (unsigned)(done / 1000000), (unsigned)(total / 1000000));
	else
		ui_text_add(text, UI_NORMAL, "/boot     is being looked for");
}

static void add_boot(const struct menu *menu, struct ui_text *text)
{
	const struct boot_system *boot = &menu->boot;

	switch (boot->trust.state) {
	case TRUST_VERIFIED:
		ui_text_add(text, UI_GOOD, "/boot     VERIFIED: all %llu files are as you signed them  (%s)",
		            (unsigned long long)boot->verify.files, boot->device.path);
		if (boot->verify.interrupted != VERIFY_NOT_INTERRUPTED)
			ui_text_add(text, UI_WARNING, "Signing   %s", report_interrupted(boot->verify.interrupted));
		if (boot->rollback[0])
			ui_text_add(text, UI_WARNING, "Age       %s", boot->rollback);
		if (boot->saved_default.reason[0])
			ui_text_add(text, UI_WARNING, "Default   none: %s", boot->saved_default.reason);
		if (boot->problem.code != E_NONE)
			ui_text_add(text, UI_BAD, "Entries   %s", boot->problem.sentence);
		break;
	case TRUST_REFUSED:
	case TRUST_FORCED:
		ui_text_add(text, UI_BAD, "/boot     %s  (%s)", boot->verdict, boot->device.path);
		break;
	default:
		if (menu->reading)
			add_reading(menu, text);
		else
			ui_text_add(text, UI_BAD, "/boot     NOT READ: %s", boot->problem.sentence);
	}
}

void menu_status(void *context, struct ui_text *text)
{
	struct menu *menu = context;
	time_t now = time(NULL);

	refresh_totp(menu, now);
	menu_refresh_hotp(menu);
	add_clock(menu, text, now);
	add_totp(menu, text, now);
	menu_add_hotp(menu, text);
	add_tpm(menu, text);
	menu_add_approval(menu, text);
	add_boot(menu, text);
	if (menu->settings_problem.code != E_NONE)
		ui_text_add(text, UI_WARNING, "Settings  %s", menu->settings_problem.sentence);
	if (menu->request->rom_problem)
		ui_text_add(text, UI_BAD, "ROM       %s", menu->request->rom_problem);
	else if (menu->key.size == 0)
		ui_text_add(text, UI_WARNING, "ROM       holds no public key of an owner: nothing can be verified");
}
