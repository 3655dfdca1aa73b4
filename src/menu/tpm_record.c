/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this the TPM that the owner recorded? (A2) */
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
