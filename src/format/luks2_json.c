/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON area of LUKS2, read by the library that cryptsetup reads it with, so that both understand the same. */
#include "base/cleanup.h"
#include "format/luks_internal.h"
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH         32
#define MAX_KEYSLOTS_AREA ((uint64_t)128 << 20)
#define MAX_KEY_BYTES     512

static void release_object(struct json_object **object)
{
	json_object_put(*object);
}

static void damaged(struct luks_facts *facts, const char *what)
{
	luks_refuse(facts, LUKS_DAMAGED, "the header's %s hold what cannot be", what);
}

/* A member of this type; NULL for none. */
static struct json_object *member(struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *found = NULL;

	if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, &found))
		return NULL;
	return json_object_is_type(found, type) ? found : NULL;
}

static struct bytes text_of(struct json_object *string)
{
	return string ? bytes_make(json_object_get_string(string), (size_t)json_object_get_string_len(string))
	              : BYTES_EMPTY;
}

static bool word_of(struct json_object *object, const char *name, char *text, size_t size)
{
	return luks_copy_word(text_of(member(object, name, json_type_string)), text, size);
}

static bool word_is(struct json_object *object, const char *name, const char *word)
{
	return bytes_equal(text_of(member(object, name, json_type_string)), bytes_from_string(word));
}

/* Specification, section 3: numbers of 64 bits are strings of decimal digits. */
static bool number_of(struct bytes text, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text.size == 0 || text.size > 20)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const unsigned digit = (unsigned)text.data[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			return false;
	}
	*ret_number = number;
	return true;
}

static bool long_of(struct json_object *object, const char *name, uint64_t *ret_number)
{
	return number_of(text_of(member(object, name, json_type_string)), ret_number);
}

/* A plain JSON number within limits. */
static bool int_of(struct json_object *object, const char *name, int64_t least, int64_t most, unsigned *ret_number)
{
	struct json_object *found = member(object, name, json_type_int);
	const int64_t number = found ? json_object_get_int64(found) : -1;

	if (!found || number < least || number > most)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

/* The set of the numbers that an array of strings names, each below limit; false where it holds anything else. */
static bool set_of(struct json_object *object, const char *name, unsigned limit, uint32_t *ret_set)
{
	struct json_object *array = member(object, name, json_type_array);
	uint32_t set = 0;

	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		uint64_t number;

		if (!json_object_is_type(item, json_type_string) || !number_of(text_of(item), &number) ||
		    number >= limit)
			return false;
		set |= 1u << number;
	}
	*ret_set = set;
	return array != NULL;
}

/* A volume at rest demands nothing. */
static void read_requirements(struct json_object *config, struct luks_facts *facts)
{
	struct json_object *requirements = member(config, "requirements", json_type_object);
	struct json_object *list = member(requirements, "mandatory", json_type_array), *any;

	if (json_object_object_get_ex(config, "requirements", &any) && !requirements) {
		damaged(facts, "requirements");
		return;
	}
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const struct bytes name = json_object_is_type(item, json_type_string) ? text_of(item) : BYTES_EMPTY;

		if (bytes_start_with(name, "online-reencrypt") || bytes_start_with(name, "offline-reencrypt"))
			luks_refuse(facts, LUKS_REENCRYPTION, "the volume is being reencrypted (%.*s)", (int)name.size,
			            (const char *)name.data);
		else
			luks_refuse(facts, LUKS_UNKNOWN_REQUIREMENT, "the header demands \"%.*s\"",
			            (int)(name.size > 64 ? 64 : name.size), name.data ? (const char *)name.data : "");
	}
	/* "mandatory" is the one kind that the specification knows. */
	if (requirements && json_object_object_length(requirements) != (list ? 1 : 0))
		luks_refuse(facts, LUKS_UNKNOWN_REQUIREMENT, "the header has requirements of an unknown kind");
}

static bool read_segment(struct json_object *object, struct luks_segment *segment, struct luks_facts *facts)
{
	struct json_object *integrity = member(object, "integrity", json_type_object);
	struct json_object *flags = member(object, "flags", json_type_array);

	if (flags && json_object_array_length(flags) > 0)
		luks_refuse(facts, LUKS_REENCRYPTION, "the volume is being reencrypted (a segment is a backup)");
	if (word_is(object, "type", "linear"))
		luks_refuse(facts, LUKS_NULL_CIPHER, "a segment is not encrypted");
	else if (!word_is(object, "type", "crypt"))
		luks_refuse(facts, LUKS_UNSUPPORTED, "a segment is of an unknown type");
	if (!long_of(object, "offset", &segment->offset) || !long_of(object, "iv_tweak", &segment->iv_tweak) ||
	    !word_of(object, "encryption", segment->cipher, sizeof(segment->cipher)) ||
	    !int_of(object, "sector_size", 512, 4096, &segment->sector) ||
	    (segment->sector & (segment->sector - 1)) != 0)
		return false;
	if (!word_is(object, "size", "dynamic") && (!long_of(object, "size", &segment->size) || segment->size == 0))
		return false;
	if (integrity && !word_of(integrity, "type", segment->integrity, sizeof(segment->integrity)))
		return false;
	if (luks_is_null_cipher(segment->cipher))
		luks_refuse(facts, LUKS_NULL_CIPHER, "the cipher is %s, which encrypts nothing", segment->cipher);
	return true;
}

/* Segments are numbered from 0 without a gap. */
static void read_segments(struct json_object *segments, uint64_t headers_end, struct luks_facts *facts)
{
	const int count = segments ? json_object_object_length(segments) : 0;

	if (count < 1 || count > LUKS_MAX_SEGMENTS) {
		damaged(facts, "segments");
		return;
	}
	for (int i = 0; i < count; i++) {
		char name[12];

		(void)snprintf(name, sizeof(name), "%d", i);
		if (!read_segment(member(segments, name, json_type_object), &facts->segments[i], facts)) {
			damaged(facts, "segments");
			return;
		}
		facts->segment_count++;
		if (facts->segments[i].offset < headers_end)
			luks_refuse(facts, LUKS_DETACHED_HEADER,
			            "the header says that the data are on another device (offset %" PRIu64 ")",
			            facts->segments[i].offset);
	}
}

/* A slot's own encryption counts as well: a slot that is not encrypted gives the volume key to everybody. */
static bool read_slot(unsigned number, struct json_object *slot, unsigned *ret_key_bytes, struct luks_facts *facts)
{
	struct json_object *area = member(slot, "area", json_type_object), *kdf = member(slot, "kdf", json_type_object);
	unsigned iterations;
	char cipher[64];

	if (word_is(slot, "type", "reencrypt")) {
		luks_refuse(facts, LUKS_REENCRYPTION, "the volume is being reencrypted (key slot %u)", number);
		return true;
	}
	if (!word_is(slot, "type", "luks2")) {
		luks_refuse(facts, LUKS_UNSUPPORTED, "key slot %u is of an unknown type", number);
		return true;
	}
	if (!area || !kdf || !int_of(slot, "key_size", 1, MAX_KEY_BYTES, ret_key_bytes) ||
	    !word_of(area, "encryption", cipher, sizeof(cipher)))
		return false;
	if (luks_is_null_cipher(cipher))
		luks_refuse(facts, LUKS_NULL_CIPHER, "key slot %u is encrypted with %s, which encrypts nothing", number,
		            cipher);
	facts->slots |= 1u << number;
	if (word_is(kdf, "type", "pbkdf2") && int_of(kdf, "iterations", 1, INT32_MAX, &iterations))
		luks_note_slot(facts, number, iterations);
	return true;
}

static void read_slots(struct json_object *slots, unsigned key_bytes[LUKS_MAX_SLOTS], struct luks_facts *facts)
{
	if (!slots) {
		damaged(facts, "key slots");
		return;
	}
	json_object_object_foreach(slots, name, slot)
	{
		uint64_t number;

		if (!number_of(bytes_from_string(name), &number) || number >= LUKS_MAX_SLOTS ||
		    !read_slot((unsigned)number, slot, &key_bytes[number], facts)) {
			damaged(facts, "key slots");
			return;
		}
	}
}

static bool read_digest(struct json_object *object, struct luks_digest *digest)
{
	return word_is(object, "type", "pbkdf2") && word_of(object, "hash", digest->hash, sizeof(digest->hash)) &&
	       int_of(object, "iterations", 1, INT32_MAX, &digest->iterations) &&
	       word_of(object, "salt", digest->salt, sizeof(digest->salt)) &&
	       word_of(object, "digest", digest->digest, sizeof(digest->digest));
}

/* The size of the volume key is written in its slots alone: all of them have to say the same. */
static void take_key_size(uint32_t slots, const unsigned key_bytes[LUKS_MAX_SLOTS], struct luks_facts *facts)
{
	for (unsigned i = 0; i < LUKS_MAX_SLOTS; i++) {
		if (!(slots & facts->slots & (1u << i)))
			continue;
		if (facts->key_bits != 0 && facts->key_bits != key_bytes[i] * 8)
			damaged(facts, "key slots");
		facts->key_bits = key_bytes[i] * 8;
	}
	if (facts->key_bits == 0)
		luks_refuse(facts, LUKS_DAMAGED, "no key slot opens the volume");
}

/* One digest, that of the volume key, covers all segments. Others belong to keys of the owner's that open no data. */
static void read_digests(struct json_object *digests, const unsigned key_bytes[LUKS_MAX_SLOTS],
                         struct luks_facts *facts)
{
	const uint32_t all = (1u << facts->segment_count) - 1;
	unsigned found = 0;

	if (!digests) {
		damaged(facts, "digests");
		return;
	}
	json_object_object_foreach(digests, name, digest)
	{
		uint32_t segments, slots;

		(void)name;
		if (!set_of(digest, "segments", LUKS_MAX_SEGMENTS, &segments) ||
		    !set_of(digest, "keyslots", LUKS_MAX_SLOTS, &slots)) {
			damaged(facts, "digests");
			return;
		}
		if (segments == 0)
			continue;
		if (segments != all || found++ > 0 || !read_digest(digest, &facts->digest)) {
			luks_refuse(facts, LUKS_UNSUPPORTED, "the volume key's digest is not one PBKDF2 of all data");
			return;
		}
		take_key_size(slots, key_bytes, facts);
	}
	if (found == 0)
		luks_refuse(facts, LUKS_DAMAGED, "no digest recognises the volume key");
}

static void read_config(struct json_object *config, uint64_t headers_end, struct luks_facts *facts)
{
	uint64_t area;

	if (!config || !long_of(config, "keyslots_size", &area)) {
		damaged(facts, "settings");
		return;
	}
	if (area > MAX_KEYSLOTS_AREA)
		luks_refuse(facts, LUKS_OVERSIZED_HEADER, "the area of the key slots has %" PRIu64 " bytes", area);
	else if (facts->segment_count > 0 && facts->segments[0].offset < headers_end + area &&
	         facts->segments[0].offset >= headers_end)
		luks_refuse(facts, LUKS_OVERSIZED_HEADER, "the area of the key slots reaches into the data");
}

int luks2_read_json(struct bytes json, uint64_t headers_end, struct luks_facts *facts, struct error *error)
{
	struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
	CLEANUP(release_object) struct json_object *root = NULL;
	unsigned key_bytes[LUKS_MAX_SLOTS] = {0};

	if (!tokener)
		return error_set(error, E_MEMORY, facts->uuid, "there is not enough memory to read a LUKS header");
	root = json_tokener_parse_ex(tokener, (const char *)json.data, (int)json.size);
	if (json_tokener_get_error(tokener) != json_tokener_success || !json_object_is_type(root, json_type_object)) {
		json_tokener_free(tokener);
		luks_refuse(facts, LUKS_DAMAGED, "the header is not the JSON that it should be");
		return 0;
	}
	json_tokener_free(tokener);
	/* First, so that a reencryption is told by its name and not by what it brings about. */
	read_requirements(member(root, "config", json_type_object), facts);
	read_slots(member(root, "keyslots", json_type_object), key_bytes, facts);
	read_segments(member(root, "segments", json_type_object), headers_end, facts);
	if (facts->refused == LUKS_ACCEPTED)
		read_digests(member(root, "digests", json_type_object), key_bytes, facts);
	read_config(member(root, "config", json_type_object), headers_end, facts);
	return 0;
}
