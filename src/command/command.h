/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads [--json] [-v|-q] [--tpm WHERE] [--settings FILE] NOUN VERB [ARG...]`: one file a noun or a verb, which reads
 * its arguments, calls the layers below, prints, and returns the exit status (DESIGN section 6). */
#ifndef HEADS_COMMAND_COMMAND_H
#define HEADS_COMMAND_COMMAND_H

#include "base/error.h"
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct command_context {
	bool json;
	int verbosity; /* -1 quiet, 0, 1 verbose */
	const char *tpm;
	const char *settings;
};

struct command_verb {
	const char *name;
	const char *arguments; /* "[--key ID] DIR" */
	const char *summary;   /* one line for --help */
	/* argv[0] is the verb. Returns the exit status. */
	int (*run)(const struct command_context *context, int argc, char **argv);
};

struct command_noun {
	const char *name;
	const char *summary;
	const struct command_verb *verbs;
	size_t verb_count;
};

/* {"code": ..., "object": ..., "sentence": ...} */
struct json_object *command_json_error(const struct error *error);
/* Prints the error (JSON object on stdout, or the sentence on stderr) and returns its exit status. */
int command_fail(const struct command_context *context, const struct error *error);
/* As command_fail with -E_USAGE and this sentence. */
int command_usage(const struct command_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints one JSON object as one line and releases it. */
void command_print_json(struct json_object *object);
/* A JSON string with bytes outside printable ASCII, and the backslash, as \xNN (DESIGN section 6). */
struct json_object *command_json_name(const char *name);

#endif
