/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/ownership.h"
#include "base/cleanup.h"
#include "owner/ownership_steps.h"
#include <string.h>

#define PIN_LEAST 8 /* characters of a PIN that is made of words: what an admin PIN needs */
#define BIT(step) (1u << (step))

/* What a run wants and does, in its order. after: while one of these is not done, nor is this one, whatever it says:
 * the TPM is cleared, and another key signs. */
static const struct {
	const char *name, *word;
	unsigned after;
	bool seals;                /* into the TPM, for the PCRs as they are */
	enum ownership_answer pin; /* that a refusal takes back; ANSWERS: none */
	const char *destroys;
} steps[OWNERSHIP_STEPS] = {
    [OWNERSHIP_DISK] = {"the passphrase of the disk", "disk", 0, false, ANSWERS,
                        "the disk's present passphrase opens it no more"},
    [OWNERSHIP_TPM] = {"the ownership of the TPM", "tpm", 0, false, ANSWERS,
                       "the TPM is cleared: every key, secret and counter in it is lost, whoever made it"},
    [OWNERSHIP_KEY] = {"your key", "key", 0, false, ANSWERS, NULL},
    [OWNERSHIP_COUNTER] = {"the counter against an older /boot", "counter", BIT(OWNERSHIP_TPM), false, ANSWERS, NULL},
    [OWNERSHIP_BOOT] = {"your signature over /boot", "boot",
                        BIT(OWNERSHIP_TPM) | BIT(OWNERSHIP_KEY) | BIT(OWNERSHIP_COUNTER), false, ANSWER_USER_PIN,
                        "/boot is trusted as it is now, with all that lies there"},
    [OWNERSHIP_DISK_KEY] = {"the key by which the TPM opens the disk", "disk-key",
                            BIT(OWNERSHIP_DISK) | BIT(OWNERSHIP_TPM), true, ANSWERS, NULL},
    [OWNERSHIP_HOTP] = {"the secret of the dongle (HOTP)", "hotp", BIT(OWNERSHIP_TPM) | BIT(OWNERSHIP_KEY), true,
                        ANSWER_ADMIN_PIN, "the dongle's HOTP secret for another machine is lost"},
    [OWNERSHIP_TOTP] = {"the secret of your phone (TOTP)", "totp", BIT(OWNERSHIP_TPM), true, ANSWERS, NULL},
    [OWNERSHIP_ROM] = {"key and TPM in the ROM", "rom", BIT(OWNERSHIP_TPM) | BIT(OWNERSHIP_KEY), false, ANSWERS,
                       "the flash is written: a key of an owner that it holds is replaced"},
};

const char *ownership_state_name(enum ownership_state state)
{
	static const char *const names[] = {
	    [OWNERSHIP_LEFT] = "left to do",
	    [OWNERSHIP_NOT_WANTED] = "not wanted",
	    [OWNERSHIP_WAS_DONE] = "was done before",
	    [OWNERSHIP_DONE] = "done",
	    [OWNERSHIP_FAILED] = "FAILED",
	};

	return names[state];
}

const char *ownership_step_name(enum ownership_step step)
{
	return steps[step].name;
}

const char *ownership_step_word(enum ownership_step step)
{
	return steps[step].word;
}

static const char *destroys_for_key(const struct ownership *ownership)
{
	const bool drive = ownership_key_is_on_drive(ownership->answers) && !ownership->drive_has_key;

	if (!ownership_key_is_on_card(ownership->answers))
		return drive ? "everything on the stick that becomes the backup drive is lost" : NULL;
	return drive ? "everything on the stick that becomes the backup drive is lost; the dongle is set back: every "
	               "key on it is lost, its PINs are replaced"
	             : "the dongle is set back: every key on it is lost, its PINs are replaced";
}

const char *ownership_destroys(const struct ownership *ownership, enum ownership_step step)
{
	if (ownership->states[step] != OWNERSHIP_LEFT && ownership->states[step] != OWNERSHIP_FAILED)
		return NULL;
	if (step == OWNERSHIP_KEY)
		return destroys_for_key(ownership);
	if (step == OWNERSHIP_DISK && ownership_reencrypts(ownership->answers))
		return "all of the disk is written anew: every passphrase of it but the new one opens it no more";
	return steps[step].destroys;
}

/* --- what the answers want ---------------------------------------------------------------------------------------- */

bool ownership_reencrypts(const struct ownership_answers *answers)
{
	return ownership_answers_is(answers, ANSWER_REENCRYPT, "yes");
}

bool ownership_wants(const struct ownership_answers *answers, enum ownership_step step)
{
	switch (step) {
	case OWNERSHIP_DISK:
		return ownership_answers_have(answers, ANSWER_NEW_DISK_PASSPHRASE);
	case OWNERSHIP_COUNTER:
		return ownership_answers_is(answers, ANSWER_ROLLBACK, "yes");
	case OWNERSHIP_DISK_KEY:
		return ownership_answers_is(answers, ANSWER_UNLOCK_KEY, "yes");
	case OWNERSHIP_HOTP:
		return ownership_answers_is(answers, ANSWER_HOTP, "yes");
	default:
		return true;
	}
}

/* Nothing is destroyed for a disk that would not open in the end. */
static int check_disk(const struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	const struct ownership_answers *answers = ownership->answers;
	int r;

	if (!ownership_answers_want(answers, ANSWER_DISK_PASSPHRASE))
		return 0;
	r = ownership_reencrypts(answers) ? world->disk_is_unfinished(world->context, error) : 0;
	if (r != 0) /* the present passphrase opens it or the step fails, before anything else is done */
		return r < 0 ? r : 0;
	r = world->disk_opens(world->context, ownership_answers_bytes(answers, ANSWER_DISK_PASSPHRASE), error);
	if (r == 0 && ownership_answers_have(answers, ANSWER_NEW_DISK_PASSPHRASE))
		r = world->disk_opens(world->context, ownership_answers_bytes(answers, ANSWER_NEW_DISK_PASSPHRASE),
		                      error);
	if (r != 0)
		return r < 0 ? r : 0;
	return error_set(error, E_WRONG_AUTH, "disk", "the passphrase given for the disk does not open it");
}

/* Nor is anything where the dongle is missing that the key will be on. */
static int check_card(const struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;

	return ownership_key_is_on_card(ownership->answers) ? world->card_look(world->context, error) : 0;
}

/* Nor where the stick is missing that becomes the backup drive, or cannot become one. */
static int check_drive(const struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;

	return ownership_key_is_on_drive(ownership->answers) ? world->drive_look(world->context, error) : 0;
}

/* --- looking and doing -------------------------------------------------------------------------------------------- */

static int look_at(struct ownership *ownership, enum ownership_step step, struct error *error)
{
	unsigned left = 0;
	int r;

	if (!ownership_wants(ownership->answers, step)) {
		ownership->states[step] = OWNERSHIP_NOT_WANTED;
		return 0;
	}
	for (unsigned i = 0; i < step; i++)
		if (ownership->states[i] == OWNERSHIP_LEFT)
			left |= BIT(i);
	r = left & steps[step].after ? 0 : ownership_step_is_done(ownership, step, error);
	if (r < 0)
		return r;
	/* The dongle was set back in this run, whatever the TPM remembers of it. */
	if (step == OWNERSHIP_HOTP && ownership->states[OWNERSHIP_KEY] == OWNERSHIP_DONE &&
	    ownership_key_is_on_card(ownership->answers) && ownership->states[step] != OWNERSHIP_DONE)
		r = 0;
	if (r == 0)
		ownership->states[step] = OWNERSHIP_LEFT;
	else if (ownership->states[step] != OWNERSHIP_DONE)
		ownership->states[step] = OWNERSHIP_WAS_DONE;
	return 0;
}

int ownership_look(struct ownership *ownership, struct error *error)
{
	int r = ownership_answers_check(ownership->answers, "answers", error);

	if (r == 0)
		r = check_disk(ownership, error);
	if (r == 0)
		r = check_card(ownership, error);
	if (r == 0)
		r = check_drive(ownership, error);
	for (int step = 0; r == 0 && step < OWNERSHIP_STEPS; step++)
		r = look_at(ownership, (enum ownership_step)step, error);
	return r;
}

static int do_step(struct ownership *ownership, enum ownership_step step, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	int r;

	if (steps[step].seals && world->rom_is_pending(world->context))
		return error_set(error, E_ORDER, "ROM", "restart first: the ROM was changed in this start");
	world->progress(world->context, step);
	r = ownership_step_do(ownership, step, error);
	/* It is as good as spent: not the same one again, by nobody. */
	if ((r == -E_WRONG_AUTH || r == -E_LOCKED_OUT) && steps[step].pin != ANSWERS)
		(void)ownership_answers_set(ownership->answers, steps[step].pin, BYTES_EMPTY, NULL);
	return r;
}

static int fail(struct ownership *ownership, enum ownership_step step, const struct error *found, struct error *error)
{
	ownership->states[step] = OWNERSHIP_FAILED;
	return error_set(error, found->code, found->object, "%s failed: %s", steps[step].name, found->sentence);
}

int ownership_run(struct ownership *ownership, struct error *error)
{
	struct error found;
	int r = ownership_answers_check(ownership->answers, "answers", error);

	if (r == 0)
		r = check_disk(ownership, error);
	if (r < 0)
		return r;
	for (int i = 0; i < OWNERSHIP_STEPS; i++) {
		const enum ownership_step step = (enum ownership_step)i;

		if (look_at(ownership, step, &found) < 0)
			return fail(ownership, step, &found, error);
		if (ownership->states[step] != OWNERSHIP_LEFT)
			continue;
		if (do_step(ownership, step, &found) < 0)
			return fail(ownership, step, &found, error);
		ownership->states[step] = OWNERSHIP_DONE;
	}
	return 0;
}

bool ownership_is_complete(const struct ownership *ownership)
{
	for (int i = 0; i < OWNERSHIP_STEPS; i++)
		if (ownership->states[i] == OWNERSHIP_LEFT || ownership->states[i] == OWNERSHIP_FAILED)
			return false;
	return true;
}

void ownership_clear(struct ownership *ownership)
{
	ownership_key_clear(&ownership->key);
	memset(ownership->states, 0, sizeof(ownership->states));
	ownership->pin_was_asked = ownership->drive_has_key = false;
}

int ownership_fill(struct ownership_answers *answers, struct bytes passphrase, struct error *error)
{
	int r = 0;

	for (int i = 0; i < ANSWERS && r == 0; i++) {
		const enum ownership_answer answer = (enum ownership_answer)i;
		const bool pin = answer == ANSWER_USER_PIN || answer == ANSWER_ADMIN_PIN;

		if (ownership_answer_info[i].kind != ANSWER_SECRET || answer == ANSWER_DISK_PASSPHRASE ||
		    !ownership_answers_want(answers, answer) || ownership_answers_have(answers, answer))
			continue;
		r = ownership_answers_set(answers, answer, pin ? diceware_begin(passphrase, PIN_LEAST) : passphrase,
		                          error);
	}
	return r;
}
