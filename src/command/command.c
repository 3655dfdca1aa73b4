/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/command.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "command/nouns.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct command_noun *const nouns[] = {
    &command_boot, &command_pcr, &command_tpm,  &command_totp,     &command_hotp, &command_key,  &command_owner,
    &command_disk, &command_rom, &command_root, &command_settings, &command_menu, &command_init,
};

void command_print_json(struct json_object *object)
{
	(void)printf("%s\n",
	             json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	(void)fflush(stdout);
}

struct json_object *command_json_name(const char *name)
{
	struct buffer text = {0};
	struct json_object *object;

	text_escape(bytes_from_string(name), &text);
	object = json_object_new_string_len((const char *)text.data, (int)text.size);
	buffer_clear(&text);
	return object;
}

struct json_object *command_json_error(const struct error *error)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "code", json_object_new_string(error_name(error->code)));
	json_object_object_add(object, "object", json_object_new_string(error->object));
	json_object_object_add(object, "sentence", json_object_new_string(error->sentence));
	return object;
}

int command_fail(const struct command_context *context, const struct error *error)
{
	if (context->json) {
		struct json_object *outer = json_object_new_object();

		json_object_object_add(outer, "error", command_json_error(error));
		command_print_json(outer);
	} else {
		(void)fprintf(stderr, "heads: %s\n", error->sentence);
	}
	return error_exit_status(error->code);
}

int command_usage(const struct command_context *context, const char *format, ...)
{
	char sentence[512];
	struct error error;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	(void)error_set(&error, E_USAGE, "", "%s", sentence);
	return command_fail(context, &error);
}

static void print_verbs(const struct command_noun *noun)
{
	for (size_t i = 0; i < noun->verb_count; i++) {
		char line[128];

		(void)snprintf(line, sizeof(line), "%s %s %s", noun->name, noun->verbs[i].name,
		               noun->verbs[i].arguments);
		(void)printf("  heads %-54s %s\n", line, noun->verbs[i].summary);
	}
}

static int print_help(void)
{
	(void)printf("heads %s: proves to the owner that nothing was tampered with, then boots\n\n"
	             "usage: heads [--json] [-v|-q] [--tpm WHERE] [--settings FILE] NOUN VERB [ARGUMENT...]\n\n",
	             HEADS_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(nouns); i++)
		print_verbs(nouns[i]);
	(void)printf("\n"
	             "  --json           one JSON object on standard output, or one a line where a list streams\n"
	             "  -v, -q           more, or less, on standard error\n"
	             "  --tpm WHERE      swtpm:PATH (a UNIX socket) or a device; default /dev/tpm0\n"
	             "  --settings FILE  a board's CONFIG_NAME=value lines (totp new: the name on the phone)\n"
	             "  --help, --version\n\n"
	             "exit status: 0 yes or done; 1 no (tampered, refused, mismatch, wrong passphrase);\n"
	             "2 usage, or input that cannot be read as what it should be; 3 the environment failed\n");
	return 0;
}

static const struct command_noun *find_noun(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(nouns); i++)
		if (strcmp(nouns[i]->name, name) == 0)
			return nouns[i];
	return NULL;
}

static const struct command_verb *find_verb(const struct command_noun *noun, const char *name)
{
	for (size_t i = 0; i < noun->verb_count; i++)
		if (strcmp(noun->verbs[i].name, name) == 0)
			return &noun->verbs[i];
	return NULL;
}

/* Reads the options before the noun. Returns how many words they took, or -1 after an error that was printed. */
static int read_options(struct command_context *context, int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		const char *option = argv[i];

		if (strcmp(option, "--json") == 0) {
			context->json = true;
		} else if (strcmp(option, "-v") == 0) {
			context->verbosity = 1;
		} else if (strcmp(option, "-q") == 0) {
			context->verbosity = -1;
		} else if ((strcmp(option, "--tpm") == 0 || strcmp(option, "--settings") == 0) && i + 1 < argc) {
			*(strcmp(option, "--tpm") == 0 ? &context->tpm : &context->settings) = argv[++i];
		} else {
			(void)command_usage(context, "the option %s is not known or misses its value; try heads --help",
			                    option);
			return -1;
		}
	}
	return i;
}

/* init and menu have one verb, which needs no name. */
static bool is_single(const struct command_noun *noun)
{
	return noun->verb_count == 1 && noun->verbs[0].name[0] == '\0';
}

int command_main(int argc, char **argv)
{
	struct command_context context = {0};
	const struct command_noun *noun;
	const struct command_verb *verb;
	int i;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("heads %s\n", HEADS_VERSION);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		(void)print_help();
		return argc < 2 ? 2 : 0;
	}
	i = read_options(&context, argc, argv);
	if (i < 0)
		return 2;
	if (i >= argc)
		return command_usage(&context, "a noun is missing (boot, pcr, tpm, totp, hotp, key, owner, disk, rom, "
		                               "root, settings); try heads --help");
	noun = find_noun(argv[i]);
	if (!noun)
		return command_usage(&context, "there is no noun \"%s\"; try heads --help", argv[i]);
	if (is_single(noun))
		return noun->verbs[0].run(&context, argc - i, argv + i);
	if (i + 1 >= argc || strcmp(argv[i + 1], "--help") == 0) {
		if (i + 1 >= argc)
			return command_usage(&context, "heads %s wants a verb; try heads %s --help", noun->name,
			                     noun->name);
		(void)printf("heads %s: %s\n\n", noun->name, noun->summary);
		print_verbs(noun);
		return 0;
	}
	verb = find_verb(noun, argv[i + 1]);
	if (!verb)
		return command_usage(&context, "heads %s has no verb \"%s\"; try heads %s --help", noun->name,
		                     argv[i + 1], noun->name);
	return verb->run(&context, argc - i - 1, argv + i + 1);
}
