/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual security dongle: what it remembers, and what it knows while it has power. */
#ifndef HEADS_DONGLE_CARD_H
#define HEADS_DONGLE_CARD_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

/* Values and numbers that survive a power cycle; their names in the state file are in state.c. */
enum card_value {
	VALUE_USER_PIN,
	VALUE_ADMIN_PIN,
	VALUE_RESET_CODE,
	VALUE_SECRETS_PIN,
	VALUE_NAME,
	VALUE_LANGUAGE,
	VALUE_SEX,
	VALUE_LOGIN,
	VALUE_URL,
	VALUE_PRIVATE, /* four of them */
	VALUE_CERTIFICATE = VALUE_PRIVATE + 4,
	VALUE_ATTRIBUTES, /* from here on three each: sign, decipher, authenticate */
	VALUE_FINGERPRINT = VALUE_ATTRIBUTES + 3,
	VALUE_CA_FINGERPRINT = VALUE_FINGERPRINT + 3,
	VALUE_TIME = VALUE_CA_FINGERPRINT + 3,
	VALUE_KEY = VALUE_TIME + 3, /* canonical S-expression of the private key */
	VALUE_HOTP_SECRET = VALUE_KEY + 3,
	VALUE_HOTP_NAME,
	CARD_VALUES
};

enum card_number {
	NUMBER_USER_TRIES,
	NUMBER_ADMIN_TRIES,
	NUMBER_RESET_TRIES,
	NUMBER_SECRETS_TRIES,
	NUMBER_MANY_SIGNATURES, /* one PIN for many signatures */
	NUMBER_SIGNATURES,
	NUMBER_TERMINATED,
	NUMBER_HOTP_COUNTER,
	NUMBER_HOTP_DIGITS, /* 0: not programmed */
	CARD_NUMBERS
};

#define CARD_VALUE_MAX 4096
struct card_bytes {
	uint8_t data[CARD_VALUE_MAX];
	size_t size;
};

enum card_model { MODEL_LIBREM_KEY, MODEL_NITROKEY_PRO, MODEL_NITROKEY_STORAGE, MODEL_NITROKEY_3, CARD_MODELS };

enum card_applet { APPLET_NONE, APPLET_OPENPGP, APPLET_SECRETS, APPLET_ADMIN };

/* Which PINs were shown since the last reset. */
#define SHOWN_SIGN    1u
#define SHOWN_USER    2u
#define SHOWN_ADMIN   4u
#define SHOWN_SECRETS 8u

/* What the dongle is spoken to through: its card, with APDUs, and its HID, with feature reports. */
enum card_channel { CHANNEL_CARD, CHANNEL_HID, CARD_CHANNELS };

/* Faults on demand (fault.c): how many more commands until each happens; 0: never. */
struct card_faults {
	long unplug, stall, status;
	uint16_t status_word;
	struct {
		long count;
		uint8_t instruction; /* of those alone: INS of an APDU, command of a report */
		bool after;          /* it is carried out, and its answer is lost */
	} unplug_at[CARD_CHANNELS];
	bool unplugged;
	bool wrong_pin; /* every PIN is wrong */
};

struct card {
	struct card_bytes values[CARD_VALUES];
	uint64_t numbers[CARD_NUMBERS];
	enum card_model model;
	uint32_t serial;
	const char *state_path; /* NULL: nothing is kept */
	struct digest saved;    /* of what the state file holds */
	struct card_faults faults;
	enum card_applet applet;
	unsigned int shown;
	struct buffer chain; /* data of chained commands */
	struct buffer rest;  /* of an answer that GET RESPONSE will fetch */
	uint8_t temporary_password[25];
	bool has_temporary_password;
	uint8_t hid_secret[40];
};

static inline struct bytes card_value(const struct card *card, enum card_value value)
{
	return bytes_make(card->values[value].data, card->values[value].size);
}
/* False where it is too long. */
bool card_set(struct card *card, enum card_value value, struct bytes bytes);

/* As it comes from the factory: state.c. */
void card_make_new(struct card *card);
/* The OpenPGP application alone, after TERMINATE and ACTIVATE. */
void card_reset_openpgp(struct card *card);
/* Reads the state file, or makes a new card where there is none. Errors: -E_MALFORMED, those of file_read. */
int card_load(struct card *card, struct error *error);
/* Writes the state file where something changed: old or new after a crash, never a mixture. Errors: those of
 * file_replace. */
int card_save(struct card *card, struct error *error);
/* Forgets what a loss of power forgets. */
void card_power_off(struct card *card);
void card_clear(struct card *card);

/* One try of a PIN: the counter goes down and is saved before anything is compared, so that pulling the plug gains
 * nothing. Returns whether it is right; then the counter is set to full. */
bool card_try_pin(struct card *card, enum card_value pin, enum card_number tries, uint64_t full, struct bytes given);

#endif
