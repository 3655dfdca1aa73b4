/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads owner`: taking ownership from the command line, the answers for it, and passphrases. */
#include "command/owner.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "command/nouns.h"
#include "owner/ownership.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int owner_read_answers(const char *path, struct ownership_answers *answers, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	int r = file_read(path, OWNERSHIP_ANSWERS_MAX_SIZE, &text, error);

	if (r == 0)
		r = ownership_answers_parse(buffer_bytes(&text), path, answers, error);
	return r < 0 ? r : ownership_answers_check(answers, path, error);
}

void owner_add_plan(struct ownership_answers *answers, struct json_object *object)
{
	const struct ownership ownership = {.answers = answers};
	struct json_object *steps = json_object_new_array();

	for (int i = 0; i < OWNERSHIP_STEPS; i++) {
		const enum ownership_step step = (enum ownership_step)i;
		const char *lost = ownership_destroys(&ownership, step);
		struct json_object *item;

		if (!ownership_wants(answers, step))
			continue;
		item = json_object_new_object();
		json_object_object_add(item, "step", json_object_new_string(ownership_step_word(step)));
		json_object_object_add(item, "destroys", lost ? json_object_new_string(lost) : NULL);
		json_object_array_add(steps, item);
	}
	json_object_object_add(object, "steps", steps);
}

void owner_print_plan(struct ownership_answers *answers)
{
	const struct ownership ownership = {.answers = answers};

	(void)printf("The answers go together. On a machine where nothing is done yet the run does:\n");
	for (int i = 0; i < OWNERSHIP_STEPS; i++) {
		const enum ownership_step step = (enum ownership_step)i;
		const char *lost = ownership_destroys(&ownership, step);

		if (!ownership_wants(answers, step))
			continue;
		(void)printf("  %s\n", ownership_step_name(step));
		if (lost)
			(void)printf("      %s\n", lost);
	}
}

static int check_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = {0};
	struct json_object *object;
	struct error error;

	if (argc != 2)
		return command_usage(context, "heads owner check wants one file with answers (docs/owners-guide.md)");
	if (owner_read_answers(argv[1], &answers, &error) < 0)
		return command_fail(context, &error);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string("ok"));
		owner_add_plan(&answers, object);
		command_print_json(object);
		return 0;
	}
	owner_print_plan(&answers);
	if (ownership_answers_is(&answers, ANSWER_BACKUP, "drive"))
		(void)printf("The stick that becomes the backup drive is another one than that with this file; it is "
		             "chosen on the screen.\n");
	(void)printf(
	    "Put the file on a stick as heads-owner.txt and choose it in the menu (E, A, F); for a machine that is "
	    "off: heads owner reset.\n");
	return 0;
}

static int from_kernel(void *context, void *data, size_t size, struct error *error)
{
	(void)context;
	(void)error;
	random_fill(data, size);
	return 0;
}

static int passphrase_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(secret_clear) struct secret passphrase = {0};
	unsigned long words = DICEWARE_MIN_WORDS;
	struct json_object *object;
	struct error error;
	char *end = NULL;

	if (argc == 2)
		words = strtoul(argv[1], &end, 10);
	if (argc > 2 || (end && (*end || end == argv[1])) || words > DICEWARE_MAX_WORDS)
		return command_usage(context, "heads owner passphrase wants nothing, or a number of words, %d to %d",
		                     DICEWARE_MIN_WORDS, DICEWARE_MAX_WORDS);
	if (diceware_make((unsigned)words, from_kernel, NULL, &passphrase, &error) < 0)
		return command_fail(context, &error);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "passphrase", json_object_new_string((const char *)passphrase.data));
		json_object_object_add(object, "bits", json_object_new_int((int)diceware_bits((unsigned)words)));
		command_print_json(object);
		return 0;
	}
	(void)printf("%s\n", (const char *)passphrase.data);
	if (context->verbosity >= 0)
		(void)fprintf(stderr, "%lu words of the EFF's list: %u bits\n", words, diceware_bits((unsigned)words));
	return 0;
}

static const struct command_verb verbs[] = {
    {"check", "FILE", "the answers of an unattended run: do they go together, what will be done", check_run},
    {"reset", "--yes --rom IMAGE --boot DIR --medium DIR [--pcsc LIBRARY] [--label LABEL] FILE",
     "takes ownership of a machine that is off, as these answers say: its TPM (--tpm), image and /boot",
     owner_reset_run},
    {"passphrase", "[WORDS]", "a passphrase of random words, four or more, with its entropy", passphrase_run},
};
const struct command_noun command_owner = {"owner", "taking ownership of the machine", verbs, ARRAY_SIZE(verbs)};
