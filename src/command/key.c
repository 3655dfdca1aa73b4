/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads key`: the OpenPGP card of the security dongle, and keys for it. */
#include "base/cleanup.h"
#include "base/file.h"
#include "command/nouns.h"
#include "command/passphrase.h"
#include "dongle/openpgp.h"
#include <string.h>

/* What the verbs take; each names those that it knows. */
struct key_options {
	const char *pin, *admin, *fresh;      /* files, as --owner-passphrase; NULL: asked for */
	const char *name, *email, *algorithm; /* of a new key */
	const char *out, *backup, *passphrase;
	const char *serial;
};

struct option_place {
	const char *name;
	size_t offset;
};
#define PLACE(text, member)                                \
	{                                                  \
		text, offsetof(struct key_options, member) \
	}

/* known: the options of this verb, ended by an empty name. Returns the exit status of a wrong one. */
static int read_options(const struct command_context *context, int argc, char **argv, const struct option_place *known,
                        struct key_options *options)
{
	for (int i = 1; i < argc; i++) {
		const struct option_place *place = known;

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

static int get_secret(const char *file, const char *prompt, struct secret *secret, struct error *error)
{
	return file ? command_passphrase_read(file, secret, error) : command_passphrase_ask(prompt, secret, error);
}

/* The tries that are left are in the question. */
static int get_pin(struct openpgp *session, enum openpgp_pin which, const char *file, struct secret *secret,
                   struct error *error)
{
	struct openpgp_card card;
	char prompt[120];
	int r = openpgp_card_status(session, &card, error);

	if (r < 0)
		return r;
	(void)snprintf(prompt, sizeof(prompt), "%s of the dongle %s (%u tries left)", openpgp_pin_name(which),
	               card.serial, openpgp_tries_left(session, which));
	return get_secret(file, prompt, secret, error);
}

static int done(const struct command_context *context, const char *result, const char *sentence)
{
	struct json_object *object;

	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string(result));
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
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct openpgp_card card;
	struct error error;

	if (argc != 1)
		return command_usage(context, "heads key %s takes no argument", argv[0]);
	if (openpgp_open(NULL, &session, &error) < 0 || openpgp_card_status(session, &card, &error) < 0)
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

static const struct option_place pin_options[] = {
    PLACE("--pin", pin), PLACE("--admin-pin", admin), PLACE("--new", fresh), {NULL, 0}};

static int change(const struct command_context *context, enum openpgp_pin asked, enum openpgp_pin changed, bool unblock,
                  const struct key_options *options)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(secret_clear) struct secret old = {0}, fresh = {0};
	struct error error;
	char prompt[48];
	int r = openpgp_open(NULL, &session, &error);

	(void)snprintf(prompt, sizeof(prompt), "new %s", openpgp_pin_name(changed));
	if (r == 0)
		r = get_pin(session, asked, asked == OPENPGP_PIN ? options->pin : options->admin, &old, &error);
	if (r == 0)
		r = get_secret(options->fresh, prompt, &fresh, &error);
	if (r == 0 && unblock)
		r = openpgp_card_unblock(session, secret_bytes(&old), secret_bytes(&fresh), &error);
	else if (r == 0)
		r = openpgp_card_change_pin(session, changed, secret_bytes(&old), secret_bytes(&fresh), &error);
	return r < 0 ? command_fail(context, &error) : done(context, "changed", "the dongle has the new PIN");
}

static int run_pin(const struct command_context *context, int argc, char **argv)
{
	struct key_options options = {0};
	int status = read_options(context, argc, argv, pin_options, &options);

	return status ? status : change(context, OPENPGP_PIN, OPENPGP_PIN, false, &options);
}

static int run_admin_pin(const struct command_context *context, int argc, char **argv)
{
	struct key_options options = {0};
	int status = read_options(context, argc, argv, pin_options, &options);

	return status ? status : change(context, OPENPGP_ADMIN_PIN, OPENPGP_ADMIN_PIN, false, &options);
}

static int run_unblock(const struct command_context *context, int argc, char **argv)
{
	struct key_options options = {0};
	int status = read_options(context, argc, argv, pin_options, &options);

	return status ? status : change(context, OPENPGP_ADMIN_PIN, OPENPGP_PIN, true, &options);
}

static int run_reset(const struct command_context *context, int argc, char **argv)
{
	static const struct option_place known[] = {PLACE("--serial", serial), {NULL, 0}};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct key_options options = {0};
	struct error error;
	int status = read_options(context, argc, argv, known, &options);

	if (status)
		return status;
	if (!options.serial)
		return command_usage(context,
		                     "which dongle is to lose its keys? Name it with --serial NUMBER, as heads "
		                     "key card shows it");
	if (openpgp_open(NULL, &session, &error) < 0 || openpgp_card_factory_reset(session, options.serial, &error) < 0)
		return command_fail(context, &error);
	return done(context, "reset", "the dongle is as from the factory: no keys, PINs 123456 and 12345678");
}

/* --- generate ------------------------------------------------------------------------------------------------------
 */

static int make(struct openpgp *session, const struct openpgp_request *request, const struct key_options *options,
                bool on_card, char fingerprint[OPENPGP_FINGERPRINT], struct error *error)
{
	CLEANUP(secret_clear) struct secret pin = {0}, admin = {0}, passphrase = {0};
	CLEANUP(buffer_clear) struct buffer backup = {0};
	int r;

	if (on_card) {
		r = get_pin(session, OPENPGP_PIN, options->pin, &pin, error);
		if (r == 0)
			r = get_pin(session, OPENPGP_ADMIN_PIN, options->admin, &admin, error);
		return r < 0 ? r
		             : openpgp_generate_on_card(session, request, secret_bytes(&pin), secret_bytes(&admin),
		                                        fingerprint, error);
	}
	r = get_secret(options->passphrase, "passphrase of the backup", &passphrase, error);
	if (r == 0 && passphrase.size == 0)
		return error_set(error, E_USAGE, "passphrase", "the backup of a key needs a passphrase");
	if (r == 0)
		r = openpgp_generate(session, request, fingerprint, error);
	if (r == 0)
		r = openpgp_export_secret(session, fingerprint, secret_bytes(&passphrase), &backup, error);
	if (r == 0)
		r = file_replace_path(options->backup, buffer_bytes(&backup), error);
	if (r == 0)
		r = get_pin(session, OPENPGP_ADMIN_PIN, options->admin, &admin, error);
	return r < 0 ? r : openpgp_move_to_card(session, fingerprint, secret_bytes(&admin), error);
}

static int print_made(const struct command_context *context, const char *fingerprint)
{
	struct json_object *object;

	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string("generated"));
		json_object_object_add(object, "fingerprint", json_object_new_string(fingerprint));
		command_print_json(object);
	} else {
		(void)printf("the dongle has the keys of %s\n", fingerprint);
	}
	return 0;
}

static int run_generate(const struct command_context *context, int argc, char **argv)
{
	static const struct option_place known[] = {
	    PLACE("--name", name), PLACE("--email", email),     PLACE("--algorithm", algorithm),
	    PLACE("--out", out),   PLACE("--backup", backup),   PLACE("--passphrase", passphrase),
	    PLACE("--pin", pin),   PLACE("--admin-pin", admin), {NULL, 0}};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct key_options options = {.algorithm = "ed25519"};
	struct openpgp_request request = {0};
	char fingerprint[OPENPGP_FINGERPRINT];
	struct error error;
	int status = read_options(context, argc, argv, known, &options);

	if (status)
		return status;
	if (!options.name || !options.email || !options.out)
		return command_usage(context, "heads key generate needs --name, --email and --out FILE");
	if (!openpgp_algorithm_parse(options.algorithm, &request.algorithm))
		return command_usage(context,
		                     "--algorithm is rsa2048, rsa3072, rsa4096, ed25519 or nistp256, not \"%s\"",
		                     options.algorithm);
	request.name = options.name;
	request.email = options.email;
	if (openpgp_open(NULL, &session, &error) < 0 ||
	    make(session, &request, &options, !options.backup, fingerprint, &error) < 0 ||
	    openpgp_export_public(session, fingerprint, &key, &error) < 0 ||
	    file_replace_path(options.out, buffer_bytes(&key), &error) < 0)
		return command_fail(context, &error);
	return print_made(context, fingerprint);
}

static const struct command_verb verbs[] = {
    {"card", "", "what the security dongle says: its keys, and the tries left of its PINs", run_card},
    {"pin", "[--pin FILE] [--new FILE]", "changes the user PIN", run_pin},
    {"admin-pin", "[--admin-pin FILE] [--new FILE]", "changes the admin PIN", run_admin_pin},
    {"unblock", "[--admin-pin FILE] [--new FILE]", "sets a new user PIN with the admin PIN", run_unblock},
    {"reset", "--serial NUMBER", "destroys all keys of that dongle and sets its PINs as from the factory", run_reset},
    {"generate",
     "--name NAME --email ADDRESS --out FILE [--algorithm A] [--backup FILE [--passphrase FILE]] [--pin FILE] "
     "[--admin-pin FILE]",
     "makes keys on the dongle, or with --backup in memory, and writes the public key", run_generate},
};

const struct command_noun command_key = {
    "key",
    "the OpenPGP keys and PINs of the security dongle",
    verbs,
    ARRAY_SIZE(verbs),
};
