/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads disk`: encrypted volumes and their unlock key; each verb has a file of its own. */
#include "base/cleanup.h"
#include "command/nouns.h"

static const struct command_verb verbs[] = {
    {"facts", "FILE...", "what of LUKS headers is measured, and whether they are accepted", disk_facts_run},
    {"seal", "[--passphrase FILE] [--unlock-passphrase FILE] [--owner-passphrase FILE] DEVICE...",
     "makes the unlock key: a key slot of each disk, sealed to PCRs 0-7", disk_seal_run},
    {"unseal", "[--unlock-passphrase FILE] [--measure] [--key-fd N] DEVICE...",
     "whether the TPM releases the unlock key, and it opens the disks", disk_unseal_run},
    {"forget", "[--owner-passphrase FILE] [DEVICE...]", "removes the unlock key, and its key slots", disk_forget_run},
};

const struct command_noun command_disk = {"disk", "encrypted disks and their unlock key", verbs, ARRAY_SIZE(verbs)};
