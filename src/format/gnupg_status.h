/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What GnuPG's programs say to programs: status lines ("[GNUPG:] SIG_CREATED D 22 8 00 ...") and key listings with
 * colons (doc/DETAILS of GnuPG). Pure. */
#ifndef HEADS_FORMAT_GNUPG_STATUS_H
#define HEADS_FORMAT_GNUPG_STATUS_H

#include "base/bytes.h"
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

/* Is this a status line with this keyword? ret_rest (may be NULL): the words behind it. */
bool gnupg_status_is(struct bytes line, const char *keyword, struct bytes *ret_rest);
/* The first line with this keyword anywhere in the output. */
bool gnupg_status_has(struct bytes output, const char *keyword);
/* The word at this place (from 0) behind the keyword, of the first line with it. False where there is none, or where it
 * has size characters or more. */
bool gnupg_status_word(struct bytes output, const char *keyword, unsigned place, char *word, size_t size);

#define GNUPG_MAX_KEYS 32
struct gnupg_key {
	bool primary;
	bool on_card;         /* its secret part is on a card */
	bool elsewhere;       /* its secret part is neither here nor on a card that was seen */
	bool usable;          /* neither expired, revoked, disabled nor invalid */
	char capabilities[8]; /* of this key alone: 'c', 's', 'e', 'a' */
	char fingerprint[65]; /* upper-case hex */
	uint64_t expires;     /* seconds since 1970; 0: never */
};
struct gnupg_keys {
	size_t count;
	struct gnupg_key keys[GNUPG_MAX_KEYS]; /* a primary key, then its subkeys */
	char user[160];                        /* the first user ID of the first key, safe to show */
};
/* Reads a listing of --list-keys or --list-secret-keys --with-colons. Errors: -E_MALFORMED, -E_TOO_LARGE (more than
 * GNUPG_MAX_KEYS keys). An empty listing has no key. */
int gnupg_keys_read(struct bytes listing, struct gnupg_keys *ret_keys, struct error *error);

#endif
