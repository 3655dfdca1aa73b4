/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs of `heads pcr` in files of their own. */
#ifndef HEADS_COMMAND_PCR_H
#define HEADS_COMMAND_PCR_H

#include "command/command.h"

int pcr_log_run(const struct command_context *context, int argc, char **argv);
int pcr_replay_run(const struct command_context *context, int argc, char **argv);
int pcr_list_run(const struct command_context *context, int argc, char **argv);
int pcr_predict_run(const struct command_context *context, int argc, char **argv);
int pcr_quote_run(const struct command_context *context, int argc, char **argv);
int pcr_check_quote_run(const struct command_context *context, int argc, char **argv);
int pcr_why_run(const struct command_context *context, int argc, char **argv);

#endif
