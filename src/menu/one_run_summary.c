/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run has done, for the screen and for the stick. */
#include "base/cleanup.h"
#include "base/log.h"
#include "menu/one_run.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
	const char *words;
	enum ui_tone tone;
} states[] = {
    [OWNERSHIP_LEFT] = {"left to do", UI_WARNING},
    [OWNERSHIP_NOT_WANTED] = {"not wanted", UI_DIM},
    [OWNERSHIP_WAS_DONE] = {"was done before", UI_NORMAL},
    [OWNERSHIP_DONE] = {"done", UI_GOOD},
    [OWNERSHIP_FAILED] = {"FAILED", UI_BAD},
};

void one_run_add_steps(const struct one_run *run, struct ui_text *text)
{
	for (int i = 0; i < OWNERSHIP_STEPS; i++) {
		const enum ownership_state state = run->ownership.states[i];

		if (state != OWNERSHIP_NOT_WANTED)
			ui_text_add(text, states[state].tone, "%-16s %s", states[state].words,
			            ownership_step_name((enum ownership_step)i));
	}
}

static void add(struct buffer *lines, const char *what, const char *value)
{
	if (value[0])
		buffer_append_format(lines, "%-18s %s\n", what, value);
}

static void add_dongle(const struct one_run *run, struct buffer *lines)
{
	struct hotp_setup setup;
	char text[64];

	add(lines, "Dongle", run->machine.card.serial);
	if (hotp_look(run->menu->tpm, &setup, NULL) < 0)
		return;
	(void)snprintf(text, sizeof(text), "%s %08" PRIX32, hotp_model_name(setup.model), setup.serial);
	add(lines, "Dongle (HOTP)", text);
}

static void add_date(struct buffer *lines)
{
	const time_t now = time(NULL);
	char text[40];
	struct tm utc;

	if (gmtime_r(&now, &utc) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc) > 0)
		add(lines, "Date", text);
}

static const char *where_kept(const struct ownership_answers *answers)
{
	static const struct {
		const char *kind, *words;
	} places[] = {{"memory", "on the stick, under its passphrase"},
	              {"card", "on the dongle alone"},
	              {"move", "on the dongle, and on the stick under its passphrase"},
	              {"import", "where it was: it was brought along"}};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (ownership_answers_is(answers, ANSWER_KEY, places[i].kind))
			return places[i].words;
	return "";
}

/* A line each: what was set, never a secret. */
static void describe(const struct one_run *run, struct buffer *lines)
{
	const char *board = rom_settings_get(&run->menu->settings, "CONFIG_BOARD_NAME");
	const struct ownership_answers *answers = &run->answers;
	CLEANUP(buffer_clear) struct buffer name = {0};
	struct bytes tpm;

	add_date(lines);
	add(lines, "Machine", board ? board : "");
	add(lines, "Heads", HEADS_VERSION);
	add(lines, "Key", run->ownership.key.fingerprint);
	add(lines, "Key kept", where_kept(answers));
	add_dongle(run, lines);
	if (tpm_storage_key_name(run->menu->tpm, &tpm, NULL) == 0) {
		for (size_t i = 0; i < tpm.size; i++)
			buffer_append_format(&name, "%02x", tpm.data[i]);
		add(lines, "TPM", buffer_string(&name) ? buffer_string(&name) : "");
	}
	add(lines, "Phone (TOTP)", run->totp);
	add(lines, "Older /boot", ownership_answers_is(answers, ANSWER_ROLLBACK, "yes") ? "refused" : "not refused");
	add(lines, "Disk",
	    ownership_answers_is(answers, ANSWER_UNLOCK_KEY, "yes") ? "opened by the TPM" : "by passphrase");
}

/* On the owner's explicit wish: in clear text. */
static void add_secrets(const struct one_run *run, struct buffer *lines)
{
	for (int i = 0; i < ANSWERS; i++) {
		const enum ownership_answer answer = (enum ownership_answer)i;

		if (ownership_answer_info[i].kind != ANSWER_SECRET || !ownership_answers_have(&run->answers, answer) ||
		    (answer == ANSWER_DISK_PASSPHRASE &&
		     ownership_answers_have(&run->answers, ANSWER_NEW_DISK_PASSPHRASE)))
			continue;
		add(lines, ownership_answer_info[i].name, ownership_answers_get(&run->answers, answer));
	}
}

/* Under a name that is free: one of an earlier run stays. */
static int write_summary(const struct one_run *run, struct bytes content, struct media_file *file, struct error *error)
{
	int r = -E_EXISTS;

	(void)snprintf(file->device, sizeof(file->device), "%s", run->medium);
	for (unsigned i = 1; i <= OWNERSHIP_MAX_FILES && r == -E_EXISTS; i++) {
		(void)snprintf(file->name, sizeof(file->name), "heads-summary-%u.txt", i);
		r = media_write(file, content, MEDIA_KEEP, error);
	}
	return r;
}

static void keep_on_stick(const struct one_run *run, const struct buffer *lines, struct ui_text *text)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct media_file file = {.package = false};
	struct error error;

	buffer_append_bytes(&content, buffer_bytes(lines));
	if (ownership_answers_is(&run->answers, ANSWER_SUMMARY, "secrets"))
		add_secrets(run, &content);
	if (content.failed || write_summary(run, buffer_bytes(&content), &file, &error) < 0) {
		log_error(&error);
		ui_text_add(text, UI_BAD, "The summary is not on the stick: %s", error.sentence);
		return;
	}
	log_line("ownership summary file=%s", file.name);
	ui_text_add(text, UI_NORMAL, "It is on the stick as %s%s.", file.name,
	            ownership_answers_is(&run->answers, ANSWER_SUMMARY, "secrets") ? ", WITH ALL SECRETS" : "");
}

void one_run_summary(struct one_run *run)
{
	CLEANUP(buffer_clear) struct buffer lines = {0};
	struct ui_text text = {0};
	struct bytes rest;

	describe(run, &lines);
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
