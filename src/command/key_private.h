/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of `heads key` share. Nobody else includes it. */
#ifndef HEADS_COMMAND_KEY_PRIVATE_H
#define HEADS_COMMAND_KEY_PRIVATE_H

#include "command/command.h"
#include "dongle/openpgp.h"

/* What the verbs take; each names those that it knows. */
struct key_options {
	const char *pin, *admin, *reset_code, *fresh; /* files, as --owner-passphrase; NULL: asked for */
	const char *name, *email, *algorithm, *days;  /* of a key */
	const char *key, *out, *backup, *passphrase;
	const char *drive, *drive_passphrase;
	const char *serial;
	const char *pcsc; /* a PC/SC library in the place of GnuPG's own driver, or NULL */
};

struct key_option {
	const char *name;
	size_t offset;
};
#define KEY_OPTION(text, member)                           \
	{                                                  \
		text, offsetof(struct key_options, member) \
	}
#define KEY_OPTION_PCSC KEY_OPTION("--pcsc", pcsc)
#define KEY_OPTIONS_END \
	{               \
		NULL, 0 \
	}

/* known: the options of this verb, ended by KEY_OPTIONS_END. Returns the exit status of a wrong one. */
int key_read_options(const struct command_context *context, int argc, char **argv, const struct key_option *known,
                     struct key_options *options);
int key_open(const struct key_options *options, struct openpgp **ret_session, struct error *error);
/* From the file, or asked for where that is NULL. Release with secret_clear. */
int key_get_secret(const char *file, const char *prompt, struct secret *secret, struct error *error);
/* The same for a PIN of the dongle; the tries that are left are in the question. */
int key_get_pin(struct openpgp *session, enum openpgp_pin which, const char *file, struct secret *secret,
                struct error *error);
/* Reports what was done: {"result": RESULT, "fingerprint": ...} or the sentence. fingerprint may be NULL. */
int key_done(const struct command_context *context, const char *result, const char *fingerprint, const char *sentence);

/* The verbs of key_files.c. */
int key_run_generate(const struct command_context *context, int argc, char **argv);
int key_run_expiry(const struct command_context *context, int argc, char **argv);
int key_run_revoke(const struct command_context *context, int argc, char **argv);
int key_run_backup(const struct command_context *context, int argc, char **argv);
int key_run_restore(const struct command_context *context, int argc, char **argv);

#endif
