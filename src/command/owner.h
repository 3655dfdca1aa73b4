/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs of `owner` in files of their own, and what they share. */
#ifndef HEADS_COMMAND_OWNER_H
#define HEADS_COMMAND_OWNER_H

#include "command/command.h"
#include "format/ownership_answers.h"

/* Reads a file with answers that go together; release with ownership_answers_clear. Errors: those of file_read,
 * ownership_answers_parse and ownership_answers_check. */
int owner_read_answers(const char *path, struct ownership_answers *answers, struct error *error);
/* The steps that a run with these answers does, and what each destroys, on a machine where nothing is done yet: in
 * words, or added to object as "steps". */
void owner_print_plan(struct ownership_answers *answers);
void owner_add_plan(struct ownership_answers *answers, struct json_object *object);

int owner_reset_run(const struct command_context *context, int argc, char **argv);

#endif
