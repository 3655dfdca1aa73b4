/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the screens of the one run share (one_run*.c). Nobody else includes it. */
#ifndef HEADS_MENU_ONE_RUN_H
#define HEADS_MENU_ONE_RUN_H

#include "menu/screen.h"
#include "owner/ownership_machine.h"

#define ONE_RUN_TITLE "Make this machine yours in one run"

struct one_run {
	struct menu *menu;
	const char *mode; /* "questions", "defaults", "file" */
	struct ownership_answers answers;
	struct ownership_machine machine;
	struct ownership_world world;
	struct boot_system boot; /* the menu's, from the plan on: judged by the key of the run, not by the ROM's */
	struct ownership ownership;
	struct secret drawn; /* the passphrase that was drawn; empty: none */
	char medium[48];     /* the stick */
	char totp[16];       /* "confirmed", "not confirmed" */
	struct flash *flash;
};

/* All the questions. False: the owner went back. */
bool one_run_ask(struct one_run *run);
/* The few questions of the defaults. False: likewise. */
bool one_run_ask_defaults(struct one_run *run);
/* Which stick the key, its public half and the summary go to. must: without one nothing goes on. */
bool one_run_choose_stick(struct one_run *run, bool must);
/* Which stick becomes the backup drive; not the one with the run's files. False: none, or the owner went back. */
bool one_run_choose_drive(struct one_run *run);
/* Asks again for what is wanted and not given, or was refused by the dongle. False: the owner went back. */
bool one_run_ask_missing(struct one_run *run);
/* The line, or lines, that say what came of each step. */
void one_run_add_steps(const struct one_run *run, struct ui_text *text);
/* At the end: shown, and on the stick where it is wanted. */
void one_run_summary(struct one_run *run);

#endif
