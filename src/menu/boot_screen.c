/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Choosing an entry and booting it, verified or, after a typed word, although it does not verify. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "format/cmdline.h"
#include "menu/screen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_SIZE 160

void screen_error(struct menu *menu, const char *title, const struct error *error)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_BAD, "%s", error->sentence);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_DIM, "What: %s   Kind: %s", error->object[0] ? error->object : "-",
	            error_name(error->code));
	ui_show_text(menu->ui, title, &text);
	ui_text_clear(&text);
}

int screen_boot(struct menu *menu, const struct entry *entry)
{
	const bool verified = menu->boot.trust.state == TRUST_VERIFIED;
	char title[256];
	struct error error;
	int r;

	log_line("boot entry=%s mode=%s title=\"%s\"", entry->id, verified ? "verified" : "forced",
	         text_escape_into(bytes_from_string(entry->title), title, sizeof(title)));
	ui_progress(menu->ui, "Booting", title, 0, 0);
	r = menu_load(menu, entry, &error);
	if (r == 0)
		return verified ? MENU_EXIT_BOOT : MENU_EXIT_BOOT_FORCED;
	if (r < 0) {
		log_error(&error);
		screen_error(menu, "This entry cannot be booted", &error);
	}
	/* The unlock key is out of the TPM: there is no way back to other entries (A5). */
	return menu->boot.trust.state == TRUST_RELEASED ? MENU_EXIT_REBOOT : 0;
}

struct labels {
	struct ui_item *items;
	char (*texts)[LABEL_SIZE];
};

/* One line an entry: its place in submenus by indentation, and what is wrong with it. */
static bool make_labels(const struct entry_list *entries, struct labels *labels)
{
	static const char keys[] = "123456789";

	labels->items = calloc(entries->count + 1, sizeof(*labels->items));
	labels->texts = calloc(entries->count + 1, sizeof(*labels->texts));
	if (!labels->items || !labels->texts)
		return false;
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->entries[i];
		char title[110];

		text_escape_into(bytes_from_string(entry->title ? entry->title : ""), title, sizeof(title));
		(void)snprintf(labels->texts[i], LABEL_SIZE, "%s%s%s%s", entry->submenu_count > 0 ? "  > " : "", title,
		               entry->is_default ? "  [default]" : "", entry->problem ? "  [cannot be booted]" : "");
		labels->items[i] =
		    (struct ui_item){.label = labels->texts[i], .tone = entry->problem ? UI_DIM : UI_NORMAL};
		if (i < sizeof(keys) - 1)
			labels->items[i].key = keys[i];
	}
	return true;
}

/* What exactly would be started. True: do it. */
static bool confirm_entry(struct menu *menu, const struct entry *entry)
{
	CLEANUP(buffer_clear) struct buffer cmdline = {0};
	CLEANUP_FREE char *words = NULL;
	struct ui_text text = {0};
	struct error error;
	char name[256];
	bool yes;

	if (cmdline_build(entry->cmdline ? entry->cmdline : "",
	                  rom_settings_get(&menu->settings, "CONFIG_BOOT_KERNEL_ADD"),
	                  rom_settings_get(&menu->settings, "CONFIG_BOOT_KERNEL_REMOVE"), &words, &error) < 0) {
		screen_error(menu, "This entry cannot be booted", &error);
		return false;
	}
	text_escape(bytes_from_string(words), &cmdline);
	ui_text_add(&text, UI_NORMAL, "%s", text_escape_into(bytes_from_string(entry->title), name, sizeof(name)));
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_NORMAL, "Kernel   %s",
	            text_escape_into(bytes_from_string(entry->kernel ? entry->kernel : "-"), name, sizeof(name)));
	for (size_t i = 0; i < entry->initrd_count; i++)
		ui_text_add(&text, UI_NORMAL, "Initrd   %s",
		            text_escape_into(bytes_from_string(entry->initrds[i]), name, sizeof(name)));
	ui_text_add(&text, UI_NORMAL, "Command  %s", buffer_string(&cmdline) ? buffer_string(&cmdline) : "");
	ui_text_add(&text, UI_DIM, "From     %s, %s",
	            text_escape_into(bytes_from_string(entry->source ? entry->source : "-"), name, sizeof(name)),
	            entry->id);
	yes = ui_confirm(menu->ui, "Boot this entry?", &text, "Boot", "Back");
	ui_text_clear(&text);
	return yes;
}

int screen_boot_asked(struct menu *menu, const struct entry *entry)
{
	return confirm_entry(menu, entry) ? screen_boot(menu, entry) : 0;
}

const struct entry *menu_choose_entry(struct menu *menu, const char *title, const char *help)
{
	const struct entry_list *entries = &menu->boot.entries;
	struct labels labels = {0};
	const struct entry *chosen = NULL;
	size_t choice = 0;

	if (make_labels(entries, &labels)) {
		struct ui_menu screen = {.title = title,
		                         .status = menu_status,
		                         .context = menu,
		                         .items = labels.items,
		                         .count = entries->count,
		                         .help = help};

		if (ui_menu_run(menu->ui, &screen, &choice) == UI_CHOSEN && choice < entries->count)
			chosen = &entries->entries[choice];
	}
	free(labels.items);
	free(labels.texts);
	return chosen;
}

int screen_entries(struct menu *menu)
{
	for (;;) {
		const struct entry *entry = menu_choose_entry(menu, "Boot entries",
		                                              "Entries as the system's boot configuration lists them. "
		                                              "Enter shows what exactly would be started, and asks.");
		struct error error;
		int status;

		if (!entry)
			return 0;
		if (entry->problem) {
			(void)error_set(&error, E_REFUSED, entry->id, "%s", entry->problem);
			screen_error(menu, "This entry cannot be booted", &error);
			continue;
		}
		status = screen_boot_asked(menu, entry);
		if (status > 0)
			return status;
	}
}

static bool confirm_forced(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_BAD, "This /boot is not what you signed: %s", menu->boot.verdict);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(
	    &text, UI_NORMAL,
	    "Whoever changed it controls the system that you are about to start: what you type there, your disk "
	    "passphrase too, may be recorded.");
	ui_text_add(&text, UI_NORMAL,
	            "The TPM will know of it (PCR 4) and release no secret until the machine is reset.");
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_NORMAL, "If you did not change it yourself a moment ago, go back and read the report.");
	yes = ui_confirm_typed(menu->ui, "Boot although it does not verify", &text, "unsafe");
	ui_text_clear(&text);
	return yes;
}

/* PCR 4 knows of it first; false where it could not be. */
static bool begin_forced(struct menu *menu)
{
	struct error error;

	if (boot_system_force(&menu->boot, menu->tpm, &error) < 0) {
		log_error(&error);
		screen_error(menu, "Boot although it does not verify", &error);
		return false;
	}
	totp_close(&menu->totp);
	(void)error_set(&menu->totp_problem, E_WRONG_PCR, "totp",
	                "not available: a forced boot was begun (PCR 4 changed)");
	return true;
}

int screen_forced(struct menu *menu)
{
	int status;

	if (!menu_may(menu, ACCESS_FORCED_BOOT))
		return 0;
	if (!access_is_basic(&menu->settings.merged, menu->request->access) && !confirm_forced(menu))
		return 0;
	if (!begin_forced(menu))
		return 0;
	status = screen_entries(menu);
	if (status == 0)
		boot_system_unforce(&menu->boot);
	return status;
}

int screen_basic(struct menu *menu)
{
	const struct entry *entry;
	int status;

	if (!begin_forced(menu))
		return 0;
	entry = entry_list_default(&menu->boot.entries);
	status = entry && !entry->problem ? screen_boot(menu, entry) : screen_entries(menu);
	if (status == 0)
		boot_system_unforce(&menu->boot);
	return status;
}
