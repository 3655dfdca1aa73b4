/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this the TPM that the owner recorded? And: recording it (A2). */
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/seen_key.h"
#include "format/tpm_name.h"
#include "menu/screen.h"

#define RECORD_OF_BOOT "kexec_tpm_name.txt"
#define RECORD_LIMIT   256

void menu_expect_tpm(struct menu *menu, struct bytes line, const char *record)
{
	/* A record that cannot be read is one that no key fits. */
	uint8_t name[TPM_NAME_SIZE] = {0};
	struct error error, unreadable;
	int parsed, r;

	if (!menu->tpm)
		return;
	menu->tpm_record = record;
	menu->tpm_foreign.code = E_NONE;
	parsed = tpm_name_parse(line, record, name, &unreadable);
	r = tpm_pin_storage_key(menu->tpm, bytes_make(name, sizeof(name)), &error);
	if (r == 0)
		r = tpm_check_storage_key(menu->tpm, &error);
	if (r < 0) {
		menu->tpm_foreign = parsed < 0 ? unreadable : error;
		log_error(&menu->tpm_foreign);
	} else {
		seen_key_write(menu->request->seen_key_fd, menu->tpm);
	}
	log_line("tpm record=%s match=%s", record, r == 0 ? "yes" : "no");
	if (r < 0 && menu->totp.open)
		menu_open_totp(menu); /* from before, of a TPM that nobody vouches for */
}

void menu_expect_tpm_of_boot(struct menu *menu)
{
	struct bytes line;

	if (!menu->tpm || menu->tpm_record || menu->boot.trust.state != TRUST_VERIFIED ||
	    snapshot_bytes(menu->boot.snapshot, RECORD_OF_BOOT, RECORD_LIMIT, &line, NULL) < 0)
		return;
	menu_expect_tpm(menu, line, "boot");
}

/* Above zero: the owner restarts the machine. */
static int offer_restart(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_GOOD, "The ROM remembers this TPM from the next start on.");
	ui_text_add(&text, UI_NORMAL, "Restart before you make new secrets: PCR 7 differs then.");
	yes = ui_confirm(menu->ui, "Recorded", &text, "Restart now", "Later");
	ui_text_clear(&text);
	return yes ? MENU_EXIT_REBOOT : 0;
}

int screen_record_tpm(struct menu *menu, struct bytes name, bool *ret_recorded)
{
	CLEANUP(buffer_clear) struct buffer line = {0};
	CLEANUP(menu_rom_change_clear)
	struct menu_rom_change change = {.title = "Record this TPM", .name = OWNER_FILE_TPM_NAME};
	struct ui_text text = {0};
	struct error error;
	size_t written = 0;
	bool yes;
	int r;

	tpm_name_write(name, &line);
	change.content = buffer_bytes(&line);
	r = menu_rom_change_prepare(menu, &change, &error);
	ui_text_add(
	    &text, UI_NORMAL,
	    "The ROM can remember this TPM by the Name of its key. Another TPM in its place, or something on its "
	    "bus, is then noticed at every start, before a passphrase is asked.");
	ui_text_add(&text, UI_DIM,
	            "The flash is written: the file heads/tpm-name, measured into PCR 7. You can also sign the Name on "
	            "/boot, as kexec_tpm_name.txt.");
	if (r == 0)
		menu_forecast_describe(&change.forecast, &text);
	yes = r == 0 && ui_confirm(menu->ui, change.title, &text, "Record it in the ROM", "Not now");
	ui_text_clear(&text);
	if (yes)
		r = menu_rom_change_write(menu, &change, &written, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(menu, "The TPM was not recorded", &error);
	}
	if (r < 0 || !yes)
		return 0;
	log_line("tpm recorded in=rom written=%zu", written);
	*ret_recorded = true;
	return offer_restart(menu);
}
