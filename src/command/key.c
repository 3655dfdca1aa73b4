/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads key`: the OpenPGP card of the security dongle, and its PINs. */
#include "base/cleanup.h"
#include "command/dongle.h"
#include "command/key_private.h"
#include "command/nouns.h"
#include "command/passphrase.h"
#include <string.h>

int key_read_options(const struct command_context *context, int argc, char **argv, const struct key_option *known,
                     struct key_options *options)
{
	for (int i = 1; i < argc; i++) {
		const struct key_option *place = known;

		while (place->name && strcmp(place->name, argv[i]) != 0)
			place++;
		if (!place->name)
			return command_usage(context, "heads key %s does not know \"%s\"", argv[0], argv[i]);
		if (i + 1 == argc)
			return command_usage(context, "%s misses its value", argv[i]);
		*(const char **)(void *)((char *)options + place->offset) = argv[++i];
	}
	return 0;
}

int key_open(const struct key_options *options, struct openpgp **ret_session, struct error *error)
{
	struct command_dongle dongle;
	int r = command_dongle_options(options->pcsc, &dongle, error);

	return r < 0 ? r : openpgp_open(&dongle.options, ret_session, error);
}

int key_get_secret(const char *file, const char *prompt, struct secret *secret, struct error *error)
{
	return file ? command_passphrase_read(file, secret, error) : command_passphrase_ask(prompt, secret, error);
}

int key_get_pin(struct openpgp *session, enum openpgp_pin which, const char *file, struct secret *secret,
                struct error *error)
{
	struct openpgp_card card;
	char prompt[120];
	int r = openpgp_card_status(session, &card, error);

	if (r < 0)
		return r;
	(void)snprintf(prompt, sizeof(prompt), "%s of the dongle %s (%u tries left)", openpgp_pin_name(which),
	               card.serial, openpgp_tries_left(session, which));
	return key_get_secret(file, prompt, secret, error);
}

int key_done(const struct command_context *context, const char *result, const char *fingerprint, const char *sentence)
{
	struct json_object *object;

	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string(result));
		if (fingerprint)
			json_object_object_add(object, "fingerprint", json_object_new_string(fingerprint));
		command_print_json(object);
	} else {
		(void)printf("%s\n", sentence);
	}
	return 0;
}

/* --- card ----------------------------------------------------------------------------------------------------------
 */

static void print_card_json(const struct openpgp_card *card)
{
	struct json_object *object = json_object_new_object(), *keys = json_object_new_array();
	char version[16];

	(void)snprintf(version, sizeof(version), "%u.%u", card->version_major, card->version_minor);
	json_object_object_add(object, "serial", json_object_new_string(card->serial));
	json_object_object_add(object, "vendor", json_object_new_string(card->vendor));
	json_object_object_add(object, "version", json_object_new_string(version));
	json_object_object_add(object, "pin_tries", json_object_new_int((int)card->tries_pin));
	json_object_object_add(object, "reset_tries", json_object_new_int((int)card->tries_reset));
	json_object_object_add(object, "admin_tries", json_object_new_int((int)card->tries_admin));
	json_object_object_add(object, "signatures", json_object_new_int64((int64_t)card->signatures));
	for (size_t i = 0; i < OPENPGP_SLOTS; i++) {
		struct json_object *key = json_object_new_object();

		json_object_object_add(key, "use", json_object_new_string(openpgp_slot_name((enum openpgp_slot)i)));
		json_object_object_add(key, "algorithm", json_object_new_string(card->attributes[i]));
		json_object_object_add(key, "fingerprint",
		                       card->fingerprints[i][0] ? json_object_new_string(card->fingerprints[i]) : NULL);
		json_object_array_add(keys, key);
	}
	json_object_object_add(object, "keys", keys);
	command_print_json(object);
}

static int run_card(const struct command_context *context, int argc, char **argv)
{
	static const struct key_option known[] = {KEY_OPTION_PCSC, KEY_OPTIONS_END};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct key_options options = {0};
	struct openpgp_card card;
	struct error error;
	int status = key_read_options(context, argc, argv, known, &options);

	if (status)
		return status;
	if (key_open(&options, &session, &error) < 0 || openpgp_card_status(session, &card, &error) < 0)
		return command_fail(context, &error);
	if (context->json) {
		print_card_json(&card);
		return 0;
	}
	(void)printf("dongle %s of %s, OpenPGP card %u.%u\n", card.serial, card.vendor, card.version_major,
	             card.version_minor);
	(void)printf("tries left: user PIN %u, reset code %u, admin PIN %u; signatures made: %llu\n", card.tries_pin,
	             card.tries_reset, card.tries_admin, (unsigned long long)card.signatures);
	for (size_t i = 0; i < OPENPGP_SLOTS; i++)
		(void)printf("%s (%s): %s\n", openpgp_slot_name((enum openpgp_slot)i), card.attributes[i],
		             card.fingerprints[i][0] ? card.fingerprints[i] : "none");
	return 0;
}

/* --- PINs ----------------------------------------------------------------------------------------------------------
 */

static const struct key_option user_options[] = {KEY_OPTION("--pin", pin), KEY_OPTION("--new", fresh), KEY_OPTION_PCSC,
                                                 KEY_OPTIONS_END};
static const struct key_option admin_options[] = {KEY_OPTION("--admin-pin", admin), KEY_OPTION("--new", fresh),
                                                  KEY_OPTION_PCSC, KEY_OPTIONS_END};
static const struct key_option unblock_options[] = {KEY_OPTION("--admin-pin", admin),
                                                    KEY_OPTION("--reset-code", reset_code), KEY_OPTION("--new", fresh),
                                                    KEY_OPTION_PCSC, KEY_OPTIONS_END};

/* asked: the PIN that allows it; changed: the one that is set. */
static int change(const struct command_context *context, enum openpgp_pin asked, enum openpgp_pin changed, bool unblock,
                  const struct key_options *options)
{
	const char *const files[] = {options->pin, options->reset_code, options->admin};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(secret_clear) struct secret old = {0}, fresh = {0};
	struct error error;
	char prompt[48], sentence[80];
	int r = key_open(options, &session, &error);

	(void)snprintf(prompt, sizeof(prompt), "new %s", openpgp_pin_name(changed));
	if (r == 0)
		r = key_get_pin(session, asked, files[asked], &old, &error);
	if (r == 0)
		r = key_get_secret(options->fresh, prompt, &fresh, &error);
	if (r == 0 && unblock && asked == OPENPGP_RESET)
		r = openpgp_card_unblock_by_code(session, secret_bytes(&old), secret_bytes(&fresh), &error);
	else if (r == 0 && unblock)
		r = openpgp_card_unblock(session, secret_bytes(&old), secret_bytes(&fresh), &error);
	else if (r == 0)
		r = openpgp_card_change_pin(session, changed, secret_bytes(&old), secret_bytes(&fresh), &error);
	(void)snprintf(sentence, sizeof(sentence), "the dongle has the %s", prompt);
	return r < 0 ? command_fail(context, &error) : key_done(context, "changed", NULL, sentence);
}

/* Of each verb: what allows it, what is set. */
static int run_pin(const struct command_context *context, int argc, char **argv)
{
	struct key_options options = {0};
	int status = key_read_options(context, argc, argv, user_options, &options);

	return status ? status : change(context, OPENPGP_PIN, OPENPGP_PIN, false, &options);
}

static int run_admin_pin(const struct command_context *context, int argc, char **argv)
{
	struct key_options options = {0};
	int status = key_read_options(context, argc, argv, admin_options, &options);

	return status ? status : change(context, OPENPGP_ADMIN_PIN, OPENPGP_ADMIN_PIN, false, &options);
}

static int run_reset_code(const struct command_context *context, int argc, char **argv)
{
	struct key_options options = {0};
	int status = key_read_options(context, argc, argv, admin_options, &options);

	return status ? status : change(context, OPENPGP_ADMIN_PIN, OPENPGP_RESET, false, &options);
}

static int run_unblock(const struct command_context *context, int argc, char **argv)
{
	struct key_options options = {0};
	int status = key_read_options(context, argc, argv, unblock_options, &options);

	if (status)
		return status;
	if (options.admin && options.reset_code)
		return command_usage(context, "heads key unblock takes the admin PIN or the reset code, not both");
	return change(context, options.reset_code ? OPENPGP_RESET : OPENPGP_ADMIN_PIN, OPENPGP_PIN, true, &options);
}

static int run_reset(const struct command_context *context, int argc, char **argv)
{
	static const struct key_option known[] = {KEY_OPTION("--serial", serial), KEY_OPTION_PCSC, KEY_OPTIONS_END};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct key_options options = {0};
	struct error error;
	int status = key_read_options(context, argc, argv, known, &options);

	if (status)
		return status;
	if (!options.serial)
		return command_usage(context,
		                     "which dongle is to lose its keys? Name it with --serial NUMBER, as heads "
		                     "key card shows it");
	if (key_open(&options, &session, &error) < 0 || openpgp_card_factory_reset(session, options.serial, &error) < 0)
		return command_fail(context, &error);
	return key_done(context, "reset", NULL, "the dongle is as from the factory: no keys, PINs 123456 and 12345678");
}

#define PCSC " [--pcsc LIBRARY]"

static const struct command_verb verbs[] = {
    {"card", "[--pcsc LIBRARY]", "what the security dongle says: its keys, and the tries left of its PINs", run_card},
    {"pin", "[--pin FILE] [--new FILE]" PCSC, "changes the user PIN", run_pin},
    {"admin-pin", "[--admin-pin FILE] [--new FILE]" PCSC, "changes the admin PIN", run_admin_pin},
    {"reset-code", "[--admin-pin FILE] [--new FILE]" PCSC, "sets the reset code, which sets a new user PIN alone",
     run_reset_code},
    {"unblock", "[--admin-pin FILE | --reset-code FILE] [--new FILE]" PCSC,
     "sets a new user PIN with the admin PIN or the reset code", run_unblock},
    {"reset", "--serial NUMBER" PCSC, "destroys all keys of that dongle and sets its PINs as from the factory",
     run_reset},
    {"generate",
     "--name NAME --email ADDRESS --out FILE [--algorithm A] [--backup FILE [--passphrase FILE]] [--pin FILE] "
     "[--admin-pin FILE]" PCSC,
     "makes keys on the dongle, or with --backup in memory, and writes the public key", key_run_generate},
    {"expiry", "--key FILE --days N --out FILE [--pin FILE | --passphrase FILE]" PCSC,
     "lets a key expire in N days (0: never): the public key of the dongle's, or an exported secret key",
     key_run_expiry},
    {"revoke", "--key FILE --out FILE [--pin FILE | --passphrase FILE]" PCSC,
     "makes a revocation certificate for such a key", key_run_revoke},
    {"backup", "--key FILE --drive DEVICE [--passphrase FILE] [--drive-passphrase FILE]",
     "destroys what is on a stick and makes it an encrypted backup drive with this secret key", key_run_backup},
    {"restore", "--drive DEVICE --out FILE [--drive-passphrase FILE] [--admin-pin FILE]" PCSC,
     "puts the keys of a backup drive on the dongle, and writes the public key", key_run_restore},
};

const struct command_noun command_key = {
    "key",
    "the owner's OpenPGP keys: on the security dongle, on an encrypted drive; PINs",
    verbs,
    ARRAY_SIZE(verbs),
};
