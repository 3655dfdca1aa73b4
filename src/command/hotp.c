/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads hotp`: the secret by which a USB security dongle recognises the firmware. */
#include "attest/hotp.h"
#include "base/cleanup.h"
#include "command/nouns.h"
#include "command/passphrase.h"

#include <inttypes.h>
#include <string.h>

/* A person plugs it in when asked to. */
#define WAIT_MS 3000

static struct json_object *dongle_json(const struct hotp_identity *identity)
{
	struct json_object *object = json_object_new_object();
	char text[16];

	json_object_object_add(object, "model", json_object_new_string(hotp_model_name(identity->model)));
	(void)snprintf(text, sizeof(text), "%08" PRIX32, identity->says.serial);
	json_object_object_add(object, "serial", json_object_new_string(text));
	(void)snprintf(text, sizeof(text), "%u.%u", identity->says.major, identity->says.minor);
	json_object_object_add(object, "firmware", json_object_new_string(text));
	json_object_object_add(object, "admin_tries",
	                       identity->has_pin ? json_object_new_int(identity->admin_tries) : NULL);
	return object;
}

struct hotp_options {
	const char *owner_file; /* NULL: asked for where the TPM has an owner passphrase */
	const char *pin_file;   /* NULL: asked for */
};

static int read_options(const struct command_context *context, int argc, char **argv, struct hotp_options *options)
{
	for (int i = 1; i < argc; i++) {
		const bool is_pin = strcmp(argv[i], "--admin-pin") == 0;

		if (!is_pin && strcmp(argv[i], "--owner-passphrase") != 0)
			return command_usage(context, "heads hotp %s does not know \"%s\"", argv[0], argv[i]);
		if (i + 1 == argc)
			return command_usage(context, "%s misses its value", argv[i]);
		*(is_pin ? &options->pin_file : &options->owner_file) = argv[++i];
	}
	return 0;
}

/* The tries are shown before one is spent. */
static int log_in(const struct hotp_options *options, struct hotp_dongle *dongle, struct hotp_identity *ret_identity,
                  struct error *error)
{
	CLEANUP(secret_clear) struct secret pin = {0};
	char prompt[96];
	int r = hotp_dongle_identify(dongle, ret_identity, error);

	if (r < 0)
		return r;
	if (ret_identity->has_pin)
		(void)snprintf(prompt, sizeof(prompt), "%s of the %s %08" PRIX32 " (%u tries left)",
		               hotp_pin_name(ret_identity->model), hotp_model_name(ret_identity->model),
		               ret_identity->says.serial, ret_identity->admin_tries);
	else
		(void)snprintf(prompt, sizeof(prompt), "a first PIN for the secrets of the %s %08" PRIX32,
		               hotp_model_name(ret_identity->model), ret_identity->says.serial);
	r = options->pin_file ? command_passphrase_read(options->pin_file, &pin, error)
	                      : command_passphrase_ask(prompt, &pin, error);
	return r < 0 ? r : hotp_dongle_log_in(dongle, secret_bytes(&pin), error);
}

static int run_new(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	CLEANUP(secret_clear) struct secret owner = {0};
	struct hotp_options options = {0};
	struct hotp_identity identity;
	struct json_object *object;
	struct error error;
	int status = read_options(context, argc, argv, &options);

	if (status != 0)
		return status;
	if (tpm_open(context->tpm, &tpm, &error) < 0 || hotp_dongle_open(WAIT_MS, &dongle, &error) < 0 ||
	    command_owner_passphrase(tpm, options.owner_file, &owner, &error) < 0 ||
	    log_in(&options, &dongle, &identity, &error) < 0 ||
	    hotp_new(tpm, &dongle, secret_bytes(&owner), &error) < 0)
		return command_fail(context, &error);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string("programmed"));
		json_object_object_add(object, "dongle", dongle_json(&identity));
		command_print_json(object);
	} else {
		(void)printf("the %s %08" PRIX32 " has the secret and checked its first code\n",
		             hotp_model_name(identity.model), identity.says.serial);
	}
	return 0;
}

static int print_result(const struct command_context *context, const struct hotp_result *result)
{
	static const char *const sentences[HOTP_ANSWERS] = {
	    [HOTP_RIGHT] = "right: the dongle confirms this firmware",
	    [HOTP_WRONG] = "wrong: the dongle does not confirm this firmware",
	    [HOTP_NOT_PROGRAMMED] = "the dongle holds no secret; heads hotp new gives it one",
	    [HOTP_FOREIGN] = "this is not the dongle that was programmed; no code was sent to it",
	    [HOTP_ABSENT] = "no dongle is plugged in",
	};
	struct json_object *object;

	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "answer", json_object_new_string(hotp_answer_name(result->answer)));
		json_object_object_add(object, "dongle",
		                       result->answer == HOTP_ABSENT ? NULL : dongle_json(&result->identity));
		command_print_json(object);
	} else {
		(void)printf("%s\n", sentences[result->answer]);
	}
	if (result->answer == HOTP_ABSENT)
		return error_exit_status(E_NO_DEVICE);
	return result->answer == HOTP_RIGHT ? 0 : error_exit_status(E_REFUSED);
}

static int run_check(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	struct hotp_result result;
	struct hotp_setup setup;
	struct error error;
	int r;

	if (argc != 1)
		return command_usage(context, "heads hotp %s takes no argument", argv[0]);
	if (tpm_open(context->tpm, &tpm, &error) < 0 || hotp_look(tpm, &setup, &error) < 0)
		return command_fail(context, &error);
	r = hotp_dongle_open(WAIT_MS, &dongle, &error);
	if (r < 0 && r != -E_NO_DEVICE)
		return command_fail(context, &error);
	if (hotp_check(tpm, &setup, r == 0 ? &dongle : NULL, &result, &error) < 0)
		return command_fail(context, &error);
	return print_result(context, &result);
}

static const struct command_verb verbs[] = {
    {"new", "[--admin-pin FILE] [--owner-passphrase FILE]", "gives the dongle a new secret, and the TPM the same",
     run_new},
    {"check", "", "sends the next code: does the dongle confirm this firmware?", run_check},
};

const struct command_noun command_hotp = {
    "hotp",
    "the secret by which a USB security dongle recognises the firmware",
    verbs,
    ARRAY_SIZE(verbs),
};
