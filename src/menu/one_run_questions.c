/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The questions of the one run: all of them at its beginning, each with its limits before anything is typed. */
#include "base/cleanup.h"
#include "base/log.h"
#include "disk/reencrypt.h"
#include "menu/one_run.h"
#include <stdio.h>
#include <string.h>

#define TRIES   3
#define CHOICES 5

struct choice {
	const char *value, *label;
	char key;
};

struct list {
	struct ui_item items[MEDIA_MAX_FILES];
};

struct question {
	enum ownership_answer answer;
	const char *title;
	const char *words; /* why it is asked */
	struct choice choices[CHOICES];
	size_t least; /* where more is wanted than the answer's own limit; else 0 */
};

static bool set(struct one_run *run, enum ownership_answer answer, const char *value)
{
	return ownership_answers_set(&run->answers, answer, bytes_from_string(value), NULL) == 0;
}

/* --- one question ------------------------------------------------------------------------------------------------- */

static void explain(void *context, struct ui_text *text)
{
	const struct question *question = context;

	ui_text_add(text, UI_NORMAL, "%s", question->words);
}

static bool ask_choice(struct one_run *run, const struct question *question)
{
	struct list list;
	struct ui_menu screen = {
	    .title = question->title,
	    .status = explain,
	    .context = (void *)question,
	    .items = list.items,
	    .help = "Nothing is done before all was asked and you have seen the plan. Esc leaves the questions."};
	size_t choice;

	for (; screen.count < CHOICES && question->choices[screen.count].value; screen.count++)
		list.items[screen.count] = (struct ui_item){question->choices[screen.count].key,
		                                            question->choices[screen.count].label, UI_NORMAL};
	if (ui_menu_run(run->menu->ui, &screen, &choice) != UI_CHOSEN || choice >= screen.count)
		return false;
	return set(run, question->answer, question->choices[choice].value);
}

static void add_limits(struct ui_text *text, const struct question *question)
{
	const struct answer_kind_info *info = &ownership_answer_info[question->answer];

	ui_text_add(text, UI_NORMAL, "%s", question->words);
	ui_text_add(text, UI_DIM, "%zu to %zu characters.", question->least ? question->least : info->least,
	            info->most);
}

static bool ask_text(struct one_run *run, const struct question *question)
{
	struct error error = {.code = E_NONE};
	char line[128] = "";

	for (unsigned i = 0; i < TRIES; i++) {
		struct ui_text text = {0};
		bool answered;

		if (error.code != E_NONE)
			ui_text_add(&text, UI_BAD, "%s", error.sentence);
		add_limits(&text, question);
		answered = ui_ask_line(run->menu->ui, question->title, &text, line,
		                       ownership_answer_info[question->answer].most + 1);
		ui_text_clear(&text);
		if (!answered)
			return false;
		if (line[0] == '\0')
			(void)error_set(&error, E_USAGE, question->title, "Something has to be typed here.");
		else if (ownership_answers_set(&run->answers, question->answer, bytes_from_string(line), &error) == 0)
			return true;
	}
	return false;
}

static bool ask_secret_once(struct one_run *run, const struct question *question, const char *again,
                            const struct error *wrong, struct secret *ret_secret)
{
	struct ui_text text = {0};
	char title[80];
	bool answered;

	(void)snprintf(title, sizeof(title), "%s%s", question->title, again);
	if (wrong->code != E_NONE)
		ui_text_add(&text, UI_BAD, "%s", wrong->sentence);
	add_limits(&text, question);
	answered = secret_allocate(ownership_answer_info[question->answer].most, ret_secret) == 0 &&
	           ui_ask_secret(run->menu->ui, title, &text, ret_secret);
	ui_text_clear(&text);
	return answered;
}

/* fresh: typed twice. optional: Enter alone means none. */
static bool ask_secret(struct one_run *run, const struct question *question, bool fresh, bool optional)
{
	struct error error = {.code = E_NONE};

	for (unsigned i = 0; i < TRIES; i++) {
		CLEANUP(secret_clear) struct secret first = {0}, second = {0};

		if (!ask_secret_once(run, question, "", &error, &first))
			return false;
		if (first.size == 0 && optional)
			return ownership_answers_set(&run->answers, question->answer, BYTES_EMPTY, NULL) == 0;
		if (first.size == 0) {
			(void)error_set(&error, E_USAGE, question->title, "Something has to be typed here.");
			continue;
		}
		if (first.size < question->least) {
			(void)error_set(&error, E_USAGE, question->title, "That has %zu characters.", first.size);
			continue;
		}
		if (ownership_answers_set(&run->answers, question->answer, secret_bytes(&first), &error) < 0)
			continue;
		error.code = E_NONE;
		if (!fresh)
			return true;
		if (!ask_secret_once(run, question, ", again", &error, &second))
			return false;
		if (bytes_equal_secret(secret_bytes(&first), secret_bytes(&second)))
			return true;
		(void)error_set(&error, E_USAGE, question->title, "The two differ.");
	}
	(void)ownership_answers_set(&run->answers, question->answer, BYTES_EMPTY, NULL);
	return false;
}

/* --- the stick ---------------------------------------------------------------------------------------------------- */

bool one_run_choose_stick(struct one_run *run, bool must)
{
	struct media_place sticks[MEDIA_MAX_FILES];
	char labels[MEDIA_MAX_FILES][120];
	struct list list;
	struct ui_menu screen = {.title = "Which stick do the files go to?",
	                         .items = list.items,
	                         .help = "The files of the run are written to the stick's file system, vfat or ext4. A "
	                                 "stick that is plugged in later is found when you come here again."};
	struct error error;
	size_t choice = 0;

	if (run->medium[0])
		return true;
	ui_progress(run->menu->ui, ONE_RUN_TITLE, "Looking at the disks and sticks ...", 0, 0);
	screen.count = media_places(sticks);
	if (screen.count == 0 && must) {
		(void)error_set(&error, E_NO_DEVICE, "stick",
		                "no stick (vfat or ext4) is plugged in, and the key has to be kept on one");
		screen_error(run->menu, ONE_RUN_TITLE, &error);
	}
	if (screen.count == 0)
		return !must;
	for (size_t i = 0; i < screen.count; i++) {
		(void)snprintf(labels[i], sizeof(labels[i]), "%.47s  %.63s", sticks[i].device, sticks[i].disk);
		list.items[i] = (struct ui_item){.label = labels[i]};
	}
	if (!must && screen.count < MEDIA_MAX_FILES)
		list.items[screen.count++] = (struct ui_item){'n', "None", UI_NORMAL};
	if (screen.count > 1 && (ui_menu_run(run->menu->ui, &screen, &choice) != UI_CHOSEN || choice >= screen.count))
		return false;
	if (list.items[choice].key != 'n')
		(void)snprintf(run->medium, sizeof(run->medium), "%s", sticks[choice].device);
	return true;
}

bool one_run_choose_drive(struct one_run *run)
{
	return menu_choose_stick(run->menu, false, run->medium[0] ? run->medium : NULL,
	                         "Which stick becomes the backup drive?", &run->machine.drive);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static const struct question key_with_dongle = {
    ANSWER_KEY,
    "Where is your key made?",
    "It signs /boot. On the dongle it cannot be copied, and is lost with it; a copy on a stick that you lock away "
    "outlives the dongle.",
    {{"card", "On the dongle: there is no copy", 'd'},
     {"move", "In memory, with a copy on a stick or a drive, then moved to the dongle", 'm'},
     {"memory", "In memory, kept on a stick or a drive under a passphrase", 's'},
     {"import", "I have a key: its file is on a stick", 'i'}},
    0};
static const struct question key_without = {
    ANSWER_KEY,
    "Where is your key made?",
    "It signs /boot. No security dongle is plugged in: the key is kept on a stick, under a passphrase.",
    {{"memory", "In memory, kept on a stick or a drive under a passphrase", 's'},
     {"import", "I have a key: its file is on a stick", 'i'}},
    0};
static const struct question kept = {
    ANSWER_BACKUP,
    "Where is the key kept?",
    "On a stick it is a file under a passphrase, beside what else is there. The backup drive is a stick that is erased "
    "for it: the secret key and its revocation certificate are in an encrypted part, the public key is in an open one.",
    {{"stick", "As a file on a stick", 's'}, {"drive", "On an encrypted backup drive: a stick is erased", 'd'}},
    0};
static const struct question algorithm = {ANSWER_KEY_ALGORITHM,
                                          "Which algorithm?",
                                          "Ed25519 is the fastest. Old dongles know RSA alone.",
                                          {{"ed25519", "Ed25519", 'e'},
                                           {"nistp256", "NIST P-256", 'p'},
                                           {"rsa3072", "RSA with 3072 bits", '3'},
                                           {"rsa4096", "RSA with 4096 bits", '4'}},
                                          0};
static const struct question name = {.answer = ANSWER_KEY_NAME,
                                     .title = "Your name in the key",
                                     .words = "Whoever sees a signature sees it. It need not be your real one."};
static const struct question email = {.answer = ANSWER_KEY_EMAIL,
                                      .title = "Your address in the key",
                                      .words = "Of the form name@place; nothing is sent there."};
static const struct question tpm_passphrase = {
    .answer = ANSWER_TPM_PASSPHRASE,
    .title = "New owner passphrase of the TPM",
    .words =
        "It is asked for when what the TPM keeps is changed. A TPM does not count the tries of whoever guesses it: "
        "four random words are good."};
static const struct question key_passphrase = {.answer = ANSWER_KEY_PASSPHRASE,
                                               .title = "New passphrase of your key",
                                               .words = "The file on the stick is of no use without it.",
                                               .least = KEY_PASSPHRASE_MIN};
static const struct question drive_passphrase = {
    .answer = ANSWER_KEY_PASSPHRASE,
    .title = "New passphrase of the backup drive",
    .words = "Whoever finds the drive can guess for ever: take four random words or more. You sign with it.",
    .least = DRIVE_PASSPHRASE_MIN};
static const struct question brought_passphrase = {
    .answer = ANSWER_KEY_PASSPHRASE,
    .title = "Passphrase of your key",
    .words = "The one that the file on the stick has. It signs /boot in this run."};
static const struct question user_pin = {
    .answer = ANSWER_USER_PIN, .title = "New user PIN of the dongle", .words = "It is asked for when you sign."};
static const struct question admin_pin = {
    .answer = ANSWER_ADMIN_PIN,
    .title = "New admin PIN of the dongle",
    .words = "For its keys, and for a user PIN that was forgotten. Three wrong ones leave the factory reset alone."};
static const struct question present_pin = {.answer = ANSWER_USER_PIN,
                                            .title = "User PIN of the dongle",
                                            .words = "The one that it has. A wrong one is sent once."};
static const struct question present_admin = {.answer = ANSWER_ADMIN_PIN,
                                              .title = "Admin PIN of the dongle",
                                              .words = "The one that it has. A wrong one is sent once."};
static const struct question hotp = {
    ANSWER_HOTP,
    "Shall the dongle check the firmware?",
    "At every start it shows green where the firmware is unchanged. It works beside the code on your phone.",
    {{"yes", "Yes, it gets a secret of its own", 'y'}, {"no", "No", 'n'}},
    0};
static const struct question rollback = {ANSWER_ROLLBACK,
                                         "Shall an older /boot be refused?",
                                         "A counter in the TPM tells the /boot that you signed last from one that you "
                                         "signed before, with the holes that were "
                                         "closed since.",
                                         {{"yes", "Yes", 'y'}, {"no", "No", 'n'}},
                                         0};
static const struct question entry = {ANSWER_DEFAULT_ENTRY,
                                      "Which entry is booted?",
                                      "The default is signed with /boot, and offered first at every start.",
                                      {{"first", "The first one that can be booted, saved as the default", 'f'},
                                       {"keep", "The one that the system's own boot menu names", 'k'}},
                                      0};
static const struct question unlock = {
    ANSWER_UNLOCK_KEY,
    "Shall the TPM open the disk?",
    "It does on this machine alone, with this firmware and for a /boot that you signed. Your passphrase stays.",
    {{"yes", "Yes", 'y'}, {"no", "No: the system asks for the passphrase", 'n'}},
    0};
static const struct question disk_passphrase = {.answer = ANSWER_DISK_PASSPHRASE,
                                                .title = "Present passphrase of the disk",
                                                .words = "The one that the system asks for now."};
static const struct question new_disk_passphrase = {
    .answer = ANSWER_NEW_DISK_PASSPHRASE,
    .title = "New passphrase of the disk",
    .words =
        "It takes the place of the present one, which whoever set the disk up may know. Press Enter alone to keep the "
        "present one."};
static const struct question reencryption = {
    ANSWER_REENCRYPT,
    "Encrypt the whole disk anew?",
    "Whoever set the disk up may have kept its volume key, and a new passphrase does not change that one. All of the "
    "disk is read and written once, which takes hours on a large one; a power cut does no harm, the run goes on. Every "
    "other passphrase of the disk is lost.",
    {{"no", "No: I set it up myself", 'n'}, {"yes", "Yes", 'y'}},
    0};
static const struct question unlock_passphrase = {
    .answer = ANSWER_UNLOCK_PASSPHRASE,
    .title = "Passphrase for the TPM's key of the disk",
    .words =
        "The TPM can want a passphrase before it opens the disk; it counts wrong ones, so a short one is enough. Press "
        "Enter alone for none: then the unchanged machine boots without a question."};
static const struct question summary = {
    ANSWER_SUMMARY,
    "A summary on the stick?",
    "What was set, with fingerprint, serials and date: to keep, or to hand over with the machine.",
    {{"plain", "Yes, without secrets", 'y'},
     {"secrets", "Yes, with every passphrase and PIN in clear text", 's'},
     {"none", "No", 'n'}},
    0};
static const struct question summary_on_drive = {
    ANSWER_SUMMARY,
    "A summary on the backup drive?",
    "What was set, with fingerprint, serials and date, on its open part: without secrets, which would lie open there.",
    {{"plain", "Yes", 'y'}, {"none", "No", 'n'}},
    0};

static bool has_disks(void)
{
	CLEANUP(volume_list_clear) struct volume_list all = {0};
	bool found = false;

	if (volume_add_all(&all, false, NULL) < 0)
		return false;
	for (size_t i = 0; i < all.count; i++)
		found |= !all.volumes[i].removable &&
		         (volume_check(&all.volumes[i], NULL) == 0 || reencrypt_is_unfinished(&all.volumes[i]));
	return found;
}

static bool has_hotp(void)
{
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;

	return hotp_dongle_open(0, &dongle, NULL) == 0;
}

static bool is_kind(const struct one_run *run, const char *kind)
{
	return ownership_answers_is(&run->answers, ANSWER_KEY, kind);
}

static bool is_on_drive(const struct one_run *run)
{
	return ownership_answers_is(&run->answers, ANSWER_BACKUP, "drive");
}

/* The file that the owner brings, and who signs with it. */
static bool ask_import(struct one_run *run)
{
	static const struct ui_item items[] = {{'d', "The dongle: it holds this key", UI_NORMAL},
	                                       {'s', "The file: it holds the secret key", UI_NORMAL}};
	const struct ui_menu screen = {
	    .title = "Who signs /boot?",
	    .items = items,
	    .count = ARRAY_SIZE(items),
	    .help = "Both are the owner's key, whose public half goes into the ROM. The dongle asks for its user PIN; "
	            "a file holds the secret key, and its passphrase is asked for."};
	struct media_file file;
	size_t choice = 1;

	if (!menu_choose_media(run->menu, MEDIA_KEYS, ONE_RUN_TITLE, &file) || !set(run, ANSWER_KEY_FILE, file.name))
		return false;
	(void)snprintf(run->medium, sizeof(run->medium), "%s", file.device);
	if (openpgp_card_is_plugged_in() && ui_menu_run(run->menu->ui, &screen, &choice) != UI_CHOSEN)
		return false;
	return choice == 0 ? ask_secret(run, &present_pin, false, false)
	                   : ask_secret(run, &brought_passphrase, false, false);
}

static bool ask_key(struct one_run *run)
{
	if (!ask_choice(run, openpgp_card_is_plugged_in() ? &key_with_dongle : &key_without))
		return false;
	if (is_kind(run, "import"))
		return ask_import(run);
	if (!is_kind(run, "card") && !ask_choice(run, &kept))
		return false;
	if (is_on_drive(run) && !one_run_choose_drive(run)) /* before all is typed: there may be none */
		return false;
	return ask_choice(run, &algorithm) && ask_text(run, &name) && ask_text(run, &email);
}

static bool ask_disk(struct one_run *run)
{
	if (!has_disks())
		return true;
	if (!ask_choice(run, &unlock) || !ask_secret(run, &new_disk_passphrase, true, true))
		return false;
	if (ownership_answers_want(&run->answers, ANSWER_DISK_PASSPHRASE) &&
	    !ask_secret(run, &disk_passphrase, false, false))
		return false;
	if (ownership_answers_have(&run->answers, ANSWER_NEW_DISK_PASSPHRASE) && !ask_choice(run, &reencryption))
		return false;
	return !ownership_answers_is(&run->answers, ANSWER_UNLOCK_KEY, "yes") ||
	       ask_secret(run, &unlock_passphrase, true, true);
}

bool one_run_ask_missing(struct one_run *run)
{
	const enum ownership_state key = run->ownership.states[OWNERSHIP_KEY];
	/* Once the key is on the dongle, so are the PINs: one that is asked for again is the one that it has. */
	const bool fresh =
	    (is_kind(run, "card") || is_kind(run, "move")) && key != OWNERSHIP_DONE && key != OWNERSHIP_WAS_DONE;
	const struct {
		const struct question *question;
		bool fresh;
	} secrets[] = {{&tpm_passphrase, true},
	               {is_on_drive(run) ? &drive_passphrase : &key_passphrase, true},
	               {fresh ? &user_pin : &present_pin, fresh},
	               {fresh ? &admin_pin : &present_admin, fresh},
	               {&disk_passphrase, false}};

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		const enum ownership_answer answer = secrets[i].question->answer;
		bool wanted = ownership_answers_want(&run->answers, answer);

		if (answer == ANSWER_USER_PIN && is_kind(run, "import")) /* taken back after a refusal */
			wanted = !ownership_answers_have(&run->answers, ANSWER_KEY_PASSPHRASE);
		if (wanted && !ownership_answers_have(&run->answers, answer) &&
		    !ask_secret(run, secrets[i].question, secrets[i].fresh, false))
			return false;
	}
	return true;
}

bool one_run_ask(struct one_run *run)
{
	if (!ask_key(run) || (has_hotp() && !ask_choice(run, &hotp)) || !one_run_ask_missing(run))
		return false;
	if (!ask_disk(run) || !ask_choice(run, &entry) || !ask_choice(run, &rollback) ||
	    !ask_choice(run, is_on_drive(run) ? &summary_on_drive : &summary))
		return false;
	if (is_on_drive(run))
		return true;
	return one_run_choose_stick(run, is_kind(run, "memory") || is_kind(run, "move") ||
	                                     !ownership_answers_is(&run->answers, ANSWER_SUMMARY, "none"));
}

/* Drawn anew, or that of a run that was interrupted. */
static bool choose_passphrase(struct one_run *run)
{
	static const struct ui_item items[] = {{'d', "Draw a new one", UI_NORMAL},
	                                       {'t', "Type the one of a run that was interrupted", UI_NORMAL}};
	static const struct question typed = {.answer = ANSWER_TPM_PASSPHRASE,
	                                      .title = "The passphrase that was drawn",
	                                      .words = "Its words, with one space between two."};
	const struct ui_menu screen = {.title = "One passphrase for all of it",
	                               .items = items,
	                               .count = ARRAY_SIZE(items),
	                               .help = "A run that was interrupted goes on with the passphrase that it had "
	                                       "drawn: type that one. Otherwise a new one is drawn and shown once."};
	size_t choice;

	if (ui_menu_run(run->menu->ui, &screen, &choice) != UI_CHOSEN)
		return false;
	if (choice == 0)
		return true;
	return ask_secret(run, &typed, false, false) &&
	       ownership_fill(&run->answers, ownership_answers_bytes(&run->answers, ANSWER_TPM_PASSPHRASE), NULL) == 0;
}

static bool ask_disk_default(struct one_run *run)
{
	static const struct question present = {.answer = ANSWER_DISK_PASSPHRASE,
	                                        .title = "Present passphrase of the disk",
	                                        .words = "The drawn passphrase takes its place, and the TPM opens the "
	                                                 "disk. Press Enter alone to leave the disk as it "
	                                                 "is."};

	if (!has_disks())
		return true;
	if (!ask_secret(run, &present, false, true))
		return false;
	return !ownership_answers_have(&run->answers, ANSWER_DISK_PASSPHRASE) || set(run, ANSWER_UNLOCK_KEY, "yes");
}

bool one_run_ask_defaults(struct one_run *run)
{
	const bool dongle = openpgp_card_is_plugged_in();

	if (!set(run, ANSWER_GENERATE, "yes") || !set(run, ANSWER_KEY, dongle ? "card" : "memory") ||
	    !set(run, ANSWER_KEY_NAME, "Owner of this machine") || !set(run, ANSWER_KEY_EMAIL, "owner@localhost") ||
	    !set(run, ANSWER_DEFAULT_ENTRY, "first") || !set(run, ANSWER_SUMMARY, "plain") ||
	    !set(run, ANSWER_HOTP, has_hotp() ? "yes" : "no"))
		return false;
	return ask_disk_default(run) && choose_passphrase(run) && one_run_choose_stick(run, !dongle);
}
