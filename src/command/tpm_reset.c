/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads tpm reset`, `name`, `unlock`: the ownership of the TPM. */
#include "owner/tpm_reset.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "command/nouns.h"
#include "command/passphrase.h"
#include "format/tpm_name.h"
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

struct options {
	bool yes;
	const char *owner;   /* file with the new or the present owner passphrase */
	const char *present; /* file with the present lockout passphrase */
	const char *name;    /* where the storage key's Name is written */
};

static int read_options(const struct command_context *context, int argc, char **argv, bool reset,
                        struct options *options)
{
	for (int i = 1; i < argc; i++) {
		const char **value = NULL;

		if (reset && strcmp(argv[i], "--yes") == 0) {
			options->yes = true;
			continue;
		}
		if (strcmp(argv[i], "--owner-passphrase") == 0)
			value = &options->owner;
		else if (reset && strcmp(argv[i], "--present-passphrase") == 0)
			value = &options->present;
		else if (reset && strcmp(argv[i], "--name-file") == 0)
			value = &options->name;
		if (!value)
			return command_usage(context, "heads tpm %s does not know \"%s\"", argv[0], argv[i]);
		if (i + 1 == argc)
			return command_usage(context, "%s misses its value", argv[i]);
		*value = argv[++i];
	}
	return 0;
}

/* From the file, or typed twice. */
static int new_passphrase(const char *path, struct secret *ret_passphrase, struct error *error)
{
	CLEANUP(secret_clear) struct secret first = {0}, second = {0};
	int r;

	if (path)
		return command_passphrase_read(path, ret_passphrase, error);
	r = command_passphrase_ask("new TPM owner passphrase", &first, error);
	if (r == 0)
		r = command_passphrase_ask("the same again", &second, error);
	if (r < 0)
		return r;
	if (!bytes_equal_secret(secret_bytes(&first), secret_bytes(&second)))
		return error_set(error, E_USAGE, "passphrase", "the two passphrases differ; nothing was done");
	*ret_passphrase = TAKE(first, (struct secret){0});
	return 0;
}

static int write_name(const char *path, struct bytes line, struct error *error)
{
	CLEANUP_FREE char *for_directory = strdup(path), *for_name = strdup(path);
	CLEANUP_CLOSE int directory = -1;

	if (!for_directory || !for_name)
		return error_set(error, E_MEMORY, path, "no memory to write %s", path);
	directory = open(dirname(for_directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_set(error, E_IO, path, "the directory of %s cannot be opened", path);
	return file_replace(directory, basename(for_name), line, 0644, error);
}

static void print_name(const struct command_context *context, struct json_object *object, struct buffer *line)
{
	line->data[line->size - 1] = '\0'; /* its newline */
	if (context->json) {
		json_object_object_add(object, "name", json_object_new_string((const char *)line->data));
		command_print_json(object);
	} else {
		(void)printf("%s\n", (const char *)line->data);
	}
}

static int print_result(const struct command_context *context, const struct options *options,
                        const struct tpm_reset_result *result)
{
	CLEANUP(buffer_clear) struct buffer line = {0};
	struct json_object *object;
	struct error error;

	tpm_name_write(result->name, &line);
	if (line.failed) {
		(void)error_set(&error, E_MEMORY, "TPM", "the TPM is yours; there is no memory to print its Name");
		return command_fail(context, &error);
	}
	if (options->name && write_name(options->name, buffer_bytes(&line), &error) < 0)
		return command_fail(context, &error);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string("owned"));
		json_object_object_add(object, "by",
		                       json_object_new_string(result->by_platform ? "platform" : "lockout"));
		json_object_object_add(object, "banks",
		                       json_object_new_string(result->banks_pending ? "after-reset"
		                                              : result->banks_open  ? "open"
		                                                                    : "closed"));
		print_name(context, object, &line);
		return 0;
	}
	(void)printf("The TPM is yours: owner, endorsement and lockout hierarchies have the new passphrase.\n");
	if (result->banks_pending)
		(void)printf("The PCR banks beside sha256 are switched off with the next reset of the machine.\n");
	if (result->banks_open)
		(void)printf("PCR banks beside sha256 stay active and open: only the firmware can switch them off.\n");
	(void)printf("The Name of its storage key, to be recorded in the ROM or on /boot (docs/tpm.md):\n");
	print_name(context, NULL, &line);
	return 0;
}

int tpm_reset_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret passphrase = {0}, present = {0};
	struct tpm_reset_request request = {0};
	struct tpm_reset_result result;
	struct options options = {0};
	struct error error;
	int status = read_options(context, argc, argv, true, &options);

	if (status != 0)
		return status;
	if (!options.yes)
		return command_usage(
		    context, "heads tpm reset clears the TPM: every key and secret in it is lost, the TOTP secret "
		             "and the disk unlock key too; say --yes where that is meant");
	if (options.present && command_passphrase_read(options.present, &present, &error) < 0)
		return command_fail(context, &error);
	if (tpm_open(context->tpm, &tpm, &error) < 0 || new_passphrase(options.owner, &passphrase, &error) < 0)
		return command_fail(context, &error);
	request.passphrase = secret_bytes(&passphrase);
	request.present = secret_bytes(&present);
	if (owner_tpm_reset(tpm, &request, &result, &error) < 0)
		return command_fail(context, &error);
	return print_result(context, &options, &result);
}

int tpm_name_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(buffer_clear) struct buffer line = {0};
	struct error error;
	struct bytes name;

	if (argc != 1)
		return command_usage(context, "heads tpm %s takes no argument", argv[0]);
	if (tpm_open(context->tpm, &tpm, &error) < 0)
		return command_fail(context, &error);
	if (tpm_storage_key_name(tpm, &name, &error) < 0) {
		if (error.code == E_NOT_FOUND)
			(void)error_set(&error, E_NO_SECRET, "TPM",
			                "there is no storage key of Heads in this TPM yet: heads tpm reset makes it");
		return command_fail(context, &error);
	}
	tpm_name_write(name, &line);
	if (line.failed) {
		(void)error_set(&error, E_MEMORY, "TPM", "no memory to print the Name");
		return command_fail(context, &error);
	}
	print_name(context, context->json ? json_object_new_object() : NULL, &line);
	return 0;
}

int tpm_unlock_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret owner = {0};
	struct options options = {0};
	struct json_object *object;
	struct error error;
	int status = read_options(context, argc, argv, false, &options);

	if (status != 0)
		return status;
	/* A wrong passphrase would close the lockout hierarchy for a day: it is tried as the owner's first. */
	if (tpm_open(context->tpm, &tpm, &error) < 0 ||
	    command_owner_passphrase(tpm, options.owner, &owner, &error) < 0 ||
	    tpm_check_owner(tpm, secret_bytes(&owner), &error) < 0 ||
	    tpm_end_lockout(tpm, secret_bytes(&owner), &error) < 0)
		return command_fail(context, &error);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string("unlocked"));
		command_print_json(object);
	} else {
		(void)printf("the wrong passphrases are forgiven\n");
	}
	return 0;
}
