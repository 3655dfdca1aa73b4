/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The secrets of the TPM around a change of the flash: approved beforehand for what the next start will measure,
 * dropped for what was before when that has booted, and approved by hand where it came out otherwise. */
#include "base/log.h"
#include "menu/screen.h"
#include <string.h>

#define LIST_SIZE 160

void menu_foresee(struct menu *menu, struct bytes chip, approval_change *change, void *context,
                  struct menu_forecast *ret_forecast)
{
	struct menu_forecast *forecast = ret_forecast;
	const struct rom_image image = {chip};
	char list[LIST_SIZE];
	int r;

	memset(forecast, 0, sizeof(*forecast));
	if (!menu->tpm)
		return;
	r = approval_look(menu->tpm, &forecast->approval, &forecast->problem);
	if (r == 0 && approval_list(&forecast->approval, APPROVAL_CAN, list, sizeof(list)))
		r = approval_foresee(menu->tpm, &forecast->approval, &image, change, context, forecast->sets,
		                     &forecast->problem);
	if (r < 0)
		log_error(&forecast->problem);
	else
		forecast->problem.code = E_NONE;
	for (size_t i = 0; r < 0 && i < APPROVAL_SECRETS; i++)
		if (forecast->approval.states[i] == APPROVAL_CAN)
			forecast->approval.states[i] = APPROVAL_CANNOT;
}

void menu_forecast_describe(const struct menu_forecast *forecast, struct ui_text *text)
{
	char list[LIST_SIZE];

	if (approval_list(&forecast->approval, APPROVAL_CAN, list, sizeof(list)))
		ui_text_add(text, UI_NORMAL,
		            "The TPM will be told beforehand, with the owner passphrase; these go on as they are: %s.",
		            list);
	if (approval_list(&forecast->approval, APPROVAL_DONE, list, sizeof(list)))
		ui_text_add(text, UI_GOOD,
		            "The TPM knows what the next start will measure; these go on as they are: %s.", list);
	if (approval_list(&forecast->approval, APPROVAL_CANNOT, list, sizeof(list)))
		ui_text_add(text, UI_WARNING,
		            "The TPM will not release these, and they have to be made anew: %s. Why: %s.", list,
		            forecast->problem.code != E_NONE ? forecast->problem.sentence
		                                             : "they were made while the TPM had no owner passphrase");
	else if (forecast->problem.code != E_NONE)
		ui_text_add(text, UI_WARNING, "What this means for the TPM is not known: %s.",
		            forecast->problem.sentence);
}

static int give(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	struct menu_forecast *forecast = context;

	return approval_give(menu->tpm, &forecast->approval, forecast->sets, TPM_APPROVE_MAX, owner, error);
}

int menu_approve(struct menu *menu, struct menu_forecast *forecast, struct error *error)
{
	char list[LIST_SIZE];
	int r;

	if (!approval_list(&forecast->approval, APPROVAL_CAN, list, sizeof(list)))
		return 0;
	r = menu_as_owner(menu, "What the TPM keeps for this firmware is to open after the change as well.", give,
	                  forecast, error);
	if (r < 0) {
		log_error(error);
		return r;
	}
	(void)approval_list(&forecast->approval, APPROVAL_DONE, list, sizeof(list));
	log_line("approval given secrets=\"%s\"", list);
	menu->approval = (struct tpm_approval){.pending = true};
	return 0;
}

void menu_note_approval(struct menu *menu, enum tpm_slot slot)
{
	struct error error;

	if (!menu->tpm || menu->approval.pending)
		return;
	if (tpm_approval_look(menu->tpm, slot, &menu->approval, &error) < 0)
		log_error(&error);
	else if (menu->approval.pending)
		log_line("approval pending running=%s", menu->approval.running_first ? "new" : "old");
}

void menu_drop_before(struct menu *menu)
{
	struct error error;

	if (!menu->approval.pending || !menu->approval.running_first)
		return;
	if (tpm_approval_drop(menu->tpm, &error) < 0) {
		log_error(&error);
		return;
	}
	menu->approval.pending = false;
	log_line("approval dropped");
}

void menu_add_approval(const struct menu *menu, struct ui_text *text)
{
	if (!menu->approval.pending)
		return;
	ui_text_add(text, UI_WARNING, "Approval  %s",
	            menu->approval.running_first
	                ? "what ran before the change opens the TPM too, until the next verified boot"
	                : "the flash was changed: the TPM opens to what runs, and to what starts next");
}

static int give_now(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	struct menu_forecast *forecast = context;

	return approval_give(menu->tpm, &forecast->approval, forecast->sets, 1, owner, error);
}

void menu_approve_now(struct menu *menu)
{
	struct menu_forecast forecast = {.approval = {.states = {APPROVAL_NONE}}};
	struct ui_text text = {0};
	struct error error;
	char list[LIST_SIZE];
	int r = approval_look(menu->tpm, &forecast.approval, &error);

	if (r == 0)
		r = approval_of_now(menu->tpm, &forecast.sets[0], &error);
	if (r == 0 && !approval_list(&forecast.approval, APPROVAL_CAN, list, sizeof(list)))
		r = error_set(&error, E_UNSUPPORTED, "TPM",
		              "what the TPM holds was made without an owner passphrase: it has to be made anew");
	if (r == 0)
		r = menu_as_owner(menu, "You vouch for the firmware and the settings that run now.", give_now,
		                  &forecast, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(menu, "Nothing more was approved", &error);
		return;
	}
	menu->approval.pending = false;
	(void)approval_list(&forecast.approval, APPROVAL_DONE, list, sizeof(list));
	log_line("approval resealed secrets=\"%s\"", list);
	menu_open_totp(menu);
	if (menu->totp.open)
		menu_keep_measured(menu, true);
	menu_check_hotp(menu);
	ui_text_add(&text, UI_GOOD, "The TPM opens these to what runs now, and to nothing else: %s.", list);
	if (approval_list(&forecast.approval, APPROVAL_CANNOT, list, sizeof(list)))
		ui_text_add(&text, UI_WARNING, "These have to be made anew: %s.", list);
	ui_show_text(menu->ui, "Approved", &text);
	ui_text_clear(&text);
}
