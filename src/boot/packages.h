/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packages the OS says that the findings of a verification belong to. */
#ifndef HEADS_BOOT_PACKAGES_H
#define HEADS_BOOT_PACKAGES_H

#include "boot/verify.h"

/* Sets the package of each finding that a list of dpkg names: those below directory (borrowed), where it is a whole
 * root, or beside it, where it is the /boot of one. Where there are none, or they cannot be read, nothing is set: the
 * names are for words alone, by a database that nobody signed. packages_known tells whether there was one.
 * Errors: -E_MEMORY. */
int packages_name(int directory, struct verify_result *result);

#endif
