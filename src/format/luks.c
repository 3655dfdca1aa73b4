/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/encode.h"
#include "base/text.h"
#include "format/luks_internal.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LUKS1_HEADER_SIZE 592
#define LUKS1_SLOTS       8
#define LUKS1_ACTIVE      0x00ac71f3u
#define LUKS1_DIGEST_SIZE 20
#define LUKS1_SALT_SIZE   32
#define LUKS1_MAX_PAYLOAD 0x40000u /* sectors: 128 MiB */
#define SECTOR            512
#define UUID_LENGTH       36
#define MAX_KEY_BYTES     512

static const char magic[] = "LUKS\xba\xbe";
/* What cryptsetup-reencrypt of the days of LUKS1 wrote while it was at work. */
static const char magic_reencrypting[] = "LUKS\xde\xad";

static const char *const refusal_names[LUKS_REFUSALS] = {
    [LUKS_ACCEPTED] = "",
    [LUKS_DAMAGED] = "damaged",
    [LUKS_NULL_CIPHER] = "null-cipher",
    [LUKS_REENCRYPTION] = "reencryption",
    [LUKS_UNKNOWN_REQUIREMENT] = "unknown-requirement",
    [LUKS_DETACHED_HEADER] = "detached-header",
    [LUKS_OVERSIZED_HEADER] = "oversized-header",
    [LUKS_UNSUPPORTED] = "unsupported",
    [LUKS_DUPLICATE_UUID] = "duplicate-uuid",
};

const char *luks_refusal_name(enum luks_refusal refusal)
{
	return refusal_names[refusal];
}

const char *luks_cipher(const struct luks_facts *facts)
{
	return facts->segment_count > 0 ? facts->segments[0].cipher : "";
}

void luks_refuse(struct luks_facts *facts, enum luks_refusal refusal, const char *format, ...)
{
	char words[sizeof(facts->reason)];
	va_list arguments;

	if (facts->refused != LUKS_ACCEPTED)
		return;
	va_start(arguments, format);
	(void)vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	facts->refused = refusal;
	(void)text_escape_into(bytes_from_string(words), facts->reason, sizeof(facts->reason));
}

bool luks_copy_word(struct bytes word, char *text, size_t size)
{
	if (word.size == 0 || word.size >= size)
		return false;
	for (size_t i = 0; i < word.size; i++) {
		const uint8_t byte = word.data[i];

		if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
		      (byte != '\0' && strchr("-_.:()+/=", byte))))
			return false;
	}
	memcpy(text, word.data, word.size);
	text[word.size] = '\0';
	return true;
}

bool luks_copy_uuid(struct bytes field, struct luks_facts *facts)
{
	const size_t length = strnlen((const char *)field.data, field.size);

	if (length != UUID_LENGTH)
		return false;
	for (size_t i = 0; i < length; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		const uint8_t byte = field.data[i];

		if (dash ? byte != '-' : !((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f')))
			return false;
	}
	memcpy(facts->uuid, field.data, length);
	facts->uuid[length] = '\0';
	return true;
}

/* "cipher_null-ecb", "capi:ecb(cipher_null)-plain", "null", whatever the kernel resolves to its cipher that does
 * nothing. */
bool luks_is_null_cipher(const char *cipher)
{
	return strcasestr(cipher, "null") != NULL;
}

size_t luks_extent(struct bytes block)
{
	struct cursor cursor = cursor_make(block);
	const struct bytes found = cursor_bytes(&cursor, sizeof(magic) - 1);
	const uint16_t version = cursor_u16be(&cursor);
	const uint64_t size = cursor_u64be(&cursor);

	if (cursor.failed)
		return 0;
	if (bytes_equal(found, bytes_from_string(magic_reencrypting)))
		return LUKS_BLOCK_SIZE;
	if (!bytes_equal(found, bytes_from_string(magic)))
		return 0;
	if (version == 1)
		return LUKS_BLOCK_SIZE;
	/* A size that is none of the allowed ones: the second copy has to be looked for everywhere. */
	return size >= luks_second_place(0) && size <= LUKS_MAX_EXTENT / 2 ? 2 * (size_t)size : LUKS_MAX_EXTENT;
}

/* A text field that ends with its first NUL. */
static struct bytes text_field(struct cursor *cursor, size_t size)
{
	struct bytes field = cursor_bytes(cursor, size);

	if (field.data)
		field.size = strnlen((const char *)field.data, field.size);
	return field;
}

/* Primes; the first is that of machines with one key. */
static const uint32_t own_iterations[LUKS_OWN_KEYS] = {1009, 1013, 1019, 1021};

uint32_t luks_own_iterations(unsigned key)
{
	return own_iterations[key];
}

void luks_note_slot(struct luks_facts *facts, unsigned slot, uint32_t iterations)
{
	for (unsigned key = 0; key < LUKS_OWN_KEYS; key++) {
		if (iterations != own_iterations[key])
			continue;
		facts->own_slots |= 1u << slot;
		facts->key_slots[key] |= 1u << slot;
	}
}

static void read_luks1_slots(struct cursor *cursor, struct luks_facts *facts)
{
	for (unsigned i = 0; i < LUKS1_SLOTS; i++) {
		const bool active = cursor_u32be(cursor) == LUKS1_ACTIVE;
		const uint32_t iterations = cursor_u32be(cursor);

		(void)cursor_bytes(cursor, LUKS1_SALT_SIZE);
		(void)cursor_u32be(cursor); /* place of the key material */
		(void)cursor_u32be(cursor); /* stripes */
		if (!active)
			continue;
		facts->slots |= 1u << i;
		luks_note_slot(facts, i, iterations);
	}
}

static bool join_cipher(struct bytes name, struct bytes mode, struct luks_segment *segment)
{
	char left[33], right[33];

	if (!luks_copy_word(name, left, sizeof(left)) || !luks_copy_word(mode, right, sizeof(right)))
		return false;
	return (size_t)snprintf(segment->cipher, sizeof(segment->cipher), "%s-%s", left, right) <
	       sizeof(segment->cipher);
}

/* Specification of LUKS1, figure 1. */
static void read_luks1(struct bytes start, struct luks_facts *facts)
{
	struct cursor cursor = cursor_make(bytes_slice(start, 0, LUKS1_HEADER_SIZE));
	struct luks_segment *segment = &facts->segments[0];
	struct bytes name, mode, hash, digest, salt, uuid;
	uint32_t payload, key_bytes;

	(void)cursor_bytes(&cursor, sizeof(magic) - 1);
	(void)cursor_u16be(&cursor);
	name = text_field(&cursor, 32);
	mode = text_field(&cursor, 32);
	hash = text_field(&cursor, 32);
	payload = cursor_u32be(&cursor);
	key_bytes = cursor_u32be(&cursor);
	digest = cursor_bytes(&cursor, LUKS1_DIGEST_SIZE);
	salt = cursor_bytes(&cursor, LUKS1_SALT_SIZE);
	facts->digest.iterations = cursor_u32be(&cursor);
	uuid = cursor_bytes(&cursor, 40);
	read_luks1_slots(&cursor, facts);
	if (cursor.failed || !luks_copy_uuid(uuid, facts) || key_bytes == 0 || key_bytes > MAX_KEY_BYTES ||
	    !join_cipher(name, mode, segment) ||
	    !luks_copy_word(hash, facts->digest.hash, sizeof(facts->digest.hash))) {
		luks_refuse(facts, LUKS_DAMAGED, "the header of LUKS1 holds values that cannot be");
		return;
	}
	hex_encode(digest, facts->digest.digest);
	hex_encode(salt, facts->digest.salt);
	facts->key_bits = key_bytes * 8;
	facts->segment_count = 1;
	segment->offset = (uint64_t)payload * SECTOR;
	segment->sector = SECTOR;
	if (payload == 0)
		luks_refuse(facts, LUKS_DETACHED_HEADER, "the header says that the data are on another device");
	else if (payload > LUKS1_MAX_PAYLOAD)
		luks_refuse(facts, LUKS_OVERSIZED_HEADER, "the data begin only at byte %" PRIu64, segment->offset);
	if (luks_is_null_cipher(segment->cipher))
		luks_refuse(facts, LUKS_NULL_CIPHER, "the cipher is %s, which encrypts nothing", segment->cipher);
}

int luks_parse(struct bytes start, const char *name, struct luks_facts *ret_facts, struct error *error)
{
	struct cursor cursor = cursor_make(start);
	const struct bytes found = cursor_bytes(&cursor, sizeof(magic) - 1);
	const uint16_t version = cursor_u16be(&cursor);

	*ret_facts = (struct luks_facts){.type = LUKS_TYPE_1};
	if (cursor.failed)
		return error_set(error, E_MALFORMED, name, "%s is too short for a LUKS header", name);
	if (bytes_equal(found, bytes_from_string(magic_reencrypting))) {
		luks_refuse(ret_facts, LUKS_REENCRYPTION, "the header is one of a reencryption that did not end");
		return 0;
	}
	if (bytes_equal(found, bytes_from_string(magic)) && version == 1) {
		read_luks1(start, ret_facts);
		return 0;
	}
	ret_facts->type = LUKS_TYPE_2;
	return luks2_parse(start, name, ret_facts, error);
}

void luks_facts_text(const struct luks_facts *facts, struct buffer *text)
{
	const struct luks_digest *digest = &facts->digest;

	buffer_append_format(text, "heads luks facts 1\ntype luks%d\nuuid %s\nkey-bits %u\n", (int)facts->type,
	                     facts->uuid, facts->key_bits);
	for (size_t i = 0; i < facts->segment_count; i++) {
		const struct luks_segment *segment = &facts->segments[i];

		buffer_append_format(text, "segment %zu cipher=%s offset=%" PRIu64, i, segment->cipher,
		                     segment->offset);
		if (segment->size > 0)
			buffer_append_format(text, " size=%" PRIu64, segment->size);
		else
			buffer_append_string(text, " size=dynamic");
		buffer_append_format(text, " sector=%u iv-tweak=%" PRIu64 " integrity=%s\n", segment->sector,
		                     segment->iv_tweak, segment->integrity[0] ? segment->integrity : "none");
	}
	buffer_append_format(text, "volume-key pbkdf2 hash=%s iterations=%u salt=%s digest=%s\n", digest->hash,
	                     digest->iterations, digest->salt, digest->digest);
}
