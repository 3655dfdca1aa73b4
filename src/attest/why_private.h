/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between why.c, which finds what differs, and why_words.c, which says it. */
#ifndef HEADS_ATTEST_WHY_PRIVATE_H
#define HEADS_ATTEST_WHY_PRIVATE_H

#include "attest/why.h"

/* What an event stands for. Those up to ROLE_NAMED go by their name; of the others one stands for the other. */
enum why_role {
	ROLE_FIRMWARE,
	ROLE_OWNER_FILE_NAME,
	ROLE_OWNER_FILE,
	ROLE_MODE,
	ROLE_OTHER,
	ROLE_NAMED = ROLE_OTHER,
	ROLE_MANIFEST,
	ROLE_KERNEL,
	ROLE_INITRD,
	ROLE_COMMAND,
};

enum why_change {
	CHANGE_CONTENT,
	CHANGE_ADDED,
	CHANGE_MISSING,
};

struct why_item {
	struct eventlog_event event; /* its data is borrowed from the log */
	enum why_role role;
	struct bytes name; /* file, mode, command line */
	size_t match;      /* index in the other log; WHY_NO_MATCH */
};
#define WHY_NO_MATCH SIZE_MAX

/* Says what happened: before or after is NULL where there is none. Errors: as why_compare. */
int why_say(const struct why_item *before, const struct why_item *after, const struct why_settings *settings,
            struct why_cause *cause, struct error *error);
/* The same digest in every bank that both have, and there is one; or neither has a digest that is known. */
bool why_same_digest(const struct eventlog_event *a, const struct eventlog_event *b);

/* What coreboot names "FMAP: REGION CBFS: FILE" is the same part in whatever region it lies: FILE, or REGION alone. */
struct bytes why_rom_part(struct bytes name);

#endif
