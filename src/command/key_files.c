/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads key` with keys in files and on backup drives: made, prolonged, revoked, backed up, restored. */
#include "base/cleanup.h"
#include "base/file.h"
#include "command/key_private.h"
#include "owner/backup.h"
#include <stdlib.h>
#include <string.h>

/* --- generate ------------------------------------------------------------------------------------------------------
 */

static int make(struct openpgp *session, const struct openpgp_request *request, const struct key_options *options,
                bool on_card, char fingerprint[OPENPGP_FINGERPRINT], struct error *error)
{
	CLEANUP(secret_clear) struct secret pin = {0}, admin = {0}, passphrase = {0};
	CLEANUP(buffer_clear) struct buffer backup = {0};
	int r;

	if (on_card) {
		r = key_get_pin(session, OPENPGP_PIN, options->pin, &pin, error);
		if (r == 0)
			r = key_get_pin(session, OPENPGP_ADMIN_PIN, options->admin, &admin, error);
		return r < 0 ? r
		             : openpgp_generate_on_card(session, request, secret_bytes(&pin), secret_bytes(&admin),
		                                        fingerprint, error);
	}
	r = key_get_secret(options->passphrase, "passphrase of the backup", &passphrase, error);
	if (r == 0 && passphrase.size == 0)
		return error_set(error, E_USAGE, "passphrase", "the backup of a key needs a passphrase");
	if (r == 0)
		r = openpgp_generate(session, request, fingerprint, error);
	if (r == 0)
		r = openpgp_export_secret(session, fingerprint, secret_bytes(&passphrase), &backup, error);
	if (r == 0)
		r = file_replace_path(options->backup, buffer_bytes(&backup), error);
	if (r == 0)
		r = key_get_pin(session, OPENPGP_ADMIN_PIN, options->admin, &admin, error);
	return r < 0 ? r : openpgp_move_to_card(session, fingerprint, secret_bytes(&admin), error);
}

int key_run_generate(const struct command_context *context, int argc, char **argv)
{
	static const struct key_option known[] = {KEY_OPTION("--name", name),
	                                          KEY_OPTION("--email", email),
	                                          KEY_OPTION("--algorithm", algorithm),
	                                          KEY_OPTION("--out", out),
	                                          KEY_OPTION("--backup", backup),
	                                          KEY_OPTION("--passphrase", passphrase),
	                                          KEY_OPTION("--pin", pin),
	                                          KEY_OPTION("--admin-pin", admin),
	                                          KEY_OPTION_PCSC,
	                                          KEY_OPTIONS_END};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(buffer_clear) struct buffer key = {0};
	struct key_options options = {.algorithm = "ed25519"};
	struct openpgp_request request = {0};
	char fingerprint[OPENPGP_FINGERPRINT], sentence[120];
	struct error error;
	int status = key_read_options(context, argc, argv, known, &options);

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
	if (key_open(&options, &session, &error) < 0 ||
	    make(session, &request, &options, !options.backup, fingerprint, &error) < 0 ||
	    openpgp_export_public(session, fingerprint, &key, &error) < 0 ||
	    file_replace_path(options.out, buffer_bytes(&key), &error) < 0)
		return command_fail(context, &error);
	(void)snprintf(sentence, sizeof(sentence), "the dongle has the keys of %s", fingerprint);
	return key_done(context, "generated", fingerprint, sentence);
}

/* --- with the primary key ------------------------------------------------------------------------------------------
 */

/* Takes the key of --key into the session. Its passphrase is asked for where there is one. */
static int import_key(struct openpgp *session, const struct key_options *options, char fingerprint[OPENPGP_FINGERPRINT],
                      struct error *error)
{
	CLEANUP(buffer_clear) struct buffer key = {0};
	CLEANUP(secret_clear) struct secret passphrase = {0};
	int r = file_read(options->key, OPENPGP_MAX_EXPORT, &key, error);

	if (r < 0)
		return r;
	if (!options->passphrase) {
		r = openpgp_import(session, buffer_bytes(&key), BYTES_EMPTY, fingerprint, error);
		if (r != -E_WRONG_AUTH)
			return r;
	}
	r = key_get_secret(options->passphrase, "passphrase of the key", &passphrase, error);
	return r < 0 ? r : openpgp_import(session, buffer_bytes(&key), secret_bytes(&passphrase), fingerprint, error);
}

/* The user PIN, where the primary key is on the dongle that is plugged in; else empty. */
static int get_primary_pin(struct openpgp *session, const struct key_options *options, const char *fingerprint,
                           struct secret *pin, struct error *error)
{
	struct openpgp_card card;

	if (openpgp_card_status(session, &card, NULL) < 0 ||
	    strcmp(card.fingerprints[OPENPGP_SIGNATURE], fingerprint) != 0)
		return 0;
	return key_get_pin(session, OPENPGP_PIN, options->pin, pin, error);
}

int key_run_expiry(const struct command_context *context, int argc, char **argv)
{
	static const struct key_option known[] = {KEY_OPTION("--key", key),
	                                          KEY_OPTION("--days", days),
	                                          KEY_OPTION("--out", out),
	                                          KEY_OPTION("--pin", pin),
	                                          KEY_OPTION("--passphrase", passphrase),
	                                          KEY_OPTION_PCSC,
	                                          KEY_OPTIONS_END};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(buffer_clear) struct buffer key = {0};
	CLEANUP(secret_clear) struct secret pin = {0};
	struct key_options options = {0};
	char fingerprint[OPENPGP_FINGERPRINT], *end;
	struct error error;
	unsigned long days;
	int status = key_read_options(context, argc, argv, known, &options);

	if (status)
		return status;
	if (!options.key || !options.days || !options.out)
		return command_usage(context, "heads key expiry needs --key FILE, --days N and --out FILE");
	days = strtoul(options.days, &end, 10);
	if (*end || end == options.days || options.days[0] == '-' || days > 36500)
		return command_usage(context, "--days is a number of days up to 36500, or 0 for never, not \"%s\"",
		                     options.days);
	if (key_open(&options, &session, &error) < 0 || import_key(session, &options, fingerprint, &error) < 0 ||
	    get_primary_pin(session, &options, fingerprint, &pin, &error) < 0 ||
	    openpgp_set_expiry(session, fingerprint, (unsigned)days, secret_bytes(&pin), &error) < 0 ||
	    openpgp_export_public(session, fingerprint, &key, &error) < 0 ||
	    file_replace_path(options.out, buffer_bytes(&key), &error) < 0)
		return command_fail(context, &error);
	return key_done(context, "changed", fingerprint,
	                "the public key has the new date; put it where the old one is");
}

int key_run_revoke(const struct command_context *context, int argc, char **argv)
{
	static const struct key_option known[] = {KEY_OPTION("--key", key), KEY_OPTION("--out", out),
	                                          KEY_OPTION("--pin", pin), KEY_OPTION("--passphrase", passphrase),
	                                          KEY_OPTION_PCSC,          KEY_OPTIONS_END};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(buffer_clear) struct buffer certificate = {0};
	CLEANUP(secret_clear) struct secret pin = {0};
	struct key_options options = {0};
	char fingerprint[OPENPGP_FINGERPRINT];
	struct error error;
	int status = key_read_options(context, argc, argv, known, &options);

	if (status)
		return status;
	if (!options.key || !options.out)
		return command_usage(context, "heads key revoke needs --key FILE and --out FILE");
	if (key_open(&options, &session, &error) < 0 || import_key(session, &options, fingerprint, &error) < 0 ||
	    get_primary_pin(session, &options, fingerprint, &pin, &error) < 0 ||
	    openpgp_revocation(session, fingerprint, secret_bytes(&pin), &certificate, &error) < 0 ||
	    file_replace_path(options.out, buffer_bytes(&certificate), &error) < 0)
		return command_fail(context, &error);
	return key_done(context, "made", fingerprint,
	                "the certificate revokes the key once it is imported where the key is used");
}

/* --- the backup drive ----------------------------------------------------------------------------------------------
 */

int key_run_backup(const struct command_context *context, int argc, char **argv)
{
	static const struct key_option known[] = {KEY_OPTION("--key", key), KEY_OPTION("--drive", drive),
	                                          KEY_OPTION("--passphrase", passphrase),
	                                          KEY_OPTION("--drive-passphrase", drive_passphrase), KEY_OPTIONS_END};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(backup_clear) struct backup backup = {{0}, {0}, {0}};
	CLEANUP(secret_clear) struct secret phrase = {0};
	struct key_options options = {0};
	char fingerprint[OPENPGP_FINGERPRINT];
	struct error error;
	int status = key_read_options(context, argc, argv, known, &options);

	if (status)
		return status;
	if (!options.key || !options.drive)
		return command_usage(context, "heads key backup needs --key FILE and --drive DEVICE");
	if (key_open(&options, &session, &error) < 0 || import_key(session, &options, fingerprint, &error) < 0 ||
	    backup_collect(session, fingerprint, &backup, &error) < 0 ||
	    key_get_secret(options.drive_passphrase, "new passphrase of the backup drive", &phrase, &error) < 0 ||
	    backup_write(options.drive, secret_bytes(&phrase), &backup, NULL, NULL, &error) < 0)
		return command_fail(context, &error);
	return key_done(context, "written", fingerprint,
	                "the backup drive has the key; keep it apart from the machine");
}

static int find_private(const char *device, char partition[48], struct error *error)
{
	struct drive_stick sticks[DRIVE_MAX];
	const size_t count = drive_list(sticks);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(sticks[i].path, device) != 0 || !sticks[i].is_drive)
			continue;
		memcpy(partition, sticks[i].private, sizeof(sticks[i].private));
		return 0;
	}
	return error_set(error, E_NOT_FOUND, device, "%s is no backup drive that is plugged in", device);
}

int key_run_restore(const struct command_context *context, int argc, char **argv)
{
	static const struct key_option known[] = {KEY_OPTION("--drive", drive),
	                                          KEY_OPTION("--out", out),
	                                          KEY_OPTION("--drive-passphrase", drive_passphrase),
	                                          KEY_OPTION("--admin-pin", admin),
	                                          KEY_OPTION_PCSC,
	                                          KEY_OPTIONS_END};
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	CLEANUP(buffer_clear) struct buffer secret = {0}, key = {0};
	CLEANUP(secret_clear) struct secret phrase = {0}, admin = {0};
	struct key_options options = {0};
	char fingerprint[OPENPGP_FINGERPRINT], partition[48];
	struct error error;
	int status = key_read_options(context, argc, argv, known, &options);

	if (status)
		return status;
	if (!options.drive || !options.out)
		return command_usage(context, "heads key restore needs --drive DEVICE and --out FILE");
	if (key_open(&options, &session, &error) < 0 || find_private(options.drive, partition, &error) < 0 ||
	    key_get_secret(options.drive_passphrase, "passphrase of the backup drive", &phrase, &error) < 0 ||
	    backup_read_secret(partition, secret_bytes(&phrase), &secret, &error) < 0 ||
	    openpgp_import(session, buffer_bytes(&secret), BYTES_EMPTY, fingerprint, &error) < 0 ||
	    openpgp_export_public(session, fingerprint, &key, &error) < 0 ||
	    file_replace_path(options.out, buffer_bytes(&key), &error) < 0 ||
	    key_get_pin(session, OPENPGP_ADMIN_PIN, options.admin, &admin, &error) < 0 ||
	    openpgp_move_to_card(session, fingerprint, secret_bytes(&admin), &error) < 0)
		return command_fail(context, &error);
	return key_done(context, "restored", fingerprint, "the dongle has the keys of the backup drive");
}
