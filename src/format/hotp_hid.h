/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HID protocol by which Nitrokey Pro, Nitrokey Storage and Librem Key take an HOTP secret and check codes: feature
 * reports of 64 bytes, a command and its answer (docs/formats.md). Pure. */
#ifndef HEADS_FORMAT_HOTP_HID_H
#define HEADS_FORMAT_HOTP_HID_H

#include "base/bytes.h"
#include "base/error.h"

#define HOTP_HID_REPORT_SIZE 64
/* Of a PIN, and of the password that stands for it until the dongle loses power. */
#define HOTP_HID_PASSWORD_SIZE 25
#define HOTP_HID_PIN_LIMIT     24
#define HOTP_HID_SECRET_SIZE   20

enum hotp_hid_command {
	HOTP_HID_STATUS = 0x00,
	HOTP_HID_WRITE_SLOT = 0x01,
	HOTP_HID_AUTHENTICATE = 0x07,
	HOTP_HID_ADMIN_TRIES = 0x09,
	HOTP_HID_SEND_DATA = 0x17,
	HOTP_HID_VERIFY_CODE = 0x18,
	HOTP_HID_STORAGE_STATUS = 0x2e,
};

/* What became of a command. */
enum hotp_hid_result {
	HOTP_HID_OK = 0,
	HOTP_HID_WRONG_CRC = 1,
	HOTP_HID_WRONG_SLOT = 2,
	HOTP_HID_NOT_PROGRAMMED = 3,
	HOTP_HID_WRONG_PASSWORD = 4,
	HOTP_HID_NOT_AUTHORISED = 5,
	HOTP_HID_UNKNOWN_COMMAND = 9,
};

/* A report with this payload (at most 59 bytes; the rest is zero) and its checksum. */
void hotp_hid_encode(enum hotp_hid_command command, struct bytes payload, uint8_t report[HOTP_HID_REPORT_SIZE]);
/* The admin PIN (at most HOTP_HID_PIN_LIMIT bytes), and the password that stands for it from now on. The reports that
 * carry a PIN, a password, a secret or a code are as secret as those: wipe them. */
void hotp_hid_encode_authenticate(struct bytes pin, const uint8_t password[HOTP_HID_PASSWORD_SIZE],
                                  uint8_t report[HOTP_HID_REPORT_SIZE]);
/* The secret, HOTP_HID_SECRET_SIZE bytes, for the slot that is written next. */
void hotp_hid_encode_secret(const uint8_t password[HOTP_HID_PASSWORD_SIZE], struct bytes secret,
                            uint8_t report[HOTP_HID_REPORT_SIZE]);
/* The slot's name, at most 15 characters. */
void hotp_hid_encode_name(const uint8_t password[HOTP_HID_PASSWORD_SIZE], const char *name,
                          uint8_t report[HOTP_HID_REPORT_SIZE]);
/* Writes the third slot, the one that only checks codes: 6 digits, and the next code is that of counter 0. (The models
 * do not agree how another counter would be written.) */
void hotp_hid_encode_slot(const uint8_t password[HOTP_HID_PASSWORD_SIZE], uint8_t report[HOTP_HID_REPORT_SIZE]);
void hotp_hid_encode_verify(uint32_t code, uint8_t report[HOTP_HID_REPORT_SIZE]);
/* The checksum of a report that was encoded: the answer repeats it. */
uint32_t hotp_hid_checksum(const uint8_t report[HOTP_HID_REPORT_SIZE]);

struct hotp_hid_answer {
	bool busy; /* not finished: nothing else counts */
	uint8_t command;
	uint32_t checksum;    /* of the report that it answers */
	uint8_t result;       /* enum hotp_hid_result, or another one */
	struct bytes payload; /* 53 bytes of the report */
};
/* Errors: -E_MALFORMED (size or checksum). */
int hotp_hid_decode(struct bytes report, struct hotp_hid_answer *ret_answer, struct error *error);

/* From the answer to HOTP_HID_STATUS, or of a Nitrokey Storage to HOTP_HID_STORAGE_STATUS. */
struct hotp_hid_identity {
	uint8_t major, minor; /* of the dongle's firmware */
	uint32_t serial;
};
/* Errors: -E_MALFORMED (too short). */
int hotp_hid_decode_identity(const struct hotp_hid_answer *answer, struct hotp_hid_identity *ret_identity,
                             struct error *error);

#endif
