/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads totp`: the secret whose codes prove the firmware to the owner's phone. */
#include "command/totp.h"
#include "attest/totp.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "command/nouns.h"
#include "command/passphrase.h"
#include "rom/settings.h"
#include "ui/ui.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct totp_options {
	const char *label;      /* NULL: the board's name, or TOTP_DEFAULT_LABEL */
	const char *owner_file; /* NULL: asked for where the TPM has an owner passphrase */
};

/* Options of a verb. Returns 0, or the exit status of an error that was printed. */
static int read_options(const struct command_context *context, int argc, char **argv, bool with_label,
                        struct totp_options *options)
{
	for (int i = 1; i < argc; i++) {
		const bool is_label = with_label && strcmp(argv[i], "--label") == 0;

		if (!is_label && strcmp(argv[i], "--owner-passphrase") != 0)
			return command_usage(context, "heads totp %s does not know \"%s\"", argv[0], argv[i]);
		if (i + 1 == argc)
			return command_usage(context, "%s misses its value", argv[i]);
		*(is_label ? &options->label : &options->owner_file) = argv[++i];
	}
	if (options->label && strlen(options->label) > TOTP_LABEL_LIMIT)
		return command_usage(context, "a label has at most %d bytes", TOTP_LABEL_LIMIT);
	return 0;
}

int totp_print_secret(const struct command_context *context, const char *label, struct bytes secret,
                      struct error *error)
{
	CLEANUP(buffer_clear) struct buffer uri = {0};
	char text[BASE32_SIZE(TOTP_SECRET_SIZE)];
	struct json_object *object;

	totp_uri(label, secret, &uri);
	if (!buffer_string(&uri))
		return error_set(error, E_MEMORY, "TOTP", "no memory to show the secret");
	base32_encode(secret, text);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "uri", json_object_new_string(buffer_string(&uri)));
		json_object_object_add(object, "secret", json_object_new_string(text));
		command_print_json(object);
	} else {
		if (isatty(STDOUT_FILENO))
			ui_print_qr(buffer_string(&uri));
		(void)printf("%s\nsecret: %s\n", buffer_string(&uri), text);
	}
	memory_wipe(text, sizeof(text));
	if (fflush(stdout) != 0 || ferror(stdout))
		return error_set(error, E_IO, "TOTP", "the secret cannot be shown: standard output does not take it");
	return 0;
}

static int run_new(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret owner = {0}, secret = {0};
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct totp_options options = {0};
	struct error error;
	int status = read_options(context, argc, argv, true, &options);

	if (status != 0)
		return status;
	if (context->settings && rom_settings_load(context->settings, BYTES_EMPTY, &settings, &error) < 0)
		return command_fail(context, &error);
	if (!options.label)
		options.label = rom_settings_get(&settings, "CONFIG_BOARD_NAME");
	if (tpm_open(context->tpm, &tpm, &error) < 0 ||
	    command_owner_passphrase(tpm, options.owner_file, &owner, &error) < 0 ||
	    totp_new(tpm, (uint64_t)time(NULL), secret_bytes(&owner), &secret, &error) < 0 ||
	    totp_print_secret(context, options.label ? options.label : TOTP_DEFAULT_LABEL, secret_bytes(&secret),
	                      &error) < 0)
		return command_fail(context, &error);
	return 0;
}

static void print_code(const struct command_context *context, const struct totp *totp, uint64_t now)
{
	const time_t seconds = (time_t)now;
	const unsigned left = totp_seconds_left(now);
	struct json_object *object;
	char text[32];
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		text[0] = '\0';
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "code", json_object_new_string(totp->code));
		json_object_object_add(object, "seconds_left", json_object_new_int((int)left));
		json_object_object_add(object, "time", json_object_new_string(text));
		json_object_object_add(object, "shown", json_object_new_int64(totp->shown));
		command_print_json(object);
	} else {
		(void)printf("%s  (%u s left, %s; %" PRIu32 " shown since you confirmed)\n", totp->code, left, text,
		             totp->shown);
	}
}

static int run_show(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	CLEANUP(totp_close) struct totp totp = {0};
	struct error error;
	unsigned long days;
	uint64_t now;

	if (argc != 1)
		return command_usage(context, "heads totp %s takes no argument", argv[0]);
	if (context->settings && rom_settings_load(context->settings, BYTES_EMPTY, &settings, &error) < 0)
		return command_fail(context, &error);
	days = rom_settings_number(&settings, "CONFIG_TOTP_MAX_AHEAD_DAYS", TOTP_AHEAD_DAYS_LIMIT,
	                           TOTP_AHEAD_DAYS_FALLBACK);
	if (tpm_open(context->tpm, &tpm, &error) < 0 || totp_open(tpm, (uint64_t)time(NULL), days, &totp, &error) < 0)
		return command_fail(context, &error);
	/* Asked again: a slow TPM may have taken seconds. */
	now = (uint64_t)time(NULL);
	if (totp_update(tpm, now, days, &totp, &error) < 0)
		return command_fail(context, &error);
	print_code(context, &totp, now);
	return 0;
}

/* What the owner does with the secret that is there. */
static int run_as_owner(const struct command_context *context, int argc, char **argv, const char *result,
                        const char *sentence, int (*action)(struct tpm *tpm, struct bytes owner, struct error *error))
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(secret_clear) struct secret owner = {0};
	struct totp_options options = {0};
	struct json_object *object;
	struct error error;
	int status = read_options(context, argc, argv, false, &options);

	if (status != 0)
		return status;
	if (tpm_open(context->tpm, &tpm, &error) < 0 ||
	    command_owner_passphrase(tpm, options.owner_file, &owner, &error) < 0 ||
	    action(tpm, secret_bytes(&owner), &error) < 0)
		return command_fail(context, &error);
	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string(result));
		command_print_json(object);
	} else {
		(void)printf("%s\n", sentence);
	}
	return 0;
}

static int run_reseal(const struct command_context *context, int argc, char **argv)
{
	return run_as_owner(context, argc, argv, "resealed", "sealed to the PCRs as they are", totp_reseal);
}

static int confirm_now(struct tpm *tpm, struct bytes owner, struct error *error)
{
	return totp_confirm(tpm, (uint64_t)time(NULL), owner, error);
}

static int run_confirm(const struct command_context *context, int argc, char **argv)
{
	return run_as_owner(context, argc, argv, "confirmed", "the clock is confirmed; codes are counted anew",
	                    confirm_now);
}

static const struct command_verb verbs[] = {
    {"new", "[--label LABEL] [--owner-passphrase FILE]", "makes a secret, seals it, and shows it this once", run_new},
    {"show", "", "the code of this moment, where the PCRs allow it", run_show},
    {"reseal", "[--owner-passphrase FILE]", "approves the PCRs as they are for the secret in the TPM", run_reseal},
    {"confirm", "[--owner-passphrase FILE]", "the date is right, and all codes until now were for you", run_confirm},
};

const struct command_noun command_totp = {
    "totp",
    "the secret whose codes prove the firmware to the owner's phone",
    verbs,
    ARRAY_SIZE(verbs),
};
