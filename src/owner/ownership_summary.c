/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/ownership_summary.h"
#include "attest/hotp.h"
#include "base/cleanup.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void add(struct buffer *lines, const char *what, const char *value)
{
	if (value[0])
		buffer_append_format(lines, "%-18s %s\n", what, value);
}

static void add_dongle(const struct ownership_machine *machine, struct buffer *lines)
{
	struct hotp_setup setup;
	char text[64];

	add(lines, "Dongle", machine->card.serial);
	if (hotp_look(machine->tpm, &setup, NULL) < 0)
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

	if (ownership_answers_is(answers, ANSWER_BACKUP, "drive"))
		return ownership_answers_is(answers, ANSWER_KEY, "move")
		           ? "on the dongle, and on the encrypted backup drive"
		           : "on the encrypted backup drive";
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (ownership_answers_is(answers, ANSWER_KEY, places[i].kind))
			return places[i].words;
	return "";
}

void ownership_summary_lines(const struct ownership_machine *machine, const struct ownership *ownership,
                             const char *board, const char *totp, struct buffer *lines)
{
	const struct ownership_answers *answers = ownership->answers;
	CLEANUP(buffer_clear) struct buffer name = {0};
	struct bytes tpm;

	add_date(lines);
	add(lines, "Machine", board ? board : "");
	add(lines, "Heads", HEADS_VERSION);
	add(lines, "Key", ownership->key.fingerprint);
	add(lines, "Key kept", where_kept(answers));
	add_dongle(machine, lines);
	if (tpm_storage_key_name(machine->tpm, &tpm, NULL) == 0) {
		for (size_t i = 0; i < tpm.size; i++)
			buffer_append_format(&name, "%02x", tpm.data[i]);
		add(lines, "TPM", buffer_string(&name) ? buffer_string(&name) : "");
	}
	add(lines, "Phone (TOTP)", totp);
	add(lines, "Older /boot", ownership_answers_is(answers, ANSWER_ROLLBACK, "yes") ? "refused" : "not refused");
	add(lines, "Disk",
	    ownership_answers_is(answers, ANSWER_UNLOCK_KEY, "yes") ? "opened by the TPM" : "by passphrase");
}

/* On the owner's explicit wish: in clear text. */
static void add_secrets(const struct ownership_answers *answers, struct buffer *lines)
{
	for (int i = 0; i < ANSWERS; i++) {
		const enum ownership_answer answer = (enum ownership_answer)i;

		if (ownership_answer_info[i].kind != ANSWER_SECRET || !ownership_answers_have(answers, answer) ||
		    (answer == ANSWER_DISK_PASSPHRASE && ownership_answers_have(answers, ANSWER_NEW_DISK_PASSPHRASE)))
			continue;
		add(lines, ownership_answer_info[i].name, ownership_answers_get(answers, answer));
	}
}

int ownership_summary_keep(const struct ownership *ownership, struct bytes lines, char name[OWNERSHIP_SUMMARY_NAME],
                           struct error *error)
{
	const struct ownership_world *world = ownership->world;
	CLEANUP(buffer_clear) struct buffer content = {0};
	int r = -E_EXISTS;

	buffer_append_bytes(&content, lines);
	if (ownership_answers_is(ownership->answers, ANSWER_SUMMARY, "secrets"))
		add_secrets(ownership->answers, &content);
	if (content.failed)
		return error_set(error, E_MEMORY, "summary", "there is not enough memory for the summary");
	for (unsigned i = 1; i <= OWNERSHIP_MAX_FILES && r == -E_EXISTS; i++) {
		(void)snprintf(name, OWNERSHIP_SUMMARY_NAME, "heads-summary-%u.txt", i);
		r = world->medium_write(world->context, name, buffer_bytes(&content), error);
	}
	return r;
}
