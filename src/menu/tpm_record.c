/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this the TPM that the owner recorded? And: recording it (A2). */
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/seen_key.h"
#include "format/tpm_name.h"
#include "menu/screen.h"
#include "rom/flash_board.h"
#include "rom/owner_files.h"

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

static void show_progress(void *context, uint64_t done, uint64_t total, unsigned long long ms)
{
	(void)ms;
	ui_progress(context, "Recording the TPM", "Writing the flash", done, total);
}

int menu_record_tpm(struct menu *menu, struct bytes name, struct error *error)
{
	CLEANUP(flash_close) struct flash *flash = NULL;
	CLEANUP(buffer_clear) struct buffer line = {0};
	const struct flash_watch watch = {show_progress, menu->ui};
	struct flash_count count = {0};
	struct bytes content;
	int r = flash_open_board(&menu->settings, &flash, error);

	tpm_name_write(name, &line);
	content = buffer_bytes(&line);
	if (r == 0 && content.size == 0)
		r = error_set(error, E_MEMORY, OWNER_FILE_TPM_NAME, "there is not enough memory to write it");
	if (r == 0)
		r = owner_files_change(flash, OWNER_FILE_TPM_NAME, &content, &watch, &count, error);
	if (r == 0)
		log_line("tpm recorded in=rom written=%zu", count.written);
	return r;
}
