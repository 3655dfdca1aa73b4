/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept for the next start when the TOTP secret opens, and what is said when it does not. */
#include "attest/keep.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "menu/screen.h"
#include <stdlib.h>
#include <string.h>

#define SHOWN_CAUSES 4

/* The settings as PID 1 measured them. */
static struct bytes measured_settings(const struct menu *menu)
{
	return menu->request->settings_fd < 0 ? BYTES_EMPTY : keep_content(&menu->settings_text);
}

void menu_keep_measured(struct menu *menu, bool anew)
{
	struct error error;
	size_t size;

	if (keep_in_tpm(menu->tpm, measured_settings(menu), anew, &size, &error) < 0)
		log_error(&error);
	else if (size > 0)
		log_line("why kept=tpm bytes=%zu", size);
}

/* Only of a /boot whose signature is good; a file that does not fit makes the list no less signed. */
static struct bytes signed_list(const struct menu *menu)
{
	struct bytes list = BYTES_EMPTY;

	if (menu->boot.verify.signature == VERIFY_GOOD && menu->boot.snapshot)
		(void)snapshot_bytes(menu->boot.snapshot, KEEP_FILE, BASELINE_MAX_SIZE, &list, NULL);
	return list;
}

static void log_causes(const struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->why.count; i++) {
		const struct why_cause *cause = &explanation->why.causes[i];
		const char *kind = why_kind_name(cause->kind), *source = explain_source_name(explanation->source);

		if (cause->pcr < 0)
			log_line("why kind=%s source=%s sentence=\"%s\"", kind, source, cause->sentence);
		else
			log_line("why kind=%s pcr=%d source=%s sentence=\"%s\"", kind, cause->pcr, source,
			         cause->sentence);
	}
}

static void explain_slot(struct menu *menu, enum tpm_slot slot, bool foreign, struct explanation *ret_explanation)
{
	const struct explain_known known = {.signed_list = signed_list(menu),
	                                    .settings = measured_settings(menu),
	                                    .since = menu->start_known ? &menu->since_start : NULL,
	                                    .foreign = foreign};
	struct error error;

	if (explain_seal(menu->tpm, slot, &known, ret_explanation, &error) < 0)
		log_error(&error);
	log_causes(ret_explanation);
}

void menu_explain_totp(struct menu *menu)
{
	enum error_code code = menu->totp_problem.code;

	memset(&menu->explanation, 0, sizeof(menu->explanation));
	if (menu->tpm && (code == E_WRONG_PCR || code == E_NO_SECRET || code == E_FOREIGN_TPM))
		explain_slot(menu, TPM_SLOT_TOTP, code == E_FOREIGN_TPM, &menu->explanation);
}

void menu_explain_disk(struct menu *menu, enum tpm_slot slot, struct ui_text *text)
{
	CLEANUP_FREE struct explanation *explanation = calloc(1, sizeof(*explanation));

	if (!explanation || !menu->tpm)
		return;
	explain_slot(menu, slot, false, explanation);
	for (size_t i = 0; i < explanation->why.count && i < SHOWN_CAUSES; i++)
		ui_text_add(text, UI_BAD, "%-9s %s", i == 0 ? "Why" : "", explanation->why.causes[i].sentence);
}

void menu_add_causes(const struct menu *menu, size_t most, struct ui_text *text)
{
	const struct why *why = &menu->explanation.why;

	for (size_t i = 0; i < why->count && i < most; i++)
		ui_text_add(text, UI_BAD, "%-9s %s", i == 0 ? "Why" : "", why->causes[i].sentence);
}
