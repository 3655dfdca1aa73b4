/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run has done, for the screen. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/one_run.h"
#include "owner/ownership_summary.h"
#include <string.h>

static const enum ui_tone tones[] = {
    [OWNERSHIP_LEFT] = UI_WARNING, [OWNERSHIP_NOT_WANTED] = UI_DIM, [OWNERSHIP_WAS_DONE] = UI_NORMAL,
    [OWNERSHIP_DONE] = UI_GOOD,    [OWNERSHIP_FAILED] = UI_BAD,
};

void one_run_add_steps(const struct one_run *run, struct ui_text *text)
{
	for (int i = 0; i < OWNERSHIP_STEPS; i++) {
		const enum ownership_state state = run->ownership.states[i];

		if (state != OWNERSHIP_NOT_WANTED)
			ui_text_add(text, tones[state], "%-16s %s", ownership_state_name(state),
			            ownership_step_name((enum ownership_step)i));
	}
}

/* Of a run with a backup drive the summary is on that, in its open part. */
static void find_open_part(struct one_run *run)
{
	struct drive_stick sticks[DRIVE_MAX];
	size_t count;

	if (!ownership_answers_is(&run->answers, ANSWER_BACKUP, "drive"))
		return;
	count = drive_list(sticks);
	run->medium[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (strcmp(sticks[i].path, run->machine.drive.path) == 0)
			memcpy(run->medium, sticks[i].public, sizeof(run->medium));
}

static void keep_on_stick(const struct one_run *run, const struct buffer *lines, struct ui_text *text)
{
	char name[OWNERSHIP_SUMMARY_NAME];
	struct error error;

	if (ownership_summary_keep(&run->ownership, buffer_bytes(lines), name, &error) < 0) {
		log_error(&error);
		ui_text_add(text, UI_BAD, "The summary is not on the stick: %s", error.sentence);
		return;
	}
	log_line("ownership summary file=%s", name);
	ui_text_add(text, UI_NORMAL, "It is on the stick as %s%s.", name,
	            ownership_answers_is(&run->answers, ANSWER_SUMMARY, "secrets") ? ", WITH ALL SECRETS" : "");
}

void one_run_summary(struct one_run *run)
{
	CLEANUP(buffer_clear) struct buffer lines = {0};
	struct ui_text text = {0};
	struct bytes rest;

	find_open_part(run);
	ownership_summary_lines(&run->machine, &run->ownership,
	                        rom_settings_get(&run->menu->settings, "CONFIG_BOARD_NAME"), run->totp, &lines);
	rest = buffer_bytes(&lines);
	ui_text_add(&text, UI_GOOD, "This machine is yours from the next start on.");
	while (rest.size > 0) {
		const uint8_t *end = memchr(rest.data, '\n', rest.size);
		const size_t size = end ? (size_t)(end - rest.data) : rest.size;

		ui_text_add(&text, UI_NORMAL, "%.*s", (int)size, (const char *)rest.data);
		rest = bytes_slice(rest, size + 1, SIZE_MAX);
	}
	if (run->medium[0] && !ownership_answers_is(&run->answers, ANSWER_SUMMARY, "none"))
		keep_on_stick(run, &lines, &text);
	ui_show_text(run->menu->ui, "Done", &text);
	ui_text_clear(&text);
}
