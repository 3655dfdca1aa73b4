/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every noun of the command line, each defined in a file of its name. */
#ifndef HEADS_COMMAND_NOUNS_H
#define HEADS_COMMAND_NOUNS_H

#include "command/command.h"

extern const struct command_noun command_boot;
extern const struct command_noun command_disk;
extern const struct command_noun command_hotp;
extern const struct command_noun command_init;
extern const struct command_noun command_key;
extern const struct command_noun command_menu;
extern const struct command_noun command_owner;
extern const struct command_noun command_pcr;
extern const struct command_noun command_rom;
extern const struct command_noun command_root;
extern const struct command_noun command_settings;
extern const struct command_noun command_totp;
extern const struct command_noun command_tpm;

/* Verbs of `boot`, in files of their own. */
int boot_list_run(const struct command_context *context, int argc, char **argv);
int boot_sign_run(const struct command_context *context, int argc, char **argv);
int boot_default_run(const struct command_context *context, int argc, char **argv);
int boot_verify_run(const struct command_context *context, int argc, char **argv);

/* Verbs of `disk`, likewise. */
int disk_facts_run(const struct command_context *context, int argc, char **argv);
int disk_seal_run(const struct command_context *context, int argc, char **argv);
int disk_unseal_run(const struct command_context *context, int argc, char **argv);
int disk_forget_run(const struct command_context *context, int argc, char **argv);
int disk_status_run(const struct command_context *context, int argc, char **argv);

/* Verbs of `tpm`. */
int tpm_name_run(const struct command_context *context, int argc, char **argv);
int tpm_history_run(const struct command_context *context, int argc, char **argv);
int tpm_counter_run(const struct command_context *context, int argc, char **argv);
/* "rollback", "hotp", "approval" (enum tpm_counter). */
const char *tpm_counter_word(unsigned which);
int tpm_reset_run(const struct command_context *context, int argc, char **argv);
int tpm_unlock_run(const struct command_context *context, int argc, char **argv);

/* Reads the global options, finds noun and verb, runs it, and returns the exit status. */
int command_main(int argc, char **argv);

#endif
