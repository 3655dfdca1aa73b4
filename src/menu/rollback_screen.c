/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the counter that tells an older /boot from the last signed one (A15). */
#include "base/log.h"
#include "menu/screen.h"
#include <inttypes.h>

#define TITLE "Refuse an older /boot"

static bool confirm(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(
	    &text, UI_NORMAL,
	    "Whoever kept a copy of an older /boot, validly signed by you, can put it back, with the holes that "
	    "were closed since. A counter in the TPM tells it from the last one that you signed.");
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(
	    &text, UI_WARNING,
	    "From the next start on, a /boot that was not signed for this counter is refused: boot your system now "
	    "and sign /boot again, as the next screen says.");
	yes = ui_confirm(menu->ui, TITLE, &text, "Make the counter", "Back");
	ui_text_clear(&text);
	return yes;
}

static int create(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	uint64_t *value = context;
	int r = tpm_counter_create(menu->tpm, TPM_COUNTER_ROLLBACK, owner, error);

	return r < 0 ? r : tpm_counter_read(menu->tpm, TPM_COUNTER_ROLLBACK, value, error);
}

static void show(struct menu *menu, uint64_t value)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_GOOD, "The counter is at %" PRIu64 ".", value);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_NORMAL, "Boot your system now, and sign /boot there or on a workstation:");
	ui_text_add(&text, UI_NORMAL, "    heads boot sign --gnupghome HOME --rollback %" PRIu64 " /boot", value + 1);
	ui_text_add(
	    &text, UI_NORMAL,
	    "Every later signing takes the next value by itself (docs/formats.md). If you forget it, the next start "
	    "refuses /boot and says which value it wants.");
	ui_show_text(menu->ui, TITLE, &text);
	ui_text_clear(&text);
}

void screen_rollback(struct menu *menu)
{
	struct error error;
	uint64_t value;

	if (!confirm(menu))
		return;
	if (menu_as_owner(menu, "The counter is made with the TPM owner's right.", create, &value, &error) < 0) {
		log_error(&error);
		screen_error(menu, TITLE, &error);
		return;
	}
	log_line("rollback counter=%" PRIu64 " created", value);
	show(menu, value);
}
