/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads disk`: encrypted volumes and their unlock key; each verb has a file of its own. */
#include "base/cleanup.h"
#include "command/nouns.h"

static const struct command_verb verbs[] = {
    {"facts", "FILE...", "what of LUKS headers is measured, and whether they are accepted", disk_facts_run},
};

const struct command_noun command_disk = {"disk", "encrypted disks and their unlock key", verbs, ARRAY_SIZE(verbs)};
