/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the screens of keys and dongle share. Nobody else includes it. */
#ifndef HEADS_MENU_KEYS_PRIVATE_H
#define HEADS_MENU_KEYS_PRIVATE_H

#include "menu/screen.h"

#define KEYS_TITLE "Keys and security dongle"

struct keys {
	struct menu *menu;
	struct openpgp *session;  /* NULL after keys_renew_session failed; has the owner's public keys of the ROM, where
	                             there are any */
	struct openpgp_card card; /* valid where has_card */
	bool has_card;
	struct error card_problem;             /* why there is none */
	char fingerprint[OPENPGP_FINGERPRINT]; /* of the owner's key that is dealt with; empty: none */
	struct buffer fresh; /* its public half, armoured, where it was made or changed here; empty: the ROM's counts */
	bool saved;          /* the fresh one is on a stick or in the ROM */
};

/* A session that knows nothing yet: GnuPG takes no secret key in whose place it has seen that of a dongle. */
int keys_renew_session(struct keys *keys, struct error *error);
/* Reads the card anew: has_card, card, card_problem. */
void keys_read_card(struct keys *keys);
/* The user, reset or admin PIN of the card. fresh: a new one, asked for twice. Nothing is asked for that would not be
 * sent. Release pin with secret_clear. 1: the owner went back. Errors: -E_LOCKED_OUT, -E_USAGE (the two differ). */
int keys_ask_pin(struct keys *keys, enum openpgp_pin which, struct secret *pin, struct error *error);
int keys_ask_fresh_pin(struct keys *keys, enum openpgp_pin which, struct secret *pin, struct error *error);
/* One sentence until a key. */
void keys_tell(struct keys *keys, const char *line);
/* Of what an action returned: the refusal on the log and on the screen. True where it was done. */
bool keys_report(struct keys *keys, int result, const struct error *error);

/* The PINs: change, unblock, reset code. */
void keys_pins(struct keys *keys);
/* New keys. 1: an enum menu_exit is in ret_exit. */
void keys_make(struct keys *keys, int *ret_exit);
/* Offers to put the fresh public key on a stick and into the ROM. */
void keys_save_public(struct keys *keys, int *ret_exit);
/* The owner's public key onto a stick. 1: he went back. */
int keys_export_public(struct keys *keys, struct error *error);
/* When the key expires; a revocation certificate onto a stick. 1: he went back. */
int keys_set_expiry(struct keys *keys, int *ret_exit, struct error *error);
int keys_revocation(struct keys *keys, struct error *error);

/* Lets the owner choose a stick. False: he went back, or there is none and that was said. */
bool keys_choose_place(struct keys *keys, struct media_place *ret_place);

#endif
