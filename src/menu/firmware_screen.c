/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware itself: what runs, and updates from a disk or stick (A17). */
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/flash_lock.h"
#include "menu/screen.h"
#include "owner/update.h"
#include "rom/flash_board.h"
#include <stdio.h>
#include <string.h>

#define TITLE         "Firmware"
#define UNSIGNED_WORD "unsigned"
#define UNVOUCHED                                                                                                     \
	"PCR 2 will be another one: the TPM will not release what it keeps for this firmware, and an unsigned image " \
	"is "                                                                                                         \
	"never approved beforehand."

/* One visit of the screen. */
struct visit {
	struct menu *menu;
	struct flash *flash;
	struct buffer chip, package, image; /* image: unpacked from a zip */
	struct update update;
	struct update_plan plan;
	struct menu_forecast forecast; /* what becomes of the secrets of the TPM */
	unsigned shown_percent;
	char what[96];
};

static void visit_clear(struct visit *visit)
{
	flash_close(&visit->flash);
	buffer_clear(&visit->chip);
	buffer_clear(&visit->package);
	buffer_clear(&visit->image);
}

static int read_chip(struct visit *visit, struct error *error)
{
	int r = flash_open_board(&visit->menu->settings, &visit->flash, error);

	ui_progress(visit->menu->ui, TITLE, "Reading the flash chip ...", 0, 0);
	return r < 0 ? r : flash_read(visit->flash, 0, flash_size(visit->flash), &visit->chip, error);
}

static void add_slots(const struct rom_image *chip, struct ui_text *text)
{
	struct rom_slots slots;
	int started;

	if (rom_slots_read(chip, ROM_PAYLOAD_SLOTS, true, &slots, NULL) < 0) {
		ui_text_add(text, UI_WARNING, "The flash has no payload slots: it is written as a whole.");
		return;
	}
	started = rom_slots_started(&slots);
	for (int i = 0; i < 2; i++) {
		const struct rom_slot *slot = &slots.slots[i];
		bool good = slot->state == ROM_SLOT_WHOLE || slot->state == ROM_SLOT_EMPTY;

		ui_text_add(text, good ? UI_NORMAL : UI_WARNING, "%-12s %s%s", slot->name,
		            rom_slot_state_name(slot->state), i == started ? "; starts next" : "");
	}
}

static bool show_state(struct visit *visit)
{
	struct rom_image chip = {buffer_bytes(&visit->chip)};
	struct flash_lock_state lock;
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_NORMAL, "%-12s Heads %s", "Runs", HEADS_VERSION);
	ui_text_add(&text, UI_NORMAL, "%-12s %s, %zu KiB in blocks of %zu bytes", "Chip", flash_name(visit->flash),
	            flash_size(visit->flash) / 1024, flash_block_size(visit->flash));
	lock = flash_lock_state(SETTINGS_BOARD_FILE);
	ui_text_add(&text, lock.declared ? UI_NORMAL : UI_WARNING, "%-12s %s", "Lock", flash_lock_sentence(&lock));
	add_slots(&chip, &text);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_NORMAL,
	            "An update is a file heads-*.tar at the top of a disk or USB stick (vfat or ext4), signed by a key "
	            "that is in the ROM. It is written into the slot that does not run; a power cut does no harm.");
	yes = ui_confirm(visit->menu->ui, TITLE, &text, "Look for an update", "Back");
	ui_text_clear(&text);
	return yes;
}

static int check(struct visit *visit, const struct media_file *file, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	struct update_target target = {.version = HEADS_VERSION, .chip = {buffer_bytes(&visit->chip)}};
	struct menu *menu = visit->menu;
	int r;

	ui_progress(menu->ui, TITLE, "Reading and checking the file ...", 0, 0);
	target.board = rom_settings_get(&menu->settings, "CONFIG_BOARD");
	if (!menu->tpm || tpm_floor_read(menu->tpm, &target.floor, error) < 0)
		target.floor = 0;
	r = media_read(file, UPDATE_MAX_SIZE, &visit->package, error);
	if (r == 0 && file->package && menu->key.size > 0)
		r = verify_keyring_add(&keyring, buffer_bytes(&menu->key), "the owner's keys", error);
	if (r == 0)
		r = file->package
		        ? update_read(buffer_bytes(&visit->package), &keyring, &visit->update, error)
		        : update_read_unsigned(buffer_bytes(&visit->package), &visit->image, &visit->update, error);
	return r < 0 ? r : update_plan(&visit->update, &target, &visit->plan, error);
}

static int change_copy(void *context, struct flash *copy, struct error *error)
{
	const struct visit *visit = context;

	return update_apply(&visit->plan, copy, NULL, NULL, error);
}

static bool confirm(struct visit *visit)
{
	struct ui_text text = {0};
	bool yes;

	if (!visit->update.vouched)
		ui_text_add(
		    &text, UI_BAD,
		    "NOBODY VOUCHES FOR THIS FILE. It is an image without a signature: it may hold anything, and "
		    "what it holds will see your passphrases.");
	for (size_t i = 0; i < visit->plan.change_count; i++)
		ui_text_add(&text, UI_NORMAL, "%s", visit->plan.changes[i]);
	if (visit->update.vouched) {
		menu_foresee(visit->menu, buffer_bytes(&visit->chip), change_copy, visit, &visit->forecast);
		menu_forecast_describe(&visit->forecast, &text);
	} else {
		ui_text_add(&text, UI_WARNING, UNVOUCHED);
	}
	yes = visit->update.vouched
	          ? ui_confirm(visit->menu->ui, "Install this update?", &text, "Install", "Back")
	          : ui_confirm_typed(visit->menu->ui, "Install an unsigned image?", &text, UNSIGNED_WORD);
	ui_text_clear(&text);
	return yes;
}

/* One picture a percent: a serial line is slow. */
static void show_progress(void *context, uint64_t done, uint64_t total, unsigned long long ms)
{
	struct visit *visit = context;
	unsigned percent = total > 0 ? (unsigned)(done * 100 / total) : 100;

	if (percent == visit->shown_percent && done > 0)
		return;
	visit->shown_percent = percent;
	(void)snprintf(visit->what, sizeof(visit->what), "Writing: %llu of %llu KiB, %llu s",
	               (unsigned long long)done / 1024, (unsigned long long)total / 1024, ms / 1000);
	ui_progress(visit->menu->ui, TITLE, visit->what, done, total);
}

static int raise_floor(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	const uint64_t *number = context;

	return tpm_floor_raise(menu->tpm, *number, owner, error);
}

/* The floor comes after the flash: an update that was interrupted may be tried again. */
static void keep_floor(struct visit *visit)
{
	uint64_t number = visit->update.manifest.number;
	struct error error;

	if (!visit->update.vouched || !visit->menu->tpm)
		return;
	if (menu_as_owner(visit->menu, "The TPM is to remember the version, so that no older one can be installed.",
	                  raise_floor, &number, &error) < 0) {
		log_error(&error);
		screen_error(visit->menu, "The TPM does not remember the version", &error);
		return;
	}
	log_line("update floor=%s", visit->update.manifest.version);
}

/* Before the flash is written, so that a power cut in between leaves both approved. Only for what somebody vouches for:
 * an unsigned image must not get at the secrets by itself. An update is installed all the same without that. */
static void keep_secrets(struct visit *visit)
{
	struct menu_forecast *forecast = &visit->forecast;
	struct error error;

	if (!visit->update.vouched || menu_approve(visit->menu, forecast, &error) == 0)
		return;
	forecast->problem = error;
	for (size_t i = 0; i < APPROVAL_SECRETS; i++)
		if (forecast->approval.states[i] == APPROVAL_CAN)
			forecast->approval.states[i] = APPROVAL_CANNOT;
}

static int install(struct visit *visit, struct error *error)
{
	const struct rom_slot *slot = &visit->plan.slots.slots[1 - visit->plan.keep];
	struct flash_watch watch = {show_progress, visit};
	unsigned long long started = log_now_ms();
	struct flash_count count = {0};
	int r;

	keep_secrets(visit);
	log_line("update begin slot=%s version=%s", slot->name,
	         visit->update.vouched ? visit->update.manifest.version : "unknown");
	r = update_apply(&visit->plan, visit->flash, &watch, &count, error);
	if (r < 0)
		return r;
	log_line("update written slot=%s blocks=%zu erased=%zu written=%zu ms=%llu", slot->name, count.blocks,
	         count.erased, count.written, log_now_ms() - started);
	keep_floor(visit);
	return 0;
}

static bool ask_restart(struct visit *visit)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_GOOD, "The update is written, read back and marked. It runs from the next start on.");
	if (visit->update.vouched)
		menu_forecast_describe(&visit->forecast, &text);
	else
		ui_text_add(&text, UI_WARNING, UNVOUCHED);
	yes = ui_confirm(visit->menu->ui, TITLE, &text, "Restart now", "Later");
	ui_text_clear(&text);
	return yes;
}

int screen_firmware(struct menu *menu)
{
	CLEANUP(visit_clear) struct visit visit = {.menu = menu};
	struct media_file file;
	struct error error;

	if (read_chip(&visit, &error) < 0) {
		log_error(&error);
		screen_error(menu, TITLE, &error);
		return 0;
	}
	if (!show_state(&visit) || !menu_choose_media(menu, MEDIA_FIRMWARE, TITLE, &file))
		return 0;
	if (check(&visit, &file, &error) < 0) {
		log_line("update refused code=%s sentence=\"%s\"", error_name(error.code), error.sentence);
		screen_error(menu, "The update is refused; nothing was written", &error);
		return 0;
	}
	if (!menu_may(menu, visit.update.vouched ? ACCESS_SIGNED_FIRMWARE : ACCESS_UNSIGNED_FIRMWARE) ||
	    !confirm(&visit))
		return 0;
	if (install(&visit, &error) < 0) {
		log_error(&error);
		screen_error(menu, "The update was not written; the running firmware was not touched", &error);
		return 0;
	}
	return ask_restart(&visit) ? MENU_EXIT_REBOOT : 0;
}
