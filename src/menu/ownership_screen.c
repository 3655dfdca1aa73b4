/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner sets up once and looks at rarely: what vouches for the firmware, and what it keeps. */
#include "menu/screen.h"

enum choice { SETUP, ROOT, HOTP, KEYS, UNLOCK, ROLLBACK, TPM, TIME, CHOICES };

static const char help[] =
    "HOTP: a USB security dongle checks the firmware at every start.\n"
    "Keys: the dongle's OpenPGP card, or an encrypted drive, holds the key that signs /boot.\n"
    "Disk unlock key: the TPM opens the disk, on this machine, with this firmware and for what you signed alone.\n"
    "An older /boot: from the first counter on, a /boot that you signed once and replaced is refused.\n"
    "TPM: who owns it, what it holds, and taking its ownership.";

struct shown {
	struct ui_item items[CHOICES];
	enum choice choices[CHOICES];
	size_t count;
};

static void add(struct shown *shown, enum choice choice, char key, const char *label, enum ui_tone tone)
{
	shown->choices[shown->count] = choice;
	shown->items[shown->count] = (struct ui_item){.key = key, .label = label, .tone = tone};
	shown->count++;
}

/* Also where the original's counter vouches for the age of /boot: signing here does not raise that one, so that only a
 * counter of our own tells the sets that are signed from now on. */
static bool misses_counter(const struct menu *menu)
{
	uint64_t value;

	return tpm_counter_read(menu->tpm, TPM_COUNTER_ROLLBACK, &value, NULL) == -E_NOT_FOUND;
}

/* Only what makes sense now is offered. */
static void build(const struct menu *menu, struct shown *shown)
{
	bool verified = menu->boot.trust.state == TRUST_VERIFIED;

	shown->count = 0;
	add(shown, SETUP, 'e', "Make this machine yours, step by step", UI_NORMAL);
	add(shown, TPM, 'm', "TPM: state, ownership", menu->tpm_foreign.code == E_NONE ? UI_NORMAL : UI_WARNING);
	if (menu->tpm)
		add(shown, HOTP, 'h', "HOTP: security dongle", UI_NORMAL);
	add(shown, KEYS, 'g', "Keys: security dongle, backup drive", UI_NORMAL);
	if (verified && menu->tpm)
		add(shown, UNLOCK, 'd', "Disk unlock key", UI_NORMAL);
	if (verified && menu->tpm && misses_counter(menu))
		add(shown, ROLLBACK, 'k', "Refuse an older /boot from now on", UI_NORMAL);
	if (verified)
		add(shown, ROOT, 'f', "Files of the system: compare, list", UI_NORMAL);
	add(shown, TIME, 't', "Time: set the clock", menu->clock_problem.code == E_NONE ? UI_NORMAL : UI_WARNING);
}

static int choose(struct menu *menu, enum choice choice)
{
	switch (choice) {
	case SETUP:
		return screen_setup(menu);
	case TPM:
		return screen_tpm(menu);
	case HOTP:
		screen_hotp(menu);
		return 0;
	case KEYS:
		return screen_keys(menu);
	case UNLOCK:
		screen_unlock(menu);
		return 0;
	case ROLLBACK:
		screen_rollback(menu);
		return 0;
	case ROOT:
		screen_root(menu);
		return 0;
	case TIME:
		screen_time(menu);
		return 0;
	default:
		return 0;
	}
}

int screen_ownership(struct menu *menu)
{
	struct shown shown;
	struct ui_menu screen = {
	    .title = "Ownership", .status = menu_status, .context = menu, .items = shown.items, .help = help};
	size_t choice;

	build(menu, &shown);
	screen.count = shown.count;
	/* From what was chosen there the way leads back to the main menu, whose lines show what it has changed. */
	if (ui_menu_run(menu->ui, &screen, &choice) == UI_BACK || choice >= shown.count)
		return 0;
	return choose(menu, shown.choices[choice]);
}
