/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/openpgp_card.h"
#include "base/cleanup.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define MAX_FIELDS 8

static bool is_word(struct bytes field, const char *word)
{
	return bytes_equal(field, bytes_from_string(word));
}

/* False where there are other characters than digits of this base, none, or too many. */
static bool read_number(struct bytes field, unsigned base, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (field.size == 0 || field.size > 15)
		return false;
	for (size_t i = 0; i < field.size; i++) {
		const char *digits = "0123456789ABCDEF", *at = strchr(digits, field.data[i]);

		if (field.data[i] == '\0' || !at || at - digits >= base)
			return false;
		value = value * base + (unsigned)(at - digits);
	}
	*ret_value = value;
	return true;
}

static bool is_hex(struct bytes field)
{
	for (size_t i = 0; i < field.size; i++)
		if (field.data[i] == '\0' || !strchr("0123456789ABCDEF", field.data[i]))
			return false;
	return field.size > 0;
}

static bool copy_hex(struct bytes field, char *target, size_t size)
{
	if (!is_hex(field) || field.size >= size)
		return false;
	memcpy(target, field.data, field.size);
	target[field.size] = '\0';
	return true;
}

/* gpg shows curves by these names, and wants to be told others. */
static const char *const curves[][2] = {
    {"Ed25519", "ed25519"},     {"Curve25519", "cv25519"},  {"NIST P-256", "nistp256"},
    {"NIST P-384", "nistp384"}, {"NIST P-521", "nistp521"},
};

static void copy_curve(struct bytes name, char *target, size_t size)
{
	(void)text_escape_into(name, target, size);
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
		if (is_word(name, curves[i][0]))
			(void)snprintf(target, size, "%s", curves[i][1]);
}

/* keyattr:1:1:3072: or keyattr:1:22:Ed25519: */
static bool read_attribute(const struct bytes *fields, struct openpgp_card *card)
{
	uint64_t slot, algorithm, bits;
	char *target;

	if (!read_number(fields[1], 10, &slot) || slot < 1 || slot > OPENPGP_SLOTS ||
	    !read_number(fields[2], 10, &algorithm))
		return false;
	target = card->attributes[slot - 1];
	if (algorithm == 1 && read_number(fields[3], 10, &bits) && bits <= 16384)
		(void)snprintf(target, sizeof(card->attributes[0]), "rsa%u", (unsigned)bits);
	else if (algorithm != 1 && fields[3].size > 0)
		copy_curve(fields[3], target, sizeof(card->attributes[0]));
	else
		(void)snprintf(target, sizeof(card->attributes[0]), "algo%u", (unsigned)(algorithm & 0xffff));
	return true;
}

static bool read_three(const struct bytes *fields, unsigned *first, unsigned *second, unsigned *third)
{
	unsigned *targets[3] = {first, second, third};
	uint64_t value;

	for (size_t i = 0; i < 3; i++) {
		if (!read_number(fields[i + 1], 10, &value) || value > 255)
			return false;
		*targets[i] = (unsigned)value;
	}
	return true;
}

static bool read_vendor(const struct bytes *fields, struct openpgp_card *card)
{
	if (fields[2].size > 0)
		(void)text_escape_into(fields[2], card->vendor, sizeof(card->vendor));
	else
		(void)text_escape_into(fields[1], card->vendor, sizeof(card->vendor));
	return fields[1].size > 0;
}

static bool read_version(struct bytes field, struct openpgp_card *card)
{
	uint64_t version;

	if (field.size != 4 || !read_number(field, 16, &version))
		return false;
	card->version_major = (unsigned)(version >> 8);
	card->version_minor = (unsigned)(version & 0xff);
	return true;
}

static bool read_fingerprints(const struct bytes *fields, struct openpgp_card *card)
{
	for (size_t i = 0; i < OPENPGP_SLOTS; i++)
		if (fields[i + 1].size > 0 &&
		    !copy_hex(fields[i + 1], card->fingerprints[i], sizeof(card->fingerprints[i])))
			return false;
	return true;
}

/* What of the listing has to be there. */
enum { HAS_READER = 1, HAS_VERSION = 2, HAS_SERIAL = 4, HAS_TRIES = 8, HAS_FINGERPRINTS = 16, HAS_ALL = 31 };

static bool read_fields(const struct bytes *fields, struct openpgp_card *card, unsigned *seen)
{
	uint64_t value;

	if (is_word(fields[0], "Reader")) {
		*seen |= HAS_READER;
		return copy_hex(fields[3], card->application, sizeof(card->application));
	}
	if (is_word(fields[0], "version")) {
		*seen |= HAS_VERSION;
		return read_version(fields[1], card);
	}
	if (is_word(fields[0], "vendor"))
		return read_vendor(fields, card);
	if (is_word(fields[0], "serial")) {
		*seen |= HAS_SERIAL;
		return copy_hex(fields[1], card->serial, sizeof(card->serial));
	}
	if (is_word(fields[0], "forcepin")) {
		if (!read_number(fields[1], 10, &value))
			return false;
		card->pin_each_signature = value != 0;
		return true;
	}
	if (is_word(fields[0], "keyattr"))
		return read_attribute(fields, card);
	if (is_word(fields[0], "maxpinlen"))
		return read_three(fields, &card->max_pin, &(unsigned){0}, &(unsigned){0});
	if (is_word(fields[0], "pinretry")) {
		*seen |= HAS_TRIES;
		return read_three(fields, &card->tries_pin, &card->tries_reset, &card->tries_admin);
	}
	if (is_word(fields[0], "sigcount"))
		return read_number(fields[1], 10, &card->signatures);
	if (is_word(fields[0], "fpr")) {
		*seen |= HAS_FINGERPRINTS;
		return read_fingerprints(fields, card);
	}
	return true;
}

/* "Reader:20A0:4108:0001:0:AID:D276...:openpgp-card:": the name of a reader may hold colons. As fields 0, 3 and 4. */
static void split_reader(struct bytes line, struct bytes fields[MAX_FIELDS])
{
	static const char mark[] = ":AID:";

	for (size_t i = line.size; i > 0; i--)
		if (bytes_start_with(bytes_slice(line, i - 1, line.size), mark)) {
			struct bytes rest = bytes_slice(line, i - 1 + strlen(mark), line.size);

			fields[3] = text_take_field(&rest, ':');
			fields[4] = text_take_field(&rest, ':');
			return;
		}
}

int openpgp_card_read(struct bytes listing, struct openpgp_card *ret_card, struct error *error)
{
	struct openpgp_card card = {0};
	struct bytes rest = listing;
	unsigned seen = 0;

	while (rest.size > 0) {
		struct bytes line = text_take_field(&rest, '\n'), fields[MAX_FIELDS] = {0};

		fields[0] = text_take_field(&line, ':');
		if (is_word(fields[0], "Reader"))
			split_reader(line, fields);
		for (size_t i = 1; i < MAX_FIELDS && line.size > 0 && !is_word(fields[0], "Reader"); i++)
			fields[i] = text_take_field(&line, ':');
		if (is_word(fields[0], "Reader") && !is_word(fields[4], "openpgp-card"))
			return error_set(error, fields[3].size > 0 ? E_UNSUPPORTED : E_NO_DEVICE, "card",
			                 fields[3].size > 0 ? "the card is no OpenPGP card" : "there is no card");
		if (!read_fields(fields, &card, &seen))
			return error_set(error, E_MALFORMED, "card",
			                 "the description of the card cannot be read in its line \"%.*s\"",
			                 (int)(fields[0].size > 20 ? 20 : fields[0].size),
			                 (const char *)fields[0].data);
	}
	if (!(seen & HAS_READER))
		return error_set(error, E_NO_DEVICE, "card", "there is no card");
	if (seen != HAS_ALL)
		return error_set(error, E_MALFORMED, "card", "the description of the card is not complete");
	*ret_card = card;
	return 0;
}

const char *openpgp_slot_name(enum openpgp_slot slot)
{
	static const char *const names[OPENPGP_SLOTS] = {"signature key", "encryption key", "authentication key"};

	return names[slot];
}
