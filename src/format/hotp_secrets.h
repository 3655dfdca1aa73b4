/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands by which the secrets application of a Nitrokey 3 takes an HOTP secret and checks codes ("reverse HOTP"):
 * APDUs of ISO 7816-4 with data in tag, length, value (docs/formats.md). Pure. */
#ifndef HEADS_FORMAT_HOTP_SECRETS_H
#define HEADS_FORMAT_HOTP_SECRETS_H

#include "base/bytes.h"
#include "base/error.h"

#define HOTP_SECRETS_NAME      "Heads" /* of the credential that is ours */
#define HOTP_SECRETS_SECRET    20      /* bytes: for SHA-1 */
#define HOTP_SECRETS_PIN_LIMIT 64      /* bytes of a PIN */

enum hotp_secrets_application { HOTP_SECRETS_ITSELF, HOTP_SECRETS_ADMIN };

/* Each appends one command. Those that carry a PIN, a secret or a code are as secret as those. */
void hotp_secrets_select(enum hotp_secrets_application application, struct buffer *command);
void hotp_secrets_version(struct buffer *command); /* of the firmware; the admin application is selected */
void hotp_secrets_verify_pin(struct bytes pin, struct buffer *command);
void hotp_secrets_set_pin(struct bytes pin, struct buffer *command); /* the first one */
void hotp_secrets_delete(struct buffer *command);
/* Codes of six digits, SHA-1; the next one is that of counter 0; no touch is wanted. */
void hotp_secrets_put(struct bytes secret, struct buffer *command);
void hotp_secrets_verify_code(uint32_t code, struct buffer *command);

/* The two bytes that end an answer. */
enum hotp_secrets_status {
	HOTP_SECRETS_OK = 0x9000,
	HOTP_SECRETS_WRONG = 0x6300,     /* PIN or code */
	HOTP_SECRETS_NOT_SHOWN = 0x6982, /* the PIN was not given, or there is none */
	HOTP_SECRETS_NOT_FOUND = 0x6a82, /* no such credential */
};
/* ret_data: what stands before the status, borrowed. Errors: -E_MALFORMED (shorter than the status). */
int hotp_secrets_decode(struct bytes answer, uint16_t *ret_status, struct bytes *ret_data, struct error *error);

struct hotp_secrets_identity {
	uint32_t serial;
	bool has_pin;
	uint8_t tries; /* of the PIN; 0 without one */
};
/* From the data that answer the selection of HOTP_SECRETS_ITSELF. Errors: -E_MALFORMED (also: no serial number, by
 * which it would be known again). */
int hotp_secrets_decode_identity(struct bytes data, struct hotp_secrets_identity *ret_identity, struct error *error);
/* From the data that answer hotp_secrets_version. Errors: -E_MALFORMED. */
int hotp_secrets_decode_version(struct bytes data, uint8_t *ret_major, uint8_t *ret_minor, struct error *error);

#endif
