/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads boot`: the verbs are in boot_*.c. */
#include "base/cleanup.h"
#include "command/nouns.h"

static const struct command_verb verbs[] = {
    {"list", "DIR", "the boot entries under DIR, in menu order", boot_list_run},
    {"verify", "--keyring FILE DIR", "checks signature, manifest and closed world of DIR", boot_verify_run},
    {"sign", "--gnupghome HOME [--key FINGERPRINT] [--rollback N] [--root-hashes FILE] DIR",
     "lists and signs everything under DIR", boot_sign_run},
    {"default", "--gnupghome HOME [--key FINGERPRINT] DIR ID", "makes an entry of boot list the default, and signs",
     boot_default_run},
};

const struct command_noun command_boot = {
    "boot",
    "what a /boot holds, whether it is the owner's, and signing it",
    verbs,
    ARRAY_SIZE(verbs),
};
