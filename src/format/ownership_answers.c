/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/ownership_answers.h"
#include "base/cleanup.h"
#include "base/text.h"
#include <string.h>

#define YES_NO                    \
	{                         \
		"no", "yes", NULL \
	}

const struct answer_kind_info ownership_answer_info[ANSWERS] = {
    [ANSWER_GENERATE] = {"GENERATE", ANSWER_CHOICE, YES_NO, 0, 0, "drawing what is not given"},
    [ANSWER_TPM_PASSPHRASE] = {"TPM_PASSPHRASE", ANSWER_SECRET, {NULL}, 8, 64, "the owner passphrase of the TPM"},
    [ANSWER_KEY] = {"KEY", ANSWER_CHOICE, {"memory", "card", "move", "import", NULL}, 0, 0, "where the key is made"},
    [ANSWER_KEY_ALGORITHM] = {"KEY_ALGORITHM",
                              ANSWER_CHOICE,
                              {"ed25519", "rsa3072", "rsa4096", "nistp256", NULL},
                              0,
                              0,
                              "the algorithm of the key"},
    [ANSWER_KEY_NAME] = {"KEY_NAME", ANSWER_TEXT, {NULL}, 5, 64, "your name in the key"},
    [ANSWER_KEY_EMAIL] = {"KEY_EMAIL", ANSWER_TEXT, {NULL}, 3, 64, "your address in the key"},
    [ANSWER_KEY_PASSPHRASE] = {"KEY_PASSPHRASE", ANSWER_SECRET, {NULL}, 1, 99, "the passphrase of the secret key"},
    [ANSWER_KEY_FILE] = {"KEY_FILE", ANSWER_TEXT, {NULL}, 1, 100, "the name of the key's file"},
    [ANSWER_BACKUP] = {"BACKUP", ANSWER_CHOICE, {"stick", "drive", NULL}, 0, 0, "where the key is kept"},
    [ANSWER_USER_PIN] = {"USER_PIN", ANSWER_SECRET, {NULL}, 6, 64, "the user PIN of the dongle"},
    [ANSWER_ADMIN_PIN] = {"ADMIN_PIN", ANSWER_SECRET, {NULL}, 8, 24, "the admin PIN of the dongle"},
    [ANSWER_DISK_PASSPHRASE] = {"DISK_PASSPHRASE", ANSWER_SECRET, {NULL}, 1, 512, "the disk's present passphrase"},
    [ANSWER_NEW_DISK_PASSPHRASE] = {"NEW_DISK_PASSPHRASE", ANSWER_SECRET, {NULL}, 12, 512, "the disk's new passphrase"},
    [ANSWER_REENCRYPT] = {"REENCRYPT", ANSWER_CHOICE, YES_NO, 0, 0, "whether the disk is encrypted anew"},
    [ANSWER_UNLOCK_KEY] = {"UNLOCK_KEY", ANSWER_CHOICE, YES_NO, 0, 0, "whether the TPM opens the disk"},
    [ANSWER_UNLOCK_PASSPHRASE] =
        {"UNLOCK_PASSPHRASE", ANSWER_SECRET, {NULL}, 1, 64, "the passphrase that the TPM wants for the disk"},
    [ANSWER_DEFAULT_ENTRY] =
        {"DEFAULT_ENTRY", ANSWER_CHOICE, {"keep", "first", NULL}, 0, 0, "the entry that is booted"},
    [ANSWER_ROLLBACK] = {"ROLLBACK", ANSWER_CHOICE, {"yes", "no", NULL}, 0, 0, "whether an older /boot is refused"},
    [ANSWER_HOTP] = {"HOTP", ANSWER_CHOICE, YES_NO, 0, 0, "whether the dongle checks the firmware"},
    [ANSWER_SUMMARY] = {"SUMMARY", ANSWER_CHOICE, {"none", "plain", "secrets", NULL}, 0, 0, "the summary on the stick"},
};

/* --- one answer --------------------------------------------------------------------------------------------------- */

static int check_choice(const struct answer_kind_info *info, struct bytes value, struct error *error)
{
	char list[160] = "";

	for (size_t i = 0; info->choices[i]; i++) {
		const size_t used = strlen(list);

		if (bytes_equal(value, bytes_from_string(info->choices[i])))
			return 0;
		(void)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", info->choices[i]);
	}
	return error_set(error, E_USAGE, info->name, "%s (%s) is one of: %s", info->name, info->words, list);
}

static bool is_text(struct bytes value)
{
	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] < ' ' || value.data[i] == 0x7f)
			return false;
	return true;
}

/* The sentence never holds the value: it may be a secret. */
static int check_value(const struct answer_kind_info *info, struct bytes value, struct error *error)
{
	if (info->kind == ANSWER_CHOICE)
		return check_choice(info, value, error);
	if (value.size < info->least || value.size > info->most)
		return error_set(error, E_USAGE, info->name, "%s (%s) has %zu to %zu characters, not %zu", info->name,
		                 info->words, info->least, info->most, value.size);
	if (!is_text(value))
		return error_set(error, E_USAGE, info->name, "%s (%s) has a character that cannot be typed", info->name,
		                 info->words);
	return 0;
}

int ownership_answers_set(struct ownership_answers *answers, enum ownership_answer answer, struct bytes value,
                          struct error *error)
{
	struct secret *place = &answers->values[answer];
	CLEANUP(secret_clear) struct secret copy = {0};
	int r;

	if (value.size == 0) {
		secret_clear(place);
		answers->lines[answer] = 0;
		return 0;
	}
	r = check_value(&ownership_answer_info[answer], value, error);
	if (r < 0)
		return r;
	/* With room for a NUL, which all of the secret is until it is written. */
	if (secret_allocate(value.size + 1, &copy) < 0)
		return error_set(error, E_MEMORY, ownership_answer_info[answer].name, "no locked memory for %s",
		                 ownership_answer_info[answer].words);
	memcpy(copy.data, value.data, value.size);
	copy.size = value.size;
	secret_clear(place);
	*place = TAKE(copy, (struct secret){0});
	return 0;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static int find_answer(struct bytes name)
{
	for (int i = 0; i < ANSWERS; i++)
		if (bytes_equal(name, bytes_from_string(ownership_answer_info[i].name)))
			return i;
	return -1;
}

static int at_line(const char *name, unsigned line, const struct error *found, struct error *error)
{
	return error_set(error, found->code == E_MEMORY ? E_MEMORY : E_MALFORMED, name, "%s, line %u: %s", name, line,
	                 found->sentence);
}

static int take_line(struct bytes line, const char *name, unsigned number, struct ownership_answers *answers,
                     struct error *error)
{
	struct bytes value = line, key;
	char shown[40];
	struct error found;
	int answer;

	if (line.size == 0 || line.data[0] == '#')
		return 0;
	key = text_take_field(&value, '=');
	answer = key.size < line.size ? find_answer(key) : -1;
	if (answer < 0)
		return error_set(error, E_MALFORMED, name, "%s, line %u: %s is no answer that Heads knows", name,
		                 number,
		                 key.size < 32 && key.size < line.size ? text_escape_into(key, shown, sizeof(shown))
		                                                       : "what does not begin with NAME=");
	if (answers->lines[answer] > 0)
		return error_set(error, E_MALFORMED, name, "%s, line %u: %s stands in line %u already", name, number,
		                 ownership_answer_info[answer].name, answers->lines[answer]);
	if (value.size == 0)
		return error_set(error, E_MALFORMED, name,
		                 "%s, line %u: %s has no value; leave the line out where you mean none", name, number,
		                 ownership_answer_info[answer].name);
	if (ownership_answers_set(answers, (enum ownership_answer)answer, value, &found) < 0)
		return at_line(name, number, &found, error);
	answers->lines[answer] = number;
	return 0;
}

int ownership_answers_parse(struct bytes text, const char *name, struct ownership_answers *ret_answers,
                            struct error *error)
{
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = {0};

	if (text.size > OWNERSHIP_ANSWERS_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, name, "%s is larger than %d bytes", name,
		                 OWNERSHIP_ANSWERS_MAX_SIZE);
	for (unsigned number = 1; text.size > 0; number++) {
		struct bytes line = text_take_field(&text, '\n');
		int r;

		if (line.size > 0 && line.data[line.size - 1] == '\r')
			line.size--;
		r = take_line(line, name, number, &answers, error);
		if (r < 0)
			return r;
	}
	*ret_answers = TAKE(answers, (struct ownership_answers){0});
	return 0;
}

/* --- all together ------------------------------------------------------------------------------------------------- */

bool ownership_answers_have(const struct ownership_answers *answers, enum ownership_answer answer)
{
	return answers->values[answer].size > 0;
}

const char *ownership_answers_get(const struct ownership_answers *answers, enum ownership_answer answer)
{
	if (ownership_answers_have(answers, answer))
		return (const char *)answers->values[answer].data;
	return ownership_answer_info[answer].kind == ANSWER_CHOICE ? ownership_answer_info[answer].choices[0] : "";
}

bool ownership_answers_is(const struct ownership_answers *answers, enum ownership_answer answer, const char *choice)
{
	return strcmp(ownership_answers_get(answers, answer), choice) == 0;
}

static bool makes_key(const struct ownership_answers *answers)
{
	return !ownership_answers_is(answers, ANSWER_KEY, "import");
}

static bool on_card(const struct ownership_answers *answers)
{
	return ownership_answers_is(answers, ANSWER_KEY, "card") || ownership_answers_is(answers, ANSWER_KEY, "move");
}

static bool exports_secret(const struct ownership_answers *answers)
{
	return ownership_answers_is(answers, ANSWER_KEY, "memory") || ownership_answers_is(answers, ANSWER_KEY, "move");
}

bool ownership_answers_want(const struct ownership_answers *answers, enum ownership_answer answer)
{
	switch (answer) {
	case ANSWER_TPM_PASSPHRASE:
		return true;
	case ANSWER_KEY_NAME:
	case ANSWER_KEY_EMAIL:
	case ANSWER_KEY_ALGORITHM:
		return makes_key(answers);
	case ANSWER_KEY_PASSPHRASE:
		return exports_secret(answers);
	case ANSWER_KEY_FILE:
		return !makes_key(answers);
	case ANSWER_USER_PIN:
		return on_card(answers);
	case ANSWER_ADMIN_PIN:
		return on_card(answers) || ownership_answers_is(answers, ANSWER_HOTP, "yes");
	case ANSWER_DISK_PASSPHRASE:
		return ownership_answers_have(answers, ANSWER_NEW_DISK_PASSPHRASE) ||
		       ownership_answers_is(answers, ANSWER_UNLOCK_KEY, "yes");
	default:
		return false;
	}
}

/* May stand there though nothing wants it? */
static bool is_allowed(const struct ownership_answers *answers, enum ownership_answer answer)
{
	switch (answer) {
	case ANSWER_REENCRYPT:
		return ownership_answers_is(answers, answer, "no") ||
		       ownership_answers_have(answers, ANSWER_NEW_DISK_PASSPHRASE);
	case ANSWER_UNLOCK_PASSPHRASE:
		return ownership_answers_is(answers, ANSWER_UNLOCK_KEY, "yes");
	case ANSWER_BACKUP:
		return ownership_answers_is(answers, answer, "stick") || exports_secret(answers);
	case ANSWER_USER_PIN:
	case ANSWER_KEY_PASSPHRASE: /* of a key that is the owner's already */
		return ownership_answers_want(answers, answer) || !makes_key(answers);
	case ANSWER_TPM_PASSPHRASE:
	case ANSWER_KEY_NAME:
	case ANSWER_KEY_EMAIL:
	case ANSWER_KEY_ALGORITHM:
	case ANSWER_KEY_FILE:
	case ANSWER_ADMIN_PIN:
	case ANSWER_DISK_PASSPHRASE:
		return ownership_answers_want(answers, answer);
	default:
		return true;
	}
}

/* A present secret cannot be drawn. */
static bool can_be_drawn(const struct ownership_answers *answers, enum ownership_answer answer)
{
	if (!ownership_answers_is(answers, ANSWER_GENERATE, "yes") ||
	    ownership_answer_info[answer].kind != ANSWER_SECRET || answer == ANSWER_DISK_PASSPHRASE)
		return false;
	return answer != ANSWER_ADMIN_PIN || on_card(answers);
}

static int refuse(const struct ownership_answers *answers, const char *name, enum ownership_answer answer,
                  const char *sentence, struct error *error)
{
	if (answers->lines[answer] > 0)
		return error_set(error, E_USAGE, name, "%s, line %u: %s (%s) %s", name, answers->lines[answer],
		                 ownership_answer_info[answer].name, ownership_answer_info[answer].words, sentence);
	return error_set(error, E_USAGE, name, "%s: %s (%s) %s", name, ownership_answer_info[answer].name,
	                 ownership_answer_info[answer].words, sentence);
}

/* Of a key that is made in memory: where it is kept, and under what. */
static int check_kept(const struct ownership_answers *answers, const char *name, struct error *error)
{
	const bool drive = ownership_answers_is(answers, ANSWER_BACKUP, "drive");
	const size_t least = drive ? DRIVE_PASSPHRASE_MIN : KEY_PASSPHRASE_MIN;

	if (!exports_secret(answers))
		return 0;
	if (ownership_answers_have(answers, ANSWER_KEY_PASSPHRASE) &&
	    answers->values[ANSWER_KEY_PASSPHRASE].size < least)
		return refuse(answers, name, ANSWER_KEY_PASSPHRASE,
		              drive ? "of a backup drive has at least 12 characters"
		                    : "of a new key has at least 8 characters",
		              error);
	if (drive && ownership_answers_is(answers, ANSWER_SUMMARY, "secrets"))
		return refuse(answers, name, ANSWER_SUMMARY,
		              "with secrets would lie on the public part of the backup drive, with its passphrase",
		              error);
	return 0;
}

int ownership_answers_check(const struct ownership_answers *answers, const char *name, struct error *error)
{
	const bool import = !makes_key(answers);

	if (!ownership_answers_have(answers, ANSWER_KEY))
		return refuse(answers, name, ANSWER_KEY, "is missing: memory, card, move or import", error);
	for (int i = 0; i < ANSWERS; i++) {
		const enum ownership_answer answer = (enum ownership_answer)i;
		const bool have = ownership_answers_have(answers, answer);

		if (have && !is_allowed(answers, answer))
			return refuse(answers, name, answer, "has no use with the other answers", error);
		if (!have && ownership_answers_want(answers, answer) &&
		    ownership_answer_info[answer].kind != ANSWER_CHOICE && !can_be_drawn(answers, answer))
			return refuse(answers, name, answer, "is missing", error);
	}
	if (import &&
	    ownership_answers_have(answers, ANSWER_USER_PIN) == ownership_answers_have(answers, ANSWER_KEY_PASSPHRASE))
		return refuse(answers, name, ANSWER_KEY_FILE,
		              "wants either USER_PIN, where the dongle signs, or KEY_PASSPHRASE, where the file holds "
		              "the secret key",
		              error);
	if (ownership_answers_have(answers, ANSWER_NEW_DISK_PASSPHRASE) &&
	    bytes_equal_secret(ownership_answers_bytes(answers, ANSWER_NEW_DISK_PASSPHRASE),
	                       ownership_answers_bytes(answers, ANSWER_DISK_PASSPHRASE)))
		return refuse(answers, name, ANSWER_NEW_DISK_PASSPHRASE, "is the present one", error);
	if (ownership_answers_have(answers, ANSWER_KEY_FILE) &&
	    (strchr(ownership_answers_get(answers, ANSWER_KEY_FILE), '/') ||
	     ownership_answers_get(answers, ANSWER_KEY_FILE)[0] == '.'))
		return refuse(answers, name, ANSWER_KEY_FILE, "is a file at the top of the stick, without a folder",
		              error);
	return check_kept(answers, name, error);
}

void ownership_answers_clear(struct ownership_answers *answers)
{
	for (int i = 0; i < ANSWERS; i++)
		secret_clear(&answers->values[i]);
	memset(answers->lines, 0, sizeof(answers->lines));
}
