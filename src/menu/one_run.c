/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking ownership of the machine in one run: asked first, shown, confirmed, done (owner/ownership.h). */
#include "menu/one_run.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "rom/flash_board.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define THE_WORD    "mine"
#define CODE_WINDOW 1 /* steps of TOTP to either side */

/* --- what the machine shows while it works ------------------------------------------------------------------------ */

static void show_step(void *screen, enum ownership_step step)
{
	struct one_run *run = screen;
	char what[100];

	log_line("ownership step=%s", ownership_step_word(step));
	(void)snprintf(what, sizeof(what), "Step %d of %d: %s", (int)step + 1, OWNERSHIP_STEPS,
	               ownership_step_name(step));
	ui_progress(run->menu->ui, ONE_RUN_TITLE, what, step, OWNERSHIP_STEPS);
}

static void show_progress(void *screen, const char *what, uint64_t done, uint64_t total)
{
	struct one_run *run = screen;

	ui_progress(run->menu->ui, ONE_RUN_TITLE, what, done, total);
}

/* The codes of now and of the steps beside it. */
static bool is_code(struct bytes secret, const char *typed)
{
	const uint64_t now = (uint64_t)time(NULL);

	for (int shift = -CODE_WINDOW; shift <= CODE_WINDOW; shift++) {
		uint8_t message[TOTP_MESSAGE_SIZE];
		const struct bytes part = bytes_make(message, sizeof(message));
		struct digest mac;
		char code[7];
		bool same;

		totp_message(now + (uint64_t)(int64_t)(shift * TOTP_STEP_SECONDS), message);
		mac = hmac_of(HASH_SHA1, secret, &part, 1);
		totp_digits(&mac, code);
		same = strcmp(code, typed) == 0;
		memory_wipe(&mac, sizeof(mac));
		memory_wipe(code, sizeof(code));
		if (same)
			return true;
	}
	return false;
}

/* Enter alone, or Esc, goes on without: the menu shows the code at every start. */
static int show_totp(void *screen, struct bytes secret, struct error *error)
{
	struct one_run *run = screen;
	bool wrong = false;

	(void)error;
	menu_show_totp_secret(run->menu, secret);
	for (;;) {
		struct ui_text text = {0};
		char code[16] = "";
		bool answered;

		if (wrong)
			ui_text_add(&text, UI_BAD, "That is not the code of now. Is the time on both the same?");
		ui_text_add(&text, UI_NORMAL,
		            "Type the six digits that your phone shows now, or press Enter alone to go on without.");
		answered = ui_ask_line(run->menu->ui, "Does your phone show the same code?", &text, code, sizeof(code));
		ui_text_clear(&text);
		wrong = answered && code[0] && !is_code(secret, code);
		if (wrong)
			continue;
		(void)snprintf(run->totp, sizeof(run->totp), "%s", answered && code[0] ? "confirmed" : "not confirmed");
		log_line("totp enrolled confirmed=%s", answered && code[0] ? "yes" : "no");
		return 0;
	}
}

/* --- before it begins --------------------------------------------------------------------------------------------- */

static int check_start(const struct menu *menu, struct error *error)
{
	if (!menu->tpm) {
		*error = menu->tpm_problem;
		return -(int)error->code;
	}
	if (menu->rom_changed)
		return error_set(error, E_ORDER, "ROM", "restart first: the ROM was changed in this start");
	if (menu->clock_problem.code != E_NONE) {
		*error = menu->clock_problem;
		return -(int)error->code;
	}
	if (!menu->boot.snapshot)
		return error_set(error, E_NOT_FOUND, BOOT_MOUNT_POINT, "there is no /boot to sign: %s",
		                 menu->boot.problem.code != E_NONE ? menu->boot.problem.sentence : "it was not read");
	return 0;
}

static int open_run(struct one_run *run, struct error *error)
{
	struct menu *menu = run->menu;
	int r = check_start(menu, error);

	if (r == 0)
		r = flash_open_board(&menu->settings, &run->flash, error);
	if (r < 0)
		return r;
	run->machine = (struct ownership_machine){.tpm = menu->tpm,
	                                          .flash = run->flash,
	                                          .boot = &run->boot,
	                                          .boot_device = rom_settings_get(&menu->settings, "CONFIG_BOOT_DEV"),
	                                          .ignore_rollback =
	                                              settings_is_yes(&menu->settings.merged, "CONFIG_IGNORE_ROLLBACK"),
	                                          .medium = run->medium,
	                                          .rom_changed = &menu->rom_changed,
	                                          .screen = run,
	                                          .show_totp = show_totp,
	                                          .show_step = show_step,
	                                          .show_progress = show_progress};
	ownership_machine_world(&run->machine, &run->world);
	run->ownership = (struct ownership){.world = &run->world, .answers = &run->answers};
	return 0;
}

static void close_run(struct one_run *run)
{
	ownership_clear(&run->ownership);
	ownership_machine_clear(&run->machine);
	ownership_answers_clear(&run->answers);
	secret_clear(&run->drawn);
	boot_system_clear(&run->boot);
	flash_close(&run->flash);
}

static bool read_answers(struct one_run *run)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct media_file file;
	struct error error;
	int r;

	if (!menu_choose_media(run->menu, MEDIA_ANSWERS, ONE_RUN_TITLE, &file))
		return false;
	(void)snprintf(run->medium, sizeof(run->medium), "%s", file.device);
	r = media_read(&file, OWNERSHIP_ANSWERS_MAX_SIZE, &content, &error);
	if (r == 0)
		r = ownership_answers_parse(buffer_bytes(&content), file.name, &run->answers, &error);
	if (r == 0)
		r = ownership_answers_check(&run->answers, file.name, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(run->menu, "The answers cannot be used; nothing was done", &error);
	}
	return r == 0 && (!ownership_answers_is(&run->answers, ANSWER_BACKUP, "drive") || one_run_choose_drive(run));
}

static bool choose_mode(struct one_run *run)
{
	static const struct ui_item items[] = {
	    {'q', "Ask me everything", UI_NORMAL},
	    {'d', "Defaults: one passphrase is drawn for all of it", UI_NORMAL},
	    {'f', "Answers from a file on a stick (heads-owner*.txt)", UI_NORMAL},
	};
	static const struct ui_menu screen = {
	    .title = ONE_RUN_TITLE,
	    .items = items,
	    .count = ARRAY_SIZE(items),
	    .help =
	        "Everything is asked first, then shown with what it destroys, and nothing is changed before you have "
	        "typed a word.\n"
	        "Whatever interrupts the run - a power cut, a dongle that is pulled out - start it again with the same "
	        "answers: it goes on with what is missing.\n"
	        "The defaults are for a machine that is handed on: one passphrase of four random words opens all of it "
	        "and is shown once; its first words are the PINs of the dongle."};
	static const char *const modes[] = {"questions", "defaults", "file"};
	size_t choice;

	if (ui_menu_run(run->menu->ui, &screen, &choice) != UI_CHOSEN || choice >= ARRAY_SIZE(modes))
		return false;
	run->mode = modes[choice];
	return choice == 0 ? one_run_ask(run) : choice == 1 ? one_run_ask_defaults(run) : read_answers(run);
}

/* In the defaults the disk gets the same passphrase, where it has not got it by an earlier run. */
static int fill_disk(struct one_run *run, struct error *error)
{
	const struct bytes passphrase = ownership_answers_bytes(&run->answers, ANSWER_TPM_PASSPHRASE);

	if (strcmp(run->mode, "defaults") != 0 || !ownership_answers_have(&run->answers, ANSWER_DISK_PASSPHRASE) ||
	    bytes_equal_secret(passphrase, ownership_answers_bytes(&run->answers, ANSWER_DISK_PASSPHRASE)))
		return 0;
	return ownership_answers_set(&run->answers, ANSWER_NEW_DISK_PASSPHRASE, passphrase, error);
}

/* One passphrase for what was not given. */
static int draw(struct one_run *run, struct error *error)
{
	int r = 0;

	if (!ownership_answers_is(&run->answers, ANSWER_GENERATE, "yes"))
		return 0;
	if (!ownership_answers_have(&run->answers, ANSWER_TPM_PASSPHRASE))
		r = ownership_draw(run->menu->tpm, &run->drawn, error);
	if (r == 0)
		r = ownership_fill(&run->answers,
		                   run->drawn.size > 0 ? secret_bytes(&run->drawn)
		                                       : ownership_answers_bytes(&run->answers, ANSWER_TPM_PASSPHRASE),
		                   error);
	return r < 0 ? r : fill_disk(run, error);
}

/* Which one is meant. */
static void add_card(const struct openpgp_card *card, struct ui_text *text)
{
	const char *key = card->fingerprints[OPENPGP_SIGNATURE];

	ui_text_add(text, UI_WARNING, "      dongle %s, signature key %s", card->serial, key[0] ? key : "none");
}

static void add_drive(const struct drive_stick *stick, struct ui_text *text)
{
	ui_text_add(text, UI_WARNING, "      stick %s (%s, %" PRIu64 " MiB)", stick->path, stick->model,
	            stick->size >> 20);
}

static bool confirm_plan(struct one_run *run)
{
	struct ui_text text = {0};
	bool yes;

	for (int i = 0; i < OWNERSHIP_STEPS; i++) {
		const enum ownership_step step = (enum ownership_step)i;
		const char *lost = ownership_destroys(&run->ownership, step);

		if (run->ownership.states[step] == OWNERSHIP_NOT_WANTED)
			continue;
		ui_text_add(&text, UI_NORMAL, "[%c] %s", run->ownership.states[step] == OWNERSHIP_LEFT ? ' ' : 'x',
		            ownership_step_name(step));
		if (lost)
			ui_text_add(&text, UI_WARNING, "      %s", lost);
		if (lost && step == OWNERSHIP_KEY && run->machine.drive.path[0] && !run->ownership.drive_has_key)
			add_drive(&run->machine.drive, &text);
		if (lost && step == OWNERSHIP_KEY && run->machine.card.serial[0])
			add_card(&run->machine.card, &text);
	}
	ui_text_add(&text, UI_NORMAL, "One restart ends it. Type the word %s to begin.", THE_WORD);
	log_line("ask what=ownership-plan");
	yes = ui_confirm_typed(run->menu->ui, "What will be done", &text, THE_WORD);
	ui_text_clear(&text);
	return yes;
}

/* Before it is used for anything: whoever does not write it down has lost nothing yet. */
static bool show_drawn(struct one_run *run)
{
	struct ui_text text = {0};
	bool yes;

	if (run->drawn.size == 0)
		return true;
	ui_text_add(&text, UI_GOOD, "%.*s", (int)run->drawn.size, (const char *)run->drawn.data);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(
	    &text, UI_NORMAL,
	    "Write it down: it is shown this once. %d words of the EFF's list, drawn at random: %u bits. It is the "
	    "passphrase of all that was not given.",
	    DICEWARE_MIN_WORDS, diceware_bits(DICEWARE_MIN_WORDS));
	if (ownership_answers_want(&run->answers, ANSWER_ADMIN_PIN))
		ui_text_add(&text, UI_NORMAL, "Both PINs of the dongle: %s",
		            ownership_answers_get(&run->answers, ANSWER_ADMIN_PIN));
	yes = ui_confirm(run->menu->ui, "Your passphrase", &text, "I have written it down: begin", "Back");
	for (size_t i = 0; i < text.count; i++)
		memory_wipe(text.lines[i].text, strlen(text.lines[i].text));
	ui_text_clear(&text);
	return yes;
}

/* --- doing it ----------------------------------------------------------------------------------------------------- */

/* What failed, what was done. True: try again. */
static bool offer_again(struct one_run *run, const struct error *error)
{
	struct ui_text text = {0};
	bool yes;

	ui_text_add(&text, UI_BAD, "%s", error->sentence);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	one_run_add_steps(run, &text);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(
	    &text, UI_NORMAL,
	    "What was done stays done. Go on here when what is missing is there again, or start the run again later "
	    "with the same answers.");
	yes = ui_confirm(run->menu->ui, "The run has stopped", &text, "Go on with what is missing", "Leave it");
	ui_text_clear(&text);
	return yes;
}

static bool do_all(struct one_run *run)
{
	struct error error;

	for (;;) {
		int r = ownership_run(&run->ownership, &error);

		if (r == 0)
			return true;
		log_line("ownership stopped code=%s sentence=\"%s\"", error_name(error.code), error.sentence);
		if (!offer_again(run, &error) || !one_run_ask_missing(run))
			return false;
	}
}

/* The menu knows again what is there: it reads /boot anew, and judges it by the keys of this start alone. */
static void look_again(struct one_run *run)
{
	const enum ownership_state tpm = run->ownership.states[OWNERSHIP_TPM];
	struct menu *menu = run->menu;
	struct error error;

	if (tpm == OWNERSHIP_DONE) {
		(void)menu_keep_owner(menu, ownership_answers_bytes(&run->answers, ANSWER_TPM_PASSPHRASE));
		menu->tpm_record = NULL;
		menu->tpm_foreign.code = E_NONE;
	}
	if (menu_read_tpm(menu, &error) < 0)
		log_error(&error);
	menu_open_totp(menu);
	menu->hotp.known = hotp_look(menu->tpm, &menu->hotp.setup, &menu->hotp.problem) == 0;
	menu->hotp.asked = false;
	boot_system_clear(&run->boot);
	menu_prepare_boot(menu);
}

static int finish(struct one_run *run)
{
	struct ui_text text = {0};
	bool yes;

	log_line("ownership complete key=%s", run->ownership.key.fingerprint);
	one_run_summary(run);
	if (!run->menu->rom_changed)
		return 0;
	ui_text_add(&text, UI_GOOD, "The ROM was written: restart now.");
	ui_text_add(&text, UI_NORMAL,
	            "Then compare the code with your phone, and boot. Keep the stick and your passphrases apart from "
	            "the machine.");
	yes = ui_confirm(run->menu->ui, "Restart", &text, "Restart now", "Later");
	ui_text_clear(&text);
	return yes ? MENU_EXIT_REBOOT : 0;
}

/* A dongle or a stick that is not there now can be plugged in: what was answered is not asked again. */
static bool offer_look(struct one_run *run, const struct error *error)
{
	struct ui_text text = {0};
	bool yes;

	if (error->code != E_NO_DEVICE) {
		screen_error(run->menu, "Nothing was done", error);
		return false;
	}
	ui_text_add(&text, UI_BAD, "%s", error->sentence);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_NORMAL, "What you have answered is kept. Plug in what is missing, then look again.");
	yes = ui_confirm(run->menu->ui, "Nothing was done", &text, "Look again", "Leave it");
	ui_text_clear(&text);
	return yes;
}

static bool look(struct one_run *run)
{
	struct error error;
	int r = draw(run, &error);

	for (;;) {
		ui_progress(run->menu->ui, ONE_RUN_TITLE, "Looking at what is there ...", 0, 0);
		if (r == 0)
			r = ownership_look(&run->ownership, &error);
		if (r == 0)
			return true;
		log_line("ownership refused code=%s sentence=\"%s\"", error_name(error.code), error.sentence);
		if (!offer_look(run, &error))
			return false;
		r = 0;
	}
}

static int go(struct one_run *run)
{
	/* What the run finds verified by a key that somebody has brought must not be verified for the menu. */
	run->boot = TAKE(run->menu->boot, (struct boot_system){0});
	if (!look(run))
		return 0;
	if (!confirm_plan(run) || !show_drawn(run))
		return 0;
	log_line("ownership begin mode=%s key=%s backup=%s", run->mode,
	         ownership_answers_get(&run->answers, ANSWER_KEY), ownership_answers_get(&run->answers, ANSWER_BACKUP));
	return do_all(run) ? finish(run) : 0;
}

int screen_one_run(struct menu *menu)
{
	struct one_run run = {.menu = menu};
	struct error error;
	int status = 0;

	if (!menu_may(menu, ACCESS_OWNERSHIP))
		return 0;
	/* It also writes what is the settings' place. One proof is enough for both; a refusal of either is one. */
	if (access_decide(menu->request->access, ACCESS_SETTINGS) == ACCESS_REFUSED && !menu_may(menu, ACCESS_SETTINGS))
		return 0;
	if (open_run(&run, &error) < 0) {
		log_error(&error);
		screen_error(menu, "The run cannot begin; nothing was done", &error);
	} else if (choose_mode(&run)) {
		status = go(&run);
		if (status == 0)
			look_again(&run);
	}
	close_run(&run);
	return status;
}
