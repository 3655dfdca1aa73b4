/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads disk`: encrypted volumes and their unlock key; each verb has a file of its own. */
#include "base/cleanup.h"
#include "command/nouns.h"

static const struct command_verb verbs[] = {
    {"facts", "FILE...", "what of LUKS headers is measured, and whether they are accepted", disk_facts_run},
    {"seal",
     "[--passphrase FILE] [--unlock-passphrase FILE] [--owner-passphrase FILE] [--entry ID [--boot DIR]] DEVICE...",
     "makes an unlock key: a key slot of each disk, sealed to PCRs 0-7; for all boot entries or one", disk_seal_run},
    {"unseal", "[--unlock-passphrase FILE] [--measure] [--key-fd N] [--entry ID [--boot DIR]] DEVICE...",
     "whether the TPM releases the unlock key, and it opens the disks", disk_unseal_run},
    {"forget", "[--owner-passphrase FILE] [--entry ID [--boot DIR]] [DEVICE...]",
     "removes the unlock keys, or that of one boot entry, and their key slots", disk_forget_run},
    {"status", "[--boot DIR] DEVICE...", "the unlock keys in the TPM, and which boot entry each is for",
     disk_status_run},
};

const struct command_noun command_disk = {"disk", "encrypted disks and their unlock key", verbs, ARRAY_SIZE(verbs)};
