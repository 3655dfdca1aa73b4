/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "menu/screen.h"
#include <stdio.h>

#define MAX_TIMEOUT_SECONDS 3600

enum choice {
	BOOT,
	BASIC,
	NEWER,
	ENTRIES,
	FORCED,
	TOTP,
	SETUP,
	OWNERSHIP,
	SIGN,
	ROOT,
	REPORT,
	SETTINGS,
	SYSTEM,
	FIRMWARE,
	AGAIN,
	RECOVERY,
	REBOOT,
	POWER_OFF,
	CHOICES
};

static const char help[] = "The line TOTP shows a code that only this firmware, unchanged, can compute. Compare it "
                           "with the code of your phone "
                           "before you type any passphrase.\n"
                           "The line HOTP says whether your security dongle confirms the firmware; its lamp shows the "
                           "same.\n"
                           "The line /boot says whether every file that will be started is what you signed.\n"
                           "Boot only when both are right. If they are not, open the report: it names each file.";

struct shown {
	struct ui_item items[CHOICES];
	enum choice choices[CHOICES];
	size_t count;
	char boot_label[160], newer_label[160];
};

static void add(struct shown *shown, enum choice choice, char key, const char *label, enum ui_tone tone)
{
	shown->choices[shown->count] = choice;
	shown->items[shown->count] = (struct ui_item){.key = key, .label = label, .tone = tone};
	shown->count++;
}

/* An update brought a higher version of the kernel that the owner's default entry boots. */
static void add_newer(const struct menu *menu, struct shown *shown)
{
	const struct boot_system *boot = &menu->boot;
	const struct entry *entry = &boot->entries.entries[boot->saved_default.newer];
	char kernel[100];

	(void)snprintf(shown->newer_label, sizeof(shown->newer_label), "New version of your default: %s",
	               text_escape_into(bytes_from_string(entry->kernel), kernel, sizeof(kernel)));
	add(shown, NEWER, 'u', shown->newer_label, UI_NORMAL);
}

static bool is_offered(const struct menu *menu, enum access_action action)
{
	return access_decide(menu->request->access, action) != ACCESS_REFUSED;
}

static bool is_basic(const struct menu *menu)
{
	return menu->boot.trust.state == TRUST_REFUSED &&
	       access_is_basic(&menu->settings.merged, menu->request->access);
}

/* Only what makes sense now is offered. */
static void build(const struct menu *menu, struct shown *shown)
{
	const struct boot_system *boot = &menu->boot;
	const struct entry *entry = entry_list_default(&boot->entries);
	bool verified = boot->trust.state == TRUST_VERIFIED;

	shown->count = 0;
	if (verified && entry && !entry->problem) {
		char title[100];

		(void)snprintf(shown->boot_label, sizeof(shown->boot_label), "Boot  %s",
		               text_escape_into(bytes_from_string(entry->title), title, sizeof(title)));
		add(shown, BOOT, 'b', shown->boot_label, UI_GOOD);
	}
	if (is_basic(menu))
		add(shown, BASIC, 'b', "Boot without any check (basic mode)", UI_WARNING);
	if (verified && boot->saved_default.has_newer)
		add_newer(menu, shown);
	if (verified)
		add(shown, ENTRIES, 'o', "Other boot entries", UI_NORMAL);
	if (boot->trust.state == TRUST_REFUSED)
		add(shown, REPORT, 'v', "Report: what does not verify, file by file", UI_WARNING);
	else if (verified)
		add(shown, REPORT, 'v', "Report: what was verified", UI_NORMAL);
	if (verified || boot->trust.state == TRUST_REFUSED)
		add(shown, SIGN, 'g', "Sign /boot with your key", UI_NORMAL);
	if (verified && settings_is_yes(&menu->settings.merged, "CONFIG_ROOT_CHECK_AT_BOOT"))
		add(shown, ROOT, 'h', "Files of the system: compare, list", UI_NORMAL);
	if (boot->trust.state != TRUST_VERIFIED && !menu->reading)
		add(shown, AGAIN, 'a', "Read /boot again", UI_NORMAL);
	add(shown, TOTP, 't',
	    menu->totp_problem.code == E_NO_SECRET ? "TOTP: make the secret" : "TOTP: new secret, details", UI_NORMAL);
	if (menu_steps_left(menu) > 0 && !menu->reading)
		add(shown, SETUP, 'e', "Make this machine yours, step by step", UI_NORMAL);
	add(shown, OWNERSHIP, 'c', "Ownership: TPM, security dongle, disk unlock key",
	    menu->tpm_foreign.code == E_NONE ? UI_NORMAL : UI_WARNING);
	add(shown, SETTINGS, 's', "Settings", UI_NORMAL);
	add(shown, SYSTEM, 'i', "System information", UI_NORMAL);
	add(shown, FIRMWARE, 'w', "Firmware: state, update", UI_NORMAL);
	if (boot->trust.state == TRUST_REFUSED && is_offered(menu, ACCESS_FORCED_BOOT))
		add(shown, FORCED, 'f', "Boot although it does not verify (dangerous)", UI_BAD);
	if (is_offered(menu, ACCESS_SHELL))
		add(shown, RECOVERY, 'r', "Recovery shell", UI_NORMAL);
	add(shown, REBOOT, 'n', "Restart", UI_NORMAL);
	add(shown, POWER_OFF, 'p', "Power off", UI_NORMAL);
}

static bool confirm_recovery(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_NORMAL, "The recovery shell can read and change everything on the disk.");
	ui_text_add(&text, UI_NORMAL,
	            "From then on the TPM releases no secret until the machine is reset: no TOTP code, no disk key.");
	yes = ui_confirm(menu->ui, "Recovery shell", &text, "Open the shell", "Back");
	ui_text_clear(&text);
	return yes;
}

static int choose(struct menu *menu, enum choice choice)
{
	switch (choice) {
	case BOOT:
		return screen_boot(menu, entry_list_default(&menu->boot.entries));
	case BASIC:
		return screen_basic(menu);
	case NEWER:
		return screen_boot_asked(menu, &menu->boot.entries.entries[menu->boot.saved_default.newer]);
	case ENTRIES:
		return screen_entries(menu);
	case FORCED:
		return screen_forced(menu);
	case TOTP:
		screen_totp(menu);
		return 0;
	case SETUP:
		return screen_setup(menu);
	case OWNERSHIP:
		return screen_ownership(menu);
	case SIGN:
		screen_sign(menu);
		return 0;
	case ROOT:
		screen_root(menu);
		return 0;
	case REPORT:
		screen_report(menu);
		return 0;
	case SETTINGS:
		screen_settings(menu);
		return 0;
	case SYSTEM:
		screen_system(menu);
		return 0;
	case FIRMWARE:
		return screen_firmware(menu);
	case AGAIN:
		menu_prepare_boot(menu);
		return 0;
	case RECOVERY:
		return menu_may(menu, ACCESS_SHELL) && confirm_recovery(menu) ? MENU_EXIT_RECOVERY : 0;
	case REBOOT:
		return MENU_EXIT_REBOOT;
	case POWER_OFF:
		return MENU_EXIT_POWER_OFF;
	default:
		return 0;
	}
}

/* The default is booted by itself only where nothing asks for the owner's eyes: it verified, and the TPM did not say
 * that something measured has changed. In basic mode the owner wants no such question. */
static unsigned timeout(struct menu *menu, const struct shown *shown)
{
	const bool basic = shown->choices[0] == BASIC;

	if (!menu->may_time_out || (shown->choices[0] != BOOT && !basic))
		return 0;
	if (basic)
		return (unsigned)rom_settings_number(&menu->settings, "CONFIG_AUTO_BOOT_TIMEOUT", MAX_TIMEOUT_SECONDS,
		                                     0);
	if (!menu->totp.open && menu->totp_problem.code != E_NO_SECRET && menu->totp_problem.code != E_NO_DEVICE)
		return 0;
	if (menu_hotp_worries(menu))
		return 0;
	if (menu->explanation.why.count > 0)
		return 0; /* a TPM without the secret that was there */
	return (unsigned)rom_settings_number(&menu->settings, "CONFIG_AUTO_BOOT_TIMEOUT", MAX_TIMEOUT_SECONDS, 0);
}

static const char *mode_name(const struct menu *menu)
{
	if (menu->boot.trust.state == TRUST_VERIFIED)
		return "verified";
	if (menu->reading)
		return "reading";
	return menu->boot.trust.state == TRUST_REFUSED ? "refused" : "no-boot";
}

/* Now and no sooner: while /boot was read the kernel has found the dongle. */
static void take_reading(struct menu *menu)
{
	menu_finish_reading(menu);
	menu_check_hotp(menu);
}

/* What leads on to a screen waits for /boot, which most of them speak of; what leads away does not. */
static bool leads_away(enum choice choice)
{
	return choice == RECOVERY || choice == REBOOT || choice == POWER_OFF;
}

int screen_main(struct menu *menu)
{
	struct shown shown;
	struct ui_menu screen = {.status = menu_status, .context = menu, .items = shown.items, .help = help};
	const char *board = rom_settings_get(&menu->settings, "CONFIG_BOARD_NAME");
	enum ui_answer answer;
	char title[128], name[80];
	size_t choice;

	if (menu->reading && boot_reading_is_over(menu->reading))
		take_reading(menu);
	build(menu, &shown);
	(void)snprintf(title, sizeof(title), "Heads %s%s%s", HEADS_VERSION, board ? "  -  " : "",
	               board ? text_escape_into(bytes_from_string(board), name, sizeof(name)) : "");
	screen.title = title;
	screen.count = shown.count;
	screen.selected = menu->boot.trust.state == TRUST_VERIFIED || menu->boot.trust.state == TRUST_REFUSED ? 0 : 1;
	screen.timeout_seconds = timeout(menu, &shown);
	if (menu->reading)
		screen.wake_fd = boot_reading_fd(menu->reading);
	log_line("menu %s mode=%s ms=%llu", menu->reading ? "shown" : "ready", mode_name(menu),
	         log_now_ms() - menu->started_ms);
	answer = ui_menu_run(menu->ui, &screen, &choice);
	if (answer == UI_WOKEN)
		return 0;
	menu->may_time_out = false;
	if (answer == UI_BACK || choice >= shown.count)
		return 0;
	if (menu->reading && !leads_away(shown.choices[choice]))
		take_reading(menu);
	return choose(menu, shown.choices[choice]);
}
