/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking ownership of the machine, step by step. Nothing remembers how far it went: each step is done or not by what
 * ROM, TPM and /boot say now, so that whatever interrupts it - a power cut, the restarts that it needs - it goes on
 * where it was. The order is that of what is measured: what goes into the ROM comes before what is sealed to it. */
#include "base/cleanup.h"
#include "menu/screen.h"
#include <stdio.h>

struct step {
	const char *what;
	bool (*done)(const struct menu *menu);
	const char *(*missing)(const struct menu *menu); /* what it has to wait for; NULL: nothing */
	int (*run)(struct menu *menu);
	char key;
	bool optional;
};

static bool has_key(const struct menu *menu)
{
	return menu->key.size > 0;
}

static bool is_owned(const struct menu *menu)
{
	return menu->tpm && menu->tpm_info.owner_auth_set && menu->tpm_foreign.code == E_NONE;
}

static bool is_recorded(const struct menu *menu)
{
	return menu->tpm_record != NULL && menu->tpm_foreign.code == E_NONE;
}

/* One that does not open now was made all the same: the line TOTP says why it does not. */
static bool has_totp(const struct menu *menu)
{
	return menu->totp.open || menu->totp_problem.code == E_WRONG_PCR || menu->totp_problem.code == E_CLOCK;
}

static bool is_signed(const struct menu *menu)
{
	return menu->boot.trust.state == TRUST_VERIFIED;
}

static bool has_hotp(const struct menu *menu)
{
	return menu->hotp.known;
}

static bool counts(const struct menu *menu)
{
	return menu->tpm && is_signed(menu) && menu->boot.verify.rollback == VERIFY_ROLLBACK_OK;
}

static bool unlocks(const struct menu *menu)
{
	struct unlock_keys keys;

	return menu->tpm && unlock_look(menu->tpm, true, &keys, NULL) == 0 && keys.count > 0;
}

static const char *needs_tpm(const struct menu *menu)
{
	return menu->tpm ? NULL : "there is no TPM";
}

static const char *needs_owned(const struct menu *menu)
{
	if (menu->rom_changed)
		return "restart first: the ROM was changed";
	return is_owned(menu) ? NULL : "first the TPM";
}

static const char *needs_recorded(const struct menu *menu)
{
	if (menu->rom_changed)
		return "restart first: the ROM was changed";
	if (!is_owned(menu) || !has_key(menu))
		return "first the key and the TPM";
	return NULL;
}

static const char *needs_key(const struct menu *menu)
{
	return has_key(menu) ? NULL : "the ROM needs your public key first";
}

static const char *needs_signed(const struct menu *menu)
{
	if (!menu->tpm)
		return needs_tpm(menu);
	return is_signed(menu) ? NULL : "/boot has to verify first";
}

static int record(struct menu *menu)
{
	struct bytes name;
	struct error error;
	bool recorded = false;

	if (!menu_may(menu, ACCESS_OWNERSHIP))
		return 0;
	if (tpm_storage_key_name(menu->tpm, &name, &error) == 0)
		return screen_record_tpm(menu, name, &recorded);
	screen_error(menu, "The TPM was not recorded", &error);
	return 0;
}

static int run_totp(struct menu *menu)
{
	screen_totp(menu);
	return 0;
}

static int run_sign(struct menu *menu)
{
	screen_sign(menu);
	return 0;
}

static int run_hotp(struct menu *menu)
{
	screen_hotp(menu);
	return 0;
}

static int run_rollback(struct menu *menu)
{
	screen_rollback(menu);
	return 0;
}

static int run_unlock(struct menu *menu)
{
	screen_unlock(menu);
	return 0;
}

static const struct step steps[] = {
    {"Your public key in the ROM, from a stick", has_key, NULL, screen_rom_key, '1', false},
    {"The TPM: take its ownership", is_owned, needs_tpm, screen_tpm, '2', false},
    {"The TPM recorded in the ROM (restarts)", is_recorded, needs_owned, record, '3', false},
    {"TOTP: the secret for your phone", has_totp, needs_recorded, run_totp, '4', false},
    {"/boot signed with your key", is_signed, needs_key, run_sign, '5', false},
    {"HOTP: by your security dongle", has_hotp, needs_recorded, run_hotp, '6', true},
    {"An older /boot is refused", counts, needs_signed, run_rollback, '7', true},
    {"The TPM opens the disk", unlocks, needs_signed, run_unlock, '8', true},
};
#define STEPS ARRAY_SIZE(steps)

static const char help[] =
    "The steps that make this machine yours, in their order. [x] is done: ROM, TPM and /boot say so, and nothing else "
    "remembers it. Whatever interrupts a step, come back here.\n"
    "The key and the TPM come first, because the ROM is measured: a secret that was sealed before would not open "
    "after.\n"
    "The one run asks everything first, makes the key as well, and needs one restart.\n"
    "Step by step you bring the key: only its public half goes into the ROM.";

unsigned menu_steps_left(const struct menu *menu)
{
	unsigned left = 0;

	for (size_t i = 0; i < STEPS; i++)
		left += !steps[i].optional && !steps[i].done(menu);
	return left;
}

struct shown {
	struct ui_item items[STEPS + 1]; /* behind the steps: all of them in one run */
	char labels[STEPS][100];
	size_t next; /* the first one that can be done now */
};

static void build(const struct menu *menu, struct shown *shown)
{
	shown->next = 0;
	for (size_t i = STEPS; i-- > 0;) {
		const struct step *step = &steps[i];
		bool done = step->done(menu);
		const char *missing = done || !step->missing ? NULL : step->missing(menu);

		(void)snprintf(shown->labels[i], sizeof(shown->labels[i]), "[%c] %s%s%s%s", done ? 'x' : ' ',
		               step->what, step->optional ? " (optional)" : "", missing ? ": " : "",
		               missing ? missing : "");
		shown->items[i] = (struct ui_item){step->key, shown->labels[i],
		                                   done      ? UI_GOOD
		                                   : missing ? UI_DIM
		                                             : UI_NORMAL};
		if (!done && !missing)
			shown->next = i;
	}
	shown->items[STEPS] = (struct ui_item){'a', "Do it all in one run", UI_NORMAL};
	if (!has_key(menu))
		shown->next = STEPS; /* nothing was begun */
}

static int run(struct menu *menu, const struct step *step)
{
	const char *missing = step->missing ? step->missing(menu) : NULL;
	struct error error;

	if (!missing)
		return step->run(menu);
	(void)error_set(&error, E_ORDER, step->what, "%s", missing);
	screen_error(menu, step->what, &error);
	return 0;
}

int screen_setup(struct menu *menu)
{
	struct shown shown;
	struct ui_menu screen = {.title = "Make this machine yours",
	                         .status = menu_status,
	                         .context = menu,
	                         .items = shown.items,
	                         .count = STEPS + 1,
	                         .help = help};

	for (;;) {
		size_t choice;
		int status;

		build(menu, &shown);
		screen.selected = shown.next;
		if (ui_menu_run(menu->ui, &screen, &choice) == UI_BACK || choice > STEPS)
			return 0;
		status = choice == STEPS ? screen_one_run(menu) : run(menu, &steps[choice]);
		if (status > 0)
			return status;
	}
}
